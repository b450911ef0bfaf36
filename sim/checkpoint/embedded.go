package checkpoint

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"kvstep/sim"
)

// models holds one folder for each embedded model: config.json,
// model.safetensors, tokenizer.json and world.json.
//
//go:embed models
var models embed.FS

// first is the model that kvstep starts with.
const first = "story"

// Names returns the embedded models, the one to start with first, the others in
// alphabetical order.
func Names() []string {
	entries, err := fs.ReadDir(models, "models")
	if err != nil {
		return nil
	}
	var list []string
	for _, e := range entries {
		// A folder is a model when it has a config; README.md is not.
		if _, err := fs.Stat(models, "models/"+e.Name()+"/config.json"); err == nil {
			list = append(list, e.Name())
		}
	}
	slices.SortStableFunc(list, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == first:
			return -1
		case b == first:
			return 1
		}
		return strings.Compare(a, b)
	})
	return list
}

// Folder returns the folder of an embedded model. A name that does not exist is a
// *sim.Problem "model.unknown" with Name and Known.
func Folder(name string) (fs.FS, error) {
	// Compared with whole names, so "..", "/" and the like reach nothing.
	known := Names()
	if !slices.Contains(known, name) {
		return nil, sim.NewProblem("model.unknown", "Name", Clip(name), "Known", known)
	}
	return fs.Sub(models, "models/"+name)
}

// TrainingSet is what the story grammar of a model talks about, by language ("en",
// "zh"): prompts to begin with, the first of them at the start, those after which several
// tokens are likely, and the words it knows.
type TrainingSet struct {
	Prompts map[string][]string `json:"prompts"`
	Open    map[string][]string `json:"open"`
	Words   map[string][]string `json:"words"`
	// KnownWords is every word of letters and every Chinese character of the training
	// text; what a prompt has beyond them the model never met.
	KnownWords []string `json:"seen"`
}

// maxTrainingSet is the largest world.json that is read, in bytes.
const maxTrainingSet = 1 << 20

// LoadTrainingSet reads world.json of a model's folder. A folder without one has the
// empty TrainingSet; one that cannot be read is a *sim.Problem "model.world".
func LoadTrainingSet(fsys fs.FS) (TrainingSet, error) {
	const file = "world.json"
	data, err := readLimited(fsys, file, maxTrainingSet)
	if errors.Is(err, fs.ErrNotExist) {
		return TrainingSet{}, nil
	}
	if err != nil {
		return TrainingSet{}, err
	}
	var w TrainingSet
	if err := json.Unmarshal(data, &w); err != nil {
		return TrainingSet{}, problem("model.world", file).Because(err)
	}
	return w, nil
}
