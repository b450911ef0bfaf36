package cost

import (
	"math"
	"testing"
)

// viewerOp is a row of LLM-Viewer's table: the work of one op, of one layer
// (of the whole model for lm_head).
type viewerOp struct {
	name                                     string
	ops, weights, load, store, kvLoad, kvOut int64
}

func (o viewerOp) bytes() int64 { return o.weights + o.load + o.store + o.kvLoad + o.kvOut }

// viewed is what hahnyuan/LLM-Viewer (commit 472f71f) counts for a whole model.
type viewed struct {
	viewerOp
	rows []viewerOp
}

// viewer counts as LLM-Viewer does, from our prices where both agree. What it
// does in its own way:
//
//	lm_head    dV, not 2dV (a known error, not copied): once a sequence, its activations once a batch
//	norm       7 a number, softmax 5 a score, residual 1 a number, activation 2d a row instead of 5F
//	RoPE, scale, final norm: nothing
//	pairs      dense; a decode pass at length n has n keys
//	bytes      16 bits: the weights once, every activation in and out of every op,
//	           the scores too (no fused attention); of Q, in prefill, the width of K
func viewer(s Shape, n, batch int, stage string) viewed {
	d, f, v, b := int64(s.Dim), int64(s.FFN), int64(s.Vocab), int64(batch)
	h, kv, keys := int64(s.Heads), int64(s.KVHeads*s.HeadDim), int64(n)
	rows, cached := n, 0
	if stage == "decode" {
		rows, cached = 1, n-1
	}
	m := b * int64(rows)
	one := s
	one.Layers = 1
	c := one.Pass(rows, cached, Switches{Unit: "flop", Pairs: "dense"})
	linear := func(name string, in, to int64) viewerOp {
		o := viewerOp{name: name, ops: 2 * m * in * to, weights: 2 * in * to, load: 2 * m * in, store: 2 * m * to}
		if name == "k_proj" || name == "v_proj" {
			o.store, o.kvOut = 0, o.store
		}
		return o
	}
	each := func(name string, ops, in, to int64) viewerOp {
		return viewerOp{name: name, ops: ops, load: 2 * in, store: 2 * to}
	}
	scores := m * h * keys
	queries := m * d
	if stage == "prefill" {
		queries = m * kv // it reads as much of Q as of K
	}
	qk := each("qk_matmul", b*c.Flops.Scores, queries, scores)
	sv := each("sv_matmul", b*c.Flops.AV, scores, m*d)
	qk.kvLoad, sv.kvLoad = 2*b*keys*kv, 2*b*keys*kv
	x := viewed{rows: []viewerOp{
		linear("q_proj", d, d), linear("k_proj", d, kv), linear("v_proj", d, kv), linear("out_proj", d, d),
		linear("gate_proj", d, f), linear("up_proj", d, f), linear("down_proj", f, d),
		qk, sv, each("softmax", 5*scores, scores, scores),
		each("attn_norm", 7*m*d, m*d, m*d), each("mlp_norm", 7*m*d, m*d, m*d),
		each("attn_add", m*d, m*d, m*d), each("mlp_add", m*d, m*d, m*d), each("mlp_act", 2*m*d, 2*m*d, m*d),
	}}
	add := func(o viewerOp, times int64) {
		x.ops += times * o.ops
		x.weights += times * o.weights
		x.load, x.store = x.load+times*o.load, x.store+times*o.store
		x.kvLoad, x.kvOut = x.kvLoad+times*o.kvLoad, x.kvOut+times*o.kvOut
	}
	for _, o := range x.rows {
		add(o, int64(s.Layers))
	}
	last := viewerOp{name: "lm_head", ops: b * d * v, weights: 2 * d * v, load: 2 * d, store: 2 * v}
	x.rows = append(x.rows, last)
	add(last, 1)
	return x
}

// viewerHardware are LLM-Viewer's own numbers where they are not those of
// hardware.json: half of an int8 rate, and an early figure of the H100's memory.
var viewerHardware = map[string]Hardware{
	"nvidia_A6000":    {Bandwidth: 768e9, Peaks: map[string]float64{"fp16": 309.677e12 / 2}},
	"nvidia_A100_80G": {Bandwidth: 2039e9, Peaks: map[string]float64{"fp16": 312e12}},
	"nvidia_H100_SXM": {Bandwidth: 3072e9, Peaks: map[string]float64{"fp16": 1979e12 / 2}},
}

func (h Hardware) viewerTime(o viewerOp) float64 {
	return max(float64(o.ops)/h.Peaks["fp16"], float64(o.bytes())/h.Bandwidth)
}

// TestLLMViewer reproduces every row of llm_viewer.json in LLM-Viewer's own way
// of counting: integers exactly, and the times that it models. It has no mode of
// its own in the command, because of the head.
func TestLLMViewer(t *testing.T) {
	all := models(t)
	var file struct {
		Rows []struct {
			Model, HW, Stage string
			Batch, SeqLen    int
			OPs              int64
			Access           int64   `json:"memory_access"`
			Weights          int64   `json:"load_weight"`
			LoadAct          int64   `json:"load_act"`
			StoreAct         int64   `json:"store_act"`
			LoadKV           int64   `json:"load_kv_cache"`
			StoreKV          int64   `json:"store_kv_cache"`
			Intensity        float64 `json:"arithmetic_intensity"`
			Time             float64 `json:"inference_time_s"`
			Cache            int64   `json:"kv_cache_bytes"`
		}
		Layers map[string][]struct {
			Layer string
			OPs   int64
			Bytes int64   `json:"memory_access"`
			Bound string  `json:"bound"`
			Time  float64 `json:"inference_time_s"`
		}
	}
	truth(t, "llm_viewer.json", &file)
	for _, r := range file.Rows {
		s, h := shapeOf(t, all, r.Model[len("meta-llama/"):]), viewerHardware[r.HW]
		x := viewer(s, r.SeqLen, r.Batch, r.Stage)
		cache := s.Pass(r.SeqLen, 0, Default()).KVBytes * int64(r.Batch)
		what := func(name string) string { return r.Model + " " + r.HW + " " + r.Stage + " " + name }
		want(t, what("OPs"), x.ops, r.OPs)
		want(t, what("weights"), x.weights, r.Weights)
		want(t, what("activations read"), x.load, r.LoadAct)
		want(t, what("activations written"), x.store, r.StoreAct)
		want(t, what("KV read"), x.kvLoad, r.LoadKV)
		want(t, what("KV written"), x.kvOut, r.StoreKV)
		want(t, what("bytes"), x.bytes(), r.Access)
		want(t, what("cache"), cache, r.Cache)
		time := 0.0
		for _, o := range x.rows {
			times := float64(s.Layers)
			if o.name == "lm_head" {
				times = 1
			}
			time += times * h.viewerTime(o)
		}
		if math.Abs(time/r.Time-1) > 1e-9 {
			t.Errorf("%s %d %d: %v s, want %v", what("time"), r.Batch, r.SeqLen, time, r.Time)
		}
		if got := float64(x.ops) / float64(x.bytes()); math.Abs(got/r.Intensity-1) > 1e-12 {
			t.Errorf("%s: %v, want %v", what("intensity"), got, r.Intensity)
		}
	}
	seven, h := shapeOf(t, all, "Llama-2-7b-hf"), viewerHardware["nvidia_A6000"]
	layers := 0
	for name, rows := range file.Layers {
		stage := name[len("Llama-2-7b A6000 b1 s2048 "):]
		x := viewer(seven, 2048, 1, stage)
		for i, r := range rows {
			o := x.rows[i]
			if layers++; o.name != r.Layer {
				t.Fatalf("%s, want %s", o.name, r.Layer)
			}
			want(t, stage+" "+o.name, o.ops, r.OPs)
			want(t, stage+" "+o.name+" bytes", o.bytes(), r.Bytes)
			bound := map[bool]string{true: "compute", false: "memory"}[float64(o.ops)/h.Peaks["fp16"] > float64(o.bytes())/h.Bandwidth]
			if bound != r.Bound || math.Abs(h.viewerTime(o)/r.Time-1) > 1e-9 {
				t.Errorf("%s %s: %s %v, want %s %v", stage, o.name, bound, h.viewerTime(o), r.Bound, r.Time)
			}
		}
	}
	t.Logf("%d rows, and %d of single ops", len(file.Rows), layers)
}
