package cost

// What the counting model does where a layer is not the ordinary one: experts
// in place of the MLP, and latent keys and values.

// mixture is an MLP of experts; x [m][d] is normed. Tokens go to the experts in
// turn, by their position, so that a pass goes to as many as it can: what each
// expert adds is still its share by the router, and both lanes take the same ones.
func (m *counting) mixture(w *slowLayer, x [][]float64, start int) [][]float64 {
	c := m.c.MoE
	if m.turn < 0 {
		m.turn = start * c.Active
	}
	result := make([][]float64, len(x))
	for i := range x {
		row := x[i : i+1]
		share := m.softmax(m.linear(row, w.router, nil, &m.n.Flops.MLP)[0])
		for e := range share {
			if w.balance != nil {
				m.read(&w.balance[e]) // for the choice only
				m.op(1)
			}
			m.op(int64(c.Active)) // in each of k scans, compared with the largest so far
		}
		chosen, sum := make([]int, c.Active), 0.0
		for j := range chosen {
			chosen[j] = m.turn % c.Experts
			m.turn++
			sum += share[chosen[j]]
			m.op(1)
		}
		result[i] = make([]float64, m.c.Dim)
		for _, e := range chosen {
			part := share[e] / sum
			m.op(1)
			for t, y := range m.mlp(&w.experts[e], row)[0] {
				result[i][t] += part * y
				m.op(2)
			}
		}
		if w.shared != nil {
			m.add(result[i:i+1], m.mlp(w.shared, row))
		}
	}
	return result
}

// latent is attention with latent keys and values, in both its forms; h is normed.
func (m *counting) latent(l int, h [][]float64, start int) [][]float64 {
	w, f, c := &m.w.layers[l], &m.n.Flops, m.c.MLA
	q := h
	if w.qDown != nil {
		q = m.norms(m.linear(h, w.qDown, nil, &f.QKV), w.aNorm, nil)
	}
	q = m.linear(q, w.qUp, nil, &f.QKV) // [m][H (n+r)]
	for i, kv := range m.linear(h, w.down, nil, &f.QKV) {
		m.rotate(kv[c.KVRank:], c.Rope, start+i)
		copy(kv, m.norms([][]float64{kv[:c.KVRank]}, w.cNorm, nil)[0])
		m.keep(l, kv, nil)
		for head := range m.c.Heads {
			at := head * (c.Nope + c.Rope)
			m.rotate(q[i][at+c.Nope:at+c.Nope+c.Rope], c.Rope, start+i)
		}
	}
	m.reach(l, start)
	mixed := make([][]float64, len(h))
	if c.Form == Absorbed || c.Form == Auto && start > 0 {
		for i := range h {
			mixed[i] = m.absorbed(l, q[i], start+i)
		}
	} else {
		var latents [][]float64
		for _, kv := range m.k[l] {
			latents = append(latents, kv[:c.KVRank])
		}
		k, v := m.linear(latents, w.kUp, nil, &f.QKV), m.linear(latents, w.vUp, nil, &f.QKV)
		for i := range h {
			mixed[i] = m.expanded(l, q[i], k, v, start+i)
		}
	}
	return m.linear(mixed, w.o, nil, &f.Out)
}

// keys are those of one query.
func (m *counting) keys(l, position int) int {
	if m.sw.Pairs == "dense" {
		return len(m.k[l])
	}
	return position + 1
}

// expanded: every head has its own K and V, [keys][H n] and [keys][H v].
func (m *counting) expanded(l int, q []float64, k, v [][]float64, position int) []float64 {
	c, f := m.c.MLA, &m.n.Flops
	result := make([]float64, m.c.Heads*c.V)
	for h := range m.c.Heads {
		scores := make([]float64, m.keys(l, position))
		for j := range scores {
			at := h * (c.Nope + c.Rope)
			for t := range c.Nope {
				scores[j] += q[at+t] * k[j][h*c.Nope+t]
				m.mul(&f.Scores)
			}
			m.rotated(l, q[at+c.Nope:], j, scores, position)
		}
		for j, p := range m.softmax(scores) {
			for t := range c.V {
				result[h*c.V+t] += p * v[j][h*c.V+t]
				m.mul(&f.AV)
			}
		}
	}
	return result
}

// absorbed: the query goes into the latent, and the result comes out of it.
func (m *counting) absorbed(l int, q []float64, position int) []float64 {
	c, f, w := m.c.MLA, &m.n.Flops, &m.w.layers[l]
	result := make([]float64, m.c.Heads*c.V)
	for h := range m.c.Heads {
		at := h * (c.Nope + c.Rope)
		inside, sum := make([]float64, c.KVRank), make([]float64, c.KVRank)
		for i := range inside {
			for t := range c.Nope {
				inside[i] += q[at+t] * m.read(&w.kUp[i][h*c.Nope+t])
				m.mul(&f.QKV)
			}
		}
		scores := make([]float64, m.keys(l, position))
		for j := range scores {
			for i := range inside {
				scores[j] += inside[i] * m.k[l][j][i]
				m.mul(&f.Scores)
			}
			m.rotated(l, q[at+c.Nope:], j, scores, position)
		}
		for j, p := range m.softmax(scores) {
			for i := range sum {
				sum[i] += p * m.k[l][j][i]
				m.mul(&f.AV)
			}
		}
		for t := range c.V {
			for i := range sum {
				result[h*c.V+t] += sum[i] * m.read(&w.vUp[i][h*c.V+t])
				m.mul(&f.QKV)
			}
		}
	}
	return result
}

// rotated adds the part of score j that knows where its tokens stand, and
// scales it.
func (m *counting) rotated(l int, q []float64, j int, scores []float64, position int) {
	for t := range m.c.MLA.Rope {
		scores[j] += q[t] * m.k[l][j][m.c.MLA.KVRank+t]
		m.mul(&m.n.Flops.Scores)
	}
	m.scale(scores, j, m.c.MLA.Nope+m.c.MLA.Rope)
	if j > position {
		scores[j] = -1e30
	}
}
