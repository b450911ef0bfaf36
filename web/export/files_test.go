package export

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/export"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/web/limits"
)

// testLibrary has one small GQA model without a tokenizer, and its run.
func testLibrary(t testing.TB) (*library.Library, *library.Loaded) {
	t.Helper()
	r := rand.New(rand.NewPCG(20, 26))
	c := sim.Config{Family: "llama", Dim: 16, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 6, FFN: 20,
		Vocab: 40, Context: 64, NormEps: 1e-5, RopeBase: 100, Tied: true, BOS: 0, EOS: -1}
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	l := &library.Loaded{Name: "small one", Model: m}
	return library.New(l), l
}

const query = "?model=small+one&tokens=0,7,19,7,33&new=4&layer=1&head=3"

func makeFile(t testing.TB, kind, q string) *File {
	t.Helper()
	models, _ := testLibrary(t)
	r, err := Parse(q)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Make(context.Background(), models, kind, r, "test", limits.Default())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func steps(t testing.TB, l *library.Loaded) (sim.Recipe, []sim.Step) {
	t.Helper()
	rec := recipe.Complete(sim.Recipe{Model: l.Name, Tokens: []int{0, 7, 19, 7, 33}, MaxNew: 4})
	var all []sim.Step
	for s, err := range run.Steps(context.Background(), l, rec, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return rec, all
}

var seconds = regexp.MustCompile(`"seconds":[^}]+`)

func TestJSONLIsTheTrace(t *testing.T) {
	_, l := testLibrary(t)
	_, all := steps(t, l)
	for _, to := range []int{0, 4, 11} {
		f := makeFile(t, "jsonl", query+"&step=0&to="+strconv.Itoa(to))
		var want strings.Builder
		if err := export.WriteTrace(&want, func(yield func(*sim.Step, error) bool) {
			for i := range all[:to+1] {
				if !yield(&all[i], nil) {
					return
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		if got := seconds.ReplaceAllString(string(f.Data), `"seconds":0`); got != want.String() {
			t.Errorf("to %d:\n got %.300s\nwant %.300s", to, got, want.String())
		}
		if name := "kvstep-small_one-steps0-" + strconv.Itoa(to) + ".jsonl"; f.Name != name {
			t.Errorf("called %q, want %q", f.Name, name)
		}
	}
}

func TestSafetensorsReadBack(t *testing.T) {
	_, l := testLibrary(t)
	rec, all := steps(t, l)
	got, err := checkpoint.ReadSafetensors(makeFile(t, "safetensors", query+"&step=9").Data)
	if err != nil {
		t.Fatal(err)
	}
	want, err := export.Safetensors(l, rec, all[:10])
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Tensors) != len(want.Tensors) || got.Meta["steps"] != want.Meta["steps"] {
		t.Fatalf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
	}
	byName := map[string]checkpoint.Tensor{}
	for _, x := range got.Tensors {
		byName[x.Name] = x
	}
	for _, x := range want.Tensors {
		if !reflect.DeepEqual(byName[x.Name].Data, x.Data) || !reflect.DeepEqual(byName[x.Name].Shape, x.Shape) {
			t.Errorf("%s is not what the engine had", x.Name)
		}
	}
}

// TestCSVHasTheEnginesNumbers reads every number back and compares the bits.
func TestCSVHasTheEnginesNumbers(t *testing.T) {
	_, l := testLibrary(t)
	_, all := steps(t, l)
	for n := range all {
		f := makeFile(t, "csv", query+"&step="+strconv.Itoa(n))
		rows, err := csv.NewReader(strings.NewReader(string(f.Data))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		from := &all[n]
		for from.Layer != 1 && from.N > 0 {
			from = &all[from.N-1]
		}
		seen := map[string]int{}
		if from.Layer != 1 { // the picked layer has not run yet
			if strings.Contains(string(f.Data), "attention") {
				t.Errorf("step %d has matrices before their layer ran", n)
			}
			continue
		}
		a := l.Model.Attention(from, 3)
		at := map[string]func(i, j int) float32{"Q": a.Q.At, "K": a.K.At, "V": a.V.At, "scores": a.Scores.At, "probs": a.Probs.At, "out": a.Out.At,
			"mask": func(i, j int) float32 {
				if model.Masked(from.Cached, i, j) {
					return 0
				}
				return 1
			}}
		for _, row := range rows[1:] {
			if row[0] != "attention" {
				continue
			}
			i, _ := strconv.Atoi(row[2])
			j, _ := strconv.Atoi(row[4])
			v, err := strconv.ParseFloat(row[6], 32)
			if err != nil || float32(v) != at[row[1]](i, j) {
				t.Fatalf("step %d: %q, the engine has %v", n, row, at[row[1]](i, j))
			}
			seen[row[1]]++
		}
		for name, x := range map[string]int{"Q": 6 * from.Rows, "K": 6 * (from.Cached + from.Rows), "scores": from.Rows * (from.Cached + from.Rows), "out": 6 * from.Rows} {
			if seen[name] != x {
				t.Errorf("step %d: %d numbers of %s, want %d", n, seen[name], name, x)
			}
		}
	}
	f := makeFile(t, "csv", query+"&step=8")
	if f.Name != "kvstep-small_one-step8-layer1-head3.csv" {
		t.Errorf("called %q", f.Name)
	}
	top := 0
	for line := range strings.Lines(string(f.Data)) {
		if strings.HasPrefix(line, "next token,logit") {
			id := strings.TrimPrefix(strings.Split(line, ",")[3], "#")
			value, _ := strconv.ParseFloat(strings.TrimSpace(strings.Split(line, ",")[6]), 32)
			if c := all[8].Top()[top]; id != strconv.Itoa(c.ID) || float32(value) != c.Logit {
				t.Errorf("%q, want %+v", line, c)
			}
			top++
		}
		if want := "ledger,total,,flops.mlp,,uncached," + strconv.FormatInt(all[8].Totals[sim.Uncached].Flops.MLP, 10); strings.HasPrefix(line, "ledger,total,,flops.mlp,,uncached") && strings.TrimSpace(line) != want {
			t.Errorf("%q, want %q", line, want)
		}
	}
	if top != 10 {
		t.Errorf("%d candidates", top)
	}
}

// TestCSVHasTheLaneWithoutACache: every row of the layer as the uncached lane ran it, which are the bits of the passes
// that had it first, and the mask of all pairs; and of both lanes what the step, its pass and the run have paid.
func TestCSVHasTheLaneWithoutACache(t *testing.T) {
	_, l := testLibrary(t)
	_, all := steps(t, l)
	last := len(all) - 1
	first := map[string]func(i, j int) float32{}
	tokens := all[last].Cached + all[last].Rows
	for n := range all {
		s := &all[n]
		if s.Layer != 1 {
			continue
		}
		a := l.Model.Attention(s, 3)
		for name, x := range map[string]mat.Matrix{"Q": a.Q, "scores": a.Scores, "probs": a.Probs, "out": a.Out} {
			before := first[name]
			first[name] = func(i, j int) float32 {
				if i < s.Cached {
					return before(i, j)
				}
				return x.At(i-s.Cached, j)
			}
		}
		first["K"], first["V"] = a.K.At, a.V.At
	}
	rows, err := csv.NewReader(strings.NewReader(string(makeFile(t, "csv", query+"&step="+strconv.Itoa(last)).Data))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	numbers, ledger := map[string]int{}, map[string]string{}
	for _, row := range rows[1:] {
		if row[0] == "ledger" {
			ledger[row[1]+" "+row[3]+" "+row[5]] = row[6]
		}
		if row[0] != "attention uncached" {
			continue
		}
		i, _ := strconv.Atoi(row[2])
		j, _ := strconv.Atoi(row[4])
		numbers[row[1]]++
		if pairs := row[1] == "scores" || row[1] == "probs"; row[1] == "mask" || pairs && j > i {
			if want := strconv.Itoa(max(0, min(1, i-j+1))); row[1] == "mask" && row[6] != want {
				t.Fatalf("%q, want %s", row, want)
			}
			continue
		}
		if v, err := strconv.ParseFloat(row[6], 32); err != nil || float32(v) != first[row[1]](i, j) {
			t.Fatalf("%q, the pass that had it first: %v", row, first[row[1]](i, j))
		}
	}
	for name, want := range map[string]int{"Q": 6 * tokens, "K": 6 * tokens, "V": 6 * tokens, "out": 6 * tokens, "scores": tokens * tokens, "probs": tokens * tokens, "mask": tokens * tokens} {
		if numbers[name] != want {
			t.Errorf("%d numbers of %s, want %d", numbers[name], name, want)
		}
	}
	for lane, name := range [2]string{"cached", "uncached"} {
		var pass int64
		for n := range all {
			if all[n].Pass == all[last].Pass {
				pass += all[n].Lanes[lane].Flops.QKV
			}
		}
		if got := ledger["pass flops.qkv "+name]; got != strconv.FormatInt(pass, 10) || got == ledger["step flops.qkv "+name] {
			t.Errorf("%s: %q of the pass, want %d; %q of the step", name, got, pass, ledger["step flops.qkv "+name])
		}
	}
}

// TestCSVOfAnOp: with an op picked, that op's matrices and those it reads.
func TestCSVOfAnOp(t *testing.T) {
	for _, op := range []string{"probs", "norm1", "act"} {
		s := string(makeFile(t, "csv", query+"&step=4&op="+op).Data)
		if !strings.Contains(s, "attention,"+op+",0,") || strings.Contains(s, "attention,out,") {
			t.Errorf("%s: %.300s", op, s)
		}
	}
}

func TestWhatCannotBeMadeIsAProblem(t *testing.T) {
	models, _ := testLibrary(t)
	long := "?model=small+one&tokens=" + strings.TrimSuffix(strings.Repeat("1,", 60), ",") + "&new=9&step=0"
	for q, id := range map[string]string{
		"?model=nobody&step=1": "model.unknown", long: "prompt.long", "?step=x": "link.field", query + "&to=x": "link.field",
	} {
		r, err := Parse(q)
		if err == nil {
			_, err = Make(context.Background(), models, "jsonl", r, "test", limits.Default())
		}
		var p *sim.Problem
		if !errors.As(err, &p) || p.ID != id {
			t.Errorf("%.60s: %v, want %s", q, err, id)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), -1)
	defer cancel()
	r, _ := Parse(query + "&step=5")
	_, err := Make(ctx, models, "jsonl", r, "test", limits.Default())
	var p *sim.Problem
	if !errors.As(err, &p) || p.ID != "take.time" {
		t.Errorf("out of time: %v", err)
	}
	if _, err := QR(strings.Repeat("x", 4000)); !errors.As(err, &p) || p.ID != "take.qr" {
		t.Errorf("a long link: %v", err)
	}
}

// TestQRIsTheCodeOfTheAddress: the picture has exactly the code's dark modules.
// TestBothSchedulesOfABatch: each is run to its end, and a run that is no batch
// has nothing to compare.
func TestBothSchedulesOfABatch(t *testing.T) {
	var both map[string]Served
	f := makeFile(t, "schedules", query+"&schedule=static&slots=2&req=1:2%230,3,8&req=2:4%230,9")
	if err := json.Unmarshal(f.Data, &both); err != nil {
		t.Fatal(err)
	}
	s, c := both[sim.ScheduleStatic], both[sim.ScheduleContinuous]
	// Alone for 4 passes, then the two others together for 4: the first slot empties after 2.
	if s.Passes != 8 || s.Idle != 4+2 || s.Tokens != 10 || s.Rows != 5+3+3+2+1+3 || s.Padded != 1+2 || s.TTFT != (1.0+4+3)/3 {
		t.Errorf("static: %+v", s)
	}
	// The second joins at once, the third when it has left; then that one is alone.
	if c.Passes != 7 || c.Idle != 1+3 || c.TTFT != (1.0+1+2)/3 || c.Tokens != s.Tokens || c.Padded != 0 || c.Rows != s.Rows || c.WeightBytes >= s.WeightBytes {
		t.Errorf("continuous: %+v", c)
	}
	models, l := testLibrary(t)
	var enough, tight map[string]Served // memory for all, and not for two to their ends
	for budget, into := range map[int64]*map[string]Served{0: &enough, 5 * 2 * kv.SpecOf(l.Model.Config, 1).TokenBytes(): &tight} {
		f := makeFile(t, "schedules", fmt.Sprintf("%s&slots=2&req=0:5%%230,3,8&req=2:4%%230,9&cache=paged:2&budget=%d", query, budget))
		if err := json.Unmarshal(f.Data, into); err != nil {
			t.Fatal(err)
		}
	}
	x, y := tight[sim.ScheduleContinuous], enough[sim.ScheduleContinuous]
	if x.Preempted == 0 || x.Recomputed == 0 || x.Rows != y.Rows+x.Recomputed || x.Tokens != y.Tokens || y.Recomputed != 0 {
		t.Errorf("continuous, with little memory: %+v, with enough %+v", x, y)
	}
	r, err := Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	var p *sim.Problem
	if _, err := Make(context.Background(), models, "schedules", r, "test", limits.Default()); !errors.As(err, &p) || p.ID != "take.batch" {
		t.Errorf("a run that is no batch: %v", err)
	}
}

func TestQRIsTheCodeOfTheAddress(t *testing.T) {
	const address = "http://127.0.0.1:8787/?prompt=%E5%B0%8F%E5%88%9A&step=12"
	f, err := QR(address)
	if err != nil {
		t.Fatal(err)
	}
	var svg struct {
		ViewBox string `xml:"viewBox,attr"`
		Path    struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(f.Data, &svg); err != nil {
		t.Fatal(err)
	}
	code, err := qr.Encode(address, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	dark := map[[2]int]bool{}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`).FindAllStringSubmatch(svg.Path.D, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		n, _ := strconv.Atoi(m[3])
		for i := range n {
			dark[[2]int{x + i - 4, y - 4}] = true
		}
	}
	for y := range code.Size {
		for x := range code.Size {
			if dark[[2]int{x, y}] != code.Black(x, y) {
				t.Fatalf("module %d %d", x, y)
			}
		}
	}
}

func TestHandoutIsWholeAndSealed(t *testing.T) {
	f := makeFile(t, "html", query+"&step=5&lang=zh")
	s := string(f.Data)
	if f.Name != "kvstep-small_one-step5-handout.html" {
		t.Errorf("called %q", f.Name)
	}
	for _, bad := range []string{"<link", "http://127", "https://", "style=\"", "unsafe-"} {
		if i := strings.Index(s, bad); i >= 0 && !strings.Contains(s[max(0, i-40):i], "//") {
			t.Errorf("it has %q: %.120s", bad, s[max(0, i-60):])
		}
	}
	if at := regexp.MustCompile(`<\w+[^<>]*\ssrc=`).FindString(s); at != "" {
		t.Errorf("an element has its content elsewhere: %.120s", at)
	}
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", `data-lang="zh"`, `data-step="5"`} {
		if !strings.Contains(html.UnescapeString(s), want) {
			t.Errorf("it lacks %q", want)
		}
	}
}

// FuzzParse: any query is a request or a Problem.
func FuzzParse(f *testing.F) {
	for _, s := range []string{query + "&to=3", "?to=-9", "?to=x&step=2", "%", "?" + url.Values{"prompt": {"你好"}}.Encode()} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		r, err := Parse(q)
		var p *sim.Problem
		if err != nil && !errors.As(err, &p) {
			t.Fatalf("no Problem: %v", err)
		}
		if err == nil && r.To < r.Step {
			t.Fatalf("to %d lies before step %d", r.To, r.Step)
		}
	})
}

// BenchmarkHandout makes the handout of the default run, and of 64 tokens after
// a prompt of 256.
func BenchmarkHandout(b *testing.B) {
	models := library.New()
	long := "?new=64&step=400&tokens=" + strings.TrimSuffix(strings.Repeat("300,", 256), ",")
	for name, query := range map[string]string{"default": "?step=191&lang=en", "long": long} {
		b.Run(name, func(b *testing.B) {
			q, err := Parse(query)
			if err != nil {
				b.Fatal(err)
			}
			size := 0
			for b.Loop() {
				f, err := Make(context.Background(), models, "html", q, "bench", limits.Default())
				if err != nil {
					b.Fatal(err)
				}
				size = len(f.Data)
			}
			b.ReportMetric(float64(size), "bytes/handout")
		})
	}
}
