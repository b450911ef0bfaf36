package lens_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/recipe"
	"kvstep/sim/run/runtest"
)

// TestWithoutIsAPrefill: what a moment shows of the lane without a cache are the bits that a prefill of the same tokens
// has, in runs of every kind (sim/run/runtest): all families, policies, beams, drafts and batches. So are its cells,
// and what an explanation of one gives.
func TestWithoutIsAPrefill(t *testing.T) {
	x := &withoutTest{seen: map[lens.WithoutSource]int{}, heads: map[lens.WithoutSource]int{}}
	runtest.Rounds{Short: 20, Usual: 120, All: 2000}.Try(t, func(seed, i uint64) error {
		x.r = rand.New(rand.NewPCG(seed, i))
		err := x.try()
		if err != nil {
			text, _ := json.Marshal(x.rec)
			err = fmt.Errorf("%w\n%s", err, text)
		}
		return err
	}, func() string { return fmt.Sprint(x.seen, x.heads) })
	for _, source := range []lens.WithoutSource{lens.WithoutSame, lens.WithoutRecorded, lens.WithoutComputed, lens.WithoutNone} {
		if x.seen[source] == 0 {
			t.Errorf("no step whose rows are %s", source)
		}
		if source != lens.WithoutNone && x.heads[source] == 0 {
			t.Errorf("no cell of a head where rows are %s", source)
		}
	}
}

// TestWithoutOfManyRows: beyond 128 rows the same holds of those that are shown, at most 128: they spread evenly, the new
// ones are among them, and from pass to pass they are the same.
func TestWithoutOfManyRows(t *testing.T) {
	var m *library.Loaded
	for _, m = range runtest.Models() {
		if m.Model.Config.Context == 400 && m.Model.Config.Layers > 1 {
			break
		}
	}
	for _, tokens := range []int{120, 130, 250, 270} {
		for _, cache := range []string{"contiguous", "window:40:4"} {
			rec := sim.Recipe{Model: m.Name, MaxNew: 12, Lanes: "both"}
			if rec.Cache, _ = kv.Parse(cache); cache == "contiguous" {
				rec.Draft, rec.Propose = m.Name, 3
			}
			for i := range tokens {
				rec.Tokens = append(rec.Tokens, i%m.Model.Config.Vocab)
			}
			x := &withoutTest{r: rand.New(rand.NewPCG(1, 2)), m: m, rec: recipe.Complete(rec), seen: map[lens.WithoutSource]int{}, heads: map[lens.WithoutSource]int{}}
			steps, err := runtest.Play(x.m, x.rec)
			if err != nil {
				t.Fatal(err)
			}
			kept, last := &lens.Kept{}, []int(nil)
			for n := range steps {
				f := &lens.Moment{Model: x.m, Recipe: x.rec, Recorded: len(steps), Kept: kept}
				f.Place(n, func(n int) *sim.Step { return &steps[n] })
				if err := x.look(f); err != nil {
					t.Fatalf("%d tokens, %s, step %d: %v", tokens, cache, n, err)
				}
				value, _ := withoutLens().Show.At(f)
				info := value.(*lens.WithoutInfo)
				if info.Source == lens.WithoutNone {
					break
				}
				for _, p := range last { // every one that is no new row of its pass
					if p%4 == 0 && !slices.Contains(info.Shown, p) {
						t.Errorf("%d tokens, step %d: row %d is shown no more: %v", tokens, n, p, info.Shown)
					}
				}
				last = info.Shown
				if len(last) > 128 || last != nil && (last[0] != 0 || len(last) < 64 || last[len(last)-1] != info.Rows-1) {
					t.Errorf("%d tokens, step %d: %v", tokens, n, last)
				}
			}
			t.Logf("%d tokens, %s: %v", tokens, cache, x.seen)
		}
	}
}

type withoutTest struct {
	r     *rand.Rand
	m     *library.Loaded
	rec   sim.Recipe
	seen  map[lens.WithoutSource]int
	heads map[lens.WithoutSource]int // cells of the head that were asked for

	tokens  []int      // of the prefill below
	prefill []sim.Step // by layer
}

func (x *withoutTest) try() error {
	if x.m, x.rec = runtest.Recipe(x.r); x.m.Name == runtest.Loud {
		return nil
	}
	x.tokens = nil
	steps, _ := runtest.Play(x.m, x.rec)
	kept := &lens.Kept{}
	for n := range steps {
		if x.r.IntN(4) == 0 {
			kept = &lens.Kept{}
		}
		m := &lens.Moment{Model: x.m, Recipe: x.rec, Recorded: len(steps), Kept: kept, View: lens.View{Head: x.r.IntN(x.m.Model.Config.Heads), Seq: x.r.IntN(4)}}
		if x.r.IntN(2) == 0 {
			l := x.r.IntN(x.m.Model.Config.Layers)
			m.View.Layer = &l
		}
		m.Place(n, func(n int) *sim.Step { return &steps[n] })
		if err := x.look(m); err != nil {
			return fmt.Errorf("step %d, %+v: %w", n, m.View, err)
		}
	}
	return nil
}

// look compares what the lens shows, whole as a page makes it, with a prefill.
func (x *withoutTest) look(m *lens.Moment) error {
	value, tensors := withoutLens().Show.At(m)
	info := value.(*lens.WithoutInfo)
	if info == nil {
		return nil
	}
	x.seen[info.Source]++
	s := m.At(info.Step)
	if info.Rows != s.Cached+s.Rows || info.Cached != s.Cached || info.Source != lens.WithoutNone && info.Source != lens.WithoutSame && (info.Shown == nil) != (info.Rows <= 128) {
		return fmt.Errorf("%+v of %d + %d rows", info, s.Cached, s.Rows)
	}
	if info.Source == lens.WithoutNone {
		if s.Ran[sim.Uncached] && info.Rows <= 256 || len(tensors) > 0 {
			return fmt.Errorf("%+v of a lane that ran: %v", info, s.Ran)
		}
		return nil
	}
	whole, err := x.whole(s)
	if err != nil {
		return err
	}
	have := map[string]mat.Matrix{}
	for _, t := range tensors {
		have[t.Name] = *t.Matrix
	}
	want := x.m.Model.Attention(whole, m.Head())
	rows := info.Shown
	if rows == nil {
		for p := range info.Rows {
			rows = append(rows, p)
		}
	}
	old := len(rows)
	if info.Source != lens.WithoutComputed {
		old, _ = slices.BinarySearch(rows, s.Cached)
	}
	var own model.Attention // what the frame has of the cached lane
	if s.KV != nil {
		own = x.m.Model.Attention(s, m.Head())
	}
	for _, c := range []struct {
		name      string
		want, own mat.Matrix
	}{{"Q", want.Q, own.Q}, {"out", want.Out, own.Out}, {"scores", want.Scores, own.Scores}, {"probs", want.Probs, own.Probs}} {
		got, there := have["without_"+c.name]
		if there != (info.Source != lens.WithoutSame) {
			return fmt.Errorf("%+v: %s is there: %v", info, c.name, there)
		}
		triangle, at := c.name == "scores" || c.name == "probs", 0
		for i, p := range rows {
			mine, row := []float32(nil), c.want.Row(p)
			switch {
			case i >= old:
				mine = c.own.Row(p - s.Cached)
			case triangle:
				mine = got.Row(0)[at : at+i+1]
				at += i + 1
			default:
				mine = got.Row(i)
			}
			if triangle { // of the rows that are shown
				row = picked(row, rows[:i+1])
			}
			if triangle && i >= old {
				mine = picked(mine, rows[:i+1])
			}
			if !mat.SameBits(mine, row) {
				return fmt.Errorf("%+v: row %d of %s is %v, a prefill has %v", info, p, c.name, mine, row)
			}
		}
		if triangle && there && got.NumCols() != at {
			return fmt.Errorf("%+v: %d numbers of %s, want %d", info, got.NumCols(), c.name, at)
		}
	}
	if differs := x.differs(s, m.Head(), rows, want, own); s.KV != nil && !slices.Equal(differs, info.Differs) {
		return fmt.Errorf("%+v, but %v are not the same in both lanes", info, differs)
	}
	return cmp.Or(sameRows("K", have, want.K, own.K, rows), sameRows("V", have, want.V, own.V, rows), x.cells(m, whole, info))
}

// differs names what of some rows of a head, the new ones, is not the same in both lanes: of scores and shares the
// pairs that the cached lane has.
func (x *withoutTest) differs(s *sim.Step, head int, rows []int, want, own model.Attention) (names []string) {
	if s.KV == nil {
		return nil
	}
	for _, c := range []struct {
		name      string
		pairs     bool
		want, own mat.Matrix
	}{{"Q", false, want.Q, own.Q}, {"scores", true, want.Scores, own.Scores}, {"probs", true, want.Probs, own.Probs}, {"out", false, want.Out, own.Out}} {
		same := true
		for n, p := range rows {
			if p < s.Cached {
				continue
			}
			a, b := c.want.Row(p), c.own.Row(p-s.Cached)
			if c.pairs {
				a, b = picked(a, rows[:n+1]), picked(b, rows[:n+1])
			}
			same = same && mat.SameBits(a, b)
			for _, key := range rows[:n+1] {
				same = same && (c.name != "scores" || !model.Hidden(s, x.m.Model.KVHead(head), p-s.Cached, key))
			}
		}
		if !same {
			names = append(names, c.name)
		}
	}
	return names
}

// picked returns some of the numbers of a row.
func picked(row []float32, at []int) (some []float32) {
	for _, p := range at {
		some = append(some, row[p])
	}
	return some
}

// sameRows holds that the rows of K or V of the lane that are shown, or where it does not travel the cached lane's, are
// what a prefill has.
func sameRows(name string, have map[string]mat.Matrix, want, own mat.Matrix, rows []int) error {
	mine, there := have["without_"+name]
	for i, p := range rows {
		row := want.Row(p)
		if there && !mat.SameBits(mine.Row(i), row) || !there && !mat.SameBits(own.Row(p), row) {
			return fmt.Errorf("row %d of %s is not what a prefill has: %v", p, name, row)
		}
	}
	differs := own.NumRows() != want.NumRows()
	for p := range want.NumRows() {
		differs = differs || !mat.SameBits(own.Row(p), want.Row(p))
	}
	if there && !differs {
		return fmt.Errorf("%s travels though the cached lane's is the same", name)
	}
	return nil
}

// cells asks for a random cell of the lane and follows what it reads: all of it is in the lane, or a weight.
func (x *withoutTest) cells(m *lens.Moment, whole *sim.Step, info *lens.WithoutInfo) error {
	truth := &explain.Run{Model: x.m.Model, Step: func(n int) *sim.Step { return &x.prefill[n] }}
	ops := explain.OpsOf(x.m.Model)
	op := ops[x.r.IntN(len(ops))]
	n, per := info.Step, x.m.Model.Config.Layers+1
	for op.Constant() {
		op = ops[x.r.IntN(len(ops))]
	}
	if x.r.IntN(4) == 0 { // there are few of the head
		op = explain.Find([]string{"norm3", "logits", "chances"}[x.r.IntN(3)])
	}
	if op.Part == sim.HeadPart {
		if n = m.At(info.Step).Pass*per + per - 1; n > m.Step.N || op.OfVocab() && (m.At(n).Output == nil || m.At(n).Speculation != nil) {
			return nil // still to come, or of another row than a prefill's
		}
		whole = &x.prefill[per-1]
		x.heads[info.Source]++
	}
	rows, cols := truth.Shape(whole, op)
	ref := explain.Ref{Step: n, Op: op.ID, Head: m.Head(), Row: x.r.IntN(rows), Col: x.r.IntN(cols), Lane: explain.Uncached}
	for range 40 {
		e, ok := m.Explained().Cell(ref)
		if !ok {
			return fmt.Errorf("%+v is not explained (%+v)", ref, info)
		}
		as := ref
		as.Step, as.Lane = ref.Step-n+whole.N, ""
		if want, ok := truth.Value(as); !ok || math.Float32bits(want) != math.Float32bits(float32(e.Value)) || !e.Exact {
			return fmt.Errorf("%+v is %v, exact %v; a prefill has %v", ref, e.Value, e.Exact, want)
		}
		if e.Kind == explain.Stored || e.Kind == explain.Shared {
			return fmt.Errorf("%+v comes from a cache", ref)
		}
		if back, ok := m.Explained().Other(ref); ok {
			if there, ok := m.Explained().Other(back); !ok || there != ref {
				return fmt.Errorf("beside %+v is %+v, and beside that %+v", ref, back, there)
			}
			if v, _ := m.Explained().Value(back); !m.At(n).Differed && m.At(n).Ran[sim.Cached] && v != float32(e.Value) {
				return fmt.Errorf("%+v is %v, and %+v is %v, of lanes that do not differ", ref, e.Value, back, v)
			}
		} else if s := m.At(ref.Step); s.KV != nil && (ref.Row >= s.Cached) {
			return fmt.Errorf("nothing is beside %+v", ref)
		}
		if e.First != nil && (info.Source != lens.WithoutRecorded || m.At(*e.First).Cached > ref.Row || m.At(*e.First).Pass >= m.At(ref.Step).Pass) {
			return fmt.Errorf("%+v is said to be of step %d", ref, *e.First)
		}
		if len(e.Reads) == 0 {
			return nil
		}
		read := e.Reads[x.r.IntN(len(e.Reads))]
		if read.Stored != nil || (read.Lane == explain.Uncached) == explain.Find(read.Op).Constant() {
			return fmt.Errorf("%+v reads %+v", ref, read)
		}
		if ref = read.Ref; ref.Lane == "" {
			return nil
		}
	}
	return nil
}

// whole returns the step of a prefill of a step's tokens.
func (x *withoutTest) whole(s *sim.Step) (*sim.Step, error) {
	if fmt.Sprint(x.tokens) != fmt.Sprint(s.Tokens) {
		rec := recipe.Complete(sim.Recipe{Model: x.m.Name, Tokens: s.Tokens, Lanes: "cached"})
		rec.MaxNew = 0
		steps, err := runtest.Play(x.m, rec)
		if len(steps) <= x.m.Model.Config.Layers {
			return nil, fmt.Errorf("a prefill of %d tokens: %w", len(s.Tokens), err)
		}
		x.tokens, x.prefill = s.Tokens, steps[:x.m.Model.Config.Layers+1]
	}
	return &x.prefill[s.Layer], nil
}

func withoutLens() *lens.Lens {
	for i := range lens.All {
		if lens.All[i].Name == "without" {
			return &lens.All[i]
		}
	}
	return nil
}
