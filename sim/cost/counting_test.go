package cost

import (
	"math"

	"kvstep/sim"
)

// counting is a transformer that counts: a slow forward pass in float64 that
// adds 1 beside every scalar operation it executes, and the width of every
// number of the cache and of the weights it touches. It shares no formula
// with the package. It is written after truth/reference/refcount.py.
type counting struct {
	c       Shape
	sw      Switches
	n       sim.Counters     // what was counted since take
	touched map[*number]bool // weights read in this part: reading one twice costs once
	turn    int              // the expert whose turn it is, -1 at the start of a part
	w       slowWeights
	cache
}

// cache is [layer][position][kv]; a position that was dropped is nil. With
// latent attention k is the latent and the rotated key, and v is empty.
type cache struct{ k, v [][][]float64 }

func newCounting(c Shape, sw Switches, seed uint64) *counting {
	m := &counting{c: c, sw: sw, touched: map[*number]bool{}, turn: -1}
	m.w = makeWeights(c, seed)
	m.forget()
	return m
}

func (m *counting) forget() { m.cache = newCache(m.c) }

func newCache(c Shape) cache {
	return cache{make([][][]float64, c.Layers), make([][][]float64, c.Layers)}
}

// rows counts what is not dropped, in rows and in numbers.
func (c cache) rows(layer int) (rows, numbers int64) {
	for p, k := range c.k[layer] {
		if k != nil {
			rows++
			numbers += int64(len(k) + len(c.v[layer][p]))
		}
	}
	return rows, numbers
}

// take is what was counted since the last take, with what is held now.
// layer is where the pass has come to; the head says the last one.
func (m *counting) take(layer int) sim.Counters {
	n := m.n
	n.WeightBytes = (int64(len(m.touched)*m.c.Bits) + 7) / 8
	n.KVReadBytes = (n.KVReadBytes*int64(m.c.KVBits) + 7) / 8 // counted in numbers so far
	n.KVWriteBytes = (n.KVWriteBytes*int64(m.c.KVBits) + 7) / 8
	n.KVTokens, _ = m.rows(layer)
	for l := range m.k {
		_, numbers := m.rows(l)
		n.KVBytes += numbers
	}
	n.KVBytes = (n.KVBytes*int64(m.c.KVBits) + 7) / 8
	m.n, m.touched, m.turn = sim.Counters{}, map[*number]bool{}, -1
	return n
}

func (m *counting) op(n int64) { m.n.Elementwise += n }

// mul counts one multiply-add of a matmul.
func (m *counting) mul(part *int64) {
	*part++ // the product
	if m.sw.Unit != "mac" {
		*part++ // the sum
	}
}

func (m *counting) read(p *number) float64 {
	m.touched[p] = true
	return p.x
}

// linear is rows x matrix, plus a bias where there is one.
func (m *counting) linear(x [][]float64, w slowMatrix, bias []number, part *int64) [][]float64 {
	out := make([][]float64, len(x))
	for i := range x {
		out[i] = make([]float64, len(w[0]))
		for j := range out[i] {
			sum := 0.0
			for t := range w {
				sum += x[i][t] * m.read(&w[t][j])
				m.mul(part)
			}
			if bias != nil {
				sum += m.read(&bias[j])
				m.op(1)
			}
			out[i][j] = sum
		}
	}
	return out
}

// norms is LayerNorm if there is a bias, else RMSNorm; x [m][d].
func (m *counting) norms(x [][]float64, gain, bias []number) [][]float64 {
	out := make([][]float64, len(x))
	for i, row := range x {
		row = append([]float64(nil), row...)
		if bias != nil {
			mean := 0.0
			for _, v := range row {
				mean += v
				m.op(1)
			}
			mean /= float64(len(row))
			m.op(1)
			for j := range row {
				row[j] -= mean
				m.op(1)
			}
		}
		square := 0.0
		for _, v := range row {
			square += v * v
			m.op(2)
		}
		square /= float64(len(row))
		m.op(1)
		square += 1e-5
		m.op(1)
		root := math.Sqrt(square)
		m.op(1)
		inverse := 1 / root
		m.op(1)
		for j := range row {
			row[j] *= inverse
			m.op(1)
			row[j] *= m.read(&gain[j])
			m.op(1)
			if bias != nil {
				row[j] += m.read(&bias[j])
				m.op(1)
			}
		}
		out[i] = row
	}
	return out
}

// normHeads is RMSNorm of each head by itself, in place; x [heads*head_dim].
func (m *counting) normHeads(x []float64, gain []number) {
	for at := 0; at < len(x); at += m.c.HeadDim {
		head := x[at : at+m.c.HeadDim]
		copy(head, m.norms([][]float64{head}, gain, nil)[0])
	}
}

// rotate is RoPE in place; x [heads*width].
func (m *counting) rotate(x []float64, width, position int) {
	for head := 0; head < len(x); head += width {
		turned := width
		if m.c.Rotated > 0 && m.c.MLA.KVRank == 0 {
			turned = m.c.Rotated
		}
		for i := 0; i < turned; i += 2 {
			angle := float64(position) * math.Pow(10000, -float64(i)/float64(width))
			cos, sin := math.Cos(angle), math.Sin(angle) // from a table: free
			a, b := x[head+i], x[head+i+1]
			x[head+i] = a*cos - b*sin
			m.op(3)
			x[head+i+1] = a*sin + b*cos
			m.op(3)
		}
	}
}

func (m *counting) add(x, y [][]float64) {
	for i := range x {
		for j := range x[i] {
			x[i][j] += y[i][j]
			m.op(1)
		}
	}
}

// enter looks the tokens up; start is the position of the first.
func (m *counting) enter(tokens []int, start int) [][]float64 {
	x := make([][]float64, len(tokens))
	for i, id := range tokens {
		x[i] = make([]float64, m.c.Dim)
		for j := range x[i] {
			x[i][j] = m.w.embed[id][j].x // a gather: free, and of one row only
			if m.w.position != nil {
				x[i][j] += m.w.position[start+i][j].x
				m.op(1)
			}
			if m.c.EmbedScale {
				x[i][j] *= 1.5
				m.op(1)
			}
		}
	}
	return x
}

// layer runs decoder layer l over x [m][d], the first row at position start.
func (m *counting) layer(l int, x [][]float64, start int) {
	w := &m.w.layers[l]
	h := m.norms(x, w.norm1, w.norm1bias)
	if m.c.MLA != (MLA{}) {
		h = m.latent(l, h, start)
	} else {
		h = m.attention(l, h, start)
	}
	if w.after1 != nil {
		h = m.norms(h, w.after1, nil)
	}
	m.add(x, h)
	h = m.norms(x, w.norm2, w.norm2bias)
	if w.experts != nil {
		h = m.mixture(w, h, start)
	} else {
		h = m.mlp(&w.slowMLP, h)
	}
	if w.after2 != nil {
		h = m.norms(h, w.after2, nil)
	}
	m.add(x, h)
}

// attention is everything up to the output projection; h is normed.
func (m *counting) attention(l int, h [][]float64, start int) [][]float64 {
	w, f := &m.w.layers[l], &m.n.Flops
	q := m.linear(h, w.q, w.qb, &f.QKV)
	k := m.linear(h, w.k, w.kb, &f.QKV)
	v := m.linear(h, w.v, w.vb, &f.QKV)
	for i := range h {
		if w.qnorm != nil {
			m.normHeads(q[i], w.qnorm)
			m.normHeads(k[i], w.knorm)
		}
		if m.c.Rope {
			m.rotate(q[i], m.c.HeadDim, start+i)
			m.rotate(k[i], m.c.HeadDim, start+i)
		}
		m.keep(l, k[i], v[i])
	}
	first := m.reach(l, start)
	mixed := make([][]float64, len(h))
	for i := range h {
		mixed[i] = m.attend(l, q[i], first, start+i)
	}
	m.drop(l)
	return m.linear(mixed, w.o, w.ob, &f.Out)
}

func (m *counting) keep(l int, k, v []float64) {
	m.k[l], m.v[l] = append(m.k[l], k), append(m.v[l], v)
	m.n.KVWriteBytes += int64(len(k) + len(v))
}

// window is how far a query of layer l sees, itself included.
func (m *counting) window(l int) int {
	if l < m.c.Local {
		return m.c.Window
	}
	return math.MaxInt32
}

// reach is the first position that some query from start on sees. One pass
// brings each row from there on in once, however many heads and queries use it.
func (m *counting) reach(l, start int) int {
	first := max(0, start-m.window(l)+1)
	for p := first; p < len(m.k[l]); p++ {
		m.n.KVReadBytes += int64(len(m.k[l][p]) + len(m.v[l][p]))
	}
	return first
}

// drop forgets what a later query cannot see, but as many as it can.
func (m *counting) drop(l int) {
	for p := 0; p < len(m.k[l])-m.window(l); p++ {
		m.k[l][p], m.v[l][p] = nil, nil
	}
}

// attend is all heads of one query, which stands at position. The pass has the
// keys from first on.
func (m *counting) attend(l int, q []float64, first, position int) []float64 {
	c, result := m.c, make([]float64, len(q))
	seen, end := max(0, position-m.window(l)+1), position+1
	if m.sw.Pairs == "dense" {
		seen, end = first, len(m.k[l])
	}
	for h := range c.Heads {
		from, kv := h*c.HeadDim, h/(c.Heads/c.KVHeads)*c.HeadDim
		scores := make([]float64, end-seen)
		for j := range scores {
			for t := range c.HeadDim {
				scores[j] += q[from+t] * m.k[l][seen+j][kv+t]
				m.mul(&m.n.Flops.Scores)
			}
			m.scale(scores, j, c.HeadDim)
			if seen+j > position || seen+j <= position-m.window(l) {
				scores[j] = -1e30 // masked: a select, free
			}
		}
		for j, p := range m.softmax(scores) {
			for t := range c.HeadDim {
				result[from+t] += p * m.v[l][seen+j][kv+t]
				m.mul(&m.n.Flops.AV)
			}
		}
	}
	return result
}

func (m *counting) scale(scores []float64, j, width int) {
	scores[j] *= 1 / math.Sqrt(float64(width))
	m.op(1)
	if m.c.Softcap {
		m.squash(&scores[j])
	}
}

// squash is 30 tanh(x/30).
func (m *counting) squash(x *float64) {
	*x /= 30
	*x = math.Tanh(*x)
	*x *= 30
	m.op(3)
}

func (m *counting) softmax(x []float64) []float64 {
	top := -1e31
	for _, v := range x {
		if v > top {
			top = v
		}
		m.op(1)
	}
	sum := 0.0
	for j := range x {
		x[j] -= top
		m.op(1)
		x[j] = math.Exp(x[j])
		m.op(1)
		sum += x[j]
		m.op(1)
	}
	for j := range x {
		x[j] /= sum
		m.op(1)
	}
	return x
}

func (m *counting) mlp(w *slowMLP, x [][]float64) [][]float64 {
	part := &m.n.Flops.MLP
	up := m.linear(x, w.up, w.upb, part)
	var gate [][]float64
	if w.gate != nil {
		gate = m.linear(x, w.gate, w.gateb, part)
	}
	for i := range up {
		for j, v := range up[i] {
			if gate != nil {
				up[i][j] = m.activate(gate[i][j]) * v
				m.op(1)
			} else {
				up[i][j] = m.activate(v)
			}
		}
	}
	return m.linear(up, w.down, w.downb, part)
}

func (m *counting) activate(v float64) float64 {
	switch {
	case m.c.Act == relu:
		m.op(1)
		return max(v, 0)
	case m.c.Act == gelusErf && !m.c.Gated: // GELU, erf form
		z := math.Erf(v / 1.41421356)
		z++
		z *= v
		z *= 0.5
		m.op(5)
		return z
	case m.c.Act == gelu || m.c.Act == geglu: // GELU, tanh form
		z := v * v
		z *= v
		z *= 0.044715
		z += v
		z *= 0.7978845608
		z = math.Tanh(z)
		z++
		z *= v
		z *= 0.5
		m.op(9)
		return z
	}
	m.op(4) // SiLU: negate, exp, add, divide
	return v / (1 + math.Exp(-v))
}

// logits is the final norm of every row and the head on the last, or on all.
func (m *counting) logits(x [][]float64) [][]float64 {
	x = m.norms(x, m.w.norm, m.w.normBias)
	if m.sw.Logits == "last" {
		x = x[len(x)-1:]
	}
	x = m.linear(x, m.w.head, nil, &m.n.Flops.Head)
	for i := range x {
		for j := range x[i] {
			if m.c.LogitCap {
				m.squash(&x[i][j])
			}
		}
	}
	return x
}
