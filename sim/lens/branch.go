package lens

import (
	"cmp"
	"slices"

	"kvstep/sim"
	"kvstep/sim/library"
)

// MaxBranches is how many runs a room keeps, and MostBranches how many it may be told to: a link says
// how many there were.
const MaxBranches, MostBranches = 8, 16

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
	Kept       *Kept // of this run
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

// chosen is the first prompt's text after a pass. Of a batch its passes may have none of it.
type chosen struct {
	ids  []int  // of this pass
	n    int    // ids of all passes so far
	text string // of those
	head int    // the latest head step of it, -1 for none
}

// chosenKey names the first prompt's text after each pass.
type chosenKey struct{}

// texts returns the first prompt's text after each pass that is recorded to its end.
func (b *Branch) texts() []chosen {
	if b.Kept == nil {
		b.Kept = &Kept{}
	}
	return perPass(b.Kept, chosenKey{}, b.Recorded/b.perPass(), func(pass int, before []chosen) chosen {
		c := chosen{head: -1}
		if pass > 0 {
			c = before[pass-1]
			c.ids = nil
		}
		if s := b.Step((pass+1)*b.perPass() - 1).ForSequence(0); s.Seq == 0 {
			ids := s.NewTokens()
			c = chosen{ids, c.n + len(ids), s.GeneratedText, s.N}
		}
		return c
	})
}

// after returns the text after step n.
func (b *Branch) after(n int) chosen {
	if passes := (n + 1) / b.perPass(); passes > 0 {
		return b.texts()[passes-1]
	}
	return chosen{head: -1}
}

// generated returns the ids that a branch has chosen, as far as it has been run.
func (b *Branch) generated() (ids []int) {
	for _, c := range b.texts() {
		ids = append(ids, c.ids...)
	}
	return ids
}

// reaches returns the first of some passes after which n tokens were there.
func reaches(texts []chosen, n int) int {
	pass, _ := slices.BinarySearchFunc(texts, n, func(c chosen, n int) int { return cmp.Compare(c.n, n) })
	return pass
}

// chooses returns the head step that chose generated token i, nil if there is none.
func (b *Branch) chooses(i int) *sim.Step {
	texts := b.texts()
	if pass := reaches(texts, i+1); pass < len(texts) {
		return b.Step(texts[pass].head).ForSequence(0)
	}
	return nil
}

// before returns the head step after which n tokens were there, or the last one with fewer; -1 if there is none.
func (b *Branch) before(n int) int {
	texts := b.texts()
	pass := reaches(texts, n)
	if pass == len(texts) || texts[pass].n > n {
		pass--
	}
	if pass < 0 {
		return -1
	}
	return texts[pass].head
}

// said returns the generated text after step n.
func (b *Branch) said(n int) string { return b.after(n).text }
