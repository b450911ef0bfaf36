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
	numLevels
)

var levelNames = [numLevels]string{"portable", "neon", "avx2", "avx512"}

func (l Level) String() string { return levelNames[l] }

// selected is what this process uses; it is set at start and by Select.
var selected = Levels()[len(Levels())-1]

// Levels returns those of this processor, slowest first.
func Levels() (here []Level) {
	for l := range numLevels {
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
	selected = l
	return nil
}

// Current returns the level of this process.
func Current() Level { return selected }
