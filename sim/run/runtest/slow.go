package runtest

import (
	"maps"
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// Slow computes one sequence token by token with plain loops: it has no cache of the
// engine, no batch, no kernels, and its own account of what each policy keeps and how it
// rounds. It follows the order of sums that docs/architecture.md promises, so that its
// numbers are the engine's, bit for bit. Of the engine it uses the weights, exp, the table
// of rotations and float16.
type Slow struct {
	m      *model.Model
	policy sim.CachePolicy
	n      int // tokens so far
	layers []slowLayer
}

// slowLayer is what one layer has of the past, by position.
type slowLayer struct {
	k, v         [][]float32 // as computed, all heads side by side
	readK, readV [][]float32 // as attention reads them
	kept         []map[int]float32
}

// Row is what one token is in one layer.
type Row struct{ X, Q, K, V, Out []float32 }

// NewSlow has no tokens yet. A policy that is exact is none.
func NewSlow(m *model.Model, p sim.CachePolicy) *Slow {
	s := &Slow{m: m, policy: p, layers: make([]slowLayer, m.Config.Layers)}
	if p.Group == 0 {
		s.policy.Group = m.Config.HeadDim
	}
	for l := range s.layers {
		for range m.Config.KVHeads {
			s.layers[l].kept = append(s.layers[l].kept, map[int]float32{})
		}
	}
	return s
}

// Len is how many tokens there are.
func (s *Slow) Len() int { return s.n }

// Truncate forgets tokens from position n on, under a policy that can.
func (s *Slow) Truncate(n int) {
	s.n = min(s.n, n)
	for l := range s.layers {
		x := &s.layers[l]
		for _, rows := range []*[][]float32{&x.k, &x.v, &x.readK, &x.readV} {
			*rows = (*rows)[:s.n:s.n]
		}
	}
}

// Pass feeds the tokens of one pass: [token][layer], and the groups that are full after it
// are put into codes.
func (s *Slow) Pass(tokens []int) (rows [][]Row) {
	for _, id := range tokens {
		rows = append(rows, s.token(id))
	}
	s.settle()
	return rows
}

func (s *Slow) token(id int) (rows []Row) {
	w := &s.m.Weights
	x := slices.Clone(w.Embed.Row(id))
	if w.Positions.NumRows() > 0 {
		x = plus(x, w.Positions.Row(s.n))
	}
	for l := range s.layers {
		row := s.layer(l, x)
		rows, x = append(rows, row), row.Out
	}
	s.n++
	return rows
}

func (s *Slow) layer(l int, x []float32) Row {
	c, w := s.m.Config, &s.m.Weights.Layers[l]
	n1 := s.norm(x, w.AttnNorm, w.AttnBias)
	q, k, v := linear(n1, w.Q, w.QBias), linear(n1, w.K, w.KBias), linear(n1, w.V, w.VBias)
	for _, one := range []struct{ x, gain []float32 }{{q, w.QNorm}, {k, w.KNorm}} {
		for h := 0; h < len(one.x); h += c.HeadDim {
			head := one.x[h : h+c.HeadDim]
			if one.gain != nil {
				copy(head, rms(head, one.gain, c.NormEps))
			}
			s.rotate(head)
		}
	}
	s.append(l, k, v)
	attn := make([]float32, c.QDim())
	for h := range c.Heads {
		s.attend(l, h, attn[h*c.HeadDim:(h+1)*c.HeadDim], q[h*c.HeadDim:(h+1)*c.HeadDim])
	}
	mid := plus(x, linear(attn, w.O, w.OBias))
	n2 := s.norm(mid, w.MLPNorm, w.MLPBias)
	up := linear(n2, w.Up, w.UpBias)
	act := make([]float32, len(up))
	if w.Gate.NumRows() > 0 {
		for i, z := range linear(n2, w.Gate, nil) {
			act[i] = float32(z/(1+mat.Exp(-z))) * up[i]
		}
	} else {
		for i, z := range up {
			act[i] = float32(0.5*z) * (1 + tanh(float32(mat.GELURoot*(z+float32(mat.GELUCubic*float32(float32(z*z)*z))))))
		}
	}
	return Row{X: x, Q: q, K: k, V: v, Out: plus(mid, linear(act, w.Down, w.DownBias))}
}

// attend is one query head of the newest token.
func (s *Slow) attend(l, h int, out, q []float32) {
	c, x := s.m.Config, &s.layers[l]
	g := h / (c.Heads / c.KVHeads)
	var at []int
	for p := range s.n + 1 {
		if _, kept := x.kept[g][p]; kept || !kv.TraitsOf(s.policy).Evicts {
			at = append(at, p)
		}
	}
	probs, top := make([]float32, len(at)), float32(math.Inf(-1))
	for i, p := range at {
		probs[i] = dot(q, x.readK[p][g*c.HeadDim:]) * (1 / mat.Sqrt(float32(c.HeadDim)))
		top = max(top, probs[i])
	}
	var sums [16]float32
	for i, p := range at {
		probs[i] = mat.Exp(probs[i] - top)
		sums[p%16] += probs[i]
	}
	sum := tree(sums)
	for i, p := range at {
		if probs[i] /= sum; kv.TraitsOf(s.policy).Evicts {
			x.kept[g][p] += probs[i]
		}
	}
	for d := range out {
		var sums [16]float32
		for i, p := range at {
			sums[p%16] += float32(probs[i] * x.readV[p][g*c.HeadDim+d])
		}
		out[d] = tree(sums)
	}
}

// append takes the newest token among those that a layer has, by the rule of the policy.
func (s *Slow) append(l int, k, v []float32) {
	x := &s.layers[l]
	x.k, x.v = append(x.k, k), append(x.v, v)
	readK, readV := k, v
	if s.coded() {
		readV = s.groups(v)
		if s.policy.Axis == kv.AxisToken {
			readK = s.groups(k)
		}
	}
	x.readK, x.readV = append(x.readK, readK), append(x.readV, readV)
	for _, kept := range x.kept {
		if kv.TraitsOf(s.policy).Evicts && len(kept) == kv.TraitsOf(s.policy).MaxTokens() {
			delete(kept, s.victim(kept))
		}
		kept[s.n] = 0
	}
}

// victim is the position that goes when one more comes.
func (s *Slow) victim(kept map[int]float32) int {
	old := slices.Sorted(maps.Keys(kept))
	if s.policy.Kind == sim.CacheWindow {
		return old[s.policy.Sinks]
	}
	least := old[0]
	for _, p := range old[:max(1, len(old)-(s.policy.Window-1))] {
		if kept[p] < kept[least] {
			least = p
		}
	}
	return least
}

// Logits are those of the newest token, given what left the last layer.
func (s *Slow) Logits(x []float32) []float32 {
	w := &s.m.Weights
	return linear(s.norm(x, w.FinalNorm, w.FinalBias), w.Unembed, nil)
}

func (s *Slow) norm(x, gain, bias []float32) []float32 {
	if bias == nil {
		return rms(x, gain, s.m.Config.NormEps)
	}
	var sums [16]float32
	for i, v := range x {
		sums[i%16] += v
	}
	n := float32(len(x))
	mean, less, out := tree(sums)/n, make([]float32, len(x)), make([]float32, len(x))
	for i, v := range x {
		less[i] = v - mean
	}
	inv := 1 / mat.Sqrt(dot(less, less)/n+s.m.Config.NormEps)
	for i := range out {
		out[i] = float32(float32(less[i]*inv)*gain[i]) + bias[i]
	}
	return out
}

func rms(x, gain []float32, eps float32) []float32 {
	inv, out := 1/mat.Sqrt(dot(x, x)/float32(len(x))+eps), make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v*inv) * gain[i]
	}
	return out
}

// rotate turns the pairs of a head of the newest token.
func (s *Slow) rotate(x []float32) {
	if s.m.Config.NoPE {
		return
	}
	half := len(x) / 2
	cos, sin := s.m.Rope().Cos(s.n+1).Row(s.n), s.m.Rope().Sin(s.n+1).Row(s.n)
	for i := range half {
		a, b := i, i+half
		if s.m.Config.RopeInterleaved {
			a, b = 2*i, 2*i+1
		}
		xa, xb := x[a], x[b]
		x[a] = float32(xa*cos[i]) - float32(xb*sin[i])
		x[b] = float32(xa*sin[i]) + float32(xb*cos[i])
	}
}

func tanh(x float32) float32 {
	size := max(x, -x)
	e := mat.Exp(-2 * size)
	if t := (1 - e) / (1 + e); x < 0 {
		return -t
	} else {
		return t
	}
}

func linear(x []float32, w mat.Matrix, bias []float32) []float32 {
	out := make([]float32, w.NumRows())
	for i := range out {
		if out[i] = dot(x, w.Row(i)); bias != nil {
			out[i] += bias[i]
		}
	}
	return out
}

func plus(a, b []float32) []float32 {
	out := make([]float32, len(a))
	for i, v := range a {
		out[i] = v + b[i]
	}
	return out
}

func dot(a, b []float32) float32 {
	var sums [16]float32
	for i, v := range a {
		sums[i%16] += float32(v * b[i])
	}
	return tree(sums)
}

// tree adds 16 lanes: halves to halves.
func tree(sums [16]float32) float32 {
	for n := 8; n > 0; n /= 2 {
		for i := range n {
			sums[i] += sums[i+n]
		}
	}
	return sums[0]
}
