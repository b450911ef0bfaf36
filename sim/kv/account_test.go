package kv

import (
	"maps"
	"math"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// account is what a cache ought to hold, told slowly and by the definition of its policy
// alone: all rows as they were computed, and which of them each head keeps.
type account struct {
	s     Spec
	p     sim.CachePolicy  // complete, its group written out
	rows  [2][][][]float32 // K and V: [layer][position], all heads side by side
	kept  [][]map[int]float32
	ended int // positions at the end of the last pass

	evicted   []evictedEvent
	quantised []quantisedEvent
}

func newAccount(s Spec, p sim.CachePolicy) *account {
	a := &account{s: s, p: p}
	if p.Group == 0 {
		a.p.Group = s.HeadDim
	}
	for side := range a.rows {
		a.rows[side] = make([][][]float32, s.Layers)
	}
	for range s.Layers {
		heads := make([]map[int]float32, s.KVHeads)
		for h := range heads {
			heads[h] = map[int]float32{}
		}
		a.kept = append(a.kept, heads)
	}
	return a
}

func (a *account) len(layer int) int { return len(a.rows[0][layer]) }

func (a *account) coded() int {
	return map[string]int{sim.CacheInt8: 8, sim.CacheInt4: 4}[a.p.Kind]
}

// definition is a policy that evicts, by its own words. One of a policy that is a file of
// its own stands in the test of that file.
type definition struct {
	most     func(p sim.CachePolicy) int // tokens that a head may keep
	victim   func(p sim.CachePolicy, kept map[int]float32) int
	attended func(kept map[int]float32, at []int, probs []float32, first bool) // by a query head, the first of its group or another
}

var definitions = map[string]definition{
	sim.CacheWindow: {
		most: func(p sim.CachePolicy) int { return p.Sinks + p.Window },
		victim: func(p sim.CachePolicy, kept map[int]float32) int { // the oldest that is no sink
			old := slices.Sorted(maps.Keys(kept))
			return slices.DeleteFunc(old, func(q int) bool { return q < p.Sinks })[0]
		},
	},
	sim.CacheH2O: {
		most: func(p sim.CachePolicy) int { return p.Heavy + p.Window },
		victim: func(p sim.CachePolicy, kept map[int]float32) int {
			// of those that will not be among the newest, the one that received least, of equals the oldest
			old := slices.Sorted(maps.Keys(kept))
			victim := old[0]
			for i, q := range old {
				if newest := len(old) - i; newest >= p.Window && kept[q] < kept[victim] {
					victim = q
				}
			}
			return victim
		},
		attended: func(kept map[int]float32, at []int, probs []float32, _ bool) {
			for i, p := range at {
				kept[p] += probs[i]
			}
		},
	},
}

// TestEveryEvictingPolicyIsDefined, and every definition is of one.
func TestEveryEvictingPolicyIsDefined(t *testing.T) {
	for _, x := range Policies {
		evicts := TraitsOf(Complete(sim.CachePolicy{Kind: x.Kind})).Evicts
		if _, defined := definitions[x.Kind]; defined != evicts {
			t.Errorf("%s evicts: %v, is defined in a test: %v", x.Kind, evicts, defined)
		}
	}
	for kind := range definitions {
		if !slices.Contains(Kinds(), kind) {
			t.Errorf("%s is not among the policies", kind)
		}
	}
}

// most is how many tokens a head may keep, 0 for all.
func (a *account) most() int {
	if d, evicts := definitions[a.p.Kind]; evicts {
		return d.most(a.p)
	}
	return 0
}

// append takes a token in, and evicts for it what the policy says.
func (a *account) append(layer int, k, v []float32) {
	p := a.len(layer)
	a.rows[0][layer], a.rows[1][layer] = append(a.rows[0][layer], k), append(a.rows[1][layer], v)
	for h, kept := range a.kept[layer] {
		if most := a.most(); most > 0 && len(kept) == most {
			q := definitions[a.p.Kind].victim(a.p, kept)
			a.evicted = append(a.evicted, evictedEvent{layer, h, q, p, kept[q]})
			delete(kept, q)
		}
		kept[p] = 0
	}
	if a.coded() > 0 {
		e := quantisedEvent{layer: layer, position: p, v: a.whole(1, layer, p)}
		if a.p.Axis == AxisToken {
			e.k = a.whole(0, layer, p)
		}
		a.quantised = append(a.quantised, e)
	}
}

func (a *account) attended(layer, head int, at []int, probs []float32, first bool) {
	if d := definitions[a.p.Kind]; d.attended != nil {
		d.attended(a.kept[layer][head], at, probs, first)
	}
}

// at are the positions that a head's newest query sees.
func (a *account) at(layer, head int) []int { return slices.Sorted(maps.Keys(a.kept[layer][head])) }

// inCodes is how many tokens have their K in codes.
func (a *account) inCodes(layer int) int {
	if a.p.Axis == AxisChannel {
		return a.ended / a.p.Group * a.p.Group
	}
	return a.len(layer)
}

// read is a row of a head as attention reads it.
func (a *account) read(side, layer, head, p int) []float32 {
	hd, size := a.s.HeadDim, a.p.Group
	row := a.rows[side][layer][p][head*hd : (head+1)*hd]
	if a.coded() == 0 || side == 0 && p >= a.inCodes(layer) {
		return row
	}
	out := make([]float32, hd)
	for d := range out {
		var group []float32
		if side == 0 && a.p.Axis == AxisChannel {
			for q := p / size * size; q < p/size*size+size; q++ {
				group = append(group, a.rows[0][layer][q][head*hd+d])
			}
		} else {
			group = row[d/size*size : d/size*size+size]
		}
		out[d] = readCode(row[d], group, a.coded())
	}
	return out
}

// whole is a row of all heads as it reads.
func (a *account) whole(side, layer, p int) (row []float32) {
	for h := range a.s.KVHeads {
		row = append(row, a.read(side, layer, h, p)...)
	}
	return row
}

// endPass puts groups of tokens that are full into codes.
func (a *account) endPass() {
	before := a.inCodes(0)
	a.ended = a.len(0)
	for l := 0; l < a.s.Layers && a.p.Axis == AxisChannel; l++ {
		for p := before; p < a.inCodes(0); p++ {
			a.quantised = append(a.quantised, quantisedEvent{layer: l, position: p, k: a.whole(0, l, p)})
		}
	}
}

func (a *account) truncate(n int) {
	for side := range a.rows {
		for l := range a.rows[side] {
			a.rows[side][l] = a.rows[side][l][:min(n, len(a.rows[side][l]))]
		}
	}
	for _, heads := range a.kept {
		for _, kept := range heads {
			maps.DeleteFunc(kept, func(p int, _ float32) bool { return p >= n })
		}
	}
	a.ended = min(a.ended, n)
}

// used is what a layer's rows take, in bytes: bits of every number, and of every group 32
// bits of scale and low.
func (a *account) used(layer int) int64 {
	bits := 0
	for side := range a.rows {
		for p := range a.rows[side][layer] {
			for h := range a.s.KVHeads {
				switch _, kept := a.kept[layer][h][p]; {
				case !kept:
				case a.coded() > 0 && (side == 1 || p < a.inCodes(layer)):
					bits += a.s.HeadDim*a.coded() + a.s.HeadDim*32/a.p.Group
				default:
					bits += a.s.HeadDim * 32
				}
			}
		}
	}
	return int64(bits+7) / 8
}

// halves are all finite float16, from the least.
var halves = func() (all []float32) {
	for h := range uint32(1 << 16) {
		if x := mat.F32(uint16(h)); !math.IsInf(float64(x), 0) && x == x {
			all = append(all, x)
		}
	}
	slices.Sort(all)
	return all
}()

// readCode is what x reads as in a group of numbers: low is the largest float16 that is at
// most the least of them; scale is the float16 nearest to a step, or a larger one until the
// highest code reaches the largest of them; the code is the nearest, of two the even one.
func readCode(x float32, group []float32, bits int) float32 {
	after := func(y float32) int { // index of the first float16 beyond y
		i, _ := slices.BinarySearchFunc(halves, y, func(a, b float32) int {
			if a <= b {
				return -1
			}
			return 1
		})
		return i
	}
	low := halves[max(0, after(slices.Min(group))-1)]
	top := float32(uint(1)<<bits - 1)
	scale := min(mat.F32(mat.F16((slices.Max(group)-low)/top)), 65504)
	for scale < 65504 && float32(scale*top)+low < slices.Max(group) {
		scale = halves[after(scale)]
	}
	code := float32(0)
	if scale > 0 {
		code = float32(min(max(math.RoundToEven(float64((x-low)/scale)), 0), float64(top)))
	}
	return float32(code*scale) + low
}
