package chart_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/cmpimg"

	"kvstep/sim"
	"kvstep/sim/chart"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/sim/sweep"
	"kvstep/web/text"
)

// rewrite makes the golden images anew: go test ./sim/chart -args -rewrite
var rewrite = flag.Bool("rewrite", false, "write the golden images")

// subject is a generation that fills story's context.
func subject() chart.Subject {
	m, err := library.Open("story")
	if err != nil {
		panic(err)
	}
	return chart.Subject{Name: "story", Shape: cost.Of(m.Model.Config), Prompt: 16, New: 497, Switches: cost.Default()}
}

// style is a slide of few pixels, in a language.
func style(lang string) chart.Style {
	return chart.Style{Say: text.In(lang).T, DPI: 72, Print: lang == "zh"}
}

func png(f chart.Figure, s chart.Style) []byte {
	var b bytes.Buffer
	if err := chart.Write(&b, f, "png", s); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// figures are all of them, as their examples make them.
var figures = map[string]func() chart.Figure{
	"step-flops":  func() chart.Figure { return chart.StepFlops(subject()) },
	"total-flops": func() chart.Figure { return chart.TotalFlops(subject()) },
	"parts":       func() chart.Figure { return chart.FlopsByPart(subject()) },
	"kv-bytes": func() chart.Figure {
		return chart.KVBytes(large(), "fp16", &chart.Memory{Name: "H100-SXM-80GB", Bytes: 80e9})
	},
	"speedup":   func() chart.Figure { return chart.Speedup(subject(), nil, nil) },
	"roofline":  func() chart.Figure { return must(chart.Roofline(large(), 1, device(), fp16())) },
	"intensity": func() chart.Figure { return must(chart.Intensity(large(), 512, device(), fp16())) },
	"time":      func() chart.Figure { return chart.Time(subject(), seconds.tokens, seconds.cached, seconds.uncached) },
}

// seconds are made up for the picture: T^1.1 and T^2.1.
var seconds = func() (s struct{ tokens, cached, uncached []float64 }) {
	for _, t := range []float64{25, 50, 100, 200, 400} {
		s.tokens, s.cached, s.uncached = append(s.tokens, t), append(s.cached, 1e-4*math.Pow(t, 1.1)), append(s.uncached, 1e-4*math.Pow(t, 2.1))
	}
	return s
}()

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

func device() cost.Hardware { return must(cost.HardwarePreset("H100")) }

func fp16() cost.DType { return must(cost.ParseDType("dtype", "fp16")) }

// large is a model of a size that is used, in float16.
func large() chart.Subject {
	shape, _, err := cost.Preset("Llama-3-8B")
	if err != nil {
		panic(err)
	}
	return chart.Subject{Name: "Llama-3-8B", Shape: shape, Prompt: 1024, New: 7168, Switches: cost.Default()}
}

// The cache of a large model, and where it bursts a device.
func ExampleKVBytes() {
	os.WriteFile("testdata/kv-bytes.en.png", png(chart.KVBytes(large(), "fp16", &chart.Memory{Name: "H100-SXM-80GB", Bytes: 80e9}), style("en")), 0o644)
}

// What the cache saves.
func ExampleSpeedup() {
	os.WriteFile("testdata/speedup.en.png", png(chart.Speedup(subject(), nil, nil), style("en")), 0o644)
}

// The cost of every token of one generation.
func ExampleStepFlops() {
	os.WriteFile("testdata/step-flops.en.png", png(chart.StepFlops(subject()), style("en")), 0o644)
}

// The cost of a whole text, with fitted exponents.
func ExampleTotalFlops() {
	os.WriteFile("testdata/total-flops.en.png", png(chart.TotalFlops(subject()), style("en")), 0o644)
}

// Where attention overtakes the MLP.
func ExampleFlopsByPart() {
	os.WriteFile("testdata/parts.en.png", png(chart.FlopsByPart(subject()), style("en")), 0o644)
}

// Why prefill is bound by compute, and decode by memory.
func ExampleRoofline() {
	os.WriteFile("testdata/roofline.en.png", png(must(chart.Roofline(large(), 1, device(), fp16())), style("en")), 0o644)
}

// Why servers batch.
func ExampleIntensity() {
	os.WriteFile("testdata/intensity.en.png", png(must(chart.Intensity(large(), 512, device(), fp16())), style("en")), 0o644)
}

// What a machine took.
func ExampleTime() {
	os.WriteFile("testdata/time.en.png", png(chart.Time(subject(), seconds.tokens, seconds.cached, seconds.uncached), style("en")), 0o644)
}

// TestGolden compares every figure, in both languages, with the picture that was
// looked at.
func TestGolden(t *testing.T) {
	for name, figure := range figures {
		for _, lang := range text.Langs() {
			got := png(figure(), style(lang))
			path := filepath.Join("testdata", name+"."+lang+".png")
			if *rewrite {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if same, err := cmpimg.EqualApprox("png", got, want, 0.02); err != nil || !same {
				t.Errorf("%s differs from its golden image (%v)", path, err)
			}
		}
	}
}

// TestSameBytes: a figure is the same file every time, in every format.
func TestSameBytes(t *testing.T) {
	for name, figure := range figures {
		for _, format := range chart.Formats() {
			var a, b bytes.Buffer
			for _, w := range []io.Writer{&a, &b} {
				if err := chart.Write(w, figure(), format, style("zh")); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(a.Bytes(), b.Bytes()) || a.Len() == 0 {
				t.Errorf("%s.%s is not the same twice", name, format)
			}
		}
	}
}

// TestSVG: valid XML with the figure's title, and no text that needs a font.
func TestSVG(t *testing.T) {
	var b bytes.Buffer
	if err := chart.Write(&b, chart.FlopsByPart(subject()), "svg", style("zh")); err != nil {
		t.Fatal(err)
	}
	title := ""
	for d := xml.NewDecoder(&b); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			switch start.Name.Local {
			case "title":
				if err := d.DecodeElement(&title, &start); err != nil {
					t.Fatal(err)
				}
			case "text":
				t.Error("text instead of outlines")
			}
		}
	}
	if want := text.In("zh").T("plot.parts", nil); title != want {
		t.Errorf("title %q, want %q", title, want)
	}
}

// TestCSV: the numbers of the file are sim/cost's, exactly.
func TestCSV(t *testing.T) {
	s := subject()
	var b bytes.Buffer
	if err := chart.StepFlops(s).CSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(rows[0], " ") != "curve token flop" || len(rows) != 1+2*s.New {
		t.Fatalf("%v, %d rows", rows[0], len(rows))
	}
	g, err := s.Shape.Generate(s.Prompt, s.New, s.Switches)
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]int64{}
	for _, row := range rows[1:] {
		n, err := strconv.ParseInt(row[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sums[row[0]] += n
	}
	if sums["cached"] != g.Total[sim.Cached].Flops.Total() || sums["uncached"] != g.Total[sim.Uncached].Flops.Total() {
		t.Errorf("%v, want %d and %d", sums, g.Total[sim.Cached].Flops.Total(), g.Total[sim.Uncached].Flops.Total())
	}
}

// TestExponents: story's parts grow as the theory has it over the upper half of
// its context.
func TestExponents(t *testing.T) {
	want := map[string]float64{"uncached.scores": 3, "uncached.linear": 2, "cached.scores": 2, "cached.linear": 1}
	for _, c := range chart.TotalFlops(subject()).Curves {
		f, ok := sweep.FitPower(sweep.UpperHalf(c.X, c.Y))
		if k, known := want[c.Name]; known && (!ok || math.Abs(f.Exponent-k) > 0.05) {
			t.Errorf("%s grows like T^%.3f, want %v", c.Name, f.Exponent, k)
		}
	}
}

// TestMake: every name makes its figure, and what cannot be made says why.
func TestMake(t *testing.T) {
	r := chart.Request{Subject: subject(), DType: fp16(), Batch: 1, Measured: chart.Measured{Tokens: []float64{10, 20}, New: []float64{1, 11}, Cached: []float64{1, 2}, Uncached: []float64{2, 8}}}
	for _, name := range chart.Names() {
		f, err := chart.Make(name, r)
		if err != nil || f.Name != name || len(f.Curves) == 0 {
			t.Errorf("%s: %v, %q", name, err, f.Name)
		}
	}
	var p *sim.Problem
	if _, err := chart.Make("pie", r); !errors.As(err, &p) || p.ID != "plot.name" {
		t.Errorf("pie: %v", err)
	}
	r.New = 600
	if _, err := chart.Make("parts", r); !errors.As(err, &p) || p.ID != "cost.context" {
		t.Errorf("beyond the context: %v", err)
	}
}

// TestMeasuredOf takes one model's totals, of one prompt, where both lanes ran.
func TestMeasuredOf(t *testing.T) {
	row := func(model, prompt, lane, phase string, n int, seconds float64) sweep.Row {
		return sweep.Row{Model: model, Prompt: prompt, Lane: lane, Phase: phase, New: n, Tokens: n + 4, SecondsMedian: seconds}
	}
	m := chart.MeasuredOf([]sweep.Row{
		row("b", "p", "cached", "total", 1, 9), row("a", "p", "cached", "decode", 1, 9),
		row("a", "p", "cached", "total", 1, 1), row("a", "p", "uncached", "total", 1, 2),
		row("a", "p", "cached", "total", 2, 3), row("a", "p", "uncached", "total", 2, 8),
		row("a", "q", "cached", "total", 3, 5), row("a", "q", "uncached", "total", 3, 50),
	}, "a")
	if fmt.Sprint(m) != "{[5 6] [1 2] [1 3] [2 8]}" {
		t.Error(m)
	}
}

// TestFontCoversTheCatalogue: a character without a glyph would vanish.
func TestFontCoversTheCatalogue(t *testing.T) {
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(text.JSON("en")), string(text.JSON("zh"))}
	for _, prompts := range m.TrainingSet.Prompts {
		texts = append(texts, prompts...)
	}
	for _, s := range texts {
		if missing := chart.Missing(s); len(missing) > 0 {
			t.Errorf("no glyph for %q", string(missing))
		}
	}
	if missing := chart.Missing("漢🙂"); string(missing) != "漢🙂" {
		t.Errorf("Missing found %q", string(missing))
	}
}

func TestSI(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 1: "1", 999: "999", 1000: "1 k", 1234567: "1.23 M", 999999: "1 M", 0.0025: "0.0025", 0.999: "0.999", -0.5: "-0.5", 8e10: "80 G", 1.5e25: "15 Y"} {
		if got := chart.SI(x, 3); got != want {
			t.Errorf("SI(%v) = %q, want %q", x, got, want)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	var p *sim.Problem
	if err := chart.Write(io.Discard, chart.FlopsByPart(subject()), "bmp", style("en")); !errors.As(err, &p) || p.ID != "recipe.choice" {
		t.Errorf("%v", err)
	}
}

// TestQuantisedLinesAreWhatTheCacheTakes: the figure's line of int8 and int4 is what a run keeps under
// that policy, scales included, whatever heads the model has.
func TestQuantisedLinesAreWhatTheCacheTakes(t *testing.T) {
	for _, name := range []string{"story", "story-gqa", "story-mqa"} {
		m, err := library.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		f := chart.KVBytes(chart.Subject{Name: name, Shape: cost.Of(m.Model.Config), Prompt: 16, New: 4, Switches: cost.Default()}, "fp32", nil)
		for _, kind := range []string{"int8", "int4"} {
			r := recipe.Default()
			r.Tokens, r.MaxNew, r.Lanes, r.Cache = make([]int, 16), 0, "cached", kv.Complete(sim.CachePolicy{Kind: kind})
			var used int64
			for s, err := range run.Steps(context.Background(), m, r, func() float64 { return 0 }) {
				if err != nil {
					t.Fatal(err)
				}
				used = s.KV.Usage().Used
			}
			at := slices.IndexFunc(f.Curves, func(c chart.Curve) bool { return c.Name == kind })
			if at < 0 || f.Curves[at].X[0] != 1 || f.Curves[at].Y[0]*16 != float64(used) {
				t.Errorf("%s, %s: a run keeps %d bytes of 16 tokens, the line begins with %v", name, kind, used, f.Curves[at].Y[0])
			}
		}
	}
}
