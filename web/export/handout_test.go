package export

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/run"
	"kvstep/web/limits"
)

// copied is the handout of a link, before it is packed, and what explains its cells.
func copied(t testing.TB, models *library.Library, link string) (*rerun, []handoutEntry, *explain.Run) {
	t.Helper()
	q, err := Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	r, err := prepare(context.Background(), models, q, limits.Default())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	if err := r.keep(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer r.turn.end()
	return r, r.handoutEntries(usual), &explain.Run{Model: r.model.Model, Step: func(n int) *sim.Step {
		if n < 0 || n >= len(r.steps) {
			return nil
		}
		return &r.steps[n]
	}}
}

// TestRecordsAreTheFrames: each record of a step and head is what the wire sends.
func TestRecordsAreTheFrames(t *testing.T) {
	models, l := testLibrary(t)
	_, all := steps(t, l)
	_, records, _ := copied(t, models, query+"&step=11")
	count := map[int]int{}
	for _, rec := range records {
		count[min(rec.head, 1)]++
		f, err := checkpoint.ReadSafetensors(rec.data)
		if err != nil {
			t.Fatal(err)
		}
		if rec.n < 0 || rec.head < 0 || all[rec.n].Part == sim.HeadPart {
			continue
		}
		a := l.Model.Attention(&all[rec.n], rec.head)
		for _, x := range f.Tensors {
			if x.Name == "probs" && mat.F32(uint16(x.Data[0])|uint16(x.Data[1])<<8) != mat.F32(mat.F16(a.Probs.At(0, 0))) {
				t.Errorf("step %d head %d", rec.n, rec.head)
			}
		}
		var p struct{ Head, From int }
		if err := json.Unmarshal([]byte(f.Meta["pick"]), &p); err != nil || p.Head != rec.head || p.From != rec.n {
			t.Errorf("step %d head %d is told as %+v (%v)", rec.n, rec.head, p, err)
		}
	}
	// The start and every step; three more heads of 8 layer steps; two layers, and the head's answers.
	if want := fmt.Sprint(map[int]int{0: 1 + len(all), 1: 3 * 8, ops: len(all), weights: 2, answers: 3, messages: 1}); fmt.Sprint(count) != want {
		t.Errorf("%v records, want %s", count, want)
	}
	packed, err := pack(records, (&rerun{}).stillWanted)
	if err != nil || len(packed) == 0 {
		t.Error(err)
	}
}

// replayed is what the handout's own script makes of records: it looks at every op
// of every step and head, and asks for cells.
const replayed = `
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
const { split, createRecords } = await import(process.argv[2] + "/js/handout/records.js");
const { createReplay } = await import(process.argv[2] + "/js/handout/replay.js");
const plan = JSON.parse(readFileSync(process.argv[4], "utf8"));
const packed = gunzipSync(readFileSync(process.argv[3]));
let frame;
const replay = createReplay(createRecords(split(packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength))), (f) => (frame = f), { step: -1, pick: { layer: null, head: 0 }, marks: [] });
const out = [];
for (const { step, op, head, trail } of plan) {
  replay.send({ cmd: "seek", step });
  replay.send({ cmd: "pick", layer: null, head, op, trail, cell: trail[0] ?? null });
  await new Promise((done) => setImmediate(done));
  const { tensors, meta } = frame;
  const own = tensors[op === "mask" ? op : "op." + op];
  out.push({
    from: meta.pick.from, shape: own?.shape, data: own && [...own.data], inputs: meta.op?.inputs.map((x) => x.weight || !!tensors["op." + x.op]) ?? null,
    first: meta.op?.inputs.map((x) => x.first) ?? null, explain: meta.explain, terms: [...(tensors["explain.terms"]?.data ?? [])], tree: [...(tensors["explain.tree"]?.data ?? [])],
    without: op ? null : meta.without ?? null, lane: op ? {} : Object.fromEntries(Object.entries(tensors).filter(([x]) => x.startsWith("without_")).map(([x, t]) => [x, [...t.data]])),
    lacking: meta.lacking, cell: meta.cell?.value ?? null,
  });
}
console.log(JSON.stringify(out));
`

// asking is one look at a handout: an op of a step, and a cell of it, if any.
type asking struct {
	Step  int           `json:"step"`
	Op    string        `json:"op"`
	Head  int           `json:"head"`
	Trail []explain.Ref `json:"trail"`
}

type reply struct {
	From    int
	Shape   []int
	Data    []float32
	Inputs  []bool
	First   []int
	Explain *struct {
		explain.Ref
		Value string
		Exact bool
		Trail []explain.Ref
	}
	Without     *lens.WithoutInfo
	Lane        map[string][]float32
	Terms, Tree []float32
	Lacking     string
	Cell        string
}

// replay runs the script over records.
func replay(t *testing.T, records []handoutEntry, plan []asking) (replies []reply) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: no node on this machine")
	}
	packed, err := pack(records, (&rerun{}).stillWanted)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"run.mjs": []byte(replayed), "packed": packed, "plan": asked} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	static, err := filepath.Abs(filepath.Join("..", "..", "static"))
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd := exec.Command(node, filepath.Join(dir, "run.mjs"), static, filepath.Join(dir, "packed"), filepath.Join(dir, "plan"))
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	if err := json.Unmarshal(out, &replies); err != nil || len(replies) != len(plan) {
		t.Fatalf("%d replies to %d askings: %v", len(replies), len(plan), err)
	}
	return replies
}

// TestTheLaneOfAHandout: the script shows the lane without a cache at every step and head with the numbers that a prefill
// of the same tokens has, in float16, whatever the cache does, and of the texts of a search and proposals that are rejected.
func TestTheLaneOfAHandout(t *testing.T) {
	models, l := testLibrary(t)
	seen := map[lens.WithoutSource]int{}
	for _, more := range []string{"", "&cache=window:2:1", "&cache=h2o:2:1", "&cache=int8:channel:2", "&cache=paged:2", "&lanes=uncached", "&lanes=both:6",
		"&sampler=beam&w=3&seq=1", "&sampler=beam&w=3&seq=2", "&draft=" + l.Name + "&propose=2&sampler=sample&t=2&seed=5"} {
		r, records, _ := copied(t, models, query+"&step=11"+more)
		var plan []asking
		for n := range r.steps {
			for head := range 4 {
				plan = append(plan, asking{n, "", head, []explain.Ref{}})
			}
		}
		for i, got := range replay(t, records, plan) {
			a := plan[i]
			s := r.steps[a.Step].ForSequence(r.Link.View.Seq)
			if s.Part == sim.HeadPart {
				continue
			}
			m := r.ownView(a.Step, a.Head)
			if s = m.Step; got.Without == nil || got.Without.Rows != s.Cached+s.Rows {
				t.Fatalf("%s %+v: %+v", more, a, got.Without)
			}
			seen[got.Without.Source]++
			if source := got.Without.Source; source == lens.WithoutSame || source == lens.WithoutNone {
				if len(got.Lane) > 0 {
					t.Fatalf("%s %+v: %+v has tensors", more, a, got.Without)
				}
				continue
			}
			want := prefilled(t, l, s, a.Head)
			for name, x := range map[string]mat.Matrix{"Q": want.Q, "K": want.K, "V": want.V, "scores": want.Scores, "probs": want.Probs, "out": want.Out} {
				have := got.Lane["without_"+name]
				if len(have) != x.NumRows()*x.NumCols() {
					t.Fatalf("%s %+v: %d numbers of %s", more, a, len(have), name)
				}
				for k, v := range have {
					row, col := k/x.NumCols(), k%x.NumCols()
					if exact := x.At(row, col); v != mat.F32(mat.F16(exact)) && (name != "scores" || col <= row) {
						t.Fatalf("%s %+v (%s): %s [%d %d] is %v, a prefill has %v", more, a, got.Without.Source, name, row, col, v, exact)
					}
				}
			}
		}
	}
	t.Log(seen)
	if len(seen) != 4 {
		t.Errorf("of all sources there are %v", seen)
	}
}

// prefilled is a head of a prefill of a step's tokens.
func prefilled(t *testing.T, l *library.Loaded, s *sim.Step, head int) model.Attention {
	t.Helper()
	whole, err := run.NewWhole(l.Model, s.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	p := *s
	p.Cached, p.Rows = 0, len(s.Tokens)
	p.X, p.Out, p.KV = whole.Layer(s.Layer)
	return l.Model.Attention(&p, head)
}

// TestEveryOpOfAHandout: the script shows every op of every step and head with the
// engine's numbers in float16, and all that it reads.
func TestEveryOpOfAHandout(t *testing.T) {
	models, _ := testLibrary(t)
	for _, policy := range []string{"", "&cache=window:2:1", "&cache=h2o:2:1", "&cache=int8:channel:2", "&cache=paged:2"} {
		everyOp(t, models, policy)
	}
}

func everyOp(t *testing.T, models *library.Library, policy string) {
	t.Helper()
	link := query + "&step=11" + policy
	r, records, e := copied(t, models, link)
	var plan []asking
	for n := range r.steps {
		for _, op := range explain.OpsOf(e.Model) {
			if op.Part != r.steps[n].Part {
				continue
			}
			for head := range 4 {
				if policy != "" && head != 3 {
					continue
				}
				plan = append(plan, asking{n, op.ID, head, []explain.Ref{}})
			}
		}
	}
	for i, got := range replay(t, records, plan) {
		a := plan[i]
		want, _ := e.Tensor(a.Step, a.Op, a.Head)
		if got.From != a.Step || !slices.Equal(got.Shape, []int{want.NumRows(), want.NumCols()}) || slices.Contains(got.Inputs, false) {
			t.Fatalf("%s %+v: from %d, %v of %d x %d, inputs %v", link, a, got.From, got.Shape, want.NumRows(), want.NumCols(), got.Inputs)
		}
		for k, v := range got.Data {
			row, col := k/want.NumCols(), k%want.NumCols()
			if (a.Op == "dots" || a.Op == "scores") && model.Masked(r.steps[a.Step].Cached, row, col) {
				continue // does not travel
			}
			if exact := want.At(row, col); v != mat.F32(mat.F16(exact)) && (a.Op != "mask" || v < 2 || exact == 1) { // 2: hidden by the cache's policy
				t.Fatalf("%s %+v: [%d] is %v, the engine has %v", link, a, k, v, exact)
			}
		}
		if share := map[string]int{"q": a.Head * 6, "k": a.Head / 2 * 6, "v": a.Head / 2 * 6}; (a.Op == "q" || a.Op == "k" || a.Op == "v") && got.First[1] != share[a.Op] {
			t.Errorf("%+v: its weights begin at row %d", a, got.First[1])
		}
	}
}

// TestAnswersOfAHandout: what it says it explains, it explains: every term and every
// sum has the engine's bits. What else is asked is named, with a link to it.
func TestAnswersOfAHandout(t *testing.T) {
	models, _ := testLibrary(t)
	const link = query + "&step=7&op=dots&trail=7.dots.3.0.3~7.K.3.3.1~1.k_rope.3.3.1"
	r, records, e := copied(t, models, link+"&to=11")
	var plan []asking
	ask := func(step int, id string, row, col int) {
		plan = append(plan, asking{step, id, 3, []explain.Ref{{Step: step, Op: id, Head: 3, Row: row, Col: col}}})
	}
	for n := range r.steps {
		s := &r.steps[n]
		for _, op := range explain.OpsOf(e.Model) {
			rows, cols := e.Shape(s, op)
			switch {
			case op.ID == "logits":
				for _, c := range s.Top() {
					if s.Part == sim.HeadPart {
						ask(n, op.ID, 0, c.ID)
					}
				}
			case op.Part == s.Part && (n == 7 || slices.Contains([]string{"scores", "probs", "out"}, op.ID)):
				for col := range cols {
					ask(n, op.ID, rows-1, col)
				}
			}
		}
	}
	held := len(plan)
	way := r.Link.View.Trail
	plan = append(plan, asking{7, "dots", 3, way}, asking{7, "dots", 3, way[:2]})
	ask(0, "gate", 2, 3)                                                                                          // lacks
	plan = append(plan, asking{7, "scores", 1, []explain.Ref{{Step: 7, Op: "scores", Head: 1}}})                  // another head lacks
	plan = append(plan, asking{7, "dots", 3, []explain.Ref{way[0], {Step: 1, Op: "v", Head: 3, Row: 0, Col: 0}}}) // followed too far
	plan = append(plan, asking{9, "scores", 3, []explain.Ref{{Step: 3, Op: "scores", Head: 3, Row: 0, Col: 1}}})  // goes with the cursor
	replies := replay(t, records, plan)
	for i, got := range replies[:held+2] {
		ref := plan[i].Trail[len(plan[i].Trail)-1]
		want, _ := e.Cell(ref)
		if got.Explain == nil || got.Explain.Ref != ref || got.Explain.Value != want.Value.String() || !got.Explain.Exact || got.Lacking != "" || len(got.Explain.Trail) != len(plan[i].Trail) {
			t.Fatalf("%+v: %+v, lacking %q", ref, got.Explain, got.Lacking)
		}
		if root, _ := e.Cell(plan[i].Trail[0]); got.Cell != root.Value.String() {
			t.Fatalf("%+v: the cell is said to be %s", ref, got.Cell)
		}
		if want.Sum == nil {
			continue
		}
		for k, term := range want.Sum.Terms {
			if !slices.Equal(got.Terms[4*k:4*k+4], []float32{term.A, term.B, term.T, term.Lane}) {
				t.Fatalf("%+v: term %d is %v, want %+v", ref, k, got.Terms[4*k:4*k+4], term)
			}
		}
		if len(got.Terms) != 4*len(want.Sum.Terms) || !slices.Equal(got.Tree, want.Sum.Tree) {
			t.Fatalf("%+v: the tree is %v, want %v", ref, got.Tree, want.Sum.Tree)
		}
	}
	lacks := replies[held+2:]
	for i, trail := range []string{"0.gate.3.2.3", "7.scores.1.0.0", "7.dots.3.0.3~1.v.3.0.0"} {
		l, err := Parse(lacks[i].Lacking)
		if err != nil || !strings.Contains(lacks[i].Lacking, "trail="+strings.ReplaceAll(trail, "~", "%7E")) && !strings.Contains(lacks[i].Lacking, "trail="+trail) || l.Step != plan[held+2+i].Step {
			t.Errorf("%s: lacking %q (%v)", trail, lacks[i].Lacking, err)
		}
	}
	if lacks[0].Explain != nil || lacks[2].Explain == nil || lacks[2].Explain.Op != "dots" {
		t.Errorf("%+v, %+v", lacks[0].Explain, lacks[2].Explain)
	}
	if e := lacks[3].Explain; e == nil || e.Step != 9 || e.Col != 1 {
		t.Errorf("gone with the cursor: %+v", e)
	}
}

// TestALongHandoutSaysWhatItLacks: beyond its budget a handout holds the ops and
// answers nearest to where it was made.
func TestALongHandoutSaysWhatItLacks(t *testing.T) {
	r := &rerun{steps: make([]sim.Step, 20), chosen: choice{last: 19}}
	for _, c := range []struct{ from, budget, first, last int }{{10, 5, 8, 12}, {0, 5, 0, 4}, {19, 3, 17, 19}, {18, 100, 0, 19}, {3, 1, 3, 3}} {
		seen := map[int]int{}
		got := r.span(c.from, c.budget, func(n int) int { seen[n]++; return 1 })
		if got != [2]int{c.first, c.last} || len(seen) != c.last-c.first+1 || seen[c.first] != 1 {
			t.Errorf("from %d with %d: %v, seen %v", c.from, c.budget, got, seen)
		}
	}
	models, _ := testLibrary(t)
	whole, _, _ := copied(t, models, query+"&step=6")
	records := whole.handoutEntries(budget{ops: 1, answers: 20000, weights: 1})
	var told Scope
	for _, rec := range records {
		f, err := checkpoint.ReadSafetensors(rec.data)
		if err != nil || rec.head == weights || rec.head == ops && rec.n != 4 { // layer 2 of the first pass of decode is step 4
			t.Errorf("step %d, kind %d: %v", rec.n, rec.head, err)
		}
		if rec.n < 0 {
			if err := json.Unmarshal([]byte(f.Meta["scope"]), &told); err != nil {
				t.Fatal(err)
			}
		}
	}
	if told.Ops != [2]int{4, 4} || told.Weights || len(told.Without) == 0 || slices.Contains(told.Without, "scores") || told.Explained[1]-told.Explained[0] > 3 {
		t.Errorf("it is told as %+v", told)
	}
	row := func(op string) asking {
		return asking{4, op, 3, []explain.Ref{{Step: 4, Op: op, Head: 3}}}
	}
	replies := replay(t, records, []asking{row("scores"), row(told.Without[0]), {1, "probs", 3, []explain.Ref{}}})
	if replies[0].Explain == nil || replies[1].Explain != nil || replies[1].Lacking == "" || replies[2].Data != nil {
		t.Errorf("%+v", replies)
	}
	if got := (&rerun{chosen: choice{last: -1}}).span(0, 5, func(int) int { t.Error("visited"); return 1 }); got[1] >= got[0] {
		t.Errorf("of nothing: %v", got)
	}
}

// TestHandoutOfEveryKindOfRun: one lane, before the first step, op of the head.
func TestHandoutOfEveryKindOfRun(t *testing.T) {
	models, _ := testLibrary(t)
	for _, link := range []string{"&cache=window:2:1&step=11", "&cache=h2o:2:1&step=9&op=K", "&cache=int8:channel:2&step=11&op=K&trail=11.K.0.0.1", "&cache=paged:2&step=9", "&sampler=beam&w=2&step=11", "?model=story&draft=story-draft&propose=2&new=6&step=11", "&step=-1", "&step=-1&to=5", "&lanes=uncached&step=7&op=scores&trail=7.scores.0.0.1", "&lanes=cached&step=7", "&lanes=both:6&step=11", "&step=8&op=logits&trail=8.logits.0.0.3", "&step=0", "&step=3&trail=11.x.0.0.0"} {
		link = query + link
		if strings.HasPrefix(link, query+"?") {
			link = link[len(query):]
		}
		r, records, _ := copied(t, models, link)
		if len(records) < 6 {
			t.Errorf("%s: %d records", link, len(records))
		}
		if _, err := r.handout("test"); err != nil {
			t.Errorf("%s: %v", link, err)
		}
		plan := []asking{}
		for n := range r.steps { // whatever the run, the script finds all that it looks for
			plan = append(plan, asking{n, "", 1, []explain.Ref{}}, asking{n, "probs", 3, []explain.Ref{}})
		}
		replay(t, records, plan)
	}
}

// TestHandoutSize: the handout of the default run, with all of this, in both languages.
func TestHandoutSize(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	models := library.New()
	for _, lang := range []string{"en", "zh"} {
		r, _, _ := copied(t, models, "?step=20&to=191&head=1&lang="+lang)
		f, err := r.handout("test")
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s, %d steps: %d bytes", lang, len(r.steps), len(f.Data))
		if len(f.Data) > 3_000_000 {
			t.Errorf("%s: %d bytes", lang, len(f.Data))
		}
	}
}
