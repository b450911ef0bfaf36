package cost

import (
	"fmt"
	"math"
	"strconv"
	"testing"

	"kvstep/sim"
)

// near compares a number that the file prints rounded to some decimals.
func near(t *testing.T, what string, got, want float64, decimals int) {
	t.Helper()
	if math.Abs(got-want) > 0.5001*math.Pow(10, -float64(decimals)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func number64(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// shares are the parts of a pass in 1/1 of its matmuls.
func shares(c sim.Counters) map[string]float64 {
	f, all := c.Flops, float64(c.Flops.Total())
	return map[string]float64{
		"m.qkv": float64(f.QKV) / all, "m.scores": float64(f.Scores) / all, "m.av": float64(f.AV) / all,
		"m.proj": float64(f.Out) / all, "m.mlp": float64(f.MLP) / all, "m.head": float64(f.Head) / all,
	}
}

// lessons is misconceptions.json: the numbers behind what people get wrong about
// KV caches, which the lessons rest on.
type lessons struct {
	NotConstant map[string]map[string]struct {
		Total, Attention int64
		Share            float64
	} `json:"M03_decode_not_O1"`
	Growth map[string]map[string]map[string]int64   `json:"M04_M07_growth"`
	Memory map[string]map[string]int64              `json:"M05_memory_stories260K_fp32"`
	Shares map[string]map[string]map[string]float64 `json:"M06_shares_prefill_dense_last"`
	Causal map[string]float64                       `json:"M09_causal_saving_gpt2_1024"`
	First  struct {
		GPT2 int64 `json:"gpt2_128"`
	} `json:"M10_ttft"`
	GQA    map[string]int64            `json:"M12_gqa_llama3_8b_T1024"`
	Head   map[string]map[string]int64 `json:"M16_head"`
	Chunks []map[string]float64        `json:"chunked_prefill"`
	Evict  map[string]int64            `json:"eviction_llama2_7b"`
}

var (
	lastDense = Switches{"flop", "dense", "last", "matmul"}
	allDense  = Switches{"flop", "dense", "all", "matmul"}
)

func TestLessonsOfGrowth(t *testing.T) {
	all := models(t)
	var file lessons
	truth(t, "misconceptions.json", &file)
	for name, rows := range file.NotConstant { // a decode step is not O(1)
		for n, row := range rows {
			c := shapeOf(t, all, name).Pass(1, number64(t, n)-1, Default())
			want(t, name+" decode at "+n, matmul(c), row.Total)
			want(t, name+" attention at "+n, c.Flops.Scores+c.Flops.AV, row.Attention)
			near(t, name+" share at "+n, float64(row.Attention)/float64(row.Total), row.Share, 4)
		}
	}
	for name, rows := range file.Growth { // n tokens from a prompt of 1
		for n, row := range rows {
			g, err := shapeOf(t, all, name).Generate(1, number64(t, n), lastDense)
			if err != nil {
				t.Fatal(err)
			}
			cached, uncached := g.Total[sim.Cached], g.Total[sim.Uncached]
			want(t, name+" uncached to "+n, matmul(uncached), row["uncached_total"])
			want(t, name+" cached to "+n, matmul(cached), row["cached_total"])
			want(t, name+" uncached scores to "+n, uncached.Flops.Scores, row["scores_uncached"])
			want(t, name+" cached scores to "+n, cached.Flops.Scores, row["scores_cached"])
		}
	}
	tiny := shapeOf(t, all, "stories260K").Config
	for n, row := range file.Memory {
		want(t, "resident at "+n, Pass(tiny, number64(t, n), 0, Default()).KVBytes, row["kv_resident_bytes"])
		want(t, "weights", WeightBytes(tiny, 4), row["weights_bytes"])
	}
	for name, rows := range file.Shares {
		for n, row := range rows {
			for part, share := range shares(shapeOf(t, all, name).Pass(number64(t, n), 0, lastDense)) {
				near(t, fmt.Sprint(name, part, n), share, row[part], 4)
			}
		}
	}
}

func TestLessonsOfTheMaskAndGroups(t *testing.T) {
	all := models(t)
	var file lessons
	truth(t, "misconceptions.json", &file)
	gpt2 := shapeOf(t, all, "gpt2")
	dense, allowed := gpt2.Pass(1024, 0, allDense), gpt2.Pass(1024, 0, Switches{"flop", "allowed", "all", "matmul"})
	want(t, "dense", matmul(dense), int64(file.Causal["dense"]))
	want(t, "allowed", matmul(allowed), int64(file.Causal["allowed"]))
	near(t, "saving", 100-100*float64(matmul(allowed))/float64(matmul(dense)), file.Causal["saving_percent"], 2)
	near(t, "saving of attention", 100-100*float64(allowed.Flops.AV)/float64(dense.Flops.AV),
		file.Causal["attention_only_saving_percent"], 3)
	want(t, "first token", matmul(gpt2.Pass(128, 0, lastDense)), file.First.GPT2)

	gqa := shapeOf(t, all, "Llama-3-8B") // sharing K and V saves bytes, not scores
	mha := gqa
	mha.KVHeads = mha.Heads
	for kind, s := range map[string]Shape{"gqa": gqa, "mha": mha} {
		c := s.Pass(1, 1023, Default())
		want(t, kind, c.Flops.Scores, file.GQA["scores_"+kind])
		want(t, kind, c.Flops.QKV, file.GQA["qkv_"+kind])
		want(t, kind, c.KVReadBytes, file.GQA["kv_read_"+kind])
	}
}

func TestLessonsOfHeadAndChunks(t *testing.T) {
	all := models(t)
	var file lessons
	truth(t, "misconceptions.json", &file)
	lengths := map[string]int{"Llama-3-8B": 128, "gpt2": 128, "stories15M": 128, "stories260K": 128}
	for name, row := range file.Head {
		s := shapeOf(t, all, name)
		want(t, name+" all", matmul(s.Pass(lengths[name], 0, allDense)), row["prefill_all"])
		want(t, name+" last", matmul(s.Pass(lengths[name], 0, lastDense)), row["prefill_last"])
	}
	for _, row := range file.Chunks { // cutting a prompt costs reads, not allowed pairs
		n, chunk := int(row["n"]), int(row["chunk"])
		var cut, mask Work
		for at := 0; at < n; at += chunk {
			w := PassWork(min(chunk, n-at), at, Default())
			cut.Pairs, cut.Reads = cut.Pairs+w.Pairs, cut.Reads+w.Reads
			mask.Pairs += PassWork(min(chunk, n-at), at, allDense).Pairs
		}
		want(t, "reads", cut.Reads, int64(row["kv_token_reads"]))
		want(t, "allowed pairs, cut", cut.Pairs, int64(row["allowed_pairs"]))
		want(t, "allowed pairs", PassWork(n, 0, Default()).Pairs, int64(row["allowed_pairs"]))
		want(t, "dense pairs, cut", mask.Pairs, int64(row["dense_pairs_chunked"]))
		want(t, "dense pairs", PassWork(n, 0, allDense).Pairs, int64(row["dense_pairs_full"]))
	}
	seven := shapeOf(t, all, "Llama-2-7b-hf")
	want(t, "full cache", seven.Pass(4096, 0, Default()).KVBytes, file.Evict["full_4096"])
	for name, heads := range map[string]int{"mqa_equiv": 1, "gqa8_equiv": 8} {
		seven.KVHeads = heads
		want(t, name, seven.Pass(4096, 0, Default()).KVBytes, file.Evict[name])
	}
}
