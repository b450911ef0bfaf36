package mat

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// threads has jobs of any size shared by so many threads until the test ends, and waits for them.
func threads(t testing.TB, n int) {
	t.Helper()
	procs, from, most := runtime.GOMAXPROCS(max(n, runtime.GOMAXPROCS(0))), ShareFrom, MaxThreads
	ShareFrom, MaxThreads = 0, n
	t.Cleanup(func() {
		runtime.GOMAXPROCS(procs)
		ShareFrom, MaxThreads = from, most
	})
	for call(n-1) < n-1 {
		runtime.Gosched()
	}
}

// TestTeamChangesNothing: products of every shape by any number of threads, from several
// goroutines at a time.
func TestTeamChangesNothing(t *testing.T) {
	for _, n := range []int{2, 3, 4, 7} {
		threads(t, n)
		var all sync.WaitGroup
		for seed := range uint64(3) {
			all.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(n)))
				for range 60 {
					rows, out, k := 1+r.IntN(1+r.IntN(20)), 1+r.IntN(900), 1+r.IntN(300)
					x, w := Of(rows, k, randoms(r, rows*k)), Of(out, k, randoms(r, out*k))
					var bias []float32
					if r.IntN(2) == 0 {
						bias = randoms(r, out)
					}
					wide := New(rows, out+5)
					dst, want := wide.Cols(3, 3+out), New(rows, out)
					Linear(dst, x, w, bias)
					linearRows(want, x, w, bias)
					for i := range rows {
						if !equalBits(dst.Row(i), want.Row(i)) {
							t.Errorf("[%d, %d] x [%d, %d]^T by %d threads: row %d differs", rows, k, out, k, n, i)
							return
						}
					}
					for i := range rows {
						all := wide.Row(i)
						if all[0] != 0 || all[2] != 0 || all[out+3] != 0 {
							t.Error("written beside the result")
							return
						}
					}
				}
			})
		}
		all.Wait()
	}
}

// told is a job whose pieces call a function: mine is whether who shares the job does it.
type told struct {
	pieces int
	out    Matrix
	do     func(p int, mine bool)
	freed  atomic.Int32
}

func (j *told) Free() { j.freed.Add(1) }

func (j *told) Cut(int) int             { return j.pieces }
func (j *told) Results(p int) [3]Matrix { return [3]Matrix{j.out.Rows(p, p+1)} }
func (j *told) Do(p int, to [3]Matrix, _ func(int) []float32) {
	row := to[0].Row(0)
	j.do(p, &row[0] == &j.out.Row(p)[0])
	row[0] = float32(p + 1)
}

func (j *told) check(t *testing.T) {
	t.Helper()
	for p := range j.pieces {
		if got := j.out.At(p, 0); got != float32(p+1) {
			t.Errorf("piece %d says %v", p, got)
		}
	}
}

// comes gives a helper time to come.
func comes(there *atomic.Bool) {
	for range 100 {
		if there.Load() {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// TestTeamShares: helpers do pieces.
func TestTeamShares(t *testing.T) {
	threads(t, 2)
	for range 100 {
		var helped atomic.Bool
		j := &told{pieces: 8, out: New(8, 1), do: func(_ int, mine bool) {
			if !mine {
				helped.Store(true)
			}
			comes(&helped)
		}}
		Share(j, Products, 1<<20)
		if j.check(t); helped.Load() {
			return
		}
	}
	t.Error("100 jobs, and the helper had no part in any")
}

// TestTeamLate: a helper that took a piece and does not finish it is not waited for, what it
// writes later goes nowhere, and the memory of its job is not used again, but given up with the next
// job, or when the helper leaves, if there is no other.
func TestTeamLate(t *testing.T) {
	if raceDetector {
		t.Skip("skipped: under the race detector helpers are waited for")
	}
	t.Run("another job", func(t *testing.T) {
		comesLate(t, func() { Share(&told{pieces: 1, out: New(1, 1), do: func(int, bool) {}}, Products, 1<<20) })
	})
	t.Run("no other", func(t *testing.T) { comesLate(t, func() {}) })
}

// comesLate has a helper come late, and calls next until the job is freed.
func comesLate(t *testing.T, next func()) {
	threads(t, 2)
	for range 100 {
		var late atomic.Bool
		wake, back := make(chan bool), make(chan bool)
		j := &told{pieces: 8, out: New(8, 1), do: func(_ int, mine bool) {
			if !mine && late.CompareAndSwap(false, true) {
				<-wake
				defer close(back)
			}
			comes(&late)
		}}
		Share(j, Products, 1<<20)
		if j.check(t); !late.Load() {
			continue // it had no part
		}
		if j.freed.Load() != 0 {
			t.Error("the helper still looks at it")
		}
		for i := range j.pieces {
			j.out.Row(i)[0] = -1
		}
		close(wake)
		<-back
		for range 100 {
			runtime.Gosched()
			for i := range j.pieces {
				if j.out.At(i, 0) != -1 {
					t.Fatal("written after the job was over")
				}
			}
		}
		for range 3000 {
			if next(); j.freed.Load() != 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if n := j.freed.Load(); n != 1 {
			t.Errorf("freed %d times", n)
		}
		return
	}
	t.Error("100 jobs, and the helper had no part in any")
}

// TestHelpersLeave: without work they go, and cost nothing.
func TestHelpersLeave(t *testing.T) {
	threads(t, 3)
	for range 3000 {
		if team.alive.Load() == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d helpers are still there", team.alive.Load())
}

// TestPays: by a clock that says how fast so many threads are, the fastest number is found, fewer
// where more gain little, and another one when the machine has changed.
func TestPays(t *testing.T) {
	if got := []int{candidate(0, 24), candidate(1, 24), candidate(2, 24), candidate(3, 24), candidate(4, 24), candidate(5, 24), candidate(6, 24),
		candidate(7, 24), candidate(8, 24)}; !slices.Equal(got, []int{1, 2, 3, 4, 6, 8, 12, 16, 24}) || candidates(24) != 9 || candidates(1) != 1 || candidates(5) != 5 {
		t.Errorf("%v are tried, %d of them", got, candidates(24))
	}
	Clock = func() int64 { return 0 }
	t.Cleanup(func() { Clock = nil })
	var c choice
	jobs := func(n int, took func(threads int) float64) (used map[int]int) {
		used = map[int]int{}
		for range n {
			threads := c.threads(8)
			used[threads]++
			c.note(threads, 8, took(threads))
		}
		return used
	}
	jobs(1000, func(n int) float64 { return 1 / float64(min(n, 4)) })
	if c.best != 4 {
		t.Errorf("%d threads, want 4", c.best)
	}
	var short choice // a short run has all threads, and one try of one
	alone := 0
	for range 20 {
		n := short.threads(2)
		if n == 1 {
			alone++
		}
		short.note(n, 2, 1/float64(n))
	}
	if alone != 1 {
		t.Errorf("%d of the first 20 jobs have one thread, want 1", alone)
	}
	var two choice // of two, each is tried again
	for i := range 2000 {
		n := two.threads(2)
		took := 1 / float64(n)
		if i < 100 {
			took = float64(n)
		}
		two.note(n, 2, took)
	}
	if two.best != 2 {
		t.Errorf("%d threads of 2 after a bad beginning, want 2", two.best)
	}
	busy := func(n int) float64 { return float64(n) } // helpers that have lost their processors
	if jobs(20000, busy); c.best != 1 {
		t.Errorf("%d threads on a busy machine, want 1", c.best)
	}
	if used := jobs(1000, busy); used[1] < 980 {
		t.Errorf("%v jobs by threads", used)
	}
	if jobs(100000, func(n int) float64 { return 1 / float64(n) }); c.best != 8 {
		t.Errorf("%d threads when it is quiet again, want 8", c.best)
	}
}

func equalBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// TestEven: pieces are all there is, no more than there may be, each thread has as many of the last ones,
// and one thread has one.
func TestEven(t *testing.T) {
	var c Cuts
	for _, threads := range []int{1, 2, 3, 4, 7, 16, 32, MaxPieces} {
		for n := range 3000 {
			for _, work := range []int{0, 1, pieceWork / 100, pieceWork / 7, pieceWork} {
				pieces, at := c.Even(n, work, threads), 0
				if pieces > MaxPieces || threads == 1 && pieces > 1 {
					t.Fatalf("%d things of %d for %d threads: %d pieces", n, work, threads, pieces)
				}
				for p := range pieces {
					from, to := c.Of(p)
					if from != at || to <= from {
						t.Fatalf("%d things for %d threads: piece %d is [%d, %d)", n, threads, p, from, to)
					}
					at = to
				}
				if at != n {
					t.Fatalf("%d things for %d threads: %d in pieces", n, threads, at)
				}
			}
		}
	}
	if c.Even(18, pieceWork/7, 2); c[0] != 9 || c[1] != 18 {
		t.Errorf("18 small things for two threads end at %v", c[:2])
	}
	if pieces := c.Even(48, pieceWork/10, 2); pieces != 4 || c[0] != 12 {
		t.Errorf("48 things for two threads end at %v", c[:pieces])
	}
}
