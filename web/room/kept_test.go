package room

import (
	"testing"

	"kvstep/sim/lens"
	"kvstep/sim/run"
	"kvstep/web/wire"
)

// TestWhatFramesWorkOutIsCounted: what frames keep of a run is counted in what its room holds, and goes with
// the run.
func TestWhatFramesWorkOutIsCounted(t *testing.T) {
	s := lone(t, endless(t))
	v := &silent{}
	do := func(c wire.Command) {
		t.Helper()
		for s.turn(func(s *state) { s.command(v, c) }); s.busy(); s.turn(nil) {
		}
	}
	do(wire.Command{Cmd: "open", Link: "?tokens=1,2,3&new=60"})
	do(wire.Command{Cmd: "forward", By: "end"})
	before := s.memory().Held()
	do(wire.Command{Cmd: "pick", View: lens.View{Show: []string{"formulas", "heads", "history", "rows"}, Unit: "mac", Pairs: "dense"}})
	more := s.memory().Held() - before
	// Of 59 passes before the last, whose six steps two lanes have paid.
	if least := int64(59 * 6 * 2 * 8); more < least || more > 32*least {
		t.Errorf("%d bytes more are counted, of which the points of the chart are %d", more, least)
	}
	do(wire.Command{Cmd: "pick", View: lens.View{Show: []string{"formulas", "heads", "history", "rows"}, Unit: "mac", Pairs: "dense"}})
	if again := s.memory().Held() - before; again != more {
		t.Errorf("looking again: %d bytes, before %d", again, more)
	}
	s.closeAll()
	if held := s.memory().Held(); held != 0 {
		t.Errorf("%d bytes are counted after the end", held)
	}
}

// TestPassesComputedAgainAreCounted: so are the passes of the lane without a cache that frames compute again, of
// which only the last ones stay.
func TestPassesComputedAgainAreCounted(t *testing.T) {
	s := lone(t, endless(t))
	v := &silent{}
	do := func(c wire.Command) {
		t.Helper()
		for s.turn(func(s *state) { s.command(v, c) }); s.busy(); s.turn(nil) {
		}
	}
	do(wire.Command{Cmd: "open", Link: "?tokens=1,2,3&new=30&cache=int8"})
	do(wire.Command{Cmd: "forward", By: "end"})
	config := s.model.Model.Config
	pass := func(n int) (held int64) {
		do(wire.Command{Cmd: "seek", Step: n * (config.Layers + 1)})
		return s.memory().Held()
	}
	for n := range 30 {
		pass(n)
	}
	bytes := func(pass int) int64 { return run.WholeBytes(config, 3+pass) }
	pass(2)
	few := pass(3)
	pass(28)
	if more, want := pass(29)-few, bytes(28)+bytes(29)-bytes(2)-bytes(3); more != want {
		t.Errorf("%d bytes more are counted of passes 28 and 29 than of 2 and 3, want %d", more, want)
	}
	s.closeAll()
	if held := s.memory().Held(); held != 0 {
		t.Errorf("%d bytes are counted after the end", held)
	}
}
