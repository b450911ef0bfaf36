package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/cost"
	"kvstep/sim/hf"
)

// costModel finds the shape of a model by an embedded name, a preset, or the path
// of a config.json, its folder or a llama2.c file.
func costModel(model string) (s cost.Shape, name, source string, err error) {
	if slices.Contains(checkpoint.Names(), model) {
		folder, err := checkpoint.Folder(model)
		if err != nil {
			return s, "", "", err
		}
		data, err := fs.ReadFile(folder, "config.json")
		if err != nil {
			return s, "", "", err
		}
		s, err = cost.ReadConfig("config.json", data)
		return s, model, "embedded", err
	}
	if path, ok := onShelf(model); ok {
		model = path
	}
	info, statErr := os.Stat(model)
	if statErr != nil && !errors.Is(statErr, fs.ErrNotExist) {
		return s, "", "", sim.NewProblem("file.open", "File", model).Because(statErr)
	}
	if statErr == nil || strings.ContainsRune(model, filepath.Separator) || strings.HasSuffix(model, ".json") {
		if strings.HasSuffix(model, ".bin") { // a llama2.c checkpoint says its shape in its header
			m, err := load(model, "")
			if err != nil {
				return s, "", "", err
			}
			return cost.Of(m.Model.Config), model, "file", nil
		}
		path := model
		if statErr == nil && info.IsDir() {
			path = filepath.Join(model, "config.json")
		}
		if filepath.Base(path) == "config.json" { // the model's folder, and not one of many files
			if err := noSidecar(filepath.Dir(path)); err != nil {
				return s, "", "", err
			}
		}
		s, err = readCostConfig(path)
		return s, model, "file", err
	}
	s, name, err = cost.Preset(model)
	var p *sim.Problem
	if errors.As(err, &p) { // here embedded models are known too
		p.Args["Known"] = append(checkpoint.Names(), cost.Presets()...)
	}
	return s, name, "preset", err
}

// noSidecar refuses a folder with a file that says that its weights are quantised.
func noSidecar(folder string) error {
	for _, name := range hf.Sidecars {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return hf.Problem("config.unsupported", folder, "Field", name, "Have", "{…}")
		}
	}
	return nil
}

func readCostConfig(path string) (cost.Shape, error) {
	data, err := readRegular(path, cost.MaxConfig)
	if err != nil {
		return cost.Shape{}, err
	}
	return cost.ReadConfig(path, data)
}
