package mat

import "fmt"

// Level names a set of kernels. All give the same bits; a higher one is faster.
// The portable code in this package says what each kernel computes.
type Level int

// The levels, slowest first.
const (
	Portable Level = iota // plain Go, on every processor
	AVX2                  // amd64, 8 numbers at a time
	AVX512                // amd64, 16 numbers at a time
	levels
)

var levelNames = [levels]string{"portable", "avx2", "avx512"}

func (l Level) String() string { return levelNames[l] }

// level is what this process uses; it is set at start and by Use.
var level = Best()

// Best is the fastest level of this processor.
func Best() Level {
	best := Portable
	for l := range levels {
		if l.available() {
			best = l
		}
	}
	return best
}

// Use makes the kernels of one level, by name, those of this process. It is
// for the start of a command, before anything runs: no lock guards the choice.
func Use(name string) error {
	for l, n := range levelNames {
		if n == name && Level(l).available() {
			level = Level(l)
			return nil
		}
	}
	return fmt.Errorf("mat: no kernels %q on this processor", name)
}
