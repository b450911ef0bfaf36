package wire

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/cost"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/run/runtest"
)

// TestGeneratorFrames: of random recipes (sim/run/runtest) every step is a frame that can be
// read, whatever a viewer looks at, and every explanation gives the number it explains.
func TestGeneratorFrames(t *testing.T) {
	frames, explained := 0, 0
	n := runtest.Rounds{Short: 20, Usual: 200, All: 3000}.Try(t, func(seed, i uint64) error {
		v := viewer{r: rand.New(rand.NewPCG(seed, i))}
		err := v.try()
		frames, explained = frames+v.frames, explained+v.explained
		return err
	}, func() string { return fmt.Sprintf("%d frames, %d explanations, 0 panics", frames, explained) })
	if frames < n || explained < n {
		t.Errorf("%d frames and %d explanations of %d recipes", frames, explained, n)
	}
}

// viewer looks at runs at random.
type viewer struct {
	r     *rand.Rand
	m     *library.Loaded
	rec   sim.Recipe
	steps recorded
	ended string
	link  Link

	kept              *lens.Kept // of all frames so far
	other             *lens.Branch
	keptOfOther       lens.Kept
	frames, explained int
}

// try plays a recipe and shows all its steps.
func (v *viewer) try() (err error) {
	v.m, v.rec = runtest.Recipe(v.r)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if err != nil {
			text, _ := json.Marshal(v.rec)
			err = fmt.Errorf("%w\n%s\n%s", err, text, v.link.Query())
		}
	}()
	v.steps, _ = runtest.Play(v.m, v.rec)
	if n := len(v.steps); n > 0 {
		v.ended = v.steps[n-1].RunFinishReason
	}
	v.kept = &lens.Kept{}
	v.branch()
	for n := -1; n < len(v.steps); n++ {
		for i := range 1 + v.r.IntN(2) {
			at := n
			if i > 0 && v.r.IntN(4) == 0 { // back
				at = v.r.IntN(n+2) - 1
			}
			if err := v.show(at); err != nil {
				return fmt.Errorf("step %d: %w", at, err)
			}
		}
	}
	return nil
}

// branch is another run of the model to compare with.
func (v *viewer) branch() {
	rec := runtest.Draw(v.r, v.m)
	for !runtest.Valid(v.m, rec) {
		rec = runtest.Draw(v.r, v.m)
	}
	steps, _ := runtest.Play(v.m, rec)
	prompt, _ := v.m.Prepare(rec)
	if len(steps) > 0 {
		at := v.r.IntN(len(steps))
		v.other = &lens.Branch{ID: 2, Parent: 1, At: v.r.IntN(len(steps)), Model: v.m, Recipe: rec, Prompt: len(prompt), Recorded: at + 1, Cursor: v.r.IntN(at + 1), Step: recorded(steps).Step}
	}
}

// moment is a moment as a room makes it.
func (v *viewer) moment(n int) *Frame {
	prompt, _ := v.m.Prepare(v.rec)
	v.link = Link{Recipe: v.rec, Step: n, View: v.pick(n), Breaks: v.breaks(), Lang: "en"}
	m := &Frame{Seq: 1, Link: v.link, Moment: lens.Moment{Model: v.m, Recipe: v.rec, Prompt: len(prompt), Waiting: prompt, Recorded: len(v.steps), Ended: v.ended,
		View: v.link.View, Breaks: v.link.Breaks}}
	if v.r.IntN(2) == 0 { // more may come
		m.Recorded, m.Ended = n+1, ""
	}
	for at := range n + 1 {
		for _, p := range v.link.Breaks {
			if h, ok := p.Hit(v.m.Model, v.steps, at); ok {
				m.Hits, m.HitsAt = append(m.Hits, h), append(m.HitsAt, at)
			}
		}
	}
	m.Place(n, v.steps.Step)
	if v.other != nil && n >= 0 && v.r.IntN(3) == 0 {
		m.Branch, m.View.Compare = 1, 2
		m.Branches = []lens.Branch{{ID: 1, At: -1, Model: v.m, Recipe: v.rec, Prompt: len(prompt), Recorded: n + 1, Cursor: n, Step: v.steps.Step}, *v.other}
	}
	return m
}

// remembering is the same moment with what earlier frames of the run have worked out, some of which a
// fork may have from another run.
func (v *viewer) remembering(m *Frame, n int) *Frame {
	if passes := n / (v.m.Model.Config.Layers + 1); n >= 0 && v.r.IntN(8) == 0 {
		v.kept = v.kept.Fork(v.r.IntN(passes + 2))
	}
	again := *m
	again.Kept = v.kept
	again.Branches = slices.Clone(m.Branches)
	for i := range again.Branches {
		if again.Branches[i].Kept = &v.keptOfOther; i == 0 {
			again.Branches[i].Kept = v.kept
		}
	}
	again.Place(n, v.steps.Step)
	return &again
}

func (v *viewer) breaks() (points []breakpoint.Point) {
	for range v.r.IntN(4) {
		p := breakpoint.Point{Kind: breakpoint.Kinds[v.r.IntN(len(breakpoint.Kinds))]}
		if p.Kind == breakpoint.Layer || p.Kind == breakpoint.Attend || p.Kind == breakpoint.Cache {
			p.N = 1 + v.r.IntN(9)
		}
		points = append(points, p)
	}
	return points
}

// index is mostly one that may exist, and now and then one that no run has.
func (v *viewer) index(n int) int {
	if v.r.IntN(12) == 0 {
		return []int{-1, math.MaxInt32, math.MinInt32, n}[v.r.IntN(4)]
	}
	return v.r.IntN(max(n, 1))
}

// lane is either one.
func (v *viewer) lane() explain.Lane {
	return []explain.Lane{"", explain.Uncached}[v.r.IntN(2)]
}

func (v *viewer) pick(n int) lens.View {
	c := v.m.Model.Config
	p := lens.View{Head: v.index(c.Heads), Seq: v.index(6)}
	if v.r.IntN(2) == 0 {
		l := v.index(c.Layers)
		p.Layer = &l
	}
	for _, name := range lens.Panels {
		if v.r.IntN(3) == 0 {
			p.Show = append(p.Show, name)
		}
	}
	op := func() string { return explain.Ops[v.r.IntN(len(explain.Ops))].ID }
	if v.r.IntN(2) == 0 {
		if p.Op = op(); !lens.IsOp(p.Op) {
			p.Op = ""
		}
	}
	if v.r.IntN(3) == 0 {
		p.Cell = &lens.Cell{Op: op(), Row: v.index(9), Col: v.index(9), Lane: v.lane()}
	}
	if n >= 0 && v.steps[n].Part == sim.HeadPart && v.r.IntN(2) == 0 { // few ops are the head's
		p.Op = []string{"norm3", "logits", "chances"}[v.r.IntN(3)]
		p.Trail = []explain.Ref{{Step: n, Op: p.Op, Col: v.r.IntN(9)}}
		return p
	}
	for range v.r.IntN(4) {
		p.Trail = append(p.Trail, explain.Ref{Step: v.index(n + 1), Op: op(), Head: v.index(c.Heads), Row: v.index(9), Col: v.index(9), Lane: v.lane()})
	}
	p.Unit, p.Pairs, p.Logits = []string{"", "mac"}[v.r.IntN(2)], []string{"", "dense"}[v.r.IntN(2)], []string{"", "all"}[v.r.IntN(2)]
	if names, devices := cost.Presets(), cost.HardwareNames(); v.r.IntN(3) == 0 {
		p.Real = names[v.r.IntN(len(names))] + "@" + devices[v.r.IntN(len(devices))]
		if field, _ := (lens.View{Real: p.Real}).Check(); field != "" {
			p.Real = ""
		}
	}
	return p
}

// show makes everything that can be made of a step, and follows one operand after another.
func (v *viewer) show(n int) error {
	m := v.moment(n)
	for range 4 {
		frame := Encode(nil, m)
		if again := Encode(nil, v.remembering(m, n)); string(again) != string(frame) {
			return fmt.Errorf("with what earlier frames have worked out it is another frame")
		}
		v.frames++
		next, err := v.check(m, frame)
		if err != nil {
			return err
		}
		if next == nil {
			break
		}
		v.explained++
		trail := append([]explain.Ref(nil), m.View.Trail...)
		if v.r.IntN(3) == 0 { // by way of what no run has
			trail = append(trail, explain.Ref{Step: v.index(n + 1), Op: explain.Ops[v.r.IntN(len(explain.Ops))].ID, Row: v.index(9), Col: v.index(9), Lane: v.lane()})
		}
		m.View.Trail = append(trail, *next)
		v.link.View = m.View
	}
	if err := cmp.Or(v.adds(m), v.keepsToOne(m)); err != nil {
		return err
	}
	_, err := ParseLink(m.Link.Query())
	return err
}

// check reads a frame, and gives an operand of what it explains to follow.
func (v *viewer) check(m *Frame, frame []byte) (next *explain.Ref, err error) {
	meta, err := readable(frame)
	if err != nil {
		return nil, err
	}
	if v.frames%5 == 0 { // it takes longer than the frame
		if err := typed(frame); err != nil {
			return nil, err
		}
	}
	var why *struct {
		explain.Ref
		Kind  explain.Kind
		Exact bool
		Reads []struct {
			explain.Ref
			N int
		}
	}
	if meta["explain"] == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(meta["explain"]), &why); err != nil || why == nil {
		return nil, err
	}
	if !why.Exact && v.m.Name != runtest.Loud {
		return nil, fmt.Errorf("what explains %+v gives another number: %s", why.Ref, meta["explain"])
	}
	if len(why.Reads) == 0 {
		return nil, nil
	}
	ref := why.Reads[v.r.IntN(len(why.Reads))].Ref
	return &ref, nil
}

// readable reads a safetensors file strictly: tensors side by side that fill it, and JSON
// in all its metadata.
func readable(data []byte) (map[string]string, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("%d bytes", len(data))
	}
	size := binary.LittleEndian.Uint64(data)
	if size > uint64(len(data)-8) {
		return nil, fmt.Errorf("a header of %d bytes in %d", size, len(data))
	}
	head, body := map[string]json.RawMessage{}, data[8+size:]
	if err := json.Unmarshal(data[8:8+size], &head); err != nil {
		return nil, err
	}
	var meta map[string]string
	if err := json.Unmarshal(head["__metadata__"], &meta); err != nil {
		return nil, err
	}
	for key, text := range meta {
		if !json.Valid([]byte(text)) || bytes.ContainsRune([]byte(text), '\uFFFD') && key == "tokens" {
			return nil, fmt.Errorf("%s is %s", key, text)
		}
	}
	total := 0
	for name, text := range head {
		if name == "__metadata__" {
			continue
		}
		var x struct {
			DType string `json:"dtype"`
			Shape []int
			At    [2]int `json:"data_offsets"`
		}
		if err := json.Unmarshal(text, &x); err != nil {
			return nil, err
		}
		n := map[string]int{"F64": 8, "F32": 4, "U32": 4, "F16": 2, "U16": 2, "U8": 1}[x.DType]
		for _, d := range x.Shape {
			n *= d
		}
		if n != x.At[1]-x.At[0] || x.At[1] > len(body) {
			return nil, fmt.Errorf("%s: %s", name, text)
		}
		total += n
	}
	if total != len(body) {
		return nil, fmt.Errorf("tensors of %d bytes in %d", total, len(body))
	}
	return meta, nil
}
