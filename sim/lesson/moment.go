package lesson

import (
	"strconv"
	"strings"

	"kvstep/sim"
	"kvstep/sim/lens"
)

// When is a moment of a run, whatever its model: before the first step, a layer or the head
// of a pass, or the end. It is written "start", "end", "pass 1 layer 0", "pass 1 layer last",
// "pass 1 head" or "pass 1", which is its head.
type When struct {
	Place
	Start, End bool
	Pass       int
	Head       bool
	Layer      int
	last       bool // the model's last layer
}

func (r *reader) when(n *node, where Place) (w When) {
	w.Place = where
	if n == nil {
		r.add(where, "lesson.missing", "Field", "at")
		return w
	}
	w.Place = n.Place
	parts := strings.Fields(n.text)
	bad := func() When {
		r.add(n.Place, "lesson.moment", "Have", n.text)
		return w
	}
	switch {
	case n.kind != textNode:
		return bad()
	case len(parts) == 1 && parts[0] == "start":
		w.Start = true
		return w
	case len(parts) == 1 && parts[0] == "end":
		w.End = true
		return w
	case len(parts) < 2 || parts[0] != "pass":
		return bad()
	}
	pass, err := strconv.Atoi(parts[1])
	if err != nil || pass < 0 || pass > 1<<16 {
		return bad()
	}
	w.Pass = pass
	switch {
	case len(parts) == 2 || len(parts) == 3 && parts[2] == "head":
		w.Head = true
	case len(parts) == 4 && parts[2] == "layer":
		at := *n
		at.text = parts[3]
		w.Layer, w.last = r.layer(&at)
	default:
		return bad()
	}
	return w
}

func (r *reader) layer(n *node) (layer int, last bool) {
	if n.kind == textNode && n.text == "last" {
		return 0, true
	}
	return r.whole(n, n.Place, "layer", 0, 1<<12), false
}

// LayerOf returns its layer in a model, false where the model has none of that number.
func (w When) LayerOf(c sim.Config) (int, bool) {
	if w.last {
		return c.Layers - 1, true
	}
	return w.Layer, w.Layer < c.Layers
}

// Step returns the number of the step in a run of so many steps at most, -1 for the start; false where the
// run of this model never has it.
func (w When) Step(c sim.Config, most int) (int, bool) {
	perPass := c.Layers + 1
	switch {
	case w.Start:
		return -1, true
	case w.End:
		return most - 1, most > 0
	case w.Head:
		n := w.Pass*perPass + c.Layers
		return n, n < most
	}
	layer, ok := w.LayerOf(c)
	n := w.Pass*perPass + layer
	return n, ok && n < most
}

func (w When) String() string {
	switch {
	case w.Start:
		return "start"
	case w.End:
		return "end"
	case w.Head:
		return "pass " + strconv.Itoa(w.Pass) + " head"
	case w.last:
		return "pass " + strconv.Itoa(w.Pass) + " layer last"
	}
	return "pass " + strconv.Itoa(w.Pass) + " layer " + strconv.Itoa(w.Layer)
}

// View returns what somebody looks at who looks as a beat says: nothing of it that the model does not have.
func (l Look) View(c sim.Config) lens.View {
	v := lens.View{Head: min(l.Head, c.Heads-1), Seq: l.Seq, Op: l.Op, Real: l.Real}
	if l.Layer != nil {
		if layer, ok := l.Layer.LayerOf(c); ok {
			v.Layer = &layer
		}
	}
	if l.Cell != nil && l.Op != "" {
		v.Cell = &lens.Cell{Op: l.Op, Row: l.Cell[0], Col: l.Cell[1]}
	}
	return v
}
