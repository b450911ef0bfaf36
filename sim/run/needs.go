package run

import (
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/model"
	"kvstep/sim/recipe"
)

// Needs foretells what a run of a recipe holds of the machine's memory, from its shape alone.
type Needs struct {
	c      sim.Config
	r      sim.Recipe
	prompt int // tokens, of all sequences that go together
	fed    int // tokens that they come to hold, if the run goes to its maximum
	longer int // tokens of sequences that go when others are over
	most   int // tokens of the longest
}

// NewNeeds foretells a prepared recipe whose prompts have so many tokens, its own first. A beam
// search counts as so many sequences.
func NewNeeds(c sim.Config, r sim.Recipe, prompts ...int) *Needs {
	n := &Needs{c: c, r: r}
	type sequence struct{ prompt, fed int }
	var all []sequence
	for i, prompt := range prompts {
		maxNew := r.MaxNew
		if i > 0 {
			maxNew = r.Batch.Requests[i-1].MaxNew
		}
		all = append(all, sequence{prompt, min(recipe.Fed(prompt, maxNew), c.Context)})
	}
	together := 1
	switch {
	case r.Batch != nil:
		together = r.Batch.Slots
	case r.Sampler.Kind == "beam":
		together, all = r.Sampler.Width, slices.Repeat(all, r.Sampler.Width)
	}
	slices.SortFunc(all, func(a, b sequence) int { return b.fed - a.fed })
	for i, q := range all {
		if n.most = max(n.most, q.fed); i < together {
			n.prompt, n.fed = n.prompt+q.prompt, n.fed+q.fed
		} else {
			n.longer += q.fed
		}
	}
	return n
}

// Whole returns how many tokens those that go together come to hold.
func (n *Needs) Whole() int { return n.fed }

// At returns about how many bytes the run holds, at most, until it has so many tokens, at least
// those of the prompt.
func (n *Needs) At(tokens int) int64 {
	most := n.working(n.prompt, n.prompt) + n.kept(n.prompt)
	if tokens > n.prompt {
		both := max(n.prompt, min(tokens, n.until())) // while the uncached lane runs
		most = max(most, n.working(1, both)+n.kept(both), n.working(1, 0)+n.kept(tokens))
	}
	return n.standing() + most
}

// Fits returns about how many tokens there is memory for: 0 where there is not even for the
// prompt, Whole where there is for all.
func (n *Needs) Fits(memory int64) int {
	if n.At(n.prompt) > memory {
		return 0
	}
	return longest(n.prompt, n.fed, func(tokens int) bool { return n.At(tokens) <= memory })
}

// Prompt returns about how long a prompt may be of which this much memory holds the prefill; 0 where
// none is short enough.
func (n *Needs) Prompt(memory int64) int {
	return longest(0, n.prompt, func(prompt int) bool {
		other := *n
		other.prompt = prompt
		return other.At(prompt) <= memory
	})
}

// longest returns the largest number up to most that holds, where all below one that holds do.
func longest(least, most int, holds func(int) bool) int {
	for least < most {
		if middle := (least + most + 1) / 2; holds(middle) {
			least = middle
		} else {
			most = middle - 1
		}
	}
	return least
}

// standing is what is there from the start to the end: caches that take their memory at once,
// the uncached lane's own, logits, and what is left of a slab.
func (n *Needs) standing() (bytes int64) {
	one := kv.SpecOf(n.c, n.most)
	one.Layers = 1
	if n.caches() {
		bytes += kv.SpecOf(n.c, n.fed).Bytes(n.r.Cache) + 4*int64(n.c.Vocab)
	}
	if until := n.until(); until > 0 {
		one.Most = min(n.most, until)
		bytes += one.Bytes(sim.CachePolicy{}) + 4*int64(n.c.Vocab)
	}
	return bytes + 4*int64(newArena(n.c, n.keepsRows(), n.fed, nil).slab)
}

// kept is what steps, histories and caches that grow have of so many tokens.
func (n *Needs) kept(tokens int) int64 {
	steps := int64(1+tokens-n.prompt) * int64(n.c.Layers+1) * sim.StepBytes
	bytes := 4*int64(tokens+n.longer)*int64(keptNumbers(n.c, n.keepsRows())) + steps
	if block := kv.TraitsOf(n.r.Cache).Block; n.caches() && block > 0 { // each step has a table of the blocks by then
		passes, blocks := 1+tokens-n.prompt, (n.prompt+tokens)/2/block
		bytes += int64(tokens)*kv.SpecOf(n.c, 1).TokenBytes() + int64(passes*(n.c.Layers+1)*blocks)*16
	}
	if n.caches() {
		bytes += int64(tokens+n.longer) * int64(n.c.Layers) * kv.Remembered(kv.SpecOf(n.c, 1), n.r.Cache)
	}
	return bytes
}

// working is the working memory of both lanes in a pass of so many new rows, after which there
// are so many tokens, of the cached lane alone with 0.
func (n *Needs) working(rows, tokens int) (bytes int64) {
	if n.caches() {
		bytes += model.ActsBytes(model.Lent{Stream: true, KV: n.keepsRows()}, n.c, rows, n.most)
	}
	if until := n.until(); until > 0 && tokens > 0 {
		all := min(tokens, until)
		if rows < tokens { // it has grown by more than it needs
			all = min(all*9/8, n.fed, until)
		}
		bytes += model.ActsBytes(model.Lent{}, n.c, all, min(n.most, until))
	}
	return bytes
}

func (n *Needs) caches() bool    { return n.r.Lanes != "uncached" }
func (n *Needs) keepsRows() bool { return n.caches() && kv.KeepsRows(n.r.Cache) }

// until returns how many tokens the uncached lane runs with, 0 where it does not.
func (n *Needs) until() int {
	if n.r.Lanes == "cached" {
		return 0
	}
	if until, waits := n.r.UncachedTokens(); waits {
		return until
	}
	return math.MaxInt
}
