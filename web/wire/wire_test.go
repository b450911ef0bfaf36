package wire

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

var write = flag.Bool("write", false, "write the frames that the browser's tests read")

// small is a fixed GQA model without a tokenizer, and all steps of a fixed run.
func small(t testing.TB) (*library.Loaded, sim.Recipe, []sim.Step) {
	t.Helper()
	r := rand.New(rand.NewPCG(20, 26))
	c := sim.Config{Family: "llama", Dim: 16, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 6, FFN: 20,
		Vocab: 40, Context: 64, NormEps: 1e-5, RopeBase: 100, Tied: true, BOS: 0, EOS: -1}
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	l := &library.Loaded{Name: "small", Model: m}
	rec := recipe.Complete(sim.Recipe{Model: "small", Tokens: []int{0, 7, 19, 7, 33}, MaxNew: 4})
	var steps []sim.Step
	for s, err := range run.Steps(context.Background(), l, rec, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	return l, rec, steps
}

// moment is step n (-1: none) with layer and head picked.
func moment(l *library.Loaded, rec sim.Recipe, steps []sim.Step, n, layer, head int) *Frame {
	m := &Frame{Seq: n + 2, Link: Link{Step: n}, Moment: lens.Moment{At: func(n int) *sim.Step { return &steps[n] }, Model: l, Recipe: rec, Prompt: len(rec.Tokens),
		Recorded: len(steps), Ended: "max-new", Waiting: rec.Tokens, View: lens.View{Layer: &layer, Head: head, Cell: &lens.Cell{Op: "scores", Row: 0, Col: 1}}}}
	if n < 0 {
		return m
	}
	m.Step = &steps[n]
	for i := n; i >= 0 && m.From == nil; i-- {
		if steps[i].Layer == layer {
			m.From = &steps[i]
		}
	}
	return m
}

// asking makes a viewer of the overview ask for a cell.
func asking(m *Frame, trail ...explain.Ref) *Frame {
	m.View.Trail = trail
	return m
}

// looking looks at an op and asks for an explanation at the end of a trail.
func looking(m *Frame, op string, trail ...explain.Ref) *Frame {
	m.View.Op, m.View.Trail = op, trail
	if explain.Find(op).Part == sim.HeadPart {
		m.From = m.Step
	}
	return m
}

// TestFramesForTheBrowser keeps static/test/frames fresh: the page's tests
// read what this engine writes.
func TestFramesForTheBrowser(t *testing.T) {
	l, rec, steps := small(t)
	dir := filepath.Join("..", "..", "static", "test", "frames")
	for name, m := range map[string]*Frame{
		"start":   moment(l, rec, steps, -1, 0, 0),
		"prefill": moment(l, rec, steps, 1, 1, 3),
		"early":   moment(l, rec, steps, 0, 1, 2), // the picked layer has not run yet
		"chosen":  moment(l, rec, steps, 2, 0, 0),
		"decode":  moment(l, rec, steps, 7, 1, 1),
		"end":     moment(l, rec, steps, len(steps)-1, 1, 2),
		"panels":  withPanels(moment(l, rec, steps, 10, 1, 1), "formulas", "heads", "history", "history-total", "rows"),
		"halfway": withPanels(moment(l, rec, steps, 3, 0, 0), "formulas", "heads", "history", "rows"), // layer 2 is still to come
		"steps":   withPanels(moment(l, rec, steps, 7, 1, 1), "history", "history-step"),
		"whole":   withPanels(moment(l, rec, steps, 2, 1, 0), "heads", "history", "history-time", "formulas"),
		"scores":  looking(moment(l, rec, steps, 7, 1, 1), "scores", explain.Ref{Step: 7, Op: "scores", Head: 1, Col: 2}),
		"softmax": looking(moment(l, rec, steps, 1, 1, 3), "probs", explain.Ref{Step: 1, Op: "probs", Head: 3, Row: 3, Col: 1}),
		"again":   asking(moment(l, rec, steps, 7, 1, 1), explain.Ref{Step: 7, Op: "K", Head: 1, Row: 2, Col: 2, Lane: explain.Uncached}),
		"followed": looking(moment(l, rec, steps, 7, 1, 1), "dots", explain.Ref{Step: 7, Op: "dots", Head: 1, Col: 2},
			explain.Ref{Step: 7, Op: "K", Head: 1, Row: 2, Col: 4}),
		"logits":     looking(moment(l, rec, steps, 8, 1, 0), "logits", explain.Ref{Step: 8, Op: "logits", Col: 11}),
		"chances":    looking(moment(l, rec, steps, 8, 1, 0), "chances", explain.Ref{Step: 8, Op: "chances", Col: steps[8].Top()[0].ID}),
		"act":        looking(moment(l, rec, steps, 0, 0, 0), "act"),
		"stopped":    stopped(t, l, rec, steps, 5),
		"real":       atRealSize(moment(l, rec, steps, 10, 1, 1), "llama-3-8b@H100"),
		"drawn":      drawn(t, l, 2, "choice"),
		"paged":      keeping(t, "paged:4", 0, 10), // a block has just been taken
		"window":     keeping(t, "window:3:1", 0, 10),
		"heavy":      keeping(t, "h2o:2:2", 0, 10),
		"int8":       keeping(t, "int8:token:3", 0, 11),
		"channel":    keeping(t, "int4:channel:3", 0, 6), // a group has just been filled
		"wall":       keeping(t, "contiguous", 7*192+100, 8),
		"batch":      served(t, l, batch("continuous", true), stepsOf(t, l, batch("continuous", true)), 12, 1, "schedule"),
		"static":     served(t, l, batch("static", false), stepsOf(t, l, batch("static", false)), 20, 1, "schedule"),
		"preempted":  preempting(t, l, "preempt"),
		"recomputed": preempting(t, l, "recompute"),
		"beam":       served(t, l, beam(), stepsOf(t, l, beam()), 8, 1, "beams"),
		"beams":      served(t, l, beam(), stepsOf(t, l, beam()), 11, 0, "beams"), // the search is over
		"counted":    waiting(t, "contiguous", "both:6", 10),                      // the third pass
		"untold":     waiting(t, "window:3:1", "both:6", 11),
		"never":      waiting(t, "int8:token:3", "both:0", 11),
		"branches":   branching(t, l, rec, 8, 3, 3),
		"guess":      guessing(t)(8),
		"verdict":    guessing(t, "rows", "history", "formulas")(11),
	} {
		path, data := filepath.Join(dir, name+".safetensors"), Encode(nil, m)
		if *write {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		kept, err := os.ReadFile(path)
		if err != nil || string(kept) != string(data) {
			t.Errorf("%s is stale: run make generate (%v)", path, err)
		}
	}
}

func withPanels(m *Frame, show ...string) *Frame {
	m.View.Show = show
	return m
}

// keeping is step n of a run under a cache policy and a budget, all rows told.
func keeping(t testing.TB, policy string, budget int64, n int) *Frame {
	l, rec, steps := under(t, policy, budget, 9)
	m := withPanels(moment(l, rec, steps, n, max(steps[n].Layer, 0), 1), "rows")
	m.Ended = steps[len(steps)-1].RunFinishReason
	return m
}

func atRealSize(m *Frame, real string) *Frame {
	m.View.Real = real
	return m
}

type recorded []sim.Step

func (r recorded) Step(n int) *sim.Step { return &r[n] }

// stopped is step n of a run with two bookmarks and every kind of breakpoint.
func stopped(t testing.TB, l *library.Loaded, rec sim.Recipe, steps []sim.Step, n int) *Frame {
	t.Helper()
	m := moment(l, rec, steps, n, 1, 1)
	points, err := breakpoint.ParseList([]string{"token", "layer:1", "cache:1", "top", "attend:0", "differ"})
	if err != nil {
		t.Fatal(err)
	}
	m.Breaks, m.Marks = points, []int{2, 5}
	for at := range steps {
		for _, p := range points {
			if h, ok := p.Hit(l.Model, recorded(steps), at); ok {
				m.Hits, m.HitsAt = append(m.Hits, h), append(m.HitsAt, at)
			}
		}
	}
	return m
}

// TestFrameTellsOfBreakpoints: all hits that cannot be foreseen, and why the
// run stands here.
func TestFrameTellsOfBreakpoints(t *testing.T) {
	l, rec, steps := small(t)
	for n := range steps {
		m := stopped(t, l, rec, steps, n)
		f, err := checkpoint.ReadSafetensors(Encode(nil, m))
		if err != nil {
			t.Fatal(err)
		}
		var got lens.BreaksInfo
		if err := json.Unmarshal([]byte(f.Meta["breaks"]), &got); err != nil || len(got.Points) != 6 {
			t.Fatalf("%v in %s", err, f.Meta["breaks"])
		}
		seen := 0
		for i, h := range m.Hits {
			if foreseen := h.Kind == breakpoint.Token || h.Kind == breakpoint.Layer; !foreseen {
				if at := got.Hits[seen]; at[0] != m.HitsAt[i] || got.Points[at[1]] != h.String() {
					t.Fatalf("hit %v is told as %v", h, at)
				}
				seen++
			}
			if m.HitsAt[i] != n {
				continue
			}
			told := got.Here[0]
			got.Here = got.Here[1:]
			if told.Point != h.String() || told.Prob != h.Prob || int64(told.Bytes) != h.Bytes {
				t.Errorf("step %d: %+v is told as %+v", n, h, told)
			}
			if h.Kind == breakpoint.Attend && (*told.Head != h.Head || *told.Query != h.Query) {
				t.Errorf("step %d: %+v is told as %+v", n, h, told)
			}
		}
		if len(got.Here) != 0 || seen != len(got.Hits) {
			t.Errorf("step %d: too much is told: %s", n, f.Meta["breaks"])
		}
		if f.Meta["marks"] != "[2,5]" {
			t.Errorf("marks %s", f.Meta["marks"])
		}
	}
}

// TestFrameHoldsTheStep: what a frame carries is what the step holds.
func TestFrameHoldsTheStep(t *testing.T) {
	l, rec, steps := small(t)
	for n := range steps {
		for head := range l.Model.Config.Heads {
			m := moment(l, rec, steps, n, max(steps[n].Layer, 0), head)
			f, err := checkpoint.ReadSafetensors(Encode(nil, m))
			if err != nil {
				t.Fatal(err)
			}
			a := l.Model.Attention(m.From, head)
			for _, tensor := range f.Tensors {
				switch tensor.Name {
				case "probs":
					checkTriangle(t, tensor, m.From, a.Probs.At)
				case "scores":
					checkTriangle(t, tensor, m.From, a.Scores.At)
				case "K":
					checkF16(t, tensor, a.K.At)
				case "evicted":
					t.Fatal("an exact cache has evicted something")
				case "cache_k":
					checkSizes(t, f, tensor, &steps[n])
				}
			}
			var cell struct{ Value string }
			_ = json.Unmarshal([]byte(f.Meta["cell"]), &cell)
			if got, _ := strconv.ParseFloat(cell.Value, 32); float32(got) != a.Scores.At(0, 1) {
				t.Fatalf("cell %s, want %v", f.Meta["cell"], a.Scores.At(0, 1))
			}
			checkLedger(t, f, &steps[n])
		}
	}
}

func checkF16(t *testing.T, tensor checkpoint.Tensor, at func(i, j int) float32) {
	t.Helper()
	for i := range tensor.Shape[0] {
		for j := range tensor.Shape[1] {
			h := binary.LittleEndian.Uint16(tensor.Data[2*(i*tensor.Shape[1]+j):])
			if h != mat.F16(at(i, j)) {
				t.Fatalf("%s [%d %d]: %v, want %v", tensor.Name, i, j, mat.F32(h), at(i, j))
			}
		}
	}
}

// checkTriangle holds a triangle of one dimension against the pairs that the causal mask allows.
func checkTriangle(t *testing.T, tensor checkpoint.Tensor, s *sim.Step, at func(i, j int) float32) {
	t.Helper()
	if len(tensor.Shape) != 1 {
		t.Fatalf("%s is no triangle, but %v", tensor.Name, tensor.Shape)
	}
	n := 0
	for i := range s.Rows {
		for j := 0; !model.Masked(s.Cached, i, j); j++ {
			if h := binary.LittleEndian.Uint16(tensor.Data[2*n:]); h != mat.F16(at(i, j)) {
				t.Fatalf("%s [%d %d]: %v, want %v", tensor.Name, i, j, mat.F32(h), at(i, j))
			}
			if n++; j == s.Cached+s.Rows-1 {
				break
			}
		}
	}
	if n != tensor.Shape[0] {
		t.Fatalf("%s has %d pairs, want %d", tensor.Name, tensor.Shape[0], n)
	}
}

func checkSizes(t *testing.T, f *checkpoint.File, tensor checkpoint.Tensor, s *sim.Step) {
	t.Helper()
	var kv struct {
		Max float32 `json:"max_k"`
	}
	if err := json.Unmarshal([]byte(f.Meta["kv"]), &kv); err != nil {
		t.Fatal(err)
	}
	i := 0
	for l := range tensor.Shape[0] {
		for h := range tensor.Shape[1] {
			k := s.KV.Keys(l, h)
			for p := range tensor.Shape[2] {
				want := 0.0
				if p < k.NumRows() {
					for _, x := range k.Row(p) {
						want += float64(x) * float64(x)
					}
					want = math.Sqrt(want / float64(k.NumCols()))
				}
				if got := float64(tensor.Data[i]) / 255 * float64(kv.Max); math.Abs(got-want) > float64(kv.Max)/255 {
					t.Fatalf("cache_k [%d %d %d] is %v, want %v", l, h, p, got, want)
				}
				i++
			}
		}
	}
}

func checkLedger(t *testing.T, f *checkpoint.File, s *sim.Step) {
	t.Helper()
	var ledger struct{ Step, Total map[string]sim.Counters }
	if err := json.Unmarshal([]byte(f.Meta["ledger"]), &ledger); err != nil {
		t.Fatal(err)
	}
	if ledger.Step["cached"] != s.Lanes[sim.Cached] || ledger.Total["uncached"] != s.Totals[sim.Uncached] {
		t.Fatalf("ledger %s", f.Meta["ledger"])
	}
}

func TestBigIntegersAreStrings(t *testing.T) {
	for n, want := range map[int64]string{
		7: "7", 1 << 53: "9007199254740992", 1<<53 + 1: `"9007199254740993"`, -1<<53 - 1: `"-9007199254740993"`,
	} {
		if got, err := json.Marshal(lens.Integer(n)); err != nil || string(got) != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestLinkRoundTrip(t *testing.T) {
	layer := 3
	l := Link{Step: 17, Lang: "zh", View: lens.View{Layer: &layer, Head: 2, Cell: &lens.Cell{Op: "probs", Row: 4, Col: 5}, Op: "probs",
		Trail: []explain.Ref{{Step: 17, Op: "probs", Head: 2, Row: 4, Col: 5}, {Step: 17, Op: "K", Row: 3, Col: 1}, {Step: 17, Op: "K", Row: 3, Col: 1, Lane: explain.Uncached}},
		Show:  []string{"history", "history-kv", "choice"}, Unit: "mac", Pairs: "dense", Logits: "all"},
		Marks: []int{2, 9}, Breaks: []breakpoint.Point{{Kind: breakpoint.Layer, N: 2}, {Kind: breakpoint.Top}}, Recipe: recipe.Complete(sim.Recipe{
			Model: "story", Prompt: "a & b = 你好?\n", MaxNew: 9, Stop: []string{"。", "end"},
			Sampler: sim.Sampler{Kind: "sample", Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, RepetitionPenalty: 1.2, Seed: math.MaxUint64},
			Pairs:   "dense", Logits: "all", Forced: []sim.Forced{{Pass: 0, Token: 5}, {Pass: 3, Token: 9}},
		})}
	back, err := ParseLink(l.Query())
	if err != nil || !reflect.DeepEqual(back, l) {
		t.Errorf("%v\n got %+v\nwant %+v", err, back, l)
	}
	empty, err := ParseLink("")
	if err != nil || empty.Step != -1 || empty.Recipe.Sampler.Kind != "greedy" || empty.View.Layer != nil {
		t.Errorf("empty link: %+v %v", empty, err)
	}
}

func TestBadLinksNameTheField(t *testing.T) {
	for query, field := range map[string]string{
		"?step=x": "step", "?new=1e9": "max_new", "?t=NaN": "temperature", "?p=Inf": "top_p", "?minp=x": "min_p", "?rp=NaN": "repetition_penalty", "?tokens=1,a": "tokens",
		"?minp=": "min_p", "?rp=-Inf": "repetition_penalty", "?show=heads,heads": "show", "?show=sky": "show", "?unit=mile": "unit", "?pairs=some": "pairs", "?logits=first": "logits",
		"?op=warp": "op", "?op=w_q": "op", "?trail=1.Q.0.0": "trail", "?trail=1.warp.0.0.0": "trail", "?trail=1.Q.0.0.0~": "trail", "?trail=x.Q.0.0.0": "trail",
		"?mark=1,b": "mark", "?fork=3": "fork", "?cell=Q.1": "cell", "?seed=-1": "seed", "?slots=0&schedule=static": "slots", "?req=0:-1:a&schedule=static": "max_new", "?cache=window:0": "window", "?layer=": "layer", "?%zz": "query",
	} {
		_, err := ParseLink(query)
		var p *sim.Problem
		if !errors.As(err, &p) || p.Args["Field"] != field {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestEveryKeyOfLinks: each of them says something of a link that says all there is, and
// reads back as it was written.
func TestEveryKeyOfLinks(t *testing.T) {
	layer := 1
	l := Link{Step: 17, Recorded: 30, Over: true, Others: 3, Lang: "zh", Version: "11a252e3", Name: "Ada", Marks: []int{2}, Breaks: []breakpoint.Point{{Kind: breakpoint.Top}}, Recipe: recipe.Default(),
		View: lens.View{Layer: &layer, Head: 2, Seq: 1, Cell: &lens.Cell{Op: "probs", Row: 4, Col: 5, Lane: explain.Uncached}, Op: "probs", Trail: []explain.Ref{{Step: 17, Op: "probs", Head: 2, Row: 4, Col: 5}},
			Show: []string{"history"}, Unit: "mac", Pairs: "dense", Logits: "all", Real: "gpt2@H100", Lesson: "decode", Beat: "one-row", Answers: "what-again~0-9"}}
	l.Recipe.Pairs, l.Recipe.Logits = "dense", "all"
	back, err := ParseLink(l.Query())
	if err != nil || !reflect.DeepEqual(back, l) {
		t.Errorf("%v\n got %+v\nwant %+v", err, back, l)
	}
	v, _ := url.ParseQuery(l.Query()[1:])
	for _, k := range keys {
		if !v.Has(k.name) {
			t.Errorf("%s is not in %s", k.name, l.Query())
		}
	}
	for key := range v {
		if !slices.ContainsFunc(keys, func(k linkKey) bool { return k.name == key }) && key != "pairs" && key != "logits" {
			t.Errorf("%s is nobody's", key)
		}
	}
}

// TestKeysThatNoLinkHas: what is known holds, and the first key that is not is named; a
// key that may stand once is refused where it stands twice.
func TestKeysThatNoLinkHas(t *testing.T) {
	for query, want := range map[string]string{
		"?new=3&utm_source=x&a=b": "link.unknown a", "?new=3&temperature=0.5": "link.unknown temperature", "?new=3&=x": "link.unknown ", "?new=3&New=4": "link.unknown New",
		"?new=3&new=3": "recipe.twice max_new", "?new=3&step=1&step=2": "recipe.twice step", "?new=3&layer=0&layer=0": "recipe.twice layer",
		"?new=3&stop=a&stop=b&fork=0:1&fork=1:2": " ", "?new=3&req=0:1:a&req=0:2:b&schedule=static": " ",
		"?new=3&utm_source=x&step=x": "link.field step", // what makes no sense comes first
	} {
		l, err := ParseLink(query)
		got := " "
		var p *sim.Problem
		if errors.As(err, &p) {
			got = fmt.Sprint(p.ID, " ", p.Args["Field"])
		}
		if holds := strings.HasPrefix(got, "link.unknown") || got == " "; got != want || Holds(err) != holds || holds && l.Recipe.MaxNew != 3 {
			t.Errorf("%s: %s (%d new tokens), want %s", query, got, l.Recipe.MaxNew, want)
		}
	}
}

// TestOldKeys: a link that has a key under the name that it had once opens as ever.
func TestOldKeys(t *testing.T) {
	for old, now := range oldKeys {
		if isKey(old) || !isKey(now) {
			t.Errorf("%s was renamed to %s: one of them is wrong", old, now)
		}
	}
	v := url.Values{"warmth": {"0.5"}, "stop": {"a"}, "end": {"b"}, "luck": {"1"}}
	err := settle(v, map[string]string{"warmth": "t", "end": "stop"})
	var p *sim.Problem
	if !errors.As(err, &p) || p.Args["Field"] != "luck" || !reflect.DeepEqual(map[string][]string(v), map[string][]string{"t": {"0.5"}, "stop": {"a", "b"}}) {
		t.Errorf("%v (%v)", v, err)
	}
}

func TestBadBreakpointsAndMarksInLinks(t *testing.T) {
	for query, id := range map[string]string{
		"?break=soon": "break.kind", "?break=token,cache:zero": "break.number", "?break=" + strings.Repeat("top,", 20): "break.many",
		"?mark=-1": "mark.range", "?mark=" + strings.Repeat("1,", 64) + "2": "mark.many",
	} {
		_, err := ParseLink(query)
		var p *sim.Problem
		if !errors.As(err, &p) || p.ID != id {
			t.Errorf("%.40s: %v, want %s", query, err, id)
		}
	}
}

// TestProtocolExamples replays the messages of docs/protocol.md.
func TestProtocolExamples(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, examples, _ := strings.Cut(string(doc), "\n## Examples\n")
	replayed := 0
	for line := range strings.Lines(examples) {
		line = strings.TrimSpace(line)
		message, want, found := strings.Cut(line, "  ->  ")
		if !found {
			continue
		}
		replayed++
		got := "accepted"
		c, err := ParseCommand([]byte(message))
		if err == nil && c.Cmd == "open" {
			_, err = ParseLink(c.Link)
		}
		var p *sim.Problem
		if errors.As(err, &p) {
			got = string(ProblemMessage(p))
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", message, got, want)
		}
	}
	if replayed < 10 {
		t.Errorf("only %d examples", replayed)
	}
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{`{"cmd":"open","link":"?a=b"}`, `{"cmd":"pick","layer":1,"head":2,"cell":{"op":"Q","row":1,"col":2}}`,
		`{"cmd":"run","recipe":{"prompt":"x","sampler":{"seed":"3"}}}`, `{"cmd":"seek","step":-1}`, `{"cmd":"pick","head":0,"show":["heads","rows-read"],"unit":"mac","pairs":"dense","logits":"all"}`,
		`{"cmd":"pick","layer":null,"head":0,"cell":null,"op":"Q","trail":[{"step":0,"op":"Q","head":0,"row":0,"col":0,"lane":"uncached"}]}`, `{"cmd":"back","by":"layer","op":"next"}`, `{}`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCommand(data)
		var p *sim.Problem
		if err != nil && !errors.As(err, &p) {
			t.Fatalf("no Problem: %v", err)
		}
		if err == nil && c.Cmd == "run" && c.Recipe == nil {
			t.Fatal("a run without a recipe was accepted")
		}
	})
}

// FuzzLink: whatever is accepted reads the same after it is written again.
func FuzzLink(f *testing.F) {
	for _, s := range []string{"", "?prompt=a&new=3&step=2", "?tokens=1,2&fork=0:3&cell=K.1.2&layer=0", "?cell=K.1.2.uncached&trail=3.Q.0.0.7.uncached~3.x.0.0.1.", "?op=logits&trail=3.logits.0.0.7~3.norm3.0.0.1~-1.w_q.0.0.0",
		"?t=0.5&p=0.1&k=3&seed=9&stop=a&stop=b", "?show=history,history-kv&unit=mac&pairs=dense&logits=all", "?break=top,layer:1,attend:9&mark=3,1",
		"?real=llama-3-8b%40H100&show=formulas", "?real=gpt2%40abacus", "?real=%40", "?sampler=sample&minp=0.05&rp=1.2&show=choice", "?minp=1e-300&rp=1",
		"?cache=paged:4&budget=64KiB", "?cache=window:8:2", "?cache=h2o:4:4", "?cache=int4:channel:8&budget=7", "?cache=int8:", "?cache=%3A", "?budget=-1", "?draft=story-draft&propose=3",
		"?sampler=beam&w=3&lp=0.5", "?schedule=static&slots=2&share=1&req=0:3:Tom%20has&req=2:4%231,2", "?schedule=x&req=1", "?typ=0.9&sampler=sample&minp=0.1", "?utm_source=x&new=3", "?step=1&step=2", "?req=0:1:a", "?%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		l, err := ParseLink(query)
		var p *sim.Problem
		if err != nil {
			if !errors.As(err, &p) {
				t.Fatalf("no Problem: %v", err)
			}
			if !Holds(err) {
				return
			}
		}
		again, err := ParseLink(l.Query())
		if err != nil || !reflect.DeepEqual(again, l) {
			t.Fatalf("%q\n got %+v\nwant %+v (%v)", l.Query(), again, l, err)
		}
	})
}

// planned gives a frame the plan of its run, which a room makes once.
func planned(m *Frame) *Frame {
	m.Plan = run.NewPlan(m.Model, m.Recipe, make([]int, m.Prompt))
	return m
}

func BenchmarkEncode(b *testing.B) {
	l, rec, steps := small(b)
	m := planned(moment(l, rec, steps, 7, 1, 1))
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = Encode(buf[:0], m)
	}
	b.ReportMetric(float64(len(buf)), "bytes/frame")
}
