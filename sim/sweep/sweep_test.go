package sweep

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/library"
	"kvstep/sim/run"

	"pgregory.net/rapid"
)

var lib = library.New()

func open(t *testing.T, name string) *library.Loaded {
	t.Helper()
	m, err := lib.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func plan(change func(*Plan)) Plan {
	p := Plan{Models: []string{"story"}, Prompts: []Prompt{{Tokens: 3}}, Lengths: []int{1, 4, 9}, Repeats: 1, Lanes: "both", Pairs: "allowed", Logits: "last"}
	if change != nil {
		change(&p)
	}
	return p
}

// ticking is a clock that goes on by a second whenever it is read.
func ticking() run.Clock {
	now := 0.0
	return func() float64 { now++; return now }
}

func do(t *testing.T, p Plan, r Run) Result {
	t.Helper()
	result, err := p.Do(context.Background(), open(t, r.Model), r, ticking(), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestRowsAreCounted: every row of a real sweep has the numbers that sim/cost
// gives for a generation of that length, in each lane and phase.
func TestRowsAreCounted(t *testing.T) {
	for _, lanes := range []string{"both", "cached", "uncached"} {
		for _, pairs := range []string{"allowed", "dense"} {
			for _, logits := range []string{"last", "all"} {
				p := plan(func(p *Plan) {
					p.Models, p.Lanes, p.Pairs, p.Logits = []string{"story", "paper"}, lanes, pairs, logits
					p.Prompts = []Prompt{{Tokens: 3}, {Tokens: 12}}
				})
				var results []Result
				for _, r := range p.Runs() {
					results = append(results, do(t, p, r))
				}
				rows := p.Table(results)
				if want := p.Points() * 3 * map[bool]int{true: 2, false: 1}[lanes == "both"]; len(rows) != want {
					t.Fatalf("%d rows, want %d", len(rows), want)
				}
				for _, r := range rows {
					sameAsCost(t, open(t, r.Model), r)
				}
			}
		}
	}
}

func sameAsCost(t *testing.T, m *library.Loaded, r Row) {
	t.Helper()
	g, err := cost.Generate(m.Model.Config, r.PromptTokens, r.New, cost.Switches{Unit: "flop", Pairs: r.Pairs, Logits: r.Logits, Scope: "matmul"})
	if err != nil {
		t.Fatal(err)
	}
	lane := map[string]sim.Lane{"cached": sim.Cached, "uncached": sim.Uncached}[r.Lane]
	want := map[string][2]sim.Counters{"prefill": g.Prefill, "decode": g.Decode, "total": g.Total}[r.Phase][lane]
	got := sim.Counters{Flops: sim.Flops{QKV: r.QKV, Scores: r.Scores, AV: r.AV, Out: r.Out, MLP: r.MLP, Head: r.Head},
		Elementwise: r.Elementwise, KVTokens: r.KVTokens, KVBytes: r.KVBytes, KVReadBytes: r.KVReadBytes, KVWriteBytes: r.KVWriteBytes, WeightBytes: r.WeightBytes}
	if got != want || r.Flops != want.Flops.Total() || int64(r.Tokens) != g.CacheTokens || !r.Identical {
		t.Fatalf("%+v\nwant %+v", r, want)
	}
}

// TestNothingEndsEarly: the story model says end of text after some tokens; a
// sweep goes on, and does not touch the model that others use.
func TestNothingEndsEarly(t *testing.T) {
	m := open(t, "story")
	eos := m.Model.Config.EOS
	p := plan(func(p *Plan) { p.Lengths, p.Lanes = []int{200}, "cached" })
	if r := do(t, p, p.Runs()[0]); r.Points[0].New != 200 || m.Model.Config.EOS != eos || eos < 0 {
		t.Errorf("%+v", r)
	}
	if _, err := p.Do(context.Background(), m, p.Runs()[0], ticking(), func(int) {}); err != nil || m.Model.Config.EOS != eos {
		t.Errorf("%v, end of text is now %d", err, m.Model.Config.EOS)
	}
}

// TestTextPrompts: a text is encoded as in any run.
func TestTextPrompts(t *testing.T) {
	m := open(t, "story")
	text := m.Default("en").Prompt
	p := plan(func(p *Plan) { p.Prompts = []Prompt{{Text: text}} })
	ids, err := m.Prepare(m.Default("en"))
	if err != nil {
		t.Fatal(err)
	}
	longest, n, err := p.Longest(m, p.Prompts[0])
	r := do(t, p, p.Runs()[0])
	if err != nil || n != len(ids) || r.PromptTokens != n || longest != m.Model.Config.Context-n+1 {
		t.Errorf("%d tokens, want %d; longest %d (%v)", r.PromptTokens, len(ids), longest, err)
	}
}

func TestProblems(t *testing.T) {
	for wants, change := range map[string]func(*Plan){
		"Field=model":   func(p *Plan) { p.Models = nil },
		"Field=prompt":  func(p *Plan) { p.Prompts = nil },
		"Field=lengths": func(p *Plan) { p.Lengths = nil },
		"Have=4":        func(p *Plan) { p.Lengths = []int{4, 4} },
		"Have=0":        func(p *Plan) { p.Lengths = []int{0, 4} },
		"Field=repeats": func(p *Plan) { p.Repeats = 0 },
		"Max=10000":     func(p *Plan) { p.Repeats = 10001 },
		"Field=lanes":   func(p *Plan) { p.Lanes = "" },
		"Field=pairs":   func(p *Plan) { p.Pairs = "some" },
		"Field=logits":  func(p *Plan) { p.Logits = "no" },
	} {
		var problem *sim.Problem
		if err := plan(change).Check(); !errors.As(err, &problem) || !strings.Contains(err.Error(), wants) {
			t.Errorf("%v, want %s", err, wants)
		}
	}
	if err := plan(nil).Check(); err != nil {
		t.Error(err)
	}
	m := open(t, "story")
	p := plan(func(p *Plan) { p.Lengths = []int{511} })
	for tokens, fits := range map[int]bool{1: true, 2: true, 3: false, 0: false, 513: false} {
		if err := p.Fits(m, Prompt{Tokens: tokens}); (err == nil) != fits {
			t.Errorf("%d tokens: %v", tokens, err)
		}
	}
}

// TestRepeats: the median and quartiles are those of the repeats, and one that
// differs is not hidden.
func TestRepeats(t *testing.T) {
	p := plan(func(p *Plan) { p.Repeats, p.Lengths, p.Models = 5, []int{2}, []string{"paper"} })
	var results []Result
	for i, r := range p.Runs() {
		result := do(t, p, r)
		for _, l := range result.Points[0].Lanes {
			l.Prefill.Seconds, l.Decode.Seconds = []float64{5, 1, 4, 2, 30}[i], 1
		}
		results = append(results, result)
	}
	rows := p.Table(results)
	if r := rows[0]; r.Phase != "prefill" || r.Repeats != 5 || r.SecondsMedian != 4 || r.SecondsLow != 2 || r.SecondsHigh != 5 || r.SecondsMin != 1 || r.SecondsMax != 30 {
		t.Errorf("%+v", r)
	}
	if r := rows[2]; r.Phase != "total" || r.SecondsMedian != 5 || r.SecondsMax != 31 {
		t.Errorf("%+v", r)
	}
	results[3].Points[0].Identical = false
	if p.Table(results)[0].Identical {
		t.Error("a repeat differed")
	}
	if rows := p.Table(results[:2]); rows[0].Repeats != 2 || rows[0].SecondsMedian != 3 || rows[0].SecondsLow != 2 {
		t.Errorf("half way: %+v", rows[0])
	}
	if rows := p.Table(nil); rows != nil {
		t.Errorf("at the start: %v", rows)
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		of          []float64
		share, want float64
	}{{[]float64{3}, 0.25, 3}, {[]float64{1, 2}, 0.5, 1.5}, {[]float64{1, 2, 3, 4}, 0.25, 1.75}, {[]float64{1, 2, 3}, 1, 3}, {[]float64{1, 2, 3}, 0, 1}} {
		if got := Quantile(c.of, c.share); got != c.want {
			t.Errorf("%v at %v: %v, want %v", c.of, c.share, got, c.want)
		}
	}
}

// TestFormats: CSV and JSONL say the same under the same names.
func TestFormats(t *testing.T) {
	p := plan(func(p *Plan) { p.Prompts = []Prompt{{Tokens: 2}, {Text: "Tom, \"the cat\"\nsat."}} })
	var results []Result
	for _, r := range p.Runs() {
		results = append(results, do(t, p, r))
	}
	rows := p.Table(results)
	var tags []string
	for f := range reflect.TypeFor[Row]().NumField() {
		tags = append(tags, reflect.TypeFor[Row]().Field(f).Tag.Get("json"))
	}
	if !slices.Equal(tags, Columns) {
		t.Fatalf("columns %v, fields %v", Columns, tags)
	}
	var a, b bytes.Buffer
	if err := errors.Join(WriteCSV(&a, rows), WriteJSONL(&b, rows)); err != nil {
		t.Fatal(err)
	}
	for _, written := range []string{a.String(), b.String()} { // and both are read back
		back, err := Read(strings.NewReader(written))
		if err != nil || len(back) != len(rows) {
			t.Fatalf("%d rows, %v", len(back), err)
		}
		for i, r := range back { // CSV has nine digits of the seconds
			if math.Abs(r.SecondsMedian-rows[i].SecondsMedian) > 1e-8*rows[i].SecondsMedian {
				t.Errorf("%v seconds, want %v", r.SecondsMedian, rows[i].SecondsMedian)
			}
			r.SecondsMedian, r.SecondsLow, r.SecondsHigh, r.SecondsMin, r.SecondsMax = rows[i].SecondsMedian, rows[i].SecondsLow, rows[i].SecondsHigh, rows[i].SecondsMin, rows[i].SecondsMax
			if r != rows[i] {
				t.Errorf("%+v, want %+v", r, rows[i])
			}
		}
	}
	table, err := csv.NewReader(&a).ReadAll()
	if err != nil || len(table) != len(rows)+1 {
		t.Fatalf("%d lines, %v", len(table), err)
	}
	for i, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		object := map[string]any{}
		if err := d.Decode(&object); err != nil {
			t.Fatal(err)
		}
		for k, name := range table[0] {
			text, _ := json.Marshal(object[name])
			want := strings.Trim(string(text), `"`)
			if s, ok := object[name].(string); ok {
				want = s
			}
			if got := table[i+1][k]; got != want && !strings.HasPrefix(name, "seconds") {
				t.Errorf("row %d, %s: %q in CSV, %q in JSONL", i, name, got, want)
			}
		}
	}
}

func TestReadProblems(t *testing.T) {
	var good bytes.Buffer
	if err := WriteCSV(&good, []Row{{Model: "a", New: 3}}); err != nil {
		t.Fatal(err)
	}
	for text, line := range map[string]string{
		"": "Line=1", "a,b\n1,2\n": "Line=1", "{}\n{\n": "Line=2", `{"new":"x"}`: "Line=1", strings.Replace(good.String(), ",3,", ",x,", 1): "Line=2",
		good.String() + "a\n": "Line=3", strings.Replace(good.String(), ",3,", ",3e99,", 1): "Line=2", "{" + strings.Repeat(" ", maxLine) + "}": "Line=1",
	} {
		var p *sim.Problem
		if _, err := Read(strings.NewReader(text)); !errors.As(err, &p) || !strings.Contains(err.Error(), line) {
			t.Errorf("%.60q: %v, want %s", text, err, line)
		}
	}
}

// FuzzRead: nothing makes reading a table panic, and what is read can be written
// and read again.
func FuzzRead(f *testing.F) {
	var a, b bytes.Buffer
	row := []Row{{Model: "story", Prompt: "x, \"y\"", New: 3, SecondsMedian: 1e-9, Identical: true}}
	if err := errors.Join(WriteCSV(&a, row), WriteJSONL(&b, row)); err != nil {
		f.Fatal(err)
	}
	f.Add(a.Bytes())
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := Read(bytes.NewReader(data))
		if err != nil || len(rows) == 0 {
			return
		}
		var out bytes.Buffer
		if err := WriteJSONL(&out, rows); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&out)
		if err != nil || !slices.Equal(rows, again) {
			t.Fatalf("%+v\n%+v %v", rows, again, err)
		}
	})
}

func TestFitPower(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		exponent, factor := rapid.Float64Range(-4, 4).Draw(t, "exponent"), rapid.Float64Range(1e-6, 1e9).Draw(t, "factor")
		var x, y []float64
		for i := range rapid.IntRange(2, 40).Draw(t, "points") {
			x = append(x, float64(i+1))
			y = append(y, factor*math.Pow(x[i], exponent))
		}
		f, ok := FitPower(x, y)
		if !ok || math.Abs(f.Exponent-exponent) > 1e-9 || math.Abs(f.Factor/factor-1) > 1e-8 || f.Points != len(x) || f.From != 1 || f.To != float64(len(x)) {
			t.Fatalf("%+v", f)
		}
	})
	if _, ok := FitPower([]float64{1, 2, 3}, []float64{0, 0, 5}); ok {
		t.Error("one point is no line")
	}
	if _, ok := FitPower([]float64{2, 2}, []float64{1, 5}); ok {
		t.Error("nor are two at the same place")
	}
	if f, ok := FitPower([]float64{1, 2, 4, 8}, []float64{1, 2.1, 3.9, 8}); !ok || f.R2 < 0.99 || f.R2 >= 1 {
		t.Errorf("%+v", f)
	}
	if x, y := UpperHalf([]float64{1, 5, 10, 4}, []float64{1, 2, 3, 4}); !slices.Equal(x, []float64{5, 10}) || !slices.Equal(y, []float64{2, 3}) {
		t.Errorf("%v %v", x, y)
	}
}

// TestExponents: over the upper half of the context of the embedded model, from
// a run that fills it, scores grow with the third power of the length without
// the cache and with the second with it, what is linear in the rows with the
// second without it and the first with it. This is the longest run there is.
func TestExponents(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the uncached lane over the whole context")
	}
	m := open(t, "story")
	context := m.Model.Config.Context
	p := plan(func(p *Plan) {
		p.Prompts, p.Lengths = []Prompt{{Tokens: 1}}, nil
		for n := context / 16; n <= context; n += context / 16 {
			p.Lengths = append(p.Lengths, n)
		}
	})
	rows := p.Table([]Result{do(t, p, p.Runs()[0])})
	want := map[string]map[string]float64{
		"uncached": {"scores": 3, "av": 3, "linear": 2, "head": 1},
		"cached":   {"scores": 2, "av": 2, "linear": 1, "head": 1, "kv_read_bytes": 2},
	}
	for lane, metrics := range want {
		for _, metric := range Metrics {
			exponent, ok := metrics[metric.Name]
			if !ok {
				continue
			}
			f, ok := FitOf(rows, "story", "1 token", lane, metric)
			t.Logf("%s %s: %.4f over %d points, %.0f to %.0f", lane, metric.Name, f.Exponent, f.Points, f.From, f.To)
			if !ok || math.Abs(f.Exponent-exponent) > 0.05 || f.From != float64(context)/2 || f.To != float64(context) {
				t.Errorf("%s %s: %+v, want an exponent of %v", lane, metric.Name, f, exponent)
			}
		}
	}
	for _, r := range rows {
		if !r.Identical {
			t.Errorf("the lanes differ at %d", r.New)
		}
	}
}
