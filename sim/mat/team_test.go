package mat

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// waitForHelper has a helper at hand, or skips.
func waitForHelper(t testing.TB) {
	t.Helper()
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("one processor")
	}
	for range 10_000 {
		if team.state.Load() == ready {
			return
		}
		time.Sleep(time.Millisecond)
		team.rest.Store(0)
		StartTeam()
		StopTeam()
	}
	t.Fatal("no helper came")
}

// TestTeamChangesNothing: products of every shape, those that a team shares and those
// that it does not, from several goroutines at a time.
func TestTeamChangesNothing(t *testing.T) {
	StartTeam()
	defer StopTeam()
	waitForHelper(t)
	var all sync.WaitGroup
	for seed := range uint64(3) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, 7))
			for range 150 {
				rows, out, k := 1+r.IntN(1+r.IntN(20)), 1+r.IntN(900), 1+r.IntN(300)
				x, w := Of(rows, k, randoms(r, rows*k)), Of(out, k, randoms(r, out*k))
				wide := New(rows, out+5)
				dst, want := wide.Cols(3, 3+out), New(rows, out)
				MulT(dst, x, w)
				mulTRows(want, x, w)
				for i := range rows {
					if !equalBits(dst.Row(i), want.Row(i)) {
						t.Errorf("[%d, %d] x [%d, %d]^T: row %d differs", rows, k, out, k, i)
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

// TestTeamShares: the helper does pieces, and all of them are done when it does not.
func TestTeamShares(t *testing.T) {
	StartTeam()
	defer StopTeam()
	r := rand.New(rand.NewPCG(1, 7))
	x, w := RowOf(randoms(r, 300)), Of(2000, 300, randoms(r, 2000*300))
	dst, want := New(1, 2000), New(1, 2000)
	mulTRows(want, x, w)
	helped := false
	for tries := 0; !helped && tries < 10_000; tries++ {
		waitForHelper(t)
		clear(dst.Row(0))
		MulT(dst, x, w)
		if !equalBits(dst.Row(0), want.Row(0)) {
			t.Fatal("differs")
		}
		helped = team.finished.Load() != 0
	}
	if !helped {
		t.Error("10,000 products, and the helper had no part in any")
	}
}

// TestTeamLate: a helper that took pieces and does not finish them is not waited for,
// and is sent away.
func TestTeamLate(t *testing.T) {
	team.finished.Store(0b100)
	if got := await(0b101, 1000); got != 0b100 { // comes back at all
		t.Errorf("pieces %b are finished, want 100", got)
	}
	defer func() { team.rest.Store(0); team.waste, team.rests = 0, 0 }()
	team.waste, team.rests = 0, 0
	for i := range 2 {
		judge(true, false)
		if gone := team.rest.Load() > 0; gone != (i == 1) {
			t.Errorf("late %d times: sent away: %v", i+1, gone)
		}
	}
	first := team.rest.Swap(0)
	for range 16 {
		judge(false, true)
	}
	if team.rest.Load() != 2*first {
		t.Errorf("sent away for %d, then for %d products", first, team.rest.Load())
	}
	team.rest.Store(0)
	for range 200 {
		judge(true, true)
	}
	if team.rest.Load() != 0 || team.rests != 0 {
		t.Error("a good helper bears a grudge")
	}
}

func equalBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}
