package room

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// alone has a test run in a process of its own, where no other test has left anything that goes while this one
// measures, and reports whether this is that process.
func alone(t *testing.T) bool {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped in short mode: the race detector has memory of its own")
	}
	const mark = "KVSTEP_ALONE"
	if os.Getenv(mark) != "" {
		return true
	}
	c := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v", "-test.timeout", "10m")
	c.Env = append(os.Environ(), mark+"=1")
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error("in a process of its own:", err)
	}
	return false
}

// inUse is what objects take of the heap, with what stands empty beside them in their pages, and the stacks, without
// garbage. (How much the system says that the process has depends on what else it is asked for, too.)
func inUse() int64 {
	runtime.GC()
	runtime.GC() // what pools had
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// soon measures until what comes of it is right, or for some seconds, and returns the last. A thread that had a part
// in the last product and has not run since keeps what it looked at, as long as the machine lets it wait.
func soon(right func(bytes int64) bool) (bytes int64) {
	for range 100 {
		if bytes = inUse(); right(bytes) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return bytes
}

// lone is a room without viewers, driven by the test.
func lone(t *testing.T, models *library.Library) *state {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := newState(ctx, models, func() float64 { return 0 })
	t.Cleanup(func() { s.closeAll(); cancel() })
	return s
}

// toTheEnd walks until the run is over or refused.
func toTheEnd(s *state) error {
	for {
		s.evictBranches()
		if ok, err := s.tape.Forward(); !ok || err != nil {
			return err
		}
	}
}

func batchOf(n, maxNew int, prompt string) *sim.Batch {
	b := &sim.Batch{Schedule: sim.ScheduleContinuous, Slots: n}
	for i := range n - 1 {
		b.Requests = append(b.Requests, sim.Request{Prompt: fmt.Sprint(prompt, strings.Repeat(" He", i%3)), MaxNew: maxNew})
	}
	return b
}

// endless is the default model, which never says that a text is over.
func endless(t *testing.T) *library.Library {
	t.Helper()
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	m.Model.Config.EOS = -1
	return library.New(m)
}

const mebibyte = 1 << 20

// slack is what stacks, pages that are not full and tables that are made once come to.
const slack = 1 * mebibyte

// alike allows a third and the slack.
func alike(counted, have int64) bool { return have <= counted*4/3+slack && counted <= have*4/3+slack }

// TestCountedIsHeld: what a room says that it holds is what is in use, give or take
// a third and a megabyte (alike), for everything that takes much; it is never more than
// the room may have; and when it is closed, nothing is.
func TestCountedIsHeld(t *testing.T) {
	if !alone(t) {
		return
	}
	models := endless(t)
	if _, err := models.Get("story-draft"); err != nil {
		t.Fatal(err)
	}
	before := inUse() // once: whatever a run leaves for good is seen by all that come after it
	long := strings.Repeat("One day Tom found a red ball. ", 6)
	for name, r := range map[string]sim.Recipe{
		"default":    {Model: "story", Prompt: "Once upon a time"},
		"full batch": {Model: "story", Prompt: "Once upon a time", MaxNew: 48, Batch: batchOf(16, 48, "Once upon a time")},
		"long batch": {Model: "story", Prompt: long, MaxNew: 150, Batch: batchOf(16, 150, long)},
		"int8":       {Model: "story", Prompt: long, MaxNew: 150, Cache: sim.CachePolicy{Kind: sim.CacheInt8}},
		"h2o":        {Model: "story", Prompt: long, MaxNew: 150, Cache: sim.CachePolicy{Kind: sim.CacheH2O, Window: 60, Heavy: 60}},
		"paged:1":    {Model: "story", Prompt: long, MaxNew: 300, Lanes: "cached", Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 1}},
		"beams":      {Model: "story", Prompt: long, MaxNew: 50, Sampler: sim.Sampler{Kind: "beam", Width: 8}},
		"draft":      {Model: "story", Prompt: long, MaxNew: 100, Draft: "story-draft", Propose: 8, Sampler: sim.Sampler{Kind: "sample", Seed: 1}},
		"uncached":   {Model: "story", Prompt: long, MaxNew: 150, Lanes: "uncached"},
	} {
		t.Run(name, func(t *testing.T) {
			s := lone(t, models)
			if err := s.start(recipe.Complete(r)); err != nil {
				t.Fatal(err)
			}
			may := s.memory().Limit()
			if name == "long batch" {
				may = 48 * mebibyte
				s.memory().SetLimit(may)
			}
			err := toTheEnd(s)
			if (name == "long batch") != sim.Short(err) || err != nil && !sim.Short(err) {
				t.Fatal(err)
			}
			counted := s.memory().Held()
			have := soon(func(bytes int64) bool { return alike(counted, bytes-before) }) - before
			t.Logf("%d steps, counted %.1f MiB, in use are %.1f MiB; rows %.1f MiB", s.tape.Len(), float64(counted)/mebibyte, float64(have)/mebibyte, float64(s.tape.Bytes())/mebibyte)
			if !alike(counted, have) {
				t.Errorf("%d bytes are counted, in use are %d", counted, have)
			}
			if counted > may+mebibyte {
				t.Errorf("%d bytes are counted, a room may have %d", counted, may)
			}
			s.closeAll()
			if held := s.memory().Held(); held != 0 {
				t.Errorf("%d bytes are counted after the end", held)
			}
			given := func(bytes int64) bool { return bytes-before <= slack }
			if left := soon(given) - before; left > slack {
				t.Errorf("%d bytes are not given back", left)
			}
		})
	}
}

// TestEightBranchesAreCounted: forks share what they share, and count the rest.
func TestEightBranchesAreCounted(t *testing.T) {
	if !alone(t) {
		return
	}
	s := lone(t, endless(t))
	before := inUse()
	if err := s.start(recipe.Complete(sim.Recipe{Model: "story", Prompt: "Once upon a time", MaxNew: 120})); err != nil {
		t.Fatal(err)
	}
	for n := range 8 {
		if err := toTheEnd(s); err != nil {
			t.Fatal(err)
		}
		s.tape.SeekTo(6*(8+n) - 1)
		if n < 7 {
			if err := s.fork(s.tape.Step(s.tape.Cursor()).Token + 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	counted := s.memory().Held()
	have := soon(func(bytes int64) bool { return alike(counted, bytes-before) }) - before
	t.Logf("%d branches, counted %.1f MiB, in use are %.1f MiB", len(s.branches), float64(counted)/mebibyte, float64(have)/mebibyte)
	if len(s.branches) != 8 || !alike(counted, have) {
		t.Errorf("%d branches, %d bytes are counted, in use are %d", len(s.branches), counted, have)
	}
}

// TestAPassThatCannotFitIsNotBegun: it is refused before it, with what it wants; when there
// is memory it goes on, and what it says is what it would have said.
func TestAPassThatCannotFitIsNotBegun(t *testing.T) {
	long := strings.Repeat("One day Tom found a red ball. ", 10)
	r := recipe.Complete(sim.Recipe{Model: "story", Prompt: long, MaxNew: 3, Batch: batchOf(16, 3, long)})
	s := lone(t, endless(t))
	if err := s.start(r); err != nil {
		t.Fatal(err)
	}
	s.memory().SetLimit(20e6)
	for range 3 {
		err := toTheEnd(s)
		var p *sim.Problem
		if !errors.As(err, &p) || p.ID != "memory.room" || p.Args["Allowed"] != int64(20) || p.Args["Want"].(int64) < 15 {
			t.Fatalf("%v", err)
		}
		if s.tape.Len() != 0 || s.memory().Held() > 20e6 {
			t.Fatalf("%d steps, %d bytes", s.tape.Len(), s.memory().Held())
		}
	}
	s.memory().SetLimit(0)
	if err := toTheEnd(s); err != nil || s.tape.FinishReason() != sim.FinishMaxNew {
		t.Fatalf("%v, %q", err, s.tape.FinishReason())
	}
	other := lone(t, endless(t))
	if err := other.start(r); err != nil {
		t.Fatal(err)
	}
	other.memory().SetLimit(0)
	if err := toTheEnd(other); err != nil {
		t.Fatal(err)
	}
	for i := range other.tape.Len() {
		a, b := s.tape.Step(i), other.tape.Step(i)
		if a.Token != b.Token || !slices.Equal(a.Tokens, b.Tokens) || a.Totals[sim.Cached].KVBytes != b.Totals[sim.Cached].KVBytes {
			t.Fatalf("step %d is another one after a refusal", i)
		}
	}
}

// TestRoomsShareOneTotal: the room that would pass it is told, and goes on when another
// has closed.
func TestRoomsShareOneTotal(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: the race detector has memory of its own")
	}
	models := endless(t)
	total := sim.NewMemory(nil, "memory.total", 0)
	models.Count(total)
	r := recipe.Complete(sim.Recipe{Model: "story", Prompt: "Once upon a time", MaxNew: 200})
	one, two := lone(t, models), lone(t, models)
	for _, s := range []*state{one, two} {
		if err := s.start(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := toTheEnd(one); err != nil {
		t.Fatal(err)
	}
	total.SetLimit(total.Held() + 4*mebibyte)
	err := toTheEnd(two)
	var p *sim.Problem
	if !errors.As(err, &p) || p.ID != "memory.total" {
		t.Fatal(err)
	}
	if total.Held() > total.Limit()+mebibyte {
		t.Errorf("%d of %d bytes", total.Held(), total.Limit())
	}
	one.closeAll()
	if err := toTheEnd(two); err != nil || two.tape.FinishReason() == "" {
		t.Errorf("the other room is closed: %v", err)
	}
	two.closeAll()
	if total.Held() != 0 {
		t.Errorf("%d bytes are held by nobody", total.Held())
	}
}

// TestEveryModelHasRoom: the budget of a room grows with its model.
func TestEveryModelHasRoom(t *testing.T) {
	gpt2 := sim.Config{Dim: 768, Layers: 12, Heads: 12, KVHeads: 12, HeadDim: 64, FFN: 3072, Vocab: 50257, Context: 1024}
	needs := func(c sim.Config) int64 {
		return run.NewNeeds(c, sim.Recipe{Lanes: "both"}, minTokens).At(minTokens)
	}
	small, large := needs(config(t, endless(t))), needs(gpt2)
	t.Logf("story %d MiB, GPT-2 %d MiB", small>>20, large>>20)
	if small > unknown || large < unknown*3/2 {
		t.Errorf("story %d bytes, GPT-2 %d", small, large)
	}
}

func config(t *testing.T, models *library.Library) sim.Config {
	t.Helper()
	m, err := models.Get("")
	if err != nil {
		t.Fatal(err)
	}
	return m.Model.Config
}
