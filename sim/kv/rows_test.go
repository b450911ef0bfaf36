package kv

import (
	"math/rand/v2"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// told is a view and what it said at once, by layer, head and K or V.
type told struct {
	view View
	said map[[3]int][][]float32
}

func tell(v View, s Spec) told {
	x := told{v, map[[3]int][][]float32{}}
	for l := range s.Layers {
		for h := range s.KVHeads {
			for i, rows := range []mat.Matrix{v.Keys(l, h), v.Values(l, h)} {
				for p := range rows.NumRows() {
					x.said[[3]int{l, h, i}] = append(x.said[[3]int{l, h, i}], slices.Clone(rows.Row(p)))
				}
			}
		}
	}
	return x
}

// line is a contiguous cache with all views that were ever made of it.
type line struct {
	s       Spec
	memory  *sim.Memory
	cache   *Contiguous
	history *History
	views   []told
	stays   int // rows that no rejection takes away: those before the last pass, and its first
	begun   int // rows that steps before it count
}

func (x *line) pass(r *rand.Rand, n int) {
	before := x.cache.Len(0)
	x.stays = before + 1
	if room, _ := x.cache.Reserve(n); room < n {
		n = room
	}
	for l := range x.s.Layers {
		row := make([]float32, 2*x.s.width())
		for range n {
			for i := range row {
				row[i] = float32(r.NormFloat64())
			}
			x.cache.Append(l, row[:x.s.width()], row[x.s.width():])
		}
		v := x.history.At(x.cache, l, before, before+n)
		x.views = append(x.views, tell(v, x.s))
	}
}

// TestRowsStayWhereTheyStand: whatever a contiguous cache does later, and whatever caches do
// that began with its rows, every view says what it said at once; and of the memory that is
// counted, what views show is counted by them and nothing twice.
func TestRowsStayWhereTheyStand(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 4))
	rejected, begun, shared := 0, 0, 0
	for range 300 {
		s := Spec{Layers: 1 + r.IntN(2), KVHeads: 1 + r.IntN(2), HeadDim: 1 + r.IntN(5), Most: 1 + r.IntN(300)}
		memory := sim.NewMemory(nil, "memory.room", 0)
		open := func() *line {
			c, err := newChunked(s, NewArena(0).In(memory), evenly(s.Most))
			if err != nil {
				t.Fatal(err)
			}
			x := &line{s: s, memory: memory, cache: c, history: NewHistory(s, sim.CachePolicy{})}
			c.Report(x.history)
			return x
		}
		lines := []*line{open()}
		for range 1 + r.IntN(9) {
			x := lines[r.IntN(len(lines))]
			n := x.cache.Len(0)
			switch {
			case n > x.stays && r.IntN(3) == 0: // proposals are rejected
				to := max(x.stays, n-1-r.IntN(5))
				h := x.history.Cut(to, n)
				x.history = h
				x.cache.Report(h)
				x.cache.Truncate(to)
				x.stays = to
				rejected++
			case len(x.views) > 0 && x.views[len(x.views)-1].view.after >= n && r.IntN(3) == 0: // a run goes on from recorded steps
				y, at := open(), x.views[len(x.views)-1].view
				y.cache.Report(nil)
				to := r.IntN(n + 1)
				if !y.cache.Begin(at, to) || y.cache.Len(s.Layers-1) != to {
					t.Fatalf("%d of %d tokens begun", y.cache.Len(0), to)
				}
				y.history = at.First(to)
				y.cache.Report(y.history)
				y.stays, y.begun = to, to/y.cache.rows.per*y.cache.rows.per
				lines = append(lines, y)
				if begun++; to >= y.cache.rows.per {
					shared++
				}
			default:
				x.pass(r, 1+r.IntN(90))
			}
		}
		var reserved, showing int64
		for i, x := range lines {
			for j, v := range x.views {
				for key, rows := range tell(v.view, s).said {
					for p, row := range rows {
						if !slices.Equal(row, v.said[key][p]) {
							t.Fatalf("%+v: view %d of line %d says another row %d of %v", s, j, i, p, key)
						}
					}
				}
			}
			reserved += mat.SlabBytes(x.cache.reserved)
			own := int64(x.begun) * s.TokenBytes()
			for _, n := range x.cache.lens {
				own += int64(n-x.cache.unseen) * s.rowBytes()
			}
			if showing += own; x.cache.shown != own {
				t.Fatalf("%d bytes shown by others, they show %d", x.cache.shown, own)
			}
		}
		if memory.Held()+showing != reserved {
			t.Fatalf("%d bytes held, %d shown, %d reserved", memory.Held(), showing, reserved)
		}
		for _, x := range lines {
			x.cache.Free()
		}
		if memory.Held() != 0 {
			t.Fatalf("%d bytes are held by nobody", memory.Held())
		}
	}
	if rejected < 50 || begun < 50 || shared < 20 {
		t.Errorf("%d rejections, %d lines begun, %d with whole chunks", rejected, begun, shared)
	}
}
