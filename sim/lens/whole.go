package lens

import (
	"sync"

	"kvstep/sim"
	"kvstep/sim/mat"
	"kvstep/sim/run"
)

// without returns a step as the lane without a cache ran it, nil where nobody knows: nothing cached, and a
// row for each token. first are the steps that computed its rows first, where recorded ones stand for those of this pass.
func (m *Moment) without(s *sim.Step) (whole *sim.Step, first []int, source WithoutSource) {
	if !s.Ran[sim.Uncached] {
		return nil, nil, WithoutNone
	}
	if s.Ran[sim.Cached] && !s.Differed { // in no op so far
		if s.Cached == 0 {
			return s, nil, WithoutSame
		}
		if whole, first := m.recordedWhole(s); whole != nil {
			return whole, first, WithoutRecorded
		}
	}
	if s.Cached+s.Rows > mostComputed {
		return nil, nil, WithoutNone
	}
	return m.kept().wholes.of(m, s), nil, WithoutComputed
}

// wholeOf returns a step with all its tokens as rows.
func wholeOf(s *sim.Step, x, out mat.Matrix, cache sim.KVCache) *sim.Step {
	whole := *s
	whole.Cached, whole.Rows, whole.X, whole.Out, whole.KV = 0, s.Cached+s.Rows, x, out, cache
	return &whole
}

// recordedWhole puts a step together of the rows that earlier passes have computed of its tokens; nil where some
// are not its sequence's own, as those that it found in blocks of others.
func (m *Moment) recordedWhole(s *sim.Step) (whole *sim.Step, first []int) {
	tokens, at := s.Cached+s.Rows, s.Layer
	if s.Part == sim.HeadPart {
		at = m.perPass() - 1 // what leaves the last layer, and goes no further
	}
	x, out, first := make([][]float32, tokens), make([][]float32, tokens), make([]int, tokens)
	put := func(end, from, n int, stream ...mat.Matrix) {
		for p := from; p < end; p++ {
			x[p], first[p] = stream[0].Row(p-from), n
			if len(stream) > 1 {
				out[p] = stream[1].Row(p - from)
			}
		}
	}
	own := []mat.Matrix{s.X}
	if s.Part == sim.LayerPart {
		own = append(own, s.Out)
	}
	put(tokens, s.Cached, s.N, own...)
	missing, all := s.Cached, streamsOf(m, s.Pass)
	for pass := s.Pass - 1; missing > 0 && pass >= 0; pass-- {
		y := all[pass][m.seqIn(pass)]
		if y.layers == nil || y.cached >= missing { // not in the pass, or all of it was taken back later
			continue
		}
		if y.cached+y.layers[0].NumRows() < missing {
			return nil, nil
		}
		put(missing, y.cached, pass*m.perPass()+at, y.layers[at:min(at+2, len(y.layers))]...)
		missing = y.cached
	}
	if missing > 0 {
		return nil, nil
	}
	dim := s.X.NumCols()
	whole = wholeOf(s, mat.Paged(tokens, dim, x, 1, 0), mat.Matrix{}, s.KV)
	if s.Part == sim.LayerPart {
		whole.Out = mat.Paged(tokens, dim, out, 1, 0)
	}
	return whole, first
}

// seqIn returns what the sequence that is looked at is called in a pass.
func (m *Moment) seqIn(pass int) int {
	if m.beam != nil {
		return m.beam(pass)
	}
	return m.Step.Seq
}

// stream is the residual stream of the rows that a sequence had in a pass.
type stream struct {
	cached int          // position of the first
	layers []mat.Matrix // [rows, dim] what entered the first layer, and what left each
}

type streamsKey struct{}

// streamsOf returns those of each of the first so many passes, by sequence. Their rows are the steps' own.
func streamsOf(m *Moment, passes int) []map[int]stream {
	layers := m.perPass() - 1
	return perPass(m.kept(), streamsKey{}, passes, func(pass int, _ []map[int]stream) map[int]stream {
		all := map[int]stream{}
		for l := range layers {
			for _, s := range everyone(m.At(pass*m.perPass() + l)) {
				x := all[s.Seq]
				if l == 0 {
					x = stream{s.Cached, append(make([]mat.Matrix, 0, layers+1), s.X)}
				}
				x.layers = append(x.layers, s.Out)
				all[s.Seq] = x
			}
		}
		return all
	})
}

// wholePasses are the passes of the lane without a cache that were computed again last. Those of one or two viewers
// stay while they look at its layers.
type wholePasses struct {
	mu    sync.Mutex
	known []*wholePass // the oldest first
}

// passesComputed is how many passes stay.
const passesComputed = 2

// wholePass is one of them.
type wholePass struct {
	pass, seq int
	bytes     int64

	mu  sync.Mutex // held while it is computed: another frame waits for it
	run *run.Whole
}

// of returns a step of such a pass.
func (w *wholePasses) of(m *Moment, s *sim.Step) *sim.Step {
	p := w.at(s.Pass, s.Seq, run.WholeBytes(m.Model.Model.Config, len(s.Tokens)), m.kept().held)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run == nil {
		var err error
		if p.run, err = run.NewWhole(m.Model.Model, s.Tokens); err != nil { // an arena without a limit refuses nothing
			panic("lens: " + err.Error())
		}
	}
	if s.Part == sim.HeadPart {
		_, x, _ := p.run.Layer(m.perPass() - 2)
		whole := wholeOf(s, x, mat.Matrix{}, nil)
		whole.Output = nil
		return whole
	}
	x, out, cache := p.run.Layer(s.Layer)
	return wholeOf(s, x, out, cache)
}

// at returns the place of a pass, which is to be computed if it was not and comes to so many bytes.
func (w *wholePasses) at(pass, seq int, bytes int64, held *sim.Memory) *wholePass {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.known {
		if p.pass == pass && p.seq == seq {
			return p
		}
	}
	if len(w.known) >= passesComputed {
		held.Give(w.known[0].bytes)
		w.known = w.known[1:]
	}
	held.Add(bytes)
	p := &wholePass{pass: pass, seq: seq, bytes: bytes}
	w.known = append(w.known, p)
	return p
}
