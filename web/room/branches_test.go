package room

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/web/wire"
)

type treeMeta struct {
	Most    int
	Current int
	Held    int64
	Gone    *lens.EvictedBranch
	List    []struct {
		ID, Parent, Step, From, Tokens, Cursor int
		Bytes, Shared                          int64
		Cache                                  string
	}
	Compare *struct {
		With, Same int
		Steps      [2]int
		Sides      [2]struct {
			ID, Tokens int
			Text       string
			Paid       struct{ Flops [2]*int64 }
		}
		Fork []struct {
			ID    int
			Probs [2]*float64
		}
	}
}

func tree(t *testing.T, f *checkpoint.File) (m treeMeta) {
	t.Helper()
	if f.Meta["branches"] != "" {
		get(t, f, "branches", &m)
	}
	return m
}

func ids(t *testing.T, f *checkpoint.File) (all []int) {
	t.Helper()
	var tokens [][2]any
	get(t, f, "tokens", &tokens)
	for _, x := range tokens {
		all = append(all, int(x[0].(float64)))
	}
	return all
}

// TestATreeOfRuns: a fork is a new branch beside the old one; both can be gone
// back to, and chosen again they are what they were.
func TestATreeOfRuns(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=23"})
	whole := ids(t, v.until(23))
	other := (whole[6] + 1) % 30 // instead of the second generated token, of pass 1
	r.Do(v, wire.Command{Cmd: "seek", Step: 7})
	v.until(7)
	r.Do(v, wire.Command{Cmd: "fork", Token: other})
	f := v.until(7)
	m := tree(t, f)
	if m.Current != 2 || len(m.List) != 2 || m.List[1].Parent != 1 || m.List[1].From != 1 || m.List[1].Step != 7 {
		t.Fatalf("branches %+v", m)
	}
	r.Do(v, wire.Command{Cmd: "forward", By: "end"})
	f = v.until(23)
	m = tree(t, f)
	forked := ids(t, f)
	if slices.Equal(forked, whole) || forked[6] != other || !slices.Equal(forked[:6], whole[:6]) {
		t.Fatalf("%v forked from %v", forked, whole)
	}
	// Four steps, of prefill, are shared: rows of both branches are held once.
	if a, b := m.List[0], m.List[1]; a.Shared == 0 || a.Shared != b.Shared || m.Held != a.Bytes+b.Bytes-a.Shared {
		t.Errorf("held %d of %d and %d, %d shared", m.Held, a.Bytes, b.Bytes, a.Shared)
	}

	r.Do(v, wire.Command{Cmd: "switch", Branch: 1})
	if f = v.until(7); !slices.Equal(ids(t, f), whole[:7]) { // where its cursor was
		t.Errorf("back in the first: %v", ids(t, f))
	}
	r.Do(v, wire.Command{Cmd: "fork", Token: other}) // is there already
	if f = v.until(7); tree(t, f).Current != 2 || len(tree(t, f).List) != 2 {
		t.Errorf("the same choice again: %+v", tree(t, f))
	}
	r.Do(v, wire.Command{Cmd: "fork", Token: whole[6]}) // and so is what the model had chosen
	if f = v.until(7); tree(t, f).Current != 1 || len(tree(t, f).List) != 2 {
		t.Errorf("the model's own choice: %+v", tree(t, f))
	}
	r.Do(v, wire.Command{Cmd: "switch", Branch: 9})
	v.problem("branch.unknown")
	v.until(7)

	r.Do(v, wire.Command{Cmd: "pick", View: lens.View{Compare: 2}})
	f = v.until(7)
	c := tree(t, f).Compare
	if c == nil || c.With != 2 || c.Same != 1 || c.Steps != [2]int{7, 7} || c.Sides[0].ID != 1 || c.Sides[1].Tokens != 6 {
		t.Fatalf("compared %+v", c)
	}
	for i, x := range c.Fork { // one place, one distribution
		if x.ID != []int{whole[6], other}[i] || x.Probs[0] == nil || x.Probs[1] == nil || *x.Probs[0] != *x.Probs[1] || *x.Probs[0] <= 0 {
			t.Errorf("rival %d: %+v", i, x)
		}
	}
	if *c.Fork[0].Probs[0] < *c.Fork[1].Probs[0] {
		t.Error("greedy chose the less likely token")
	}
}

// TestABranchUnderAnotherCachePolicy says the same up to the cursor, and its link
// TestARunIsFromNone: the runs of a room are numbered anew with every run that is started, so that
// one without a parent is the first, or its parent was evicted.
func TestARunIsFromNone(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link})
	v.until(-1)
	for seed := range 3 {
		rec := recipe.Complete(sim.Recipe{Model: "random", Tokens: []int{1, 2, 3, 4, 5 + seed}, MaxNew: 6})
		r.Do(v, wire.Command{Cmd: "run", Recipe: &rec})
		v.until(-1)
		r.Do(v, wire.Command{Cmd: "seek", Step: 7})
		other := (ids(t, v.until(7))[6] + 1) % 30
		r.Do(v, wire.Command{Cmd: "fork", Token: other})
		m := tree(t, v.until(7))
		for ; len(m.List) == 0; m = tree(t, v.until(7)) { // the frame before the fork
		}
		if m.Current != 2 || len(m.List) != 2 || m.List[0].ID != 1 || m.List[0].Parent != 0 || m.List[1].Parent != 1 {
			t.Fatalf("run %d: branches %+v", seed, m)
		}
	}
}

// leads to the same place.
func TestABranchUnderAnotherCachePolicy(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=11"})
	want := ids(t, v.until(11))
	r.Do(v, wire.Command{Cmd: "branch", Cache: "window:2:1"})
	f := v.until(11)
	m := tree(t, f)
	if m.Current != 2 || m.List[1].Parent != 1 || m.List[1].Cache != "window:2:1" || m.List[1].Shared != 0 || !slices.Equal(ids(t, f), want) {
		t.Errorf("%v under a window, %v without; %+v", ids(t, f), want, m)
	}
	var again string
	get(t, f, "link", &again)
	other, w := start(t), newViewer(t)
	other.Do(w, wire.Command{Cmd: "open", Link: again})
	if g := w.until(11); g.Meta["tokens"] != f.Meta["tokens"] || g.Meta["kv"] != f.Meta["kv"] {
		t.Error("the link leads elsewhere")
	}
	r.Do(v, wire.Command{Cmd: "branch", Cache: "sieve"})
	v.problem("recipe.choice")
	v.until(11)
}

// TestARoomKeepsAsManyAsItIsTold: and its frames say how many.
func TestARoomKeepsAsManyAsItIsTold(t *testing.T) {
	models, _ := testLibrary(t)
	r, v := NewOf(context.Background(), models, 2, nil), newViewer(t)
	defer r.Close()
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=3"})
	first := ids(t, v.until(3))
	for i := range 3 {
		r.Do(v, wire.Command{Cmd: "fork", Token: (first[5] + 1 + i) % 30})
		v.until(3)
	}
	r.Do(v, wire.Command{Cmd: "pause"})
	if m := tree(t, v.until(3)); len(m.List) != 2 || m.Most != 2 || m.Gone == nil || m.Gone.Why != "most" {
		t.Errorf("%+v", m)
	}
}

// TestTooManyBranches: the one that was on screen longest ago goes, its children
// stay, and the room says so.
func TestTooManyBranches(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=3"})
	first := ids(t, v.until(3))
	for i := range lens.MaxBranches { // one more than there may be
		r.Do(v, wire.Command{Cmd: "switch", Branch: 1})
		v.until(3)
		r.Do(v, wire.Command{Cmd: "fork", Token: (first[5] + 1 + i) % 30})
		v.until(3)
	}
	r.Do(v, wire.Command{Cmd: "pause"})
	m := tree(t, v.until(3))
	if m.Gone == nil || *m.Gone != (lens.EvictedBranch{ID: 2, Why: "most"}) || len(m.List) != lens.MaxBranches {
		t.Fatalf("%+v", m)
	}
	for _, b := range m.List[1:] {
		if b.Parent != 1 {
			t.Errorf("branch %d hangs on %d", b.ID, b.Parent)
		}
	}
	rec := recipe.Complete(sim.Recipe{Model: "random", Tokens: []int{1, 2}, MaxNew: 2})
	r.Do(v, wire.Command{Cmd: "run", Recipe: &rec})
	if f := v.until(-1); f.Meta["branches"] != "" {
		t.Errorf("a new run has branches of the old one: %s", f.Meta["branches"])
	}
}

// TestHeldRows: whatever is forked, changed and evicted, the memory that the room
// believes to hold is that of the distinct steps of its branches, and parents are
// branches that are there.
func TestHeldRows(t *testing.T) {
	models, _ := testLibrary(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := newState(ctx, models, func() float64 { return 0 })
	defer s.closeAll()
	rec := recipe.Complete(sim.Recipe{Model: "random", Tokens: []int{1, 2, 3}, MaxNew: 6})
	if err := s.start(rec); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(6, 1))
	for i := range 400 {
		switch rng.IntN(5) {
		case 0:
			s.change(s.branches[rng.IntN(len(s.branches))])
		case 1:
			s.evictBranch("budget")
		case 2:
			_ = s.fork(rng.IntN(30))
		default:
			for range rng.IntN(9) {
				_, _ = s.tape.Forward()
			}
			s.tape.SeekTo(rng.IntN(s.tape.Len()+1) - 1)
		}
		seen := map[string]int64{}
		here := map[int]bool{}
		for _, b := range s.branches {
			here[b.id] = true
			for n := range b.tape.Len() {
				x := b.tape.Step(n)
				if x.Part == sim.LayerPart { // a head keeps nothing
					seen[fmt.Sprintf("%p", &x.Out.Row(0)[0])] = b.tape.BytesOf(n, n+1)
				}
			}
		}
		var want int64
		for _, size := range seen {
			want += size
		}
		if got := s.held(); got != want {
			t.Fatalf("after %d: %d bytes held, want %d", i, got, want)
		}
		for _, b := range s.branches {
			if b.parent != nil && (!here[b.parent.id] || b.parent == b) {
				t.Fatalf("after %d: branch %d hangs on %d, which is gone", i, b.id, b.parent.id)
			}
		}
		if held := s.memory().Held(); held < want {
			t.Fatalf("after %d: %d bytes counted, rows alone have %d", i, held, want)
		}
	}
	s.closeAll()
	if held := s.memory().Held(); held != 0 {
		t.Errorf("%d bytes are held by nobody", held)
	}
}

// TestBranchesShareOneBudget: a walk that needs the room takes it from branches
// that nobody looks at, and only then stops.
func TestBranchesShareOneBudget(t *testing.T) {
	models, _ := testLibrary(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := newState(ctx, models, func() float64 { return 0 })
	defer s.closeAll()
	if err := s.start(recipe.Complete(sim.Recipe{Model: "random", Tokens: []int{1, 2, 3}, MaxNew: 6})); err != nil {
		t.Fatal(err)
	}
	whole := func() int64 {
		for ok := true; ok; s.evictBranches() {
			ok, _ = s.tape.Forward()
		}
		return s.memory().Held()
	}
	limit := whole() * 3 / 2
	s.memory().SetLimit(limit)
	for n := range 3 {
		s.tape.SeekTo(3)
		if err := s.fork((s.tape.Step(3).Token + 1 + n) % 30); err != nil {
			t.Fatal(err)
		}
		whole()
		if held := s.memory().Held(); held > limit || len(s.branches) != 1 || s.evicted == nil || s.evicted.Why != "budget" || s.tape.FinishReason() == "" {
			t.Errorf("%d bytes held of %d by %d branches; gone: %+v", held, limit, len(s.branches), s.evicted)
		}
	}
}

// TestABatchForksItsFirstPrompt: the others say what they said, and the link leads
// to the same place.
func TestABatchForksItsFirstPrompt(t *testing.T) {
	r, v := start(t), newViewer(t)
	rec := recipe.Complete(sim.Recipe{Model: "random", Tokens: []int{1, 2, 3}, MaxNew: 5, Batch: &sim.Batch{
		Requests: []sim.Request{{Tokens: []int{4, 5}, MaxNew: 5, Arrive: 1}}, Schedule: sim.ScheduleContinuous, Slots: 2}})
	r.Do(v, wire.Command{Cmd: "run", Recipe: &rec})
	v.until(-1)
	r.Do(v, wire.Command{Cmd: "seek", Step: 7})
	was := ids(t, v.until(7))
	r.Do(v, wire.Command{Cmd: "fork", Token: (was[4] + 1) % 30})
	f := v.until(7)
	m := tree(t, f)
	if m.Current != 2 || m.List[1].From != 1 || ids(t, f)[4] == was[4] {
		t.Fatalf("%v forked from %v: %+v", ids(t, f), was, m)
	}
	r.Do(v, wire.Command{Cmd: "pick", View: lens.View{Seq: 1}})
	other := ids(t, v.until(7))
	var again string
	get(t, f, "link", &again)
	w := newViewer(t)
	fresh := start(t)
	fresh.Do(w, wire.Command{Cmd: "open", Link: again})
	if g := w.until(7); g.Meta["tokens"] != f.Meta["tokens"] {
		t.Errorf("the link leads to %s, not %s", g.Meta["tokens"], f.Meta["tokens"])
	}
	r.Do(v, wire.Command{Cmd: "switch", Branch: 1})
	if got := ids(t, v.until(7)); !slices.Equal(got, other) {
		t.Errorf("the other prompt says %v after the fork, %v before", other, got)
	}
}

// TestBeamsCannotBeForked: they are several texts at once.
func TestBeamsCannotBeForked(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&sampler=beam&step=7"})
	v.until(7)
	r.Do(v, wire.Command{Cmd: "fork", Token: 3})
	v.problem("recipe.together")
	v.until(7)
}

// TestASpeculativeRunForks: the other token follows the proposals that were
// accepted, and the link leads to the same place.
func TestASpeculativeRunForks(t *testing.T) {
	open := func() *Room {
		r := New(context.Background(), library.New())
		t.Cleanup(r.Close)
		return r
	}
	r, v := open(), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: "?model=story&prompt=One+day+Tom+found+a+red+ball.&new=32&sampler=sample&seed=5&draft=story-draft&propose=4&step=11"})
	was := ids(t, v.until(11))
	r.Do(v, wire.Command{Cmd: "fork", Token: was[len(was)-1] + 1})
	f := v.until(11)
	now := ids(t, f)
	if m := tree(t, f); m.Current != 2 || m.List[1].From != 3 || !slices.Equal(now[:len(now)-1], was[:len(was)-1]) || now[len(now)-1] == was[len(was)-1] {
		t.Fatalf("%v forked from %v: %+v", now, was, m)
	}
	r.Do(v, wire.Command{Cmd: "seek", Step: 23})
	f = v.until(23)
	var again string
	get(t, f, "link", &again)
	w := newViewer(t)
	fresh := open()
	fresh.Do(w, wire.Command{Cmd: "open", Link: again})
	if g := w.until(23); g.Meta["tokens"] != f.Meta["tokens"] || g.Meta["kv"] != f.Meta["kv"] {
		t.Errorf("the link leads to %s, not %s", g.Meta["tokens"], f.Meta["tokens"])
	}
	r.Do(v, wire.Command{Cmd: "branch", Cache: "paged:4"})
	v.problem("recipe.together")
	v.until(23)
}
