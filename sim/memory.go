package sim

import (
	"errors"
	"math"
	"strings"
	"sync"
	"sync/atomic"
)

// Memory counts what something holds of the machine's memory, in bytes, and refuses what
// would pass its limit. Memories form a tree: what a run holds is held by its room and by
// the process too. A nil Memory counts nothing and refuses nothing. It is safe for
// concurrent use.
type Memory struct {
	parent *Memory
	id     string // of the Problem that refuses
	limit  atomic.Int64
	held   atomic.Int64
	given  atomic.Int64 // all that was ever given back

	share  bool         // it is one of those that share what parent may hold
	shares atomic.Int64 // how many share what this may hold
	shared atomic.Int64 // what they hold

	mu    sync.Mutex
	spare func() bool
}

// NewMemory may hold limit bytes, 0 for any number, all of which parent (nil for none)
// holds too. What is beyond the limit is refused with Problem id, which begins
// with "memory.": Want, Held and Allowed, in MB, as everything else that is told of bytes.
func NewMemory(parent *Memory, id string, limit int64) *Memory {
	m := &Memory{parent: parent, id: id}
	m.limit.Store(limit)
	return m
}

// NewShare is one of some that share what parent may hold, in equal parts, one part of which is
// for who comes next: each may hold its part, which the others' coming and going changes, and in
// any case least bytes (SetLimit). Where parent holds any number, least is the limit.
func NewShare(parent *Memory, id string, least int64) *Memory {
	m := NewMemory(parent, id, least)
	if m.share = parent != nil; m.share {
		parent.shares.Add(1)
	}
	return m
}

// Leave gives back all that is held, and the share.
func (m *Memory) Leave() {
	if m.Close(); m.share {
		m.share = false
		m.parent.shares.Add(-1)
	}
}

// Spare gives the memory something to release when it is short: f releases one thing, or
// reports that there is none left. It is called by whoever takes, on their goroutine.
func (m *Memory) Spare(f func() bool) {
	m.mu.Lock()
	m.spare = f
	m.mu.Unlock()
}

// SetLimit changes the limit, for memory whose owner has another use for it now.
func (m *Memory) SetLimit(limit int64) { m.limit.Store(limit) }

// Limit returns how many bytes may be held, 0 for any number.
func (m *Memory) Limit() int64 {
	if m == nil {
		return 0
	}
	least := m.limit.Load()
	if !m.share || m.parent.Limit() == 0 {
		return least
	}
	p := m.parent
	all := p.Limit() - (p.held.Load() - p.shared.Load())
	return max(least, all/(p.shares.Load()+1))
}

// Room returns how many bytes could be held if nobody else took any, and whoever shares a limit
// with the memory kept what they have; MaxInt64 for any number.
func (m *Memory) Room() int64 {
	room, own := int64(math.MaxInt64), m.Held()
	for x := m; x != nil; x = x.parent {
		if limit := x.Limit(); limit > 0 {
			room = min(room, limit-(x.held.Load()-own))
		}
	}
	return room
}

// Held returns how many bytes are held.
func (m *Memory) Held() int64 {
	if m == nil {
		return 0
	}
	return m.held.Load()
}

// Given returns how many bytes have been given back since the beginning.
func (m *Memory) Given() int64 { return m.given.Load() }

// Take holds n bytes more, or refuses and holds nothing more.
func (m *Memory) Take(n int64) error {
	if err := m.Fits(n); err != nil {
		return err
	}
	m.Add(n)
	return nil
}

// Fits reports whether n bytes more can be held, and releases what can be spared if they
// could not otherwise.
func (m *Memory) Fits(n int64) error {
	for x := m; x != nil; x = x.parent {
		for limit := x.Limit(); limit > 0 && x.held.Load()+n > limit; {
			if !x.reclaim() {
				return NewProblem(x.id, "Want", megabytes(n), "Held", megabytes(x.held.Load()), "Allowed", limit/1e6)
			}
		}
	}
	return nil
}

func (m *Memory) reclaim() bool {
	m.mu.Lock()
	spare := m.spare
	m.mu.Unlock()
	return spare != nil && spare()
}

// megabytes rounds up: what is there is not told as 0.
func megabytes(n int64) int64 { return int64(math.Ceil(float64(n) / 1e6)) }

// Add holds n bytes that are there already, whatever the limit.
func (m *Memory) Add(n int64) {
	for x := m; x != nil; x = x.parent {
		x.note(n)
	}
}

func (m *Memory) note(n int64) {
	if m.held.Add(n); m.share {
		m.parent.shared.Add(n)
	}
}

// Give gives n bytes back.
func (m *Memory) Give(n int64) {
	for x := m; x != nil; x = x.parent {
		x.note(-n)
		x.given.Add(n)
	}
}

// Hand no longer counts n bytes, which stay: somebody else counts them from now on.
func (m *Memory) Hand(n int64) { m.Add(-n) }

// Close gives back all that is held.
func (m *Memory) Close() {
	if m != nil {
		m.Give(m.held.Load())
	}
}

// Short reports whether an error is the refusal of a Memory. What was refused may be asked
// for again later.
func Short(err error) bool {
	if err == nil {
		return false
	}
	var p *Problem
	return errors.As(err, &p) && strings.HasPrefix(p.ID, "memory.")
}
