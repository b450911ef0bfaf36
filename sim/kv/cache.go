// Package kv holds the keys and values of past tokens: one Policy and its Cache for each
// way of keeping them, the Arena that their memory comes from, and the History that
// remembers what any of them held at any moment.
package kv

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// Cache keeps K and V of one sequence. A layer appends one token at a time and
// then asks what the token's query sees; it does not know which policy answers.
type Cache interface {
	// Reserve takes the memory for n more tokens in all layers and returns for
	// how many of them there is room; err says why there is not for all.
	Reserve(n int) (room int, err error)
	// Lacks is how many bytes of the machine Reserve of n tokens would take, at most.
	Lacks(n int) int64
	// Append stores a token's K and V in a layer, [kv_heads*head_dim] each, heads
	// side by side. Its memory must be reserved.
	Append(layer int, k, v []float32)
	// Sees is what the newest token's query may attend to: K and V of a head,
	// [n, head_dim], and their positions, in order; nil means 0, 1, ... n-1.
	Sees(layer, kvHead int) (k, v mat.Matrix, at []int)
	// Lasts tells whether what Sees returned may be read until the next Append, not only until
	// the next Sees; and whether until EndPass, each query seeing the first rows of the newest's.
	Lasts() (row, pass bool)
	// Attended tells how one query head of the newest token spread its
	// attention over what it saw.
	Attended(layer, kvHead int, probs []float32)
	// EndPass ends a pass: all layers have appended, nothing is being read.
	EndPass()
	// Truncate forgets every token from position n on.
	Truncate(n int)
	// Fork makes a cache that begins with the first n tokens of this one and shares their
	// memory; nil where the policy shares none.
	Fork(n int) Cache
	// Free gives all memory back.
	Free()

	// Report has the cache tell an observer what it does from now on; nil: nobody.
	Report(to Observer)
	// Scores is what the kept rows of a layer are chosen by, [kv_head][row]; nil where
	// nothing is chosen by attention.
	Scores(layer int) [][]float32
	// Usage is what is allocated and what is in it.
	Usage() sim.CacheUsage
	// LayerBytes is what a layer has in it: what one pass reads there.
	LayerBytes(layer int) int64
}

// Observer hears what a cache does, at the moment at which it is done.
type Observer interface {
	// Evicted: the row of a position went before the query of a token, with the score that
	// it had by then.
	Evicted(layer, kvHead, position, query int, score float32)
	// Quantised: this is how K and V of a position, [kv_heads*head_dim], read from now on;
	// nil: as before. They are lent.
	Quantised(layer, position int, k, v []float32)
	// BlockTaken: memory for some tokens is the cache's now; it may be a copy of what others share.
	BlockTaken(block int, copied bool)
	// BlockFreed: the cache gave a block back that nobody else uses.
	BlockFreed(block int)
}

// never is later than every query, and longer than every cache.
const never = math.MaxInt

// basic is what a cache does of which its policy says nothing.
type basic struct {
	to Observer // who hears of events, nil for nobody
}

func (b *basic) Report(to Observer)          { b.to = to }
func (*basic) Lacks(int) int64               { return 0 }
func (*basic) Lasts() (row, pass bool)       { return true, true }
func (*basic) Attended(int, int, []float32)  {}
func (*basic) EndPass()                      {}
func (*basic) Fork(int) Cache                { return nil }
func (*basic) Scores(int) (none [][]float32) { return nil }
