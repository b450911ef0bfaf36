package kv

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// evicting keeps a fixed number of tokens in every head and lets one go for
// each new one when it is full. A row never moves: the newest token takes the
// place of the one that went, and a list says where each position stands.
//
//	window   keeps the first sinks and the newest window tokens
//	         (StreamingLLM, Xiao et al. 2023, without its renumbering of positions)
//	h2o      keeps the newest window tokens and, of the others, the heavy ones
//	         that were attended most so far (H2O, Zhang et al. 2023, algorithm 1)
type evicting struct {
	spec   Spec
	policy sim.CachePolicy
	arena  *Arena
	slab   []float32
	heads  [][]held    // [layer][kv_head]
	lens   []int       // positions seen, by layer
	gone   [][]int     // [layer]: positions let go for the newest token, by kv_head
	lost   [][]float32 // [layer]: the attention that each of them had received
}

// held is what one head keeps, in order of positions.
type held struct {
	at     []int       // positions
	k, v   [][]float32 // their rows, [head_dim] each
	weight []float32   // attention that each has received, of all query heads
	spare  [][]float32 // places not used yet
}

var _ Cache = (*evicting)(nil)

func newEvicting(s Spec, p sim.CachePolicy, a *Arena) (*evicting, error) {
	most := min(p.Most(), s.Most)
	slab, err := a.floats(most * s.Layers * s.width() * 2)
	if err != nil {
		return nil, err
	}
	c := &evicting{spec: s, policy: p, arena: a, slab: slab, lens: make([]int, s.Layers), gone: make([][]int, s.Layers), lost: make([][]float32, s.Layers)}
	for range s.Layers {
		heads := make([]held, s.KVHeads)
		for h := range heads {
			for range 2 * most {
				heads[h].spare, slab = append(heads[h].spare, slab[:s.HeadDim:s.HeadDim]), slab[s.HeadDim:]
			}
		}
		c.heads = append(c.heads, heads)
	}
	return c, nil
}

// Reserve has room for any number of tokens: old ones go.
func (c *evicting) Reserve(n int) (int, error) { return n, nil }

// Append puts the token in the place of the one that the policy lets go.
func (c *evicting) Append(layer int, k, v []float32) {
	hd, gone, lost := c.spec.HeadDim, []int(nil), []float32(nil)
	for h := range c.heads[layer] {
		x := &c.heads[layer][h]
		if len(x.spare) == 0 {
			i := c.victim(x)
			gone, lost = append(gone, x.at[i]), append(lost, x.weight[i])
			x.spare = append(x.spare, x.v[i], x.k[i])
			x.at, x.k, x.v = slices.Delete(x.at, i, i+1), slices.Delete(x.k, i, i+1), slices.Delete(x.v, i, i+1)
			x.weight = slices.Delete(x.weight, i, i+1)
		}
		last := len(x.spare)
		kRow, vRow := x.spare[last-1], x.spare[last-2]
		x.spare = x.spare[:last-2]
		copy(kRow, k[h*hd:(h+1)*hd])
		copy(vRow, v[h*hd:(h+1)*hd])
		x.at, x.k, x.v, x.weight = append(x.at, c.lens[layer]), append(x.k, kRow), append(x.v, vRow), append(x.weight, 0)
	}
	c.lens[layer]++
	c.gone[layer], c.lost[layer] = gone, lost
}

// victim is the index of the token that goes: never one of the newest window-1,
// since the one that comes is the newest itself.
func (c *evicting) victim(x *held) int {
	if c.policy.Kind == sim.CacheWindow {
		return c.policy.Sinks
	}
	old := len(x.at) - (c.policy.Window - 1)
	least := 0
	for i := range max(1, old) {
		if x.weight[i] < x.weight[least] { // of equals the oldest goes
			least = i
		}
	}
	return least
}

// Sees is what is kept.
func (c *evicting) Sees(layer, kvHead int) (k, v mat.Matrix, at []int) {
	x, hd := &c.heads[layer][kvHead], c.spec.HeadDim
	return mat.Paged(len(x.k), hd, x.k, 1, 0), mat.Paged(len(x.v), hd, x.v, 1, 0), x.at
}

// Attended adds up what each kept token receives; only h2o asks later.
func (c *evicting) Attended(layer, kvHead int, probs []float32) {
	x := &c.heads[layer][kvHead]
	for i, p := range probs {
		x.weight[i] += p
	}
}

func (c *evicting) Settle() {}

// Truncate can only forget everything: what was let go does not come back.
func (c *evicting) Truncate(n int) {
	if n != 0 {
		panic("kv: an evicting cache cannot go back")
	}
	for l := range c.heads {
		for h := range c.heads[l] {
			x := &c.heads[l][h]
			for i := range x.k {
				x.spare = append(x.spare, x.v[i], x.k[i])
			}
			*x = held{spare: x.spare}
		}
		c.lens[l] = 0
	}
}

// Free gives the memory back.
func (c *evicting) Free() {
	c.arena.give(c.slab)
	c.slab, c.heads = nil, nil
}

// Use counts the kept rows.
func (c *evicting) Use() sim.CacheUse {
	u := sim.CacheUse{Allocated: int64(len(c.slab)) * floatBytes, Held: c.arena.held, Budget: c.arena.budget}
	for l := range c.heads {
		u.Used += c.LayerBytes(l)
	}
	return u
}

// LayerBytes are the rows that a layer keeps.
func (c *evicting) LayerBytes(layer int) (n int64) {
	for h := range c.heads[layer] {
		n += int64(len(c.heads[layer][h].at)*c.spec.HeadDim) * 2 * floatBytes
	}
	return n
}

// Last names what was let go for the newest token.
func (c *evicting) Last(layer int) (gone []int, k, v []float32) { return c.gone[layer], nil, nil }
