package wire

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
)

// branching is step n of a run beside which the room keeps others: more of them
// the larger the frame.
func branching(t testing.TB, l *library.Loaded, rec sim.Recipe, n, branches, compare int) *Frame {
	t.Helper()
	steps := stepsOf(t, l, rec)
	m := moment(l, rec, steps, n, max(steps[n].Layer, 0), 1)
	m.Prompt, m.Branch, m.View.Compare = steps[0].Prompt, 1, compare
	perPass := l.Model.Config.Layers + 1
	add := func(id, parent, at int, rec sim.Recipe, steps []sim.Step) {
		m.Branches = append(m.Branches, lens.Branch{ID: id, Parent: parent, At: at, Model: l, Recipe: rec, Prompt: steps[0].Prompt, Recorded: len(steps), Cursor: n,
			Ended: steps[len(steps)-1].RunFinishReason, Step: func(n int) *sim.Step { return &steps[n] }, Bytes: 123456, Shared: 65536})
	}
	add(1, 0, -1, rec, steps)
	for i := 1; i < branches; i++ {
		other := rec
		at := i*perPass - 1
		other.Forced = []sim.Forced{{Pass: i - 1, Token: (steps[at].Token + i) % l.Model.Config.Vocab}}
		add(i+1, 1, at, other, stepsOf(t, l, other))
	}
	return m
}

func TestFrameTellsOfBranches(t *testing.T) {
	l, rec, _ := small(t)
	m := branching(t, l, rec, 8, 3, 3)
	var b lens.BranchesInfo
	if err := json.Unmarshal([]byte(File(m).Meta["branches"]), &b); err != nil {
		t.Fatal(err)
	}
	if len(b.List) != 3 || b.List[1].From != 0 || b.List[2].From != 1 || b.List[2].Token == b.List[2].Instead {
		t.Errorf("%+v", b.List)
	}
	c := b.Compare
	if c == nil || c.Same != 1 || !slices.Equal(c.Steps, []int{5, 5}) || len(c.Fork) != 2 || c.Fork[0].ID != m.Branches[0].Step(5).Token || c.Fork[1].ID != m.Branches[2].Step(5).Token {
		t.Fatalf("%+v", c)
	}
	for i, x := range []int{0, 2} {
		last := m.Branches[x].Step(m.Branches[x].Recorded - 1)
		if got := *c.Sides[i].Paid.Flops[0]; got != lens.Integer(last.Totals[0].Flops.Total()) {
			t.Errorf("side %d paid %d FLOPs, want %d", i, got, last.Totals[0].Flops.Total())
		}
	}
}

// TestFrameSizeOfBranches: the bar of all frames holds with as many branches as a
// room keeps, two of them compared, and every panel open.
func TestFrameSizeOfBranches(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	for _, lang := range []string{"en", "zh"} {
		l, rec, prompt, steps := defaultRun(t, lang)
		all := branching(t, l, rec, 0, lens.MaxBranches, 2)
		largest, where := 0, ""
		for n := range steps {
			for _, over := range []bool{false, true} {
				for _, op := range []string{"", "act", "probs"} {
					pick := everything
					pick.Compare = 2
					m := visit(l, rec, prompt, steps, n, over, pick)
					if op != "" && steps[n].Part == sim.LayerPart {
						m = looking(m, op, explain.Ref{Step: n, Op: op})
					}
					m.Branch, m.Branches, m.Held = 1, all.Branches, 1<<20
					if size := len(Encode(nil, m)); size > largest {
						largest, where = size, fmt.Sprintf("step %d %s", n, op)
					}
				}
			}
		}
		t.Logf("%s: largest %d bytes, %s", lang, largest, where)
		if largest > worstFrame {
			t.Errorf("%s: a frame of %d bytes", lang, largest)
		}
	}
}
