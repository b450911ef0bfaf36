package room

import (
	"testing"

	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/web/wire"
)

// TestWalkingOps: an op is one viewer's affair; a step may change it on the way,
// and an explanation leads back to steps that were recorded before.
func TestWalkingOps(t *testing.T) {
	r := start(t)
	v, other := newViewer(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: "?tokens=1,2,3&new=3&step=0&op=next"})
	v.until(0)
	r.Do(other, wire.Command{Cmd: "open"})
	other.until(0)

	r.Do(v, wire.Command{Cmd: "forward", By: "layer", View: lens.View{Op: "norm1"}})
	f := v.until(1)
	if _, ok := tensor(f, "op.norm1"); !ok {
		t.Error("the step did not lead to the first op of the next layer")
	}
	f = other.until(1)
	if _, ok := tensor(f, "probs"); !ok {
		t.Error("another viewer no longer sees the overview")
	}
	r.Do(v, wire.Command{Cmd: "seek", Step: 5}) // layer 1 of decode
	v.until(5)
	trail := []explain.Ref{{Step: 5, Op: "K", Row: 1}, {Step: 1, Op: "k_rope", Row: 1}}
	r.Do(v, wire.Command{Cmd: "pick", View: lens.View{Op: "K", Trail: trail}})
	f = v.until(5)
	var e struct {
		Step int
		Op   string
	}
	if get(t, f, "explain", &e); e.Step != 1 || e.Op != "k_rope" {
		t.Errorf("the cached key leads to %+v", e)
	}
	r.Do(v, wire.Command{Cmd: "back", By: "layer", View: lens.View{Op: "next"}})
	f = v.until(4)
	var none *struct{}
	if get(t, f, "explain", &none); none != nil {
		t.Error("walking on keeps an explanation of what is no longer on screen")
	}
}

func tensor(f *checkpoint.File, name string) (checkpoint.Tensor, bool) {
	for _, x := range f.Tensors {
		if x.Name == name {
			return x, true
		}
	}
	return checkpoint.Tensor{}, false
}
