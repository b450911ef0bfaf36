package runtest

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// What a generator's test is told after -args; `make attack` says -forever.
var (
	forever = flag.Bool("forever", false, "try random recipes until one fails")
	recipes = flag.Int("recipes", 0, "how many random recipes to try; 0: as many as a test has time for")
	seed    = flag.Uint64("seed", 14, "names the random recipes")
)

// Rounds is how many recipes a generator tries: under -short, in an ordinary test and
// with KVSTEP_ALL=1.
type Rounds struct{ Short, Usual, All int }

// Try tries one recipe after another, by number, until one fails, and reports how many
// they were. told is asked now and then what has been seen so far.
func (r Rounds) Try(t *testing.T, one func(seed, i uint64) error, told func() string) int {
	t.Helper()
	n := r.Usual
	switch {
	case *recipes > 0:
		n = *recipes
	case os.Getenv("KVSTEP_ALL") != "":
		n = r.All
	case testing.Short():
		n = r.Short
	}
	for i := 0; i < n || *forever; i++ {
		if err := one(*seed, uint64(i)); err != nil {
			t.Fatalf("-seed %d, recipe %d: %v", *seed, i, err)
		}
		if (i+1)%1000 == 0 {
			fmt.Printf("%d recipes, %s\n", i+1, told())
		}
	}
	t.Logf("%d recipes, %s", n, told())
	return n
}
