package room

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/run"
)

// inUse is what the system says that the process has of its memory, without garbage.
func inUse(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("skipped: this system does not tell what a process has:", err)
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * int64(os.Getpagesize())
}

// lone is a room without viewers, driven by the test.
func lone(t *testing.T, models *run.Library) *state {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &state{ctx: ctx, models: models, seats: map[Viewer]*seat{}, goal: noGoal, branch: &branch{}, budget: TapeBudget, clock: func() float64 { return 0 }}
	t.Cleanup(func() { s.closeAll(); cancel() })
	return s
}

// toTheEnd walks until the run is over or refused.
func toTheEnd(s *state) error {
	for {
		s.makeRoom()
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

// TestCountedIsHeld: what a room says that it holds is what the heap has, within a third
// and some megabytes, for everything that takes much; and when it is closed, nothing is.
func TestCountedIsHeld(t *testing.T) {
	endless, err := run.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	endless.Model.Config.EOS = -1
	models := run.NewLibrary(endless)
	long := strings.Repeat("One day Tom found a red ball. ", 6)
	for name, r := range map[string]sim.Recipe{
		"default":    {Model: "story", Prompt: "Once upon a time"},
		"full batch": {Model: "story", Prompt: "Once upon a time", MaxNew: 48, Batch: batchOf(16, 48, "Once upon a time")},
		"long batch": {Model: "story", Prompt: long, MaxNew: 200, Batch: batchOf(16, 200, long)},
		"int8":       {Model: "story", Prompt: long, MaxNew: 300, Cache: sim.CachePolicy{Kind: sim.CacheInt8}},
		"h2o":        {Model: "story", Prompt: long, MaxNew: 300, Cache: sim.CachePolicy{Kind: sim.CacheH2O, Window: 100, Heavy: 100}},
		"paged:1":    {Model: "story", Prompt: long, MaxNew: 300, Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 1}},
		"beams":      {Model: "story", Prompt: long, MaxNew: 100, Sampler: sim.Sampler{Kind: "beam", Width: 8}},
		"draft":      {Model: "story", Prompt: long, MaxNew: 200, Draft: "story-draft", Propose: 8, Sampler: sim.Sampler{Kind: "sample", Seed: 1}},
		"uncached":   {Model: "story", Prompt: long, MaxNew: 200, Lanes: "uncached"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := models.Get("story-draft"); err != nil {
				t.Fatal(err)
			}
			s := lone(t, models)
			before := inUse(t)
			if err := s.start(run.Complete(r)); err != nil {
				t.Fatal(err)
			}
			err := toTheEnd(s)
			heap, counted := inUse(t)-before, s.memory().Held()
			t.Logf("%d steps, counted %.1f MiB, heap %.1f MiB, rows %.1f MiB, %v", s.tape.Len(), float64(counted)/(1<<20), float64(heap)/(1<<20), float64(s.tape.Bytes())/(1<<20), err)
			s.closeAll()
			if held := s.memory().Held(); held != 0 {
				t.Errorf("%d bytes are counted after the end", held)
			}
		})
	}
}
