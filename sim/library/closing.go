package library

import (
	"runtime/debug"
	"sync"

	"kvstep/sim"
)

// A model is open from the first Get on until nobody holds it and nobody has asked for it
// between two Sweeps. Then the library forgets it. Its memory goes with the last that still
// has it in hand: whoever has a *Loaded may use it, held or not.

// Count lets the library take the models that it opens from memory, and rooms what they
// hold. Where it is short, models go that nobody holds.
func (l *Library) Count(memory *sim.Memory) {
	l.mu.Lock()
	l.memory = memory
	l.mu.Unlock()
	memory.Spare(func() bool { return l.close(func(*slot) bool { return true }, 1) > 0 })
}

// Memory returns what counts all that is opened and run here; nil where nobody does.
func (l *Library) Memory() *sim.Memory {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.memory
}

// Sweep closes the models that nobody holds and nobody has asked for since the last Sweep.
// It reports how many.
func (l *Library) Sweep() int {
	return l.close(func(p *slot) bool { return !p.asked.Swap(false) }, -1)
}

// close closes models that nobody holds and that may go, at most so many (-1: all).
func (l *Library) close(may func(*slot) bool, most int) (closed int) {
	l.mu.Lock()
	slots := make([]*slot, 0, len(l.slots))
	for _, name := range l.names {
		slots = append(slots, l.slots[name])
	}
	l.mu.Unlock()
	for _, p := range slots {
		m := p.loaded.Load()
		if closed == most || m == nil || p.source.Open == nil || m.holds.Load() > 0 || !may(p) {
			continue
		}
		if l.drop(p, m) {
			closed++
		}
	}
	return closed
}

// drop lets a slot forget its model. It reports whether it had it.
func (l *Library) drop(p *slot, m *Loaded) bool {
	if !p.loaded.CompareAndSwap(m, nil) {
		return false
	}
	l.Memory().Give(m.counted)
	return true
}

// lend notes that others than a borrower have the model.
func (p *slot) lend(m *Loaded) {
	p.lent.Lock()
	defer p.lent.Unlock()
	m.lent = true
}

// Borrow does what Get does, for one answer to one request. If nobody else had the model before and
// nobody has come meanwhile, back closes it: asking for all models one after the other
// holds one of them. After it the model must not be used.
func (l *Library) Borrow(name string) (m *Loaded, back func(), err error) {
	p, err := l.find(name)
	if err != nil {
		return nil, nil, err
	}
	m, before, err := p.open(l)
	if err != nil {
		return nil, nil, err
	}
	release := m.Hold()
	return m, sync.OnceFunc(func() {
		release()
		if before || p.source.Open == nil {
			return
		}
		p.lent.Lock()
		defer p.lent.Unlock()
		if m.lent || m.holds.Load() > 0 || !l.drop(p, m) {
			return
		}
		if m.Close != nil {
			m.Close()
		}
		if m.counted >= worthCollecting { // what was copied is garbage: let it not wait for as much again
			m.Model = nil
			debug.FreeOSMemory()
		}
	}), nil
}

// worthCollecting is from how many bytes of weights on a model is worth a collection of its own.
const worthCollecting = 32 << 20
