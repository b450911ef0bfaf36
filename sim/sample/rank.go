package sample

import (
	"cmp"
	"math"
	"slices"

	"kvstep/sim/mat"
)

// needed returns how many of the likeliest tokens a choice looks at: if the first filter that
// drops any says how many it leaves, no more than these.
func needed(kind string, on []activeFilter, vocab int) int {
	if kind == "greedy" {
		return min(shown, vocab)
	}
	for _, f := range on {
		if f.Apply != nil {
			if f.Limit == nil {
				break
			}
			return min(max(shown, f.Limit(f.x)), vocab)
		}
	}
	return vocab
}

// ranked is the n ids with the highest scores, highest first, ties by lower id.
func ranked[F float32 | float64](scores []F, n int) []int {
	order := func(a, b int) int {
		return cmp.Or(cmp.Compare(scores[b], scores[a]), a-b)
	}
	if f, ok := any(scores).([]float32); ok && n > few {
		return sorted(f)[:n]
	}
	if n > few {
		ids := make([]int, len(scores))
		for id := range ids {
			ids[id] = id
		}
		slices.SortFunc(ids, order)
		return ids[:n]
	}
	best := make([]int, 0, n+1)
	for _, b := range promising(scores, n) {
		from := b * block
		for i, x := range scores[from:min(from+block, len(scores))] {
			if len(best) == n && x <= scores[best[n-1]] {
				continue // an equal logit with a higher id comes later
			}
			at, _ := slices.BinarySearchFunc(best, from+i, order)
			best = slices.Insert(best, at, from+i)
			best = best[:min(n, len(best))]
		}
	}
	return best
}

const block = 128 // scores

// promising is the blocks of scores, in order, in which the n highest are: the n
// with the highest of their own, for each of those is above all other blocks.
func promising[F float32 | float64](scores []F, n int) []int {
	highs := make([]F, (len(scores)+block-1)/block)
	blocks := make([]int, len(highs))
	for b := range highs {
		highs[b], blocks[b] = greatest(scores[b*block:min((b+1)*block, len(scores))]), b
	}
	if n < len(blocks) {
		blocks = ranked(highs, n)
		slices.Sort(blocks)
	}
	return blocks
}

func greatest[F float32 | float64](scores []F) F {
	if f, ok := any(scores).([]float32); ok {
		return F(mat.Max(f))
	}
	return slices.Max(scores)
}

// few is up to where keeping a short list is faster than sorting all.
const few = 64

// sorted is all ids, highest logit first, ties by lower id: a radix sort, because a
// vocabulary of random order makes the branches of any other one guess wrong.
func sorted(logits []float32) []int {
	type key struct{ rank, id uint32 }
	keys, other := make([]key, len(logits)), make([]key, len(logits))
	for id, x := range logits {
		bits := math.Float32bits(x + 0) // -0 is 0
		if bits>>31 == 0 {
			bits = ^bits &^ (1 << 31) // the larger, the earlier
		}
		keys[id] = key{bits, uint32(id)}
	}
	for shift := 0; shift < 32; shift += 8 {
		var at [256 + 1]int // where the next key with this byte goes
		for _, k := range keys {
			at[k.rank>>shift&0xff+1]++
		}
		for b := range 256 {
			at[b+1] += at[b]
		}
		for _, k := range keys {
			b := k.rank >> shift & 0xff
			other[at[b]] = k
			at[b]++
		}
		keys, other = other, keys
	}
	ids := make([]int, len(keys))
	for i, k := range keys {
		ids[i] = int(k.id)
	}
	return ids
}
