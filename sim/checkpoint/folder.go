package checkpoint

import (
	"errors"
	"io/fs"

	"kvstep/sim"
)

// Model is a checkpoint in memory.
type Model struct {
	Config  sim.Config
	Weights sim.Weights
	Meta    map[string]string // metadata of the (first) weights file
	Ends    []int             // ids that end a text beside Config.EOS
}

// The files of a folder.
const (
	configFile     = "config.json"
	generationFile = "generation_config.json"
	weightsFile    = "model.safetensors"
	indexFile      = "model.safetensors.index.json"
	pickleFile     = "pytorch_model.bin"
)

// Load reads a model in Hugging Face's layout: config.json of a Llama, Mistral,
// Qwen2, Qwen3 or GPT-2, and model.safetensors, or the files that
// model.safetensors.index.json names, in F32, F16 or BF16. progress may be nil.
//
// F32 tensors of files that can be seen in place (Viewer) are used there; all
// others become new float32 slices, read a piece at a time, so that no file is in
// memory beside its numbers.
//
// Every tensor must have the name, dtype and shape that the config asks for,
// and finite numbers; none may be missing or too many. Errors are *sim.Problem
// "checkpoint.*" or "config.*" naming the file and the tensor or field.
func Load(fsys fs.FS, progress Progress) (*Model, error) {
	// The small files first: they say what the large ones must hold.
	c, ends, err := readConfigs(fsys)
	if err != nil {
		return nil, err
	}
	t := &tensorReader{file: weightsFile, have: map[string]*stored{}, onProgress: progress}
	meta, files, err := t.open(fsys)
	for _, s := range files {
		defer s.close()
	}
	if err != nil {
		return nil, err
	}
	w, err := t.weights(c)
	if err != nil {
		return nil, err
	}
	return &Model{Config: c, Weights: w, Meta: meta, Ends: ends}, nil
}

// LoadFolder does what Load does, in parts.
func LoadFolder(fsys fs.FS) (sim.Config, sim.Weights, map[string]string, error) {
	m, err := Load(fsys, nil)
	if err != nil {
		return sim.Config{}, sim.Weights{}, nil, err
	}
	return m.Config, m.Weights, m.Meta, nil
}

// ReadConfig returns the shape of the model in a folder; its weights are not looked at.
func ReadConfig(fsys fs.FS) (sim.Config, error) {
	c, _, err := readConfigs(fsys)
	return c, err
}

// readConfigs reads config.json and, where it is there, generation_config.json,
// which may know other ids that end a text.
func readConfigs(fsys fs.FS) (c sim.Config, ends []int, err error) {
	text, err := readLimited(fsys, configFile, maxConfig)
	if err != nil {
		return c, nil, err
	}
	if c, ends, err = parseConfig(configFile, text); err != nil {
		return sim.Config{}, nil, err
	}
	text, err = readLimited(fsys, generationFile, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return c, ends, nil
	}
	if err == nil {
		ends, err = generationEnds(generationFile, text, &c, ends)
	}
	if err != nil {
		return sim.Config{}, nil, err
	}
	return c, ends, nil
}

// open opens the weights of a folder, one file or several. All files that were
// opened come back, in spite of an error too.
func (t *tensorReader) open(fsys fs.FS) (meta map[string]string, files []*source, err error) {
	one, err := open(fsys, weightsFile, maxWeights)
	if errors.Is(err, fs.ErrNotExist) {
		text, indexErr := readLimited(fsys, indexFile, maxHeader)
		switch {
		case indexErr == nil:
			return t.openShards(fsys, text)
		case !errors.Is(indexErr, fs.ErrNotExist):
			return nil, nil, indexErr
		}
		if _, statErr := fs.Stat(fsys, pickleFile); statErr == nil {
			return nil, nil, problem("checkpoint.pickle", pickleFile, "Want", weightsFile)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	meta, entries, body, err := readHeader(one)
	if err == nil {
		t.add(one, entries, body)
	}
	return meta, []*source{one}, err
}
