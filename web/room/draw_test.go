package room

import (
	"fmt"
	"slices"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/recipe"
	"kvstep/web/wire"
)

func pickOne[T any](w *world, of ...T) T { return of[w.r.IntN(len(of))] }

// config is the shape of a model; of an embedded one, of story.
func (w *world) config(name string) sim.Config {
	if c, ok := w.configs[name]; ok {
		return c
	}
	m, err := w.models.Get(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Model.Config
}

func (w *world) tokens(c sim.Config, most int) (ids []int) {
	for range 1 + w.r.IntN(most) {
		ids = append(ids, w.r.IntN(min(c.Vocab, 8))) // few, so that texts repeat and share beginnings
	}
	return ids
}

// recipe draws a run. Most can be; some cannot, and are refused.
func (w *world) recipe() sim.Recipe {
	name := pickOne(w, w.names...)
	c := w.config(name)
	r := sim.Recipe{Model: name, Tokens: w.tokens(c, 8), MaxNew: 1 + w.r.IntN(8)}
	if _, ok := w.configs[name]; !ok && w.r.IntN(2) == 0 {
		r.Tokens, r.Prompt = nil, pickOne(w, "cat sees", "Once upon a time", "Tom and Lily")
	}
	if w.r.IntN(3) == 0 {
		r.Sampler = sim.Sampler{Kind: "sample", Temperature: pickOne(w, 0.2, 1, 3, 0.01, 100), TopK: w.r.IntN(6), TopP: pickOne(w, 0.3, 0.9, 1), MinP: pickOne(w, 0, 0.1), Seed: w.r.Uint64N(5),
			RepetitionPenalty: pickOne(w, 0, 1.3, 0.7, 1e-300, 1e300)}
	}
	r.Cache = w.policy(c)
	if w.r.IntN(4) == 0 {
		r.Lanes = pickOne(w, "both", "both:8", "cached", "uncached")
	}
	if w.r.IntN(6) == 0 {
		r.Pairs, r.Logits = pickOne(w, "allowed", "dense"), pickOne(w, "last", "all")
	}
	if r.Prompt != "" && w.r.IntN(4) == 0 {
		r.Stop = []string{pickOne(w, "a", " the", ".")}
	}
	switch w.r.IntN(5) {
	case 0:
		r.Draft, r.Propose = pickOne(w, "other", "random", "story-draft"), 1+w.r.IntN(5)
	case 1:
		r.Batch = w.batch(c, r.Tokens)
	case 2:
		r.Sampler.Kind, r.Sampler.Width, r.Sampler.Length = "beam", 2+w.r.IntN(3), pickOne(w, 0, 0.5, 1)
		r.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + w.r.IntN(5), Budget: r.Cache.Budget}
	}
	if w.r.IntN(6) == 0 && r.Sampler.Kind != "beam" {
		r.Forced = []sim.Forced{{Pass: w.r.IntN(4), Token: w.r.IntN(c.Vocab)}}
	}
	r = recipe.Complete(r)
	if w.r.IntN(8) == 0 { // prefill alone
		r.MaxNew = 0
	}
	return r
}

func (w *world) policy(c sim.Config) (p sim.CachePolicy) {
	group := pickOne(w, 0, 2, 4)
	switch w.r.IntN(7) {
	case 0:
		p = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + w.r.IntN(5)}
	case 1:
		p = sim.CachePolicy{Kind: sim.CacheWindow, Window: 1 + w.r.IntN(6), Sinks: w.r.IntN(3)}
	case 2:
		p = sim.CachePolicy{Kind: sim.CacheH2O, Window: 1 + w.r.IntN(4), Heavy: 1 + w.r.IntN(3)}
	case 3, 4:
		p = sim.CachePolicy{Kind: pickOne(w, sim.CacheInt8, sim.CacheInt4), Axis: pickOne(w, "token", "channel"), Group: group}
	}
	if w.r.IntN(4) == 0 {
		p.Budget = pickOne(w, 1, int64(c.KVDim()*c.Layers*8)*int64(w.r.IntN(14)), int64(w.r.IntN(5000)))
	}
	return p
}

func (w *world) batch(c sim.Config, first []int) *sim.Batch {
	b := &sim.Batch{Schedule: pickOne(w, sim.ScheduleStatic, sim.ScheduleContinuous), Slots: 1 + w.r.IntN(4), Share: w.r.IntN(3) == 0}
	if b.Schedule == sim.ScheduleContinuous && w.r.IntN(2) == 0 {
		b.Chunk = 1 + w.r.IntN(5)
	}
	for range 1 + w.r.IntN(3) {
		tokens := w.tokens(c, 6)
		if w.r.IntN(3) == 0 { // that begin as the first
			tokens = append(slices.Clone(first), tokens...)[:max(1, min(len(first)+len(tokens), w.r.IntN(9)))]
		}
		b.Requests = append(b.Requests, sim.Request{Tokens: tokens, MaxNew: w.r.IntN(7), Arrive: pickOne(w, 0, w.r.IntN(4), w.r.IntN(40))})
	}
	return b
}

// pick draws what a viewer looks at: often what another one looked at before.
func (w *world) pick() lens.View {
	if len(w.picks) > 1 && w.r.IntN(2) == 0 {
		return w.picks[w.r.IntN(2)]
	}
	w.picks = append(w.picks, w.freshPick())
	return w.picks[len(w.picks)-1]
}

func (w *world) freshPick() lens.View {
	p := lens.View{Head: w.r.IntN(8), Seq: pickOne(w, 0, 0, 1, 2, 3, 7)}
	if w.r.IntN(2) == 0 {
		layer := w.r.IntN(5) - 1
		p.Layer = &layer
	}
	op := func() string { return explain.Ops[w.r.IntN(len(explain.Ops))].ID }
	if w.r.IntN(3) == 0 {
		p.Cell = &lens.Cell{Op: op(), Row: w.r.IntN(9) - 1, Col: w.r.IntN(30) - 1}
	}
	if w.r.IntN(2) == 0 {
		p.Op = op()
	}
	if w.r.IntN(3) == 0 {
		for range 1 + w.r.IntN(3) {
			p.Trail = append(p.Trail, explain.Ref{Step: w.r.IntN(20), Op: op(), Head: w.r.IntN(5), Row: w.r.IntN(8), Col: w.r.IntN(12)})
		}
	}
	for _, panel := range []string{"beams", "choice", "formulas", "heads", "history", "history-kv", "history-read", "history-step", "history-total", "schedule", "rows", "rows-error"} {
		if w.r.IntN(4) == 0 {
			p.Show = append(p.Show, panel)
		}
	}
	if w.r.IntN(5) == 0 {
		p.Unit, p.Real = pickOne(w, "flop", "mac"), pickOne(w, "", "llama-3-8b@H100")
	}
	if w.r.IntN(10) == 0 {
		p.Pairs, p.Logits = pickOne(w, "allowed", "dense"), pickOne(w, "last", "all")
	}
	if w.r.IntN(6) == 0 {
		p.Compare = w.r.IntN(5)
	}
	return p
}

func (w *world) breaks() (points []string) {
	for range w.r.IntN(4) {
		points = append(points, pickOne(w, "token", fmt.Sprintf("layer:%d", w.r.IntN(4)), fmt.Sprintf("cache:%d", 1+w.r.IntN(8)), "top", fmt.Sprintf("attend:%d", w.r.IntN(8)), "differ"))
	}
	return points
}

// link draws what a new page is opened with.
func (w *world) link() string {
	l := wire.Link{Recipe: w.recipe(), Step: w.r.IntN(30) - 1, View: w.pick(), Marks: w.marks(), Lang: pickOne(w, "", "en", "zh")}
	return l.Query()
}

func (w *world) marks() (marks []int) {
	for range w.r.IntN(3) {
		marks = append(marks, w.r.IntN(30))
	}
	return marks
}

// command draws one.
func (w *world) command() wire.Command {
	vocab := 12
	if w.s.tape != nil {
		vocab = w.s.model.Model.Config.Vocab + 1
	}
	switch w.r.IntN(24) {
	case 0:
		r := w.recipe()
		return wire.Command{Cmd: "run", Recipe: &r}
	case 1:
		return wire.Command{Cmd: "open", Link: w.link()}
	case 2, 3, 4:
		return wire.Command{Cmd: "forward", By: "layer", View: lens.View{Op: pickOne(w, "", "", "q", "probs", "mask")}}
	case 5, 6, 7:
		return wire.Command{Cmd: "forward", By: "token"}
	case 8:
		return wire.Command{Cmd: "forward", By: "end"}
	case 9:
		return wire.Command{Cmd: "back", By: pickOne(w, "layer", "token")}
	case 10, 11:
		return wire.Command{Cmd: "seek", Step: w.r.IntN(40) - 2}
	case 12, 13:
		return wire.Command{Cmd: "fork", Token: w.r.IntN(vocab)}
	case 14:
		p := w.policy(w.config("random"))
		return wire.Command{Cmd: "branch", Cache: kv.Text(p), Budget: p.Budget}
	case 15:
		return wire.Command{Cmd: "switch", Branch: 1 + w.r.IntN(6)}
	case 16:
		return wire.Command{Cmd: "break", Breaks: w.breaks()}
	case 17:
		return wire.Command{Cmd: "mark", Marks: w.marks()}
	case 18:
		return wire.Command{Cmd: pickOne(w, "pause", "pause", "stop")}
	default:
		return wire.Command{Cmd: "pick", View: w.pick()}
	}
}
