package run

import (
	"slices"
	"sync"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
)

// Library opens models once and shares them: the embedded ones by name, and
// those that were added. It is safe for concurrent use.
type Library struct {
	mu     sync.Mutex
	names  []string
	loaded map[string]*Loaded
}

// NewLibrary has the embedded models, and before them any that are given.
func NewLibrary(given ...*Loaded) *Library {
	l := &Library{loaded: map[string]*Loaded{}}
	for _, m := range given {
		l.names = append(l.names, m.Name)
		l.loaded[m.Name] = m
	}
	for _, name := range checkpoint.Names() {
		if !slices.Contains(l.names, name) {
			l.names = append(l.names, name)
		}
	}
	return l
}

// Names are the models that Get knows, the default first.
func (l *Library) Names() []string { return slices.Clone(l.names) }

// Get is a model by name; "" is the default. An unknown name is Problem
// "model.unknown", which lists the known ones.
func (l *Library) Get(name string) (*Loaded, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if name == "" {
		name = l.names[0]
	}
	if m, ok := l.loaded[name]; ok {
		return m, nil
	}
	m, err := Open(name)
	if err != nil {
		return nil, err
	}
	l.loaded[name] = m
	return m, nil
}

// embedded are the models that come with the program.
var embedded = NewLibrary()

// sibling is the model that a recipe names beside its own: one that speaks of
// the same tokens.
func (m *Loaded) sibling(name string) (*Loaded, error) {
	from := m.library
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
