package lens

import (
	"testing"

	"kvstep/sim"
)

// TestKeptIsCounted: what is kept of passes, single values and pictures is counted as it grows, by a fork only what
// it has of its own, and given back.
func TestKeptIsCounted(t *testing.T) {
	room := sim.NewMemory(nil, "memory.room", 0)
	k := NewKept(room)
	type pass struct {
		costs [2][]float64
		_     int64
	}
	const header = 2*24 + 8 // of a pass
	made := 0
	of := func(int, []pass) pass {
		made++
		return pass{costs: [2][]float64{make([]float64, 3), make([]float64, 5)}}
	}
	held := func(passes ...[]pass) (n int64) {
		for _, list := range passes {
			n += int64(cap(list) * header)
		}
		return n + int64(made)*8*8
	}
	want := func(what string, want int64) {
		t.Helper()
		if got := room.Held(); got != want {
			t.Errorf("%s: %d bytes are counted, want %d", what, got, want)
		}
	}
	all := func(k *Kept) []pass { return lineAt[pass](k, "costs").passes }
	for _, n := range []int{1, 2, 9, 9, 4, 40} {
		perPass(k, "costs", n, of)
		want("a line", held(all(k)))
	}
	f := k.Fork(30)
	want("a fork", held(all(k)))
	perPass(f, "costs", 30, of)
	want("a fork that has made nothing", held(all(k)))
	perPass(f, "costs", 31, of)
	want("a fork that has gone on", held(all(k), all(f)))
	f.Close()
	made--
	want("a fork that is closed", held(all(k)))

	lines := held(all(k))
	list := func() []float64 { return make([]float64, 100) }
	for range 2 {
		once(k, "a", list)
		want("a value", lines+800)
	}
	once(k, "b", list)
	want("two", lines+1600)
	for i := range mostAsked { // the last begins anew
		once(k, i, list)
	}
	want("the newest", lines+800*2)
	for n := range 5 {
		k.heads.at(headKey{n: n}, 1000, 3, k.held)
	}
	want("pictures", lines+800*2+3000)
	for pass := range 4 {
		k.wholes.at(pass, 0, 500, k.held)
	}
	want("passes computed again", lines+800*2+3000+500*passesComputed)
	k.Close()
	want("closed", 0)
}
