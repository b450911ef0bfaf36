package wire

import (
	"encoding/binary"
	"math"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/cost"
)

// historyInfo describes the tensors history_ahead and history_paid.
type historyInfo struct {
	Metric string `json:"metric"` // flops, kv, read or time
	Total  bool   `json:"total"`  // each point sums all passes up to it
	Passes int    `json:"passes"` // of the whole run ahead
	// Whole tells whether the last paid pass is complete at the cursor.
	Whole bool `json:"whole"`
}

// metrics are what the chart can show: of a pass's counters, one number. A
// level says what is held, so that passes do not add up.
var metrics = map[string]struct {
	of    func(cost.Switches, sim.Counters) float64
	level bool
}{
	"flops": {of: func(sw cost.Switches, c sim.Counters) float64 { return float64(cost.Headline(c, sw)) }},
	"kv":    {of: func(_ cost.Switches, c sim.Counters) float64 { return float64(c.KVBytes) }, level: true},
	"read":  {of: func(_ cost.Switches, c sim.Counters) float64 { return float64(c.KVReadBytes + c.WeightBytes) }},
	"time":  {of: func(_ cost.Switches, c sim.Counters) float64 { return c.Seconds }},
}

// metric is what this viewer's chart shows.
func (p Pick) metric() string {
	for _, name := range []string{"kv", "read", "time"} {
		if p.shows("history-" + name) {
			return name
		}
	}
	return "flops"
}

// history is the run pass by pass: what the recorded steps up to the cursor
// paid, and what the formulas say of every pass of the whole run.
func (m *Moment) history() (historyInfo, []checkpoint.Tensor) {
	perPass := m.Model.Model.Config.Layers + 1
	info := historyInfo{Metric: m.Link.Pick.metric(), Total: m.Link.Pick.shows("history-total"), Passes: m.Recipe.MaxNew, Whole: true}
	if m.Ended != "" {
		info.Passes = (m.Recorded + perPass - 1) / perPass
	}
	info.Total = info.Total && !metrics[info.Metric].level
	var tensors []checkpoint.Tensor
	if info.Metric != "time" { // which no formula tells
		tensors = append(tensors, f64("history_ahead", m.ahead(info)))
	}
	paid := m.paid(info)
	if m.Step != nil {
		info.Whole = m.Step.Part == sim.HeadPart
	}
	return info, append(tensors, f64("history_paid", paid))
}

// paid sums the recorded steps of each pass, [lane][pass up to the cursor].
func (m *Moment) paid(info historyInfo) [][]float64 {
	rows := make([][]float64, 2)
	if m.Step == nil {
		return rows
	}
	sw, metric := m.Link.switches(), metrics[info.Metric]
	for lane := range rows {
		var pass sim.Counters
		sum := 0.0
		for n := range m.Step.N + 1 {
			s := m.At(n)
			if pass = cost.Add(pass, m.recount(s, sim.Lane(lane))); s.Part == sim.HeadPart || n == m.Step.N {
				x := metric.of(sw, pass)
				if info.Total {
					sum += x
					x = sum
				}
				rows[lane] = append(rows[lane], x)
				pass = sim.Counters{}
			}
		}
	}
	return rows
}

// ahead is what every pass will cost, [cached, uncached, uncached with every
// pair and every row's logits computed][pass]. The last is the growth that a
// lane without a cache and without a mask would have: (t+1) times the cached.
func (m *Moment) ahead(info historyInfo) [][]float64 {
	sw, metric := m.Link.switches(), metrics[info.Metric]
	dense := sw
	dense.Pairs, dense.Logits = "dense", "all"
	rows := make([][]float64, 3)
	var sums [3]float64
	for pass := range info.Passes {
		fresh, cached := m.Prompt, 0
		if pass > 0 {
			fresh, cached = 1, m.Prompt+pass-1
		}
		all := m.shape().Pass(cached+fresh, 0, sw)
		for i, c := range [3]sim.Counters{m.shape().Pass(fresh, cached, sw), cost.Uncached(all), cost.Uncached(m.shape().Pass(cached+fresh, 0, dense))} {
			x := metric.of(sw, c)
			if info.Total {
				sums[i] += x
				x = sums[i]
			}
			rows[i] = append(rows[i], x)
		}
	}
	return rows
}

// f64 is rows of equal length as one tensor: counts up to 2^53 stay exact.
func f64(name string, rows [][]float64) checkpoint.Tensor {
	var data []byte
	for _, row := range rows {
		for _, x := range row {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
		}
	}
	return checkpoint.Tensor{Name: name, DType: "F64", Shape: []int{len(rows), len(rows[0])}, Data: data}
}
