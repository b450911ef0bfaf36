package mat

import "math/bits"

// Clock tells the nanoseconds since some moment. Where there is one, it is measured how many
// threads pay; without, jobs have as many as they may. It is for the start of a command.
var Clock func() int64

// Kind is what a job is like: how many threads pay depends on it, and on its size.
type Kind int

// The kinds of jobs.
const (
	Products  Kind = iota // many rows meet a matrix
	Reading               // one row does: memory is read
	Attending             // queries meet a cache
	Pointwise             // numbers by themselves
	numKinds
)

// pays knows how many threads jobs had better have, by kind and size. All are called at first; another
// number is tried from time to time, soon at first and then seldom, for what else a machine does changes.
type pays [numKinds][64]choice

type choice struct {
	took  [MaxPieces + 1]float64 // for a multiplication, by threads; 0: not tried yet
	tried int                    // jobs that were measured
	best  int                    // threads; 0: as many as there may be
	next  int                    // the job that tries another number
	turn  int                    // which one
	pause int                    // jobs between such
}

const (
	firstPause = 8 // until every number was tried
	minPause   = 64
	maxPause   = 4096
)

// of returns the choice for a job.
func (a *pays) of(kind Kind, work int) *choice { return &a[kind][bits.Len(uint(work))] }

// now is the clock's time, 0 where there is none.
func now() int64 {
	if Clock == nil {
		return 0
	}
	return Clock()
}

// threads returns what the next job has.
func (c *choice) threads(most int) int {
	switch {
	case Clock == nil || c.best == 0:
		return most
	case c.tried >= c.next:
		return candidate(c.turn%candidates(most), most)
	}
	return min(c.best, most)
}

// note remembers how long a job took, by its size.
func (c *choice) note(threads, most int, took float64) {
	if c.tried++; c.took[threads] == 0 || took < c.took[threads] {
		c.took[threads] = took
	} else { // what a machine does besides makes times longer, never shorter
		c.took[threads] += (took - c.took[threads]) / 8
	}
	all, was := candidates(most), c.best
	c.best = 0
	for i := range all { // more threads only for a gain
		if n := candidate(i, most); c.took[n] > 0 && (c.best == 0 || c.took[n] < 0.97*c.took[c.best]) {
			c.best = n
		}
	}
	if c.best != was {
		c.pause = minPause
	}
	switch {
	case was == 0:
		c.next = c.tried + firstPause
	case c.tried > c.next:
		if c.turn++; c.turn < all {
			c.next = c.tried + firstPause
		} else {
			c.next = c.tried + c.pause
			c.pause = min(2*c.pause, maxPause)
		}
	}
}

// candidates returns how many numbers of threads are tried: 1, 2, 3, 4, 6, 8, 12, 16... and the most.
func candidates(most int) (n int) {
	for candidate(n, most) < most {
		n++
	}
	return n + 1
}

func candidate(i, most int) int {
	switch {
	case i == 0:
		return 1
	case i%2 == 1:
		return min(1<<((i+1)/2), most)
	}
	return min(3<<(i/2-1), most)
}
