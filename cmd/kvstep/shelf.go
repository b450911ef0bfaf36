package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
)

// modelsDir is the models folder, as --models sets it.
var modelsDir string

// defaultModels returns the models folder where none is named: in the user's cache. It is
// "" where the system has none.
func defaultModels() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "kvstep", "models")
}

// newLibrary makes a library of the embedded models and, behind them, those of the models folder,
// those that are put there later too; they are opened when they are first asked for.
// Given ones come first.
func newLibrary(stderr io.Writer, given ...*library.Loaded) *library.Library {
	l, dir := library.New(given...), modelsDir
	l.Watch(func() []library.Source { return shelf(dir, stderr) })
	return l
}

// shelf finds the models of a folder: "name" and "owner/name" are folders with a
// config.json, "name" also a llama2.c file name.bin, whose words are in
// name.tokenizer.bin. A folder that cannot be read has none.
func shelf(dir string, stderr io.Writer) []library.Source {
	var list []library.Source
	entries, err := os.ReadDir(dir)
	if dir == "" || err != nil {
		return nil
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if s, ok := shelved(e.Name(), path, stderr); ok {
			list = append(list, s)
			continue
		}
		inner, err := os.ReadDir(path)
		if err != nil { // a file, or not ours to read
			continue
		}
		for _, f := range inner {
			if s, ok := shelved(e.Name()+"/"+f.Name(), filepath.Join(path, f.Name()), stderr); ok {
				list = append(list, s)
			}
		}
	}
	return list
}

// shelved returns the model at a path, if there is one. Names that begin with a dot are
// of downloads that are not complete.
func shelved(name, path string, stderr io.Writer) (library.Source, bool) {
	if strings.HasPrefix(filepath.Base(path), ".") {
		return library.Source{}, false
	}
	if _, err := os.Stat(filepath.Join(path, "config.json")); err == nil {
		return library.Source{
			Name:   name,
			Config: func() (sim.Config, error) { return checkpoint.ReadConfig(regularDir(path)) },
			Open: func(onProgress checkpoint.Progress) (*library.Loaded, error) {
				return openFolder(name, path, stderr, onProgress)
			},
			Size: func() int64 { return weightBytes(path) },
		}, true
	}
	bare, isBin := strings.CutSuffix(name, ".bin")
	info, err := os.Stat(path)
	if !isBin || err != nil || !info.Mode().IsRegular() || strings.HasSuffix(bare, "tokenizer") {
		return library.Source{}, false
	}
	words := strings.TrimSuffix(path, ".bin") + ".tokenizer.bin"
	if _, err := os.Stat(words); err != nil {
		words = ""
	}
	return library.Source{
		Name:   bare,
		Config: func() (sim.Config, error) { return binConfig(path) },
		Open:   func(checkpoint.Progress) (*library.Loaded, error) { return openBin(bare, path, words) },
		Size:   func() int64 { return info.Size() },
	}, true
}

// weightBytes returns the size of the weights in a folder.
func weightBytes(dir string) (n int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".safetensors" {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil {
			n += info.Size()
		}
	}
	return n
}

// binConfig returns the shape of a llama2.c file, from its first bytes.
func binConfig(path string) (sim.Config, error) {
	f, _, err := openRegular(path)
	if err != nil {
		return sim.Config{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, checkpoint.Llama2cHeader))
	if err != nil {
		return sim.Config{}, sim.NewProblem("file.open", "File", path).Because(err)
	}
	return checkpoint.Llama2cConfig(data)
}

// onShelf returns the path of a model of the models folder, if that name is no path.
func onShelf(model string) (path string, ok bool) {
	if _, err := os.Stat(model); err == nil {
		return "", false
	}
	for _, s := range shelf(modelsDir, io.Discard) {
		if s.Name != model {
			continue
		}
		path = filepath.Join(modelsDir, filepath.FromSlash(model))
		if _, err := os.Stat(path); err != nil {
			path += ".bin"
		}
		return path, true
	}
	return "", false
}
