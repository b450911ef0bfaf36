package lens

import (
	"kvstep/sim"
	"kvstep/sim/library"
)

// MaxBranches is how many runs a room keeps.
const MaxBranches = 8

// Branch is one of the runs that a room keeps.
type Branch struct {
	ID, Parent int // from 1; no parent is 0
	At         int // the parent's head step at which they part, -1 if before the first
	Model      *library.Loaded
	Recipe     sim.Recipe
	Prompt     int
	Recorded   int
	Cursor     int
	Ended      string
	Step       func(n int) *sim.Step
	Bytes      int64 // of its rows
	Shared     int64 // of those, rows that other branches have too: the same memory
}

// EvictedBranch is a branch that had to go.
type EvictedBranch struct {
	ID  int    `json:"id"`
	Why string `json:"why"` // most: there may be so many; budget: their rows take so much memory
}

func branchOf(m *Moment, id int) *Branch {
	for i := range m.Branches {
		if m.Branches[i].ID == id {
			return &m.Branches[i]
		}
	}
	return nil
}

func (b *Branch) perPass() int { return b.Model.Model.Config.Layers + 1 }

// heads calls f with every head step recorded, in order, until it says false: of a
// batch, with those of the first prompt.
func (b *Branch) heads(f func(s *sim.Step) bool) {
	for n := b.perPass() - 1; n < b.Recorded; n += b.perPass() {
		if s := b.Step(n).ForSequence(0); s.Seq == 0 && !f(s) {
			return
		}
	}
}

// generated returns the ids that a branch has chosen, as far as it has been run.
func (b *Branch) generated() (ids []int) {
	b.heads(func(s *sim.Step) bool { ids = append(ids, s.NewTokens()...); return true })
	return ids
}

// chooses returns the head step that chose generated token i, nil if there is none.
func (b *Branch) chooses(i int) (head *sim.Step) {
	n := 0
	b.heads(func(s *sim.Step) bool {
		if n += len(s.NewTokens()); n > i {
			head = s
		}
		return head == nil
	})
	return head
}

// before returns the head step after which n tokens were there, -1 if none.
func (b *Branch) before(n int) (at int) {
	at = -1
	have := 0
	b.heads(func(s *sim.Step) bool {
		if have += len(s.NewTokens()); have <= n {
			at = s.N
		}
		return have < n
	})
	return at
}

// said returns the generated text after step n.
func (b *Branch) said(n int) (text string) {
	b.heads(func(s *sim.Step) bool {
		if s.N <= n {
			text = s.GeneratedText
		}
		return s.N < n
	})
	return text
}
