package mat

import "fmt"

// Level names a set of kernels. All give the same bits; a higher one is faster.
// The portable code in this package says what each kernel computes.
type Level int

// The levels, slowest first.
const (
	Portable Level = iota // plain Go, on every processor
	NEON                  // arm64, 4 numbers at a time
	AVX2                  // amd64, 8 numbers at a time
	AVX512                // amd64, 16 numbers at a time
	levels
)

var levelNames = [levels]string{"portable", "neon", "avx2", "avx512"}

func (l Level) String() string { return levelNames[l] }

// level is what this process uses; it is set at start and by Use.
var level = Levels()[len(Levels())-1]

// Levels returns those of this processor, slowest first.
func Levels() (here []Level) {
	for l := range levels {
		if l.available() {
			here = append(here, l)
		}
	}
	return here
}

// Select makes the kernels of a level those of this process. It is for the start
// of a command, before anything runs: no lock guards the choice.
func Select(l Level) error {
	if !l.available() {
		return fmt.Errorf("mat: no %v kernels on this processor", l)
	}
	level = l
	return nil
}

// Current returns the level of this process.
func Current() Level { return level }
