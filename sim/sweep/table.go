package sweep

import (
	"io"
	"slices"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/plain"
	"kvstep/sim/sheet"
)

// Row is one observation: a point, in one lane, in one phase. Its fields are
// the columns of the table, in this order.
type Row struct {
	Model        string `json:"model"`
	Prompt       string `json:"prompt"`
	PromptTokens int    `json:"prompt_tokens"`
	New          int    `json:"new"`
	Tokens       int    `json:"tokens"` // fed at the end: prompt_tokens + new - 1
	Lane         string `json:"lane"`   // "cached" or "uncached"
	Phase        string `json:"phase"`  // "prefill", "decode" or "total"
	Pairs        string `json:"pairs"`
	Logits       string `json:"logits"`

	// counted
	QKV          int64 `json:"qkv"` // FLOPs
	Scores       int64 `json:"scores"`
	AV           int64 `json:"av"`
	Out          int64 `json:"out"`
	MLP          int64 `json:"mlp"`
	Head         int64 `json:"head"`
	Flops        int64 `json:"flops"` // the sum of the six
	Elementwise  int64 `json:"elementwise"`
	KVTokens     int64 `json:"kv_tokens"`
	KVBytes      int64 `json:"kv_bytes"`
	KVReadBytes  int64 `json:"kv_read_bytes"`
	KVWriteBytes int64 `json:"kv_write_bytes"`
	WeightBytes  int64 `json:"weight_bytes"`

	// measured, over the repeats
	Repeats       int     `json:"repeats"`
	SecondsMedian float64 `json:"seconds_median"`
	SecondsLow    float64 `json:"seconds_q1"` // lower quartile
	SecondsHigh   float64 `json:"seconds_q3"` // upper quartile
	SecondsMin    float64 `json:"seconds_min"`
	SecondsMax    float64 `json:"seconds_max"`
	Identical     bool    `json:"identical"` // both lanes gave the same bits in all repeats
}

// Table makes the rows of a plan from the results of its runs, in the plan's
// order. Runs that are not there yet are left out.
func (p Plan) Table(results []Result) []Row {
	var rows []Row
	for _, m := range p.Models {
		for _, prompt := range p.Prompts {
			var same []Result // its repeats
			for _, r := range results {
				if r.Model == m && r.Prompt == prompt {
					same = append(same, r)
				}
			}
			if len(same) == 0 {
				continue
			}
			for i := range p.Lengths {
				for lane := range sim.Lane(2) {
					for _, phase := range []string{"prefill", "decode", "total"} {
						if same[0].Points[i].Lanes[lane] != nil {
							rows = append(rows, p.row(same, i, lane, phase))
						}
					}
				}
			}
		}
	}
	return rows
}

// row returns one observation, of all repeats of a run.
func (p Plan) row(same []Result, i int, lane sim.Lane, phase string) Row {
	first := same[0]
	c := of(first.Points[i], lane, phase)
	r := Row{
		Model: first.Model, Prompt: first.Prompt.Name(), PromptTokens: first.PromptTokens,
		New: p.Lengths[i], Tokens: first.PromptTokens + p.Lengths[i] - 1,
		Lane: [2]string{"cached", "uncached"}[lane], Phase: phase, Pairs: p.Pairs, Logits: p.Logits,
		QKV: c.Flops.QKV, Scores: c.Flops.Scores, AV: c.Flops.AV, Out: c.Flops.Out, MLP: c.Flops.MLP, Head: c.Flops.Head,
		Flops: c.Flops.Total(), Elementwise: c.Elementwise, KVTokens: c.KVTokens, KVBytes: c.KVBytes,
		KVReadBytes: c.KVReadBytes, KVWriteBytes: c.KVWriteBytes, WeightBytes: c.WeightBytes,
		Repeats: len(same), Identical: true,
	}
	var seconds []float64
	for _, s := range same {
		seconds = append(seconds, of(s.Points[i], lane, phase).Seconds)
		r.Identical = r.Identical && s.Points[i].Identical
	}
	slices.Sort(seconds)
	r.SecondsMedian, r.SecondsLow, r.SecondsHigh = Quantile(seconds, 0.5), Quantile(seconds, 0.25), Quantile(seconds, 0.75)
	r.SecondsMin, r.SecondsMax = seconds[0], seconds[len(seconds)-1]
	return r
}

func of(p Point, lane sim.Lane, phase string) sim.Counters {
	l := p.Lanes[lane]
	switch phase {
	case "prefill":
		return l.Prefill
	case "decode":
		return l.Decode
	}
	return cost.Add(l.Prefill, l.Decode)
}

// Quantile returns the value below which a share of the sorted values lies, between
// neighbours in proportion.
func Quantile(sorted []float64, share float64) float64 {
	at := share * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Columns are the names of a row's fields.
var Columns = []string{"model", "prompt", "prompt_tokens", "new", "tokens", "lane", "phase", "pairs", "logits",
	"qkv", "scores", "av", "out", "mlp", "head", "flops", "elementwise", "kv_tokens", "kv_bytes", "kv_read_bytes", "kv_write_bytes", "weight_bytes",
	"repeats", "seconds_median", "seconds_q1", "seconds_q3", "seconds_min", "seconds_max", "identical"}

// cells returns the values of a row, as Columns.
func (r Row) cells() []string {
	i := func(n int64) string { return strconv.FormatInt(n, 10) }
	f := func(x float64) string { return strconv.FormatFloat(x, 'g', 9, 64) }
	return []string{r.Model, r.Prompt, i(int64(r.PromptTokens)), i(int64(r.New)), i(int64(r.Tokens)), r.Lane, r.Phase, r.Pairs, r.Logits,
		i(r.QKV), i(r.Scores), i(r.AV), i(r.Out), i(r.MLP), i(r.Head), i(r.Flops), i(r.Elementwise),
		i(r.KVTokens), i(r.KVBytes), i(r.KVReadBytes), i(r.KVWriteBytes), i(r.WeightBytes),
		strconv.Itoa(r.Repeats), f(r.SecondsMedian), f(r.SecondsLow), f(r.SecondsHigh), f(r.SecondsMin), f(r.SecondsMax), strconv.FormatBool(r.Identical)}
}

// WriteCSV writes a header and the rows.
func WriteCSV(w io.Writer, rows []Row) error {
	out := sheet.NewWriter(w)
	if err := out.Write(Columns); err != nil {
		return err
	}
	for _, r := range rows {
		if err := out.Write(r.cells()); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteJSONL writes one object a line, with the same names.
func WriteJSONL(w io.Writer, rows []Row) error {
	for _, r := range rows {
		if err := plain.Line(w, r); err != nil {
			return err
		}
	}
	return nil
}
