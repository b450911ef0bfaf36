package wire

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/cost"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// frameOf encodes a moment and reads it back.
func frameOf(t testing.TB, m *Frame) *checkpoint.File {
	t.Helper()
	f, err := checkpoint.ReadSafetensors(Encode(nil, m))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func tensor(t testing.TB, f *checkpoint.File, name string) checkpoint.Tensor {
	t.Helper()
	for _, x := range f.Tensors {
		if x.Name == name {
			return x
		}
	}
	t.Fatalf("the frame has no %s", name)
	return checkpoint.Tensor{}
}

func meta(t testing.TB, f *checkpoint.File, key string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(f.Meta[key]), into); err != nil {
		t.Fatalf("%s: %v in %q", key, err, f.Meta[key])
	}
}

func floats(x checkpoint.Tensor) []float64 {
	if x.DType == "U32" {
		v := make([]float64, len(x.Data)/4)
		for i := range v {
			v[i] = float64(binary.LittleEndian.Uint32(x.Data[4*i:]))
		}
		return v
	}
	v := make([]float64, len(x.Data)/8)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(x.Data[8*i:]))
	}
	return v
}

func eachSwitch(f func(pick lens.View)) {
	for _, unit := range []string{"flop", "mac"} {
		for _, pairs := range []string{"allowed", "dense"} {
			for _, logits := range []string{"last", "all"} {
				f(lens.View{Unit: unit, Pairs: pairs, Logits: logits})
			}
		}
	}
}

// stepsOf runs a recipe of the small model, with a clock that ticks.
func stepsOf(t testing.TB, l *library.Loaded, rec sim.Recipe) []sim.Step {
	t.Helper()
	var steps []sim.Step
	seconds := 0.0
	for s, err := range run.Steps(context.Background(), l, rec, func() float64 { seconds += 0.25; return seconds }) {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	return steps
}

// TestSwitchesRecount: what a viewer's switches make of a run is what that run
// would have counted had its recipe said so; MACs are half the FLOPs.
func TestSwitchesRecount(t *testing.T) {
	l, rec, _ := small(t)
	steps := stepsOf(t, l, rec)
	eachSwitch(func(pick lens.View) {
		other := rec
		other.Pairs, other.Logits = pick.Pairs, pick.Logits
		want := stepsOf(t, l, other)
		for n := range steps {
			m := moment(l, rec, steps, n, 0, 0)
			m.View = pick
			var ledger struct {
				Step, Total map[string]sim.Counters
				Count       lens.CountInfo
			}
			meta(t, frameOf(t, m), "ledger", &ledger)
			if ledger.Count != (lens.CountInfo{Unit: pick.Unit, Pairs: pick.Pairs, Logits: pick.Logits}) {
				t.Fatalf("counts %+v", ledger.Count)
			}
			for lane, name := range []string{"cached", "uncached"} {
				for _, c := range []struct{ got, want sim.Counters }{
					{ledger.Step[name], want[n].Lanes[lane]}, {ledger.Total[name], want[n].Totals[lane]},
				} {
					if pick.Unit == "mac" {
						f := &c.want.Flops
						for _, x := range []*int64{&f.QKV, &f.Scores, &f.AV, &f.Out, &f.MLP, &f.Head} {
							*x /= 2
						}
					}
					if c.got != c.want {
						t.Fatalf("step %d %s by %+v:\n got %+v\nwant %+v", n, name, pick, c.got, c.want)
					}
				}
			}
		}
	})
}

// TestFormulasGiveTheFrame: the letters of a frame, put into the formulas, give
// every counter of that frame, in both lanes, whatever the switches.
func TestFormulasGiveTheFrame(t *testing.T) {
	l, rec, steps := small(t)
	checked := 0
	eachSwitch(func(pick lens.View) {
		pick.Show = []string{"formulas"}
		for n := range steps {
			m := moment(l, rec, steps, n, 0, 0)
			m.View = pick
			f := frameOf(t, m)
			var letters, sums map[string]map[string]int64
			var ledger struct{ Step, Total map[string]sim.Counters }
			meta(t, f, "letters", &letters)
			meta(t, f, "sums", &sums)
			for letter, v := range letters["cached"] { // the other lane has its own only where they differ
				if own, ok := letters["uncached"][letter]; !ok {
					letters["uncached"][letter] = v
				} else if own == v {
					t.Fatalf("step %d: %s is told twice", n, letter)
				}
			}
			meta(t, f, "ledger", &ledger)
			for _, formula := range cost.Totals() {
				for _, lane := range []string{"cached", "uncached"} {
					if formula.CachedOnly && lane == "uncached" {
						continue
					}
					values := maps.Clone(letters[lane])
					maps.Copy(values, sums["cached"])
					maps.Copy(values, sums[lane])
					if got, want := formula.Expr.Value(values), cost.Counter(ledger.Total[lane], formula.Counter); got != want {
						t.Fatalf("up to step %d, %s %s: formula %d, ledger %d", n, lane, formula.Counter, got, want)
					}
				}
			}
			for _, formula := range cost.Formulas() {
				if formula.Part != steps[n].Part {
					continue
				}
				for _, lane := range []string{"cached", "uncached"} {
					want := cost.Counter(ledger.Step[lane], formula.Counter)
					got := formula.Expr.Value(letters[lane])
					if formula.CachedOnly && lane == "uncached" {
						got = 0
					}
					if got != want {
						t.Fatalf("step %d %s %s: formula %d, ledger %d", n, lane, formula.Counter, got, want)
					}
					checked++
				}
			}
		}
	})
	if checked < 1000 {
		t.Errorf("only %d equalities", checked)
	}
}

// TestModelledIsTheLeastTime: the time of a step is the longer of its FLOPs at
// the device's rate and its bytes at its bandwidth; the total is the steps' sum.
func TestModelledIsTheLeastTime(t *testing.T) {
	l, rec, steps := small(t)
	sums := map[lens.LaneName]float64{}
	for n := range steps {
		m := moment(l, rec, steps, n, 0, 0)
		m.View = lens.View{Show: []string{"formulas"}, Unit: "mac"} // which must not halve the time
		var info lens.ModelledInfo
		meta(t, frameOf(t, m), "modelled", &info)
		for lane, name := range []lens.LaneName{lens.LaneCached, lens.LaneUncached} {
			c, got := steps[n].Lanes[lane], info.Step[name]
			want := max(float64(c.Flops.Total())/info.Peak, float64(c.WeightBytes+c.KVReadBytes)/info.Bandwidth)
			bound := map[bool]string{true: "compute", false: "memory"}[got.Compute > got.Memory]
			if int64(got.Flops) != c.Flops.Total() || int64(got.Bytes) != c.WeightBytes+c.KVReadBytes || got.Seconds != want || got.Bound != bound {
				t.Fatalf("step %d %s: %+v, want %v", n, name, got, want)
			}
			if sums[name] += want; info.Total[name] != sums[name] {
				t.Fatalf("step %d %s: %v in all, want %v", n, name, info.Total[name], sums[name])
			}
		}
	}
}

// TestHistoryIsTheRun: every point of the chart is the sum of its pass's
// steps, and lies on the curve that the formulas draw.
func TestHistoryIsTheRun(t *testing.T) {
	for _, policy := range policies {
		l, rec, steps := under(t, policy, 0, 4)
		historyIsTheRun(t, l, rec, steps, 4)
	}
	// At the wall the run ahead is as short as what fits: 7 tokens are 3 passes.
	l, rec, steps := under(t, "contiguous", 7*192, 9)
	if steps[len(steps)-1].RunFinishReason != sim.FinishMemory {
		t.Fatal("the wall was not met")
	}
	historyIsTheRun(t, l, rec, steps, 3)
}

func historyIsTheRun(t *testing.T, l *library.Loaded, rec sim.Recipe, steps []sim.Step, passes int) {
	t.Helper()
	of := map[string]func(c sim.Counters) float64{
		"flops": func(c sim.Counters) float64 { return float64(c.Flops.Total()) },
		"kv":    func(c sim.Counters) float64 { return float64(c.KVBytes) },
		"read":  func(c sim.Counters) float64 { return float64(c.KVReadBytes + c.WeightBytes) },
		"time":  func(c sim.Counters) float64 { return c.Seconds },
	}
	perPass := l.Model.Config.Layers + 1
	for metric, value := range of {
		for _, by := range []string{"pass", "step", "total"} {
			for n := range steps {
				m := moment(l, rec, steps, n, 0, 0)
				m.View.Show = []string{"history"}
				if metric != "flops" {
					m.View.Show = append(m.View.Show, "history-"+metric)
				}
				if by != "pass" {
					m.View.Show = append(m.View.Show, "history-"+by)
				}
				f := frameOf(t, m)
				var info lens.HistoryInfo
				meta(t, f, "history", &info)
				x := tensor(t, f, "history_paid")
				paid, points := floats(x), x.Shape[1]
				unit := perPass
				if by == "step" {
					unit = 1
				}
				whole := (n+1)%unit == 0
				if info.Metric != metric || info.Points != passes*perPass/unit || info.First != perPass/unit || info.Whole != whole || points != n/unit+1 {
					t.Fatalf("step %d: %+v, %d points", n, info, points)
				}
				for lane := range 2 {
					want := 0.0 // of the last point, or of all
					for i := range n + 1 {
						if info.Total || i/unit == n/unit {
							want += value(steps[i].Lanes[lane])
						}
					}
					if metric == "kv" {
						want = value(steps[n].Lanes[lane])
					}
					if got := paid[lane*points+points-1]; got != want {
						t.Fatalf("%s by %s at step %d, lane %d: %v, the steps give %v", metric, by, n, lane, got, want)
					}
					if whole && metric != "time" {
						ahead := unfold(info, floats(tensor(t, f, "history_ahead")), perPass)
						for p := range points {
							if a, b := ahead[lane*info.Points+p], paid[lane*points+p]; a != b {
								t.Fatalf("%s by %s, point %d lane %d: the curve says %v, the run paid %v", metric, by, p, lane, a, b)
							}
						}
					}
				}
			}
		}
	}
}

// unfold gives the points of the curves ahead, which travel as parts where points are steps.
func unfold(info lens.HistoryInfo, ahead []float64, perPass int) (all []float64) {
	if !info.Parts {
		return ahead
	}
	sum := 0.0
	for i := range len(ahead) / 2 * perPass {
		pass, part := i/perPass, i%perPass
		if i%info.Points == 0 || !info.Sums {
			sum = 0
		}
		sum += ahead[2*pass+min(max(part-perPass+2, 0), 1)]
		all = append(all, sum)
	}
	return all
}

// TestHistoryDense: the third curve is what the law says of a lane without
// cache and mask: (t+1) times the cached lane's dense step.
func TestHistoryDense(t *testing.T) {
	l, rec, steps := small(t)
	m := moment(l, rec, steps, 2, 0, 0)
	m.View = lens.View{Show: []string{"history"}, Pairs: "dense", Logits: "all"}
	ahead := floats(tensor(t, frameOf(t, m), "history_ahead"))
	for pass := 1; pass < rec.MaxNew; pass++ {
		tokens := float64(len(rec.Tokens) + pass)
		if got, want := ahead[2*rec.MaxNew+pass], tokens*ahead[pass]; got != want {
			t.Errorf("pass %d: dense %v, want %v", pass, got, want)
		}
	}
}

func TestHeadsAreEveryHead(t *testing.T) {
	l, rec, steps := small(t)
	c := l.Model.Config
	for n := range steps {
		m := moment(l, rec, steps, n, 0, 0)
		m.View.Show = []string{"heads"}
		f := frameOf(t, m)
		var info lens.HeadsInfo
		meta(t, f, "heads", &info)
		maps, hints := tensor(t, f, "heads"), tensor(t, f, "head_hints")
		rows, cols := maps.Shape[2], maps.Shape[3]
		if info.By != 1 || rows != steps[n].Rows || cols != steps[n].Cached+steps[n].Rows {
			t.Fatalf("step %d: %+v %v", n, info, maps.Shape)
		}
		for layer := range c.Layers {
			s := ofPass(m, layer)
			if (s == nil) != (info.From[layer] == nil) || s != nil && (*info.From[layer] != s.N || s.Layer != layer || s.Pass != steps[n].Pass) {
				t.Fatalf("step %d: layer %d comes from %v", n, layer, info.From[layer])
			}
			for h := range c.Heads {
				at := layer*c.Heads + h
				for i := range rows * cols {
					want := byte(0)
					if s != nil {
						want = byte(math.Round(float64(l.Model.Attention(s, h).Probs.At(i/cols, i%cols)) * 255))
					}
					if maps.Data[at*rows*cols+i] != want {
						t.Fatalf("step %d layer %d head %d cell %d: %d, want %d", n, layer, h, i, maps.Data[at*rows*cols+i], want)
					}
				}
				if s == nil {
					continue
				}
				want := model.Hints(l.Model.Attention(s, h).Probs, s.Cached, s.Tokens)
				for i, x := range [5]float32{want.Entropy, want.Previous, want.First, want.Self, want.Copies} {
					if got := mat.F32(binary.LittleEndian.Uint16(hints.Data[(at*5+i)*2:])); got != mat.F32(mat.F16(x)) {
						t.Fatalf("step %d layer %d head %d hint %d: %v, want %v", n, layer, h, i, got, x)
					}
				}
			}
		}
	}
}

// TestHeadsOfALongPromptArePooled: a cell is the largest probability of its square.
func TestHeadsOfALongPromptArePooled(t *testing.T) {
	l, rec, _ := small(t)
	rec.Tokens = make([]int, 61)
	for i := range rec.Tokens {
		rec.Tokens[i] = 1 + i%30
	}
	rec.MaxNew = 1
	steps := stepsOf(t, l, rec)
	m := moment(l, rec, steps, 0, 0, 0)
	m.View.Show = []string{"heads"}
	f := frameOf(t, m)
	var info lens.HeadsInfo
	meta(t, f, "heads", &info)
	maps := tensor(t, f, "heads")
	if info.By < 2 || len(maps.Data) > 8000 {
		t.Fatalf("%+v, %v", info, maps.Shape)
	}
	probs, cols := l.Model.Attention(&steps[0], 3).Probs, maps.Shape[3]
	for i := range maps.Shape[2] {
		for j := range cols {
			var want float32
			for a := i * info.By; a < min((i+1)*info.By, 61); a++ {
				for b := j * info.By; b < min((j+1)*info.By, 61); b++ {
					want = max(want, probs.At(a, b))
				}
			}
			if got := maps.Data[(3*maps.Shape[2]+i)*cols+j]; got != byte(math.Round(float64(want)*255)) {
				t.Fatalf("[%d %d] is %d, want %v", i, j, got, want)
			}
		}
	}
}

// TestRowsAddUpToTheLedger: every row's reads, with its own pass's, make up
// exactly the bytes that the ledger says were read from the cache.
func TestRowsAddUpToTheLedger(t *testing.T) {
	l, rec, steps := small(t)
	c := l.Model.Config
	rowBytes := int64(2 * c.KVDim() * 4)
	for n := range steps {
		m := moment(l, rec, steps, n, 0, 0)
		m.View.Show = []string{"rows"}
		x := tensor(t, frameOf(t, m), "rows")
		positions := x.Shape[2]
		at := func(kind, layer, p int) int64 {
			return int64(x.Data[(kind*c.Layers+layer)*positions+p]) // no count of so short a run passes a byte
		}
		var read, written, again int64
		for layer := range c.Layers {
			for p := range positions {
				if at(0, layer, p) == 0 {
					if at(1, layer, p)+at(2, layer, p) != 0 {
						t.Fatalf("step %d: row [%d %d] was read before it was written", n, layer, p)
					}
					continue
				}
				if want := max(0, p-len(rec.Tokens)+1) + 1; at(0, layer, p) != int64(want) {
					t.Fatalf("step %d: row [%d %d] was written in pass %d - 1", n, layer, p, at(0, layer, p))
				}
				written++
				read += at(1, layer, p) + 1
				again += at(2, layer, p)
			}
		}
		total := steps[n].Totals[sim.Cached]
		if read*rowBytes != total.KVReadBytes || written*rowBytes != total.KVWriteBytes {
			t.Fatalf("step %d: rows say %d read, %d written; the ledger %d, %d", n, read*rowBytes, written*rowBytes, total.KVReadBytes, total.KVWriteBytes)
		}
		// The uncached lane's Q K V work beyond the cached lane's is these rows, and no others.
		perRow := int64(2 * c.Dim * (c.QDim() + 2*c.KVDim()))
		if more := steps[n].Totals[sim.Uncached].Flops.QKV - total.Flops.QKV; again*perRow != more {
			t.Fatalf("step %d: rows say %d FLOPs of Q K V again, the ledger %d", n, again*perRow, more)
		}
	}
}

func TestRowsOfOneLaneAlone(t *testing.T) {
	l, rec, _ := small(t)
	rec.Lanes = "cached"
	steps := stepsOf(t, l, rec)
	m := moment(l, rec, steps, len(steps)-1, 0, 0)
	m.View.Show = []string{"rows"}
	x := tensor(t, frameOf(t, m), "rows")
	for i := len(x.Data) / 3 * 2; i < len(x.Data); i++ {
		if x.Data[i] != 0 {
			t.Fatal("the lane that did not run is said to have computed rows again")
		}
	}
}

// TestPanelsTravelOnlyWhenOpen, and then only what they need.
func TestPanelsTravelOnlyWhenOpen(t *testing.T) {
	l, rec, steps := small(t)
	belong := map[string][]string{
		"formulas": {"letters", "sums", "modelled"}, "heads": {"heads", "heads ", "head_hints "},
		"history": {"history", "history_ahead ", "history_paid "}, "rows": {"rows "},
	}
	closed := names(frameOf(t, moment(l, rec, steps, 7, 1, 1)))
	for panel, mine := range belong {
		m := moment(l, rec, steps, 7, 1, 1)
		m.View.Show = []string{panel}
		open := names(frameOf(t, m))
		if len(open) != len(closed)+len(mine) {
			t.Errorf("%s: the frame has %v more than %v", panel, open, closed)
		}
		for _, name := range mine {
			if closed[name] || !open[name] {
				t.Errorf("%s: %s closed %v, open %v", panel, name, closed[name], open[name])
			}
		}
	}
	// Before the first step every panel may be open too.
	m := moment(l, rec, steps, -1, 0, 0)
	m.View.Show = []string{"formulas", "heads", "history", "history-total", "rows"}
	frameOf(t, m)
}

// names are the metadata keys of a frame, and its tensors with a space after.
func names(f *checkpoint.File) map[string]bool {
	all := map[string]bool{}
	for key := range f.Meta {
		all[key] = true
	}
	for _, x := range f.Tensors {
		all[x.Name+" "] = true
	}
	return all
}

func TestMaskedIsCountedInTheMask(t *testing.T) {
	l, rec, steps := small(t)
	for n := range steps {
		if steps[n].Part != sim.LayerPart {
			continue
		}
		f := frameOf(t, moment(l, rec, steps, n, steps[n].Layer, 0))
		var step struct{ Masked int }
		meta(t, f, "step", &step)
		s, masked := &steps[n], 0
		for i := range s.Rows {
			for j := range s.Cached + s.Rows {
				if model.Masked(s.Cached, i, j) {
					masked++
				}
			}
		}
		if pairs := tensor(t, f, "probs").Shape[0]; step.Masked != masked || pairs+masked != s.Rows*(s.Cached+s.Rows) {
			t.Errorf("step %d: %d masked, the mask hides %d and the picture has %d", n, step.Masked, masked, pairs)
		}
	}
}

// BenchmarkPanels encodes the last step of a long run with everything open:
// 32 tokens of prompt and 448 passes of the embedded model.
func BenchmarkPanels(b *testing.B) {
	l, err := library.New().Get("")
	if err != nil {
		b.Fatal(err)
	}
	rec := recipe.Complete(sim.Recipe{Model: l.Name, Tokens: make([]int, 32), MaxNew: 448})
	for i := range rec.Tokens {
		rec.Tokens[i] = 300 + i%7
	}
	for pass := range rec.MaxNew { // no pass may choose the end of text
		rec.Forced = append(rec.Forced, sim.Forced{Pass: pass, Token: 300 + pass%11})
	}
	var steps []sim.Step
	for s, err := range run.Steps(context.Background(), l, rec, func() float64 { return 0 }) {
		if err != nil {
			b.Fatal(err)
		}
		steps = append(steps, s)
	}
	for _, show := range []string{"", "formulas", "heads", "history", "rows"} {
		b.Run("open="+show, func(b *testing.B) {
			m := planned(moment(l, rec, steps, len(steps)-2, 4, 0))
			if show != "" {
				m.View.Show = []string{show}
			}
			var buf []byte
			for b.Loop() {
				buf = Encode(buf[:0], m)
			}
			b.ReportMetric(float64(len(buf)), "bytes/frame")
		})
	}
}

// ofPass is the step of the cursor's pass that ran a layer; nil: not yet.
func ofPass(m *Frame, layer int) *sim.Step {
	n := m.Step.Pass*(m.Model.Model.Config.Layers+1) + layer
	if n > m.Step.N {
		return nil
	}
	return m.At(n)
}
