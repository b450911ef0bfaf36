package sweep

import "math"

// Fit is y = factor x^exponent, the straight line through the logarithms.
type Fit struct {
	Exponent float64 `json:"exponent"`
	Factor   float64 `json:"factor"`
	R2       float64 `json:"r2"`     // share of the variance of ln y that the line explains
	Points   int     `json:"points"` // that were fitted
	From     float64 `json:"from"`   // the range of x
	To       float64 `json:"to"`
}

// FitPower fits the points of which both numbers are above 0, by least squares.
// Fewer than two different x give false.
func FitPower(x, y []float64) (Fit, bool) {
	var n, sx, sy, sxx, sxy, syy float64
	f := Fit{From: math.Inf(1), To: math.Inf(-1)}
	for i := range x {
		if x[i] <= 0 || y[i] <= 0 {
			continue
		}
		a, b := math.Log(x[i]), math.Log(y[i])
		n, sx, sy, sxx, sxy, syy = n+1, sx+a, sy+b, sxx+a*a, sxy+a*b, syy+b*b
		f.From, f.To = min(f.From, x[i]), max(f.To, x[i])
	}
	spread := n*sxx - sx*sx
	if n < 2 || f.From == f.To {
		return Fit{}, false
	}
	f.Exponent = (n*sxy - sx*sy) / spread
	f.Factor = math.Exp((sy - f.Exponent*sx) / n)
	f.Points = int(n)
	f.R2 = 1
	if v := n*syy - sy*sy; v > 0 {
		f.R2 = (n*sxy - sx*sy) * (n*sxy - sx*sy) / (spread * v)
	}
	return f, true
}

// UpperHalf leaves the points whose x is at least half of the largest: where a
// power shows itself and what is constant no longer matters.
func UpperHalf(x, y []float64) (a, b []float64) {
	most := 0.0
	for _, v := range x {
		most = max(most, v)
	}
	for i, v := range x {
		if v >= most/2 {
			a, b = append(a, v), append(b, y[i])
		}
	}
	return a, b
}

// Metric is a number of a row that grows with length.
type Metric struct {
	Name string
	Of   func(Row) float64
}

// Metrics are those that are fitted: each part, the parts that are linear in
// the rows together, all FLOPs, and the time.
var Metrics = []Metric{
	{"scores", func(r Row) float64 { return float64(r.Scores) }},
	{"av", func(r Row) float64 { return float64(r.AV) }},
	{"linear", func(r Row) float64 { return float64(r.QKV + r.Out + r.MLP) }},
	{"head", func(r Row) float64 { return float64(r.Head) }},
	{"flops", func(r Row) float64 { return float64(r.Flops) }},
	{"kv_read_bytes", func(r Row) float64 { return float64(r.KVReadBytes) }},
	{"seconds", func(r Row) float64 { return r.SecondsMedian }},
}

// FitOf returns the exponent of a metric over the tokens of a series: the totals of
// one model, prompt and lane, in the upper half of their lengths.
func FitOf(rows []Row, model, prompt, lane string, m Metric) (Fit, bool) {
	var x, y []float64
	for _, r := range rows {
		if r.Model == model && r.Prompt == prompt && r.Lane == lane && r.Phase == "total" {
			x, y = append(x, float64(r.Tokens)), append(y, m.Of(r))
		}
	}
	return FitPower(UpperHalf(x, y))
}
