package run_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"testing"

	"kvstep/sim/run/runtest"
)

var (
	forever = flag.Bool("forever", false, "try random recipes until one fails")
	recipes = flag.Int("recipes", 0, "how many random recipes to try; 0: as many as a test has time for")
	seed    = flag.Uint64("seed", 14, "names the random recipes")
)

// TestGenerator: random recipes over models, policies, budgets, batches, beams, drafts and
// forks, against the oracles of oracle_test.go. `make attack` never ends.
func TestGenerator(t *testing.T) {
	n := 700
	switch {
	case *recipes > 0:
		n = *recipes
	case os.Getenv("KVSTEP_ALL") != "":
		n = 20_000
	case testing.Short():
		n = 100
	}
	steps, problems := 0, 0
	for i := 0; i < n || *forever; i++ {
		made, problem, err := try(*seed, uint64(i))
		if steps += made; problem {
			problems++
		}
		if err != nil {
			t.Fatal(err)
		}
		if (i+1)%10_000 == 0 {
			fmt.Printf("%d recipes, %d steps, %d ended with a problem, 0 panics\n", i+1, steps, problems)
		}
	}
	t.Logf("%d recipes, %d steps, %d ended with a problem, 0 panics", n, steps, problems)
}

// try plays recipe number i and asks the oracles.
func try(seed, i uint64) (steps int, problem bool, err error) {
	r := rand.New(rand.NewPCG(seed, i))
	x := &trial{}
	x.m, x.rec = runtest.Recipe(r)
	at := "run"
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if err != nil {
			text, _ := json.Marshal(x.rec)
			err = fmt.Errorf("-seed %d, recipe %d, %s: %w\n%s", seed, i, at, err, text)
		}
	}()
	x.steps, x.err = runtest.Play(x.m, x.rec)
	for _, o := range oracles {
		at = o.name
		if err := o.holds(x, r); err != nil {
			return len(x.steps), x.err != nil, err
		}
	}
	return len(x.steps), x.err != nil, nil
}
