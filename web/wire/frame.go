package wire

import (
	"slices"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/library"
	"kvstep/sim/plain"
	"kvstep/sim/token"
)

// Moment is everything a frame says: the cursor of a tape as one viewer sees it.
type Moment struct {
	Seq      int
	Model    *library.Loaded
	Recipe   sim.Recipe
	Prompt   int // tokens of the prompt
	Recorded int // steps on the tape
	Ended    string
	Running  bool // the server is stepping on by itself

	Step *sim.Step             // at the cursor; nil before the first step
	From *sim.Step             // the step whose matrices are shown; nil when there is none
	Text string                // generated so far
	At   func(n int) *sim.Step // any step up to the cursor
	Link Link                  // the pick is Link.Pick

	Branch   int      // the one on screen, in a room that keeps several
	Branches []Branch // all of them, oldest first; none where there is only one
	Gone     *Gone    // the last one that had to go
	Held     int64    // bytes of the rows of all, shared ones once

	Models *library.Library // other models that a run out of memory could go to; nil: none

	Waiting []int            // ids of the prompt, told before the first step
	Prompts [][]int          // of a batch, see Prompts; nil: they are encoded when they are asked for
	Hits    []breakpoint.Hit // of Link.Breaks, in all recorded steps, in order
	HitsAt  []int            // their steps
}

// Layer is the layer that is looked at: the picked one, or the cursor's.
func (m *Moment) Layer() int {
	switch last := m.Model.Model.Config.Layers - 1; {
	case m.Link.Pick.Layer != nil:
		return min(max(*m.Link.Pick.Layer, 0), last)
	case m.Step == nil:
		return 0
	case m.Step.Part == sim.HeadPart: // after the head, the layer that fed it
		return last
	default:
		return m.Step.Layer
	}
}

// Head is the query head that is looked at.
func (m *Moment) Head() int {
	return min(max(m.Link.Pick.Head, 0), m.Model.Model.Config.Heads-1)
}

// Encode writes the frame of a moment after dst and returns it.
func Encode(dst []byte, m *Moment) []byte { return checkpoint.AppendSafetensors(dst, File(m)) }

// File is the frame of a moment before it is written down.
func File(m *Moment) checkpoint.File {
	r := m.explained()
	here := *m
	here.Link.Pick.Trail = m.trail(r)
	m = &here
	f := checkpoint.File{Meta: map[string]string{
		"kvstep": "1",
		"seq":    strconv.Itoa(m.Seq),
		"run":    text(m.runInfo()),
		"step":   text(m.stepInfo()),
		"tokens": text(m.tokens()),
		"text":   text(m.Text),
		"pick":   text(m.pickInfo()),
		"ledger": text(m.ledger()),
		"top":    text(m.top()),
		"link":   text(m.Link.Query()),
		"cell":   "null",
	}}
	if c := m.choice(); c != nil {
		f.Meta["choice"] = text(c)
	}
	m.addBreaks(f.Meta)
	m.addPeers(f.Meta)
	if m.From != nil {
		f.Meta["pick_step"] = text(m.passInfo())
		f.Meta["cell"] = text(m.cell(r))
		op, tensors := m.op(r)
		why, terms := m.explain(r)
		f.Meta["op"], f.Meta["explain"] = text(op), text(why)
		if m.Link.Pick.Op == "" {
			tensors = m.attention()
		}
		f.Tensors = append(append(f.Tensors, tensors...), terms...)
	}
	kv, tensors := m.cache()
	f.Meta["kv"] = text(kv)
	use := m.use()
	f.Tensors = append(f.Tensors, tensors...)
	if use != nil && m.Link.Pick.shows("rows") {
		f.Tensors = append(f.Tensors, m.kept(use)...)
	}
	if use != nil {
		f.Meta["use"] = text(use)
	}
	if e := m.effect(); e != nil {
		f.Meta["effect"] = text(e)
	}
	if b := m.branches(); b != nil {
		f.Meta["branches"] = text(b)
	}
	if x := m.speculation(); x != nil {
		f.Meta["speculation"] = text(x)
	}
	m.panels(&f)
	return f
}

// panels adds what the viewer's open panels need.
func (m *Moment) panels(f *checkpoint.File) {
	p := m.Link.Pick
	if p.shows("formulas") && m.Step != nil {
		letters := m.letters()
		if m.closed() { // others have no closed form
			f.Meta["sums"] = text(m.sums(letters))
		}
		if m.plain() || m.Recipe.Draft != "" { // the formulas are about one sequence
			f.Meta["letters"] = text(onlyOwn(letters))
		}
		f.Meta["modelled"] = text(m.modelled())
	}
	if info := m.real(); info != nil {
		f.Meta["real"] = text(info)
	}
	if p.shows("history") {
		info, tensors := m.history()
		f.Meta["history"] = text(info)
		f.Tensors = append(f.Tensors, tensors...)
	}
	if p.shows("heads") {
		info, tensors := m.heads(rowBytes(f.Tensors) + len(f.Meta["branches"]))
		f.Meta["heads"] = text(info)
		f.Tensors = append(f.Tensors, tensors...)
	}
	if p.shows("rows") {
		f.Tensors = append(f.Tensors, m.provenance()...)
	}
	if p.shows("schedule") {
		f.Tensors = append(f.Tensors, m.scheduled()...)
	}
	if info, tensors := m.beams(); info != nil {
		f.Meta["beams"] = text(info)
		f.Tensors = append(f.Tensors, tensors...)
	}
}

// rowBytes is the size of what a cache policy tells of its rows.
func rowBytes(tensors []checkpoint.Tensor) (n int) {
	for _, x := range tensors {
		switch x.Name {
		case "cache_gone", "cache_received", "cache_error", "cache_scale":
			n += len(x.Data)
		}
	}
	return n
}

// attention is the picture of one head that is shown where no op is picked.
func (m *Moment) attention() []checkpoint.Tensor {
	a := m.Model.Model.Attention(m.From, m.Head())
	return []checkpoint.Tensor{f16("Q", a.Q), f16("K", a.K), f16("V", a.V), f16("scores", a.Scores),
		mask(m.From, m.Model.Model.KVHead(m.Head())), f16("probs", a.Probs), f16("out", a.Out)}
}

// text is v as JSON, in which every number has a word; "<" in a label is one byte.
func text(v any) string { return string(plain.JSON(v)) }

type runInfo struct {
	Model    string     `json:"model"`
	Config   sim.Config `json:"config"`
	Recipe   sim.Recipe `json:"recipe"`
	Prompt   int        `json:"prompt_tokens"`
	Recorded int        `json:"recorded"`
	Length   int        `json:"length"`
	Ended    *string    `json:"ended"`
	Running  bool       `json:"running"`
	Outside  []string   `json:"outside,omitempty"`
	Lacks    []string   `json:"lacks,omitempty"` // ops of a layer that this model does not have
	// Parts is left out where they are a Llama's.
	Parts *explain.Arch `json:"parts,omitempty"`
}

func (m *Moment) runInfo() runInfo {
	return runInfo{m.Model.Name, m.Model.Model.Config, m.Recipe, m.Prompt,
		m.Recorded, m.Length(), orNull(m.Ended), m.Running, m.outside(), m.lacks(), m.parts()}
}

// lacks are the ops that other models have between the ones of this.
func (m *Moment) lacks() (ids []string) {
	r := explain.Run{Model: m.Model.Model}
	for _, op := range explain.Ops {
		if op.Part == sim.LayerPart && !r.Knows(op.ID) {
			ids = append(ids, op.ID)
		}
	}
	return ids
}

func (m *Moment) parts() *explain.Arch {
	p := explain.ArchOf(m.Model.Model)
	if p == (explain.Arch{Norm: "rmsnorm", MLP: "swiglu", Positions: "rope"}) {
		return nil
	}
	return &p
}

// maxOutside words are named; more would say no more.
const maxOutside = 5

func (m *Moment) outside() []string {
	words := m.Model.UnknownWords(m.Recipe.Prompt)
	if b := m.Recipe.Batch; b != nil {
		for _, q := range b.Requests {
			for _, w := range m.Model.UnknownWords(q.Prompt) {
				if !slices.Contains(words, w) {
					words = append(words, w)
				}
			}
		}
	}
	return words[:min(len(words), maxOutside)]
}

type stepInfo struct {
	N         int       `json:"n"`
	Pass      int       `json:"pass"`
	Phase     sim.Phase `json:"phase"`
	Part      sim.Part  `json:"part"`
	Layer     *int      `json:"layer"`
	Rows      int       `json:"rows"`
	Cached    int       `json:"cached"`
	Masked    int       `json:"masked"`
	Identical bool      `json:"identical"`
	Differs   string    `json:"differs"`
	Done      *string   `json:"done"`
}

func (m *Moment) stepInfo() *stepInfo {
	s := m.Step
	if s == nil {
		return nil
	}
	info := &stepInfo{s.N, s.Pass, s.Phase, s.Part, nil, s.Rows, s.Cached, 0, s.Identical, s.Differs, orNull(s.RunFinishReason)}
	if s.Part == sim.LayerPart {
		info.Layer = &s.Layer
		info.Masked = masked(s)
	}
	return info
}

type passInfo struct {
	Rows   int       `json:"rows"`
	Cached int       `json:"cached"`
	Pass   int       `json:"pass"`
	Phase  sim.Phase `json:"phase"`
	// Proposed are the last rows of a pass before the cursor's, where a draft
	// proposed them; speculation tells those of the cursor's.
	Proposed [][2]any `json:"proposed,omitempty"`
}

func (m *Moment) passInfo() passInfo {
	s := m.From
	info := passInfo{Rows: s.Rows, Cached: s.Cached, Pass: s.Pass, Phase: s.Phase}
	if s.Speculation != nil && s.Pass != m.Step.Pass {
		info.Proposed = m.labelled(s.Speculation.Proposed)
	}
	return info
}

type pickInfo struct {
	Layer  int  `json:"layer"`
	Head   int  `json:"head"`
	KVHead int  `json:"kv_head"`
	Follow bool `json:"follow"`
	From   *int `json:"from"`

	Op    string        `json:"op"`
	Trail []explain.Ref `json:"trail"`
	Show  []string      `json:"show,omitempty"`
	Real  string        `json:"real,omitempty"`
}

func (m *Moment) pickInfo() pickInfo {
	p := pickInfo{m.Layer(), m.Head(), m.Model.Model.KVHead(m.Head()), m.Link.Pick.Layer == nil, nil, m.Link.Pick.Op, m.Link.Pick.Trail, m.Link.Pick.Show, m.Link.Pick.Real}
	if p.Trail == nil {
		p.Trail = []explain.Ref{}
	}
	if m.From != nil {
		p.From = &m.From.N
	}
	return p
}

// tokens pairs each id with its label.
func (m *Moment) tokens() [][2]any {
	if m.Step == nil {
		return [][2]any{}
	}
	return m.labelled(m.Step.SequenceTokens())
}

func (m *Moment) labelled(ids []int) [][2]any {
	labels := make([]string, len(ids))
	if m.Model.Tokenizer != nil {
		labels = token.Labels(m.Model.Tokenizer, ids)
	} else {
		for i, id := range ids {
			labels[i] = "#" + strconv.Itoa(id)
		}
	}
	pairs := make([][2]any, len(ids))
	for i, id := range ids {
		pairs[i] = [2]any{id, labels[i]}
	}
	return pairs
}

type candidate struct {
	ID     int     `json:"id"`
	Label  string  `json:"label"`
	Logit  float32 `json:"logit"`
	Prob   float32 `json:"prob"`
	Kept   bool    `json:"kept"`
	Chosen bool    `json:"chosen"`
}

func (m *Moment) top() []candidate {
	if m.Step == nil || m.Step.Part != sim.HeadPart {
		return nil
	}
	likeliest := m.Step.Top()
	top := make([]candidate, len(likeliest))
	for i, c := range likeliest {
		label := m.labelled([]int{c.ID})[0][1].(string)
		top[i] = candidate{c.ID, label, c.Logit, c.Prob, c.Kept, c.ID == m.Step.Token}
	}
	return top
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

type cellInfo struct {
	Cell
	Value  string `json:"value"`
	Masked bool   `json:"masked"`
}

// cell is the exact value of the picked cell, nil if it does not exist.
func (m *Moment) cell(r *explain.Run) *cellInfo {
	c := m.Link.Pick.Cell
	if c == nil || explain.Find(c.Op) == nil {
		return nil
	}
	ref := explain.Ref{Step: m.From.N, Op: c.Op, Head: m.Head(), Row: c.Row, Col: c.Col}
	v, ok := r.Value(ref)
	if !ok {
		return nil
	}
	return &cellInfo{*c, explain.Number(v).String(), r.Masked(ref)}
}
