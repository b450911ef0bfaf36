package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kvstep/sim"
	simrun "kvstep/sim/run"
)

// load opens a model: an embedded name, a Hugging Face folder, or a llama2.c
// .bin file with its tokenizer (which may be "").
func load(model, tokenizer string) (*simrun.Loaded, error) {
	info, err := os.Stat(model)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsRune(model, filepath.Separator):
		return simrun.NewLibrary().Get(model)
	case err != nil:
		return nil, sim.NewProblem("file.open", "File", model).Because(err)
	case info.IsDir():
		return simrun.OpenFolder(filepath.Base(model), os.DirFS(model), nil)
	}
	data, err := os.ReadFile(model)
	if err != nil {
		return nil, sim.NewProblem("file.open", "File", model).Because(err)
	}
	var words []byte
	if tokenizer != "" {
		if words, err = os.ReadFile(tokenizer); err != nil {
			return nil, sim.NewProblem("file.open", "File", tokenizer).Because(err)
		}
	}
	name := strings.TrimSuffix(filepath.Base(model), filepath.Ext(model))
	return simrun.OpenLlama2c(name, data, words)
}
