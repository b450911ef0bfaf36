package export

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/plain"
	"kvstep/web/page"
	"kvstep/web/text"
	"kvstep/web/wire"
)

// handoutEntry is one file of a handout: of a step and a query head, or of one of the
// kinds below.
type handoutEntry struct {
	n, layer, head int
	data           []byte
}

// Kinds that stand in the place of a head. Weights and answers are a layer's, which
// stands in the place of the step; answers of the head come as a layer after the last.
const (
	ops      = -1 - iota // of a step: what all heads share
	weights              // pictures of the weight matrices
	answers              // explanations
	messages             // the catalogue of messages, by language
)

// budget is what a long run or a large model puts into a handout beside its frames,
// in bytes before compression.
type budget struct{ ops, answers, weights int }

var usual = budget{ops: 3 << 20, answers: 12 << 20, weights: 2 << 20}

// Scope is what a handout holds, as its reader is told ("scope" of the first record).
// Spans are the first and the last step.
type Scope struct {
	Link      string `json:"link"`                     // where it was made
	Step      int    `json:"step"`                     // looked at when it was made: there the newest row of every op is explained
	Head      int    `json:"head"`                     // whose explanations there are
	Steps     [2]int `json:"steps" names:"first,last"` // that it holds
	Heads     []int  `json:"heads"`                    // whose matrices it holds
	Ops       [2]int `json:"ops" names:"first,last"`   // steps whose ops can be walked
	Explained [2]int `json:"explained" names:"first,last"`
	Trail     int    `json:"trail"` // cells of the way that was open
	Weights   bool   `json:"weights"`
	// Without are the ops of which too much would have to be explained.
	Without []string `json:"without"`
	// PerHead are the ops that each head has for itself.
	PerHead []string `json:"per_head"`
}

// handoutEntries returns all files that a handout needs. Those of one layer and head stand
// together, so that what they repeat is near enough for gzip to find.
func (r *rerun) handoutEntries(most budget) []handoutEntry {
	c := r.model.Model.Config
	var all []handoutEntry
	add := func(n, layer, head int, f checkpoint.File) int {
		all = append(all, handoutEntry{n, layer, head, checkpoint.AppendSafetensors(nil, f)})
		return len(all[len(all)-1].data)
	}
	catalogue := checkpoint.File{Meta: map[string]string{"kvstep": "1"}}
	for _, lang := range text.Langs() {
		catalogue.Meta[lang] = messagesOf(lang)
		catalogue.Meta["terms-"+lang] = termsOf(lang)
	}
	add(0, 0, messages, catalogue)
	here := r.scope(most)
	for l := range c.Layers {
		if here.Weights {
			add(l, l, weights, weightPictures(r.model, l))
		}
	}
	here.Ops = [2]int{0, -1}
	if len(r.steps) > 0 && 2*r.shapes.opNumbers(r.shapes.at(here.Step)) <= usual.ops { // else there is no space for a single step's
		here.Ops = r.span(here.Step, most.ops, func(n int) int {
			size := add(n, r.layer(n), ops, stepOps(&r.ownView(n, 0).Moment, false))
			return size * 3 / 2 // and what heads add
		})
	}
	for i := range all { // before the first there is none to have x from
		if first := &all[i]; first.head == ops && first.n == here.Ops[0] {
			first.data = checkpoint.AppendSafetensors(nil, stepOps(&r.ownView(first.n, 0).Moment, true))
		}
	}
	explained := r.answers(&here, most.answers)
	for l := range explained {
		add(l, l, answers, explained[l].file())
	}
	kept, lane := rows{}, laneRows{}
	record := func(n, head int) {
		f, before := r.frame(n, head, &here, lane)
		kept.cut(&f, r.layer(n), head, before)
		add(n, r.layer(n), head, f)
	}
	record(-1, 0)
	for n := r.chosen.first; n <= r.chosen.last && r.stillWanted() == nil; n++ { // pack says why
		heads := r.chosen.heads
		if r.steps[n].Part == sim.HeadPart {
			heads = heads[:1]
		}
		for _, head := range heads {
			record(n, head)
		}
	}
	slices.SortFunc(all, func(a, b handoutEntry) int {
		return cmp.Or(cmp.Compare(a.layer, b.layer), cmp.Compare(a.head, b.head), cmp.Compare(a.n, b.n))
	})
	return all
}

// scope says what a handout will hold, before it is known how far that goes.
func (r *rerun) scope(most budget) Scope {
	looked := r.moment(r.Link.Step)
	here := Scope{
		Link: r.Link.Query(), Step: max(r.Link.Step, 0), Head: looked.Head(), Trail: len(r.Link.View.Trail), Without: []string{},
		Steps: [2]int{r.chosen.first, r.chosen.last}, Heads: r.chosen.heads,
	}
	if looked.From != nil {
		here.Step = max(looked.From.N, r.chosen.first)
	}
	here.Weights = r.shapes.weights() <= most.weights
	for _, op := range explain.OpsOf(r.model.Model) {
		if op.PerHead() {
			here.PerHead = append(here.PerHead, op.ID)
		}
	}
	return here
}

// layer returns the layer of a step, for the head one after the last, as its answers have it.
func (r *rerun) layer(n int) int {
	if n < 0 || r.steps[n].Part == sim.HeadPart {
		return r.model.Model.Config.Layers
	}
	return r.steps[n].Layer
}

// span visits the chosen steps from one outward, the nearest first, until what they say they
// took is the budget, and gives the first and the last of them.
func (r *rerun) span(from, budget int, visit func(n int) int) [2]int {
	first, last := outward(from, r.chosen.first, r.chosen.last, func(n int) bool {
		if budget <= 0 || r.stillWanted() != nil {
			return false
		}
		budget -= visit(n)
		return true
	})
	return [2]int{first, last}
}

// ownView returns a step as a viewer sees it who looks at what that step computed.
func (r *rerun) ownView(n, head int) *wire.Frame {
	pick := r.Link.View
	r.Link.View = lens.View{Head: head, Seq: pick.Seq}
	m := r.moment(n)
	r.Link.View = pick
	if m.Step != nil && m.Step.KV != nil {
		m.From = m.Step
	}
	return m
}

// answers returns the explanations of a handout, by layer. It fills in their span, and
// which ops are left out.
func (r *rerun) answers(here *Scope, most int) []explanations {
	all := make([]explanations, r.model.Model.Config.Layers+1)
	there := map[explain.Ref]bool{}
	for _, ref := range r.Link.View.Trail {
		if ref.Step >= 0 && ref.Step < len(r.steps) && !there[ref] {
			there[ref] = true
			all[r.layer(ref.Step)].add(&r.ownView(ref.Step, ref.Head).Moment, []explain.Ref{ref})
		}
	}
	here.Explained = r.span(here.Step, most, func(n int) int {
		x, m := &all[r.layer(n)], r.ownView(n, here.Head)
		s, before := m.Step, x.size()
		for _, op := range explain.OpsOf(r.model.Model) {
			if op.Part != s.Part || n != here.Step && !slices.Contains(always, op.ID) {
				continue
			}
			refs := newestCells(r.model, s, op.ID, here.Head)
			refs = slices.DeleteFunc(refs, func(ref explain.Ref) bool { return there[ref] })
			if size := answerSize(&m.Moment, refs); size > most/4 && !slices.Contains(always, op.ID) || size > usual.answers/4 {
				if !slices.Contains(here.Without, op.ID) {
					here.Without = append(here.Without, op.ID)
				}
				continue
			}
			x.add(&m.Moment, refs)
		}
		return x.size() - before
	})
	return all
}

// always are the ops whose newest row is explained in every step.
var always = []string{"scores", "probs", "out", "logits"}

// frame returns the whole frame of a step with every panel open, for head 0, and for
// another head only its matrices.
func (r *rerun) frame(n, head int, here *Scope, lane laneRows) (checkpoint.File, int) {
	m := r.ownView(n, head)
	if m.Step != nil && m.Step.Part == sim.HeadPart {
		m.From = nil // it has no matrices of heads
	}
	m.View.Show = []string{"table"}
	if head == 0 { // what panels show, should a reader open them
		m.View.Show = page.Asked(r.Recipe)
	}
	f := wire.File(m)
	before := lane.cut(&f, &m.Moment)
	if head > 0 {
		for key := range f.Meta {
			if key != "kvstep" && key != "pick" && key != "pick_step" {
				delete(f.Meta, key)
			}
		}
		f.Tensors = slices.DeleteFunc(f.Tensors, func(t checkpoint.Tensor) bool { return strings.HasPrefix(t.Name, "cache_") }) // every head's
	}
	switch {
	case n < 0:
		scope := plain.JSON(here)
		f.Meta["scope"] = string(scope)
	case m.Step.Part == sim.LayerPart && m.From != nil && here.Ops[0] <= n && n <= here.Ops[1]:
		f.Tensors = append(f.Tensors, headOps(&m.Moment)...)
	}
	return f, before
}

// rows are those of K and V that earlier records hold, by layer, head and name.
type rows map[[2]int]map[string][]byte

// cut leaves in K and V the rows of their own pass, if the earlier ones are as the
// pass before had them: a cache may forget or change what it keeps. "before" in the
// metadata says how many were cut off, by name, and of the lane without a cache (laneRows).
func (k rows) cut(f *checkpoint.File, layer, head, lane int) {
	gone := map[string]int{}
	if lane > 0 {
		gone["lane"] = lane
	}
	for i := range f.Tensors {
		x := &f.Tensors[i]
		if x.Name != "K" && x.Name != "V" {
			continue
		}
		at := [2]int{layer, head}
		if k[at] == nil {
			k[at] = map[string][]byte{}
		}
		before := k[at][x.Name]
		k[at][x.Name] = x.Data
		if len(before) < len(x.Data) && bytes.HasPrefix(x.Data, before) {
			gone[x.Name] = len(before) / (len(x.Data) / x.Shape[0])
			x.Data, x.Shape = x.Data[len(before):], []int{x.Shape[0] - gone[x.Name], x.Shape[1]}
		}
	}
	rows := plain.JSON(gone)
	f.Meta["before"] = string(rows)
}
