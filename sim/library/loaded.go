package library

import (
	"sync"
	"sync/atomic"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/model"
	"kvstep/sim/token"
)

// Loaded is a model that is ready to run, with its words.
type Loaded struct {
	Name        string
	Model       *model.Model
	Tokenizer   token.Tokenizer        // nil if none was given: then prompts are token ids
	Unreadable  *sim.Problem           // why there is none, though its files have one: what a prompt of text is refused with
	TrainingSet checkpoint.TrainingSet // prompts and words it was trained on; empty for foreign models
	Meta        map[string]string      // provenance, as the file tells it
	Ends        []int                  // ids that end a text beside Config.EOS, as chat models have

	CheckFiles func() error                               // refuses files that are not what was opened (Problem "model.changed" with File); nil: they cannot change
	Newer      func() bool                                // do other files bear their names now; nil: no
	Reopen     func(checkpoint.Progress) (*Loaded, error) // opens it anew; nil: it stays as it is

	Close func() // takes its mappings back at once; nil: there are none

	holds   atomic.Int64 // Hold
	lent    bool         // somebody has it beside those who borrowed it
	counted int64        // bytes, by the library

	siblings *Library // where it finds models to go with it; nil: the embedded ones

	knownOnce sync.Once
	known     map[string]bool // TrainingSet.KnownWords
}

// Hold keeps the library from closing the model until release, which may be called twice.
func (m *Loaded) Hold() (release func()) {
	m.holds.Add(1)
	return sync.OnceFunc(func() { m.holds.Add(-1) })
}

// CheckUnchanged refuses a model whose files are no longer what was opened: Problem
// "model.changed" with File.
func (m *Loaded) CheckUnchanged() error {
	if m.CheckFiles == nil {
		return nil
	}
	return m.CheckFiles()
}

// Memory counts what a run of the model holds where nobody else does.
func (m *Loaded) Memory() *sim.Memory {
	if m.siblings == nil {
		return nil
	}
	return m.siblings.Memory()
}

// Sibling returns the model that a recipe names beside its own: one that speaks of
// the same tokens.
func (m *Loaded) Sibling(name string) (*Loaded, error) {
	from := m.siblings
	if from == nil {
		from = embedded
	}
	other, err := from.Get(name)
	if err != nil {
		return nil, err
	}
	if a, b := m.Model.Config.Vocab, other.Model.Config.Vocab; a != b {
		return nil, sim.NewProblem("speculative.vocab", "Target", a, "Draft", b)
	}
	return other, nil
}
