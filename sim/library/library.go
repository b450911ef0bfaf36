// Package library finds models, opens them once, and closes them when nobody needs them.
package library

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
)

// Library opens models once and shares them: the embedded ones by name, and
// those that were added. It is safe for concurrent use.
type Library struct {
	mu     sync.Mutex
	names  []string
	slots  map[string]*slot
	more   func() []Source // models that may have come meanwhile; nil: none do
	memory *sim.Memory     // of the process: what models and runs hold; nil: nobody counts
}

// Source is a model that is opened when it is first asked for.
type Source struct {
	Name   string
	Config func() (sim.Config, error) // its shape, without opening it; nil: it is opened in no time
	Open   func(progress checkpoint.Progress) (*Loaded, error)
	Size   func() int64 // bytes of its weights; nil: not worth counting
}

// slot is where a library keeps one model. Each has a lock of its own, so that one
// that takes long to open holds up nobody else, nor those who ask about it.
type slot struct {
	source Source
	loaded atomic.Pointer[Loaded]
	shape  atomic.Pointer[sim.Config]

	asked atomic.Bool // since the last Sweep
	lent  sync.Mutex  // of Loaded.lent

	opening     sync.Mutex
	done, total atomic.Int64 // bytes, while it is opened
}

// New makes a library of the embedded models, and before them any that are given.
func New(given ...*Loaded) *Library {
	l := &Library{slots: map[string]*slot{}}
	for _, m := range given {
		m.siblings = l
		l.names = append(l.names, m.Name)
		p := &slot{source: Source{Name: m.Name, Open: m.Reopen}}
		p.loaded.Store(m)
		l.slots[m.Name] = p
	}
	for _, name := range checkpoint.Names() {
		l.Add(Source{Name: name, Open: func(checkpoint.Progress) (*Loaded, error) { return Open(name) }})
	}
	return l
}

// Add puts a model behind those that are there already. It reports false if one of
// them has its name.
func (l *Library) Add(s Source) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.slots[s.Name] != nil {
		return false
	}
	l.names = append(l.names, s.Name)
	l.slots[s.Name] = &slot{source: s}
	return true
}

// Watch lets the library ask for models that have come meanwhile, whenever somebody
// wants to know all of them or one that it does not have.
func (l *Library) Watch(more func() []Source) {
	l.mu.Lock()
	l.more = more
	l.mu.Unlock()
	l.refresh()
}

func (l *Library) refresh() {
	l.mu.Lock()
	more := l.more
	l.mu.Unlock()
	if more == nil {
		return
	}
	for _, s := range more() {
		l.Add(s)
	}
}

// Names lists the models that Get knows, the default first.
func (l *Library) Names() []string {
	l.refresh()
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.names)
}

// find returns the slot of a name; "" is the default. An unknown name is Problem
// "model.unknown", which lists the known ones.
func (l *Library) find(name string) (*slot, error) {
	look := func() *slot {
		l.mu.Lock()
		defer l.mu.Unlock()
		if name == "" {
			name = l.names[0]
		}
		return l.slots[name]
	}
	p := look()
	if p == nil {
		l.refresh()
		p = look()
	}
	if p != nil {
		return p, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return nil, sim.NewProblem("model.unknown", "Name", checkpoint.Clip(name), "Known", slices.Clone(l.names))
}

// Get returns a model by name; "" is the default. Whoever keeps it holds it (Loaded.Hold):
// otherwise it may be closed, and the next Get opens it anew.
func (l *Library) Get(name string) (*Loaded, error) {
	p, err := l.find(name)
	if err != nil {
		return nil, err
	}
	m, before, err := p.open(l)
	if err == nil && !before {
		p.lend(m)
	}
	return m, err
}

// GetWhile does what Get does for somebody who goes away when ctx ends. What is being opened then is
// opened all the same, for the next one.
func (l *Library) GetWhile(ctx context.Context, name string) (*Loaded, error) {
	if !l.Waits(name) {
		return l.Get(name)
	}
	type opened struct {
		m   *Loaded
		err error
	}
	done := make(chan opened, 1)
	go func() {
		m, err := l.Get(name)
		done <- opened{m, err}
	}()
	select {
	case o := <-done:
		return o.m, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Waits reports whether Get would have to open what may be a large file.
func (l *Library) Waits(name string) bool {
	p, err := l.find(name)
	return err == nil && p.loaded.Load() == nil && p.source.Config != nil
}

// Progress returns how many bytes of a model have been read while it is opened, and how
// many there are; 0 of 0 while nobody knows.
func (l *Library) Progress(name string) (done, total int64) {
	p, err := l.find(name)
	if err != nil {
		return 0, 0
	}
	return p.done.Load(), p.total.Load()
}

// open opens the model unless it is open, as its files are now. One that could not be
// opened is tried again the next time. It reports whether the model was open before.
func (p *slot) open(l *Library) (m *Loaded, before bool, err error) {
	p.asked.Store(true)
	if m := p.ready(); m != nil {
		return m, true, nil
	}
	p.opening.Lock()
	defer p.opening.Unlock()
	if m := p.ready(); m != nil { // somebody else has opened it meanwhile
		return m, true, nil
	}
	if m := p.loaded.Load(); m != nil {
		l.drop(p, m)
	}
	defer p.setProgress(0, 0)
	var size int64
	if p.source.Size != nil {
		size = p.source.Size()
	}
	if err := l.Memory().Take(size); err != nil {
		return nil, false, err
	}
	if m, err = p.source.Open(p.setProgress); err != nil {
		l.Memory().Give(size)
		return nil, false, err
	}
	if m.siblings == nil {
		m.siblings = l
	}
	m.counted = size
	p.loaded.Store(m)
	return m, false, nil
}

// ready returns the model if it is open, and as its files are.
func (p *slot) ready() *Loaded {
	p.lent.Lock()
	defer p.lent.Unlock()
	m := p.loaded.Load()
	if m != nil && p.source.Open != nil && m.Newer != nil && m.Newer() {
		return nil
	}
	if m != nil {
		m.lent = true
	}
	return m
}

// setProgress notes how far the model has been read.
func (p *slot) setProgress(done, total int64) {
	p.total.Store(total)
	p.done.Store(done)
}

// Shape returns the config of a model, and its training set where that is known without opening
// a large file.
func (l *Library) Shape(name string) (sim.Config, checkpoint.TrainingSet, error) {
	p, err := l.find(name)
	if err != nil {
		return sim.Config{}, checkpoint.TrainingSet{}, err
	}
	if p.loaded.Load() == nil && p.source.Config != nil {
		c := p.shape.Load()
		if c == nil {
			read, err := p.source.Config()
			if err != nil {
				return read, checkpoint.TrainingSet{}, err
			}
			c = &read
			p.shape.Store(c)
		}
		return *c, checkpoint.TrainingSet{}, nil
	}
	m, err := l.Get(name)
	if err != nil {
		return sim.Config{}, checkpoint.TrainingSet{}, err
	}
	return m.Model.Config, m.TrainingSet, nil
}

// embedded are the models that come with the program.
var embedded = New()
