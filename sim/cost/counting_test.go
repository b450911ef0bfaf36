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
	c       sim.Config
	sw      Switches
	bytes   int64
	n       sim.Counters     // what was counted since take
	touched map[*number]bool // weights read in this part: reading one twice costs once
	w       slowWeights
	k, v    [][][]float64 // the cache, [layer][position][kv]
}

func newCounting(c sim.Config, sw Switches, bytes int64, seed uint64) *counting {
	m := &counting{c: c, sw: sw, bytes: bytes, touched: map[*number]bool{}}
	m.w = makeWeights(c, seed)
	m.forget()
	return m
}

func (m *counting) forget() {
	m.k, m.v = make([][][]float64, m.c.Layers), make([][][]float64, m.c.Layers)
}

// take is what was counted since the last take, with what is held now.
// layer is where the pass has come to; the head says the last one.
func (m *counting) take(layer int) sim.Counters {
	n := m.n
	n.WeightBytes = int64(len(m.touched)) * m.bytes
	n.KVTokens = int64(len(m.k[layer]))
	for l := range m.k {
		for p := range m.k[l] {
			n.KVBytes += int64(len(m.k[l][p])+len(m.v[l][p])) * m.bytes
		}
	}
	m.n, m.touched = sim.Counters{}, map[*number]bool{}
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

// rotate is RoPE in place; x [heads*head_dim].
func (m *counting) rotate(x []float64, position int) {
	for head := 0; head < len(x); head += m.c.HeadDim {
		for i := 0; i < m.c.HeadDim; i += 2 {
			angle := float64(position) * math.Pow(10000, -float64(i)/float64(m.c.HeadDim))
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
		}
	}
	return x
}

// layer runs decoder layer l over x [m][d], the first row at position start.
func (m *counting) layer(l int, x [][]float64, start int) {
	w := &m.w.layers[l]
	h := m.norms(x, w.norm1, w.norm1bias)
	f := &m.n.Flops
	q := m.linear(h, w.q, w.qb, &f.QKV)
	k := m.linear(h, w.k, w.kb, &f.QKV)
	v := m.linear(h, w.v, w.vb, &f.QKV)
	for i := range x {
		if w.qnorm != nil {
			m.normHeads(q[i], w.qnorm)
			m.normHeads(k[i], w.knorm)
		}
		if m.w.position == nil && !m.c.NoPE {
			m.rotate(q[i], start+i)
			m.rotate(k[i], start+i)
		}
		m.k[l], m.v[l] = append(m.k[l], k[i]), append(m.v[l], v[i])
		m.n.KVWriteBytes += int64(len(k[i])+len(v[i])) * m.bytes
	}
	// One pass brings each row of the cache in once, however many heads and
	// queries then use it.
	for p := range m.k[l] {
		m.n.KVReadBytes += int64(len(m.k[l][p])+len(m.v[l][p])) * m.bytes
	}
	mixed := make([][]float64, len(x))
	for i := range x {
		mixed[i] = m.attend(l, q[i], start+i)
	}
	m.add(x, m.linear(mixed, w.o, w.ob, &f.Out))
	m.add(x, m.mlp(w, m.norms(x, w.norm2, w.norm2bias)))
}

// attend is all heads of one query, which stands at position and sees 0..position.
func (m *counting) attend(l int, q []float64, position int) []float64 {
	c, out := m.c, make([]float64, len(q))
	keys := position + 1
	if m.sw.Pairs == "dense" {
		keys = len(m.k[l])
	}
	for h := range c.Heads {
		from, kv := h*c.HeadDim, h/(c.Heads/c.KVHeads)*c.HeadDim
		scores := make([]float64, keys)
		for j := range scores {
			for t := range c.HeadDim {
				scores[j] += q[from+t] * m.k[l][j][kv+t]
				m.mul(&m.n.Flops.Scores)
			}
			scores[j] *= 1 / math.Sqrt(float64(c.HeadDim))
			m.op(1)
			if j > position {
				scores[j] = -1e30 // masked: a select, free
			}
		}
		for j, p := range m.softmax(scores) {
			for t := range c.HeadDim {
				out[from+t] += p * m.v[l][j][kv+t]
				m.mul(&m.n.Flops.AV)
			}
		}
	}
	return out
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

func (m *counting) mlp(w *slowLayer, x [][]float64) [][]float64 {
	part := &m.n.Flops.MLP
	up := m.linear(x, w.up, w.upb, part)
	var gate [][]float64
	if w.gate != nil {
		gate = m.linear(x, w.gate, nil, part)
	}
	for i := range up {
		for j, v := range up[i] {
			if gate != nil { // silu(gate) * up: negate, exp, add, divide, multiply
				g := gate[i][j]
				up[i][j] = g / (1 + math.Exp(-g)) * v
				m.op(5)
				continue
			}
			z := v * v // GELU, tanh form
			z *= v
			z *= 0.044715
			z += v
			z *= 0.7978845608
			z = math.Tanh(z)
			z++
			z *= v
			z *= 0.5
			m.op(9)
			up[i][j] = z
		}
	}
	return m.linear(up, w.down, w.downb, part)
}

// logits is the final norm of every row and the head on the last, or on all.
func (m *counting) logits(x [][]float64) [][]float64 {
	x = m.norms(x, m.w.norm, m.w.normBias)
	if m.sw.Logits == "last" {
		x = x[len(x)-1:]
	}
	return m.linear(x, m.w.head, nil, &m.n.Flops.Head)
}
