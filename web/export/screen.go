package export

import (
	"io"
	"iter"
	"slices"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/sheet"
)

// onScreen is one matrix of the screen, with the tokens that its rows and columns
// stand for ("" where they stand for none).
type onScreen struct {
	name string
	x    mat.Matrix
	rows func(i int) string
	cols func(j int) string
}

// writeCSV writes what is on the viewer's screen in full float32 precision, one
// number a line: the matrices of the head (or op) that is looked at, in both lanes, the ten
// likeliest tokens and the ledger of the step, its pass and the run up to it.
func writeCSV(w io.Writer, m *lens.Moment) error {
	out := sheet.NewWriter(w)
	put := func(panel, name string, row, rowName, col, colName, value string) {
		_ = out.Write([]string{panel, name, row, rowName, col, colName, value}) // Flush reports it
	}
	put("panel", "name", "row", "row_token", "column", "column_token", "value")
	matrix := func(panel string, s onScreen, rows iter.Seq[int]) {
		for i := range rows {
			for j, v := range s.x.Row(i) {
				put(panel, s.name, strconv.Itoa(i), s.rows(i), strconv.Itoa(j), s.cols(j), decimal32(v))
			}
		}
	}
	for _, s := range sheetsOf(m) {
		matrix("attention", s, everyRow(s.x))
	}
	if whole, shown := m.WithoutCache(); whole != nil && explain.Find(m.View.Op) == nil {
		for _, s := range attentionOf(m, whole) {
			rows := slices.Values(shown)
			if s.name == "K" || s.name == "V" {
				rows = everyRow(s.x)
			}
			matrix("attention uncached", s, rows)
		}
	}
	putTokens(m, put)
	putLedger(m, put)
	out.Flush()
	return out.Error()
}

// everyRow iterates over the numbers of a matrix's rows.
func everyRow(x mat.Matrix) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range x.NumRows() {
			if !yield(i) {
				return
			}
		}
	}
}

// putLedger writes what the lanes paid in the step, in its pass up to it and in all steps up to it, and what a draft
// paid beside them.
func putLedger(m *lens.Moment, put func(panel, name, row, rowName, col, colName, value string)) {
	s := m.Step
	if s == nil {
		return
	}
	write := func(span, lane string, c sim.Counters) {
		counted(c, func(key, value string) { put("ledger", span, "", key, "", lane, value) })
	}
	for lane, name := range [2]string{"cached", "uncached"} {
		if !s.Counted[lane] {
			continue
		}
		var pass sim.Counters
		for n := s.N; n >= 0 && m.At(n).Pass == s.Pass; n-- {
			pass = cost.Add(pass, m.At(n).Lanes[lane])
		}
		write("step", name, s.Lanes[lane])
		write("pass", name, pass)
		write("total", name, s.Totals[lane])
	}
	if x := s.Speculation; x != nil {
		write("pass", "draft", x.Cost)
		write("total", "draft", x.Total)
	}
}

// putTokens writes the ten likeliest tokens of a head step, and how one of them was chosen.
func putTokens(m *lens.Moment, put func(panel, name, row, rowName, col, colName, value string)) {
	if m.Step == nil || m.Step.Part != sim.HeadPart {
		return
	}
	for i, c := range m.Step.Top() {
		rank, label := strconv.Itoa(i), m.Label(c.ID)
		put("next token", "logit", rank, label, "", "", decimal32(c.Logit))
		put("next token", "probability", rank, label, "", "", decimal32(c.Prob))
		put("next token", "chosen from", rank, label, "", "", decimal64(c.Drawn))
	}
	c := m.Step.Choice()
	if c == nil {
		return
	}
	for _, stage := range c.Stages {
		for i, o := range c.Options {
			put("choice", stage.Filter, strconv.Itoa(i), m.Label(o.ID), "", "", decimal64(stage.Probs[i]))
		}
	}
	put("choice", "draw", "", "", "", "", decimal64(c.Random))
}

// sheetsOf returns the matrices on screen, as the engine has them.
func sheetsOf(m *lens.Moment) []onScreen {
	if m.From == nil {
		return nil
	}
	op := explain.Find(m.View.Op)
	if op == nil {
		return attentionOf(m, m.From)
	}
	key, query := tokenNames(m, m.From)
	r := m.Explained()
	var all []onScreen
	for _, id := range append(r.Inputs(op), op.ID) {
		x, ok := r.TensorIn(m.Lane(), m.From.N, id, m.Head())
		in := explain.Find(id)
		if !ok || in.Kind == explain.Weight && x.NumRows() > 1 { // as on screen: weight matrices are named, not onScreen
			continue
		}
		s := onScreen{id, x, none, none}
		switch x.NumRows() {
		case m.From.Rows:
			s.rows = query
		case len(m.From.Tokens):
			s.rows = key
		}
		if in.Pairs() {
			s.cols = key
		}
		all = append(all, s)
	}
	return all
}

func none(int) string { return "" }

// tokenNames returns the tokens that the keys of a step stand for, and its queries.
func tokenNames(m *lens.Moment, s *sim.Step) (key, query func(int) string) {
	labels := m.Labelled(s.Tokens)
	key = func(j int) string { return labels[j].Label }
	return key, func(i int) string { return key(s.Cached + i) }
}

// attentionOf returns the matrices of the picked head in a step of a layer.
func attentionOf(m *lens.Moment, s *sim.Step) []onScreen {
	key, query := tokenNames(m, s)
	a := m.Model.Model.Attention(s, m.Head())
	return []onScreen{{"Q", a.Q, query, none}, {"K", a.K, key, none}, {"V", a.V, key, none},
		{"scores", a.Scores, query, key}, {"mask", seen(s, m.Model.Model.KVHead(m.Head())), query, key}, {"probs", a.Probs, query, key}, {"out", a.Out, query, none}}
}

// seen returns 1 where a query may see a key and the cache still has it.
func seen(s *sim.Step, kvHead int) mat.Matrix {
	x := mat.New(s.Rows, s.Cached+s.Rows)
	for i := range s.Rows {
		for j := range x.NumCols() {
			if !model.Hidden(s, kvHead, i, j) {
				x.Row(i)[j] = 1
			}
		}
	}
	return x
}

// counted calls put with every counter by the name that a trace gives it.
func counted(c sim.Counters, put func(key, value string)) {
	f := c.Flops
	for _, n := range []struct {
		key string
		n   int64
	}{{"flops.qkv", f.QKV}, {"flops.scores", f.Scores}, {"flops.av", f.AV}, {"flops.out", f.Out}, {"flops.mlp", f.MLP},
		{"flops.head", f.Head}, {"elementwise", c.Elementwise}, {"kv_tokens", c.KVTokens}, {"kv_bytes", c.KVBytes},
		{"kv_read_bytes", c.KVReadBytes}, {"kv_write_bytes", c.KVWriteBytes}, {"weight_bytes", c.WeightBytes}} {
		put(n.key, strconv.FormatInt(n.n, 10))
	}
	if c.Untimed > 0 { // nobody measured it
		return
	}
	put("seconds", strconv.FormatFloat(c.Seconds, 'g', -1, 64))
}

// decimal32 returns the shortest decimal that reads back as the same float32.
func decimal32(x float32) string { return strconv.FormatFloat(float64(x), 'g', -1, 32) }

func decimal64(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
