package export

import (
	"io"
	"strconv"

	"kvstep/sim"
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
// number a line: the matrices of the head (or op) that is looked at, the ten
// likeliest tokens and the ledger.
func writeCSV(w io.Writer, m *lens.Moment) error {
	out := sheet.NewWriter(w)
	put := func(panel, name string, row, rowName, col, colName, value string) {
		_ = out.Write([]string{panel, name, row, rowName, col, colName, value}) // Flush reports it
	}
	put("panel", "name", "row", "row_token", "column", "column_token", "value")
	for _, s := range sheetsOf(m) {
		for i := range s.x.NumRows() {
			for j, v := range s.x.Row(i) {
				put("attention", s.name, strconv.Itoa(i), s.rows(i), strconv.Itoa(j), s.cols(j), decimal32(v))
			}
		}
	}
	putTokens(m, put)
	if s := m.Step; s != nil {
		for lane, name := range [2]string{"cached", "uncached"} {
			if s.Counted[lane] {
				counted(s.Lanes[lane], func(key, value string) { put("ledger", "step", "", key, "", name, value) })
				counted(s.Totals[lane], func(key, value string) { put("ledger", "total", "", key, "", name, value) })
			}
		}
	}
	out.Flush()
	return out.Error()
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
	labels := m.Labelled(m.From.Tokens)
	none := func(int) string { return "" }
	key := func(j int) string { return labels[j].Label }
	query := func(i int) string { return key(m.From.Cached + i) }
	op := explain.Find(m.View.Op)
	if op == nil {
		a := m.Model.Model.Attention(m.From, m.Head())
		return []onScreen{{"Q", a.Q, query, none}, {"K", a.K, key, none}, {"V", a.V, key, none},
			{"scores", a.Scores, query, key}, {"mask", seen(m.From, m.Model.Model.KVHead(m.Head())), query, key}, {"probs", a.Probs, query, key}, {"out", a.Out, query, none}}
	}
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
		case len(labels):
			s.rows = key
		}
		if in.Pairs() {
			s.cols = key
		}
		all = append(all, s)
	}
	return all
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
