package cost

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"kvstep/sim"

	"pgregory.net/rapid"
)

// TestHardware: the presets are hardware.json, but for the one that is not to be
// shipped: the speed of one machine that somebody measured.
func TestHardware(t *testing.T) {
	var file struct {
		Presets []struct {
			Name         string
			Bandwidth    float64            `json:"mem_bandwidth_Bps"`
			Memory       int64              `json:"memory_bytes"`
			Peaks        map[string]float64 `json:"peak_flops"`
			Ridge        float64            `json:"ridge_fp16"`
			Source, Note string
			Status       string
		}
	}
	truth(t, "hardware.json", &file)
	fp16, err := ParseDType("dtype", "fp16")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range file.Presets {
		if want.Status == "measured" {
			continue
		}
		h := devices[i]
		if h.Name != want.Name || h.Bandwidth != want.Bandwidth || h.Memory != want.Memory || fmt.Sprint(h.Peaks) != fmt.Sprint(want.Peaks) ||
			h.Source != want.Source || h.Note != want.Note {
			t.Errorf("%+v, want %+v", h, want)
		}
		peak, _, err := h.Peak(fp16)
		if err != nil || math.Abs(peak/h.Bandwidth-want.Ridge) > 1e-12*want.Ridge {
			t.Errorf("%s: ridge %v, want %v (%v)", h.Name, peak/h.Bandwidth, want.Ridge, err)
		}
	}
	if len(devices) != len(file.Presets)-1 {
		t.Errorf("%d presets, of %d", len(devices), len(file.Presets))
	}
}

func TestHardwareNames(t *testing.T) {
	for name, want := range map[string]string{
		"h100": "H100-SXM-80GB", "A100": "A100-SXM-80GB", "A100-40GB": "A100-40GB", "RTX-4090": "RTX-4090-24GB", "m2": "Apple M2",
		"apple m2 ultra": "Apple M2 Ultra (76)", "Apple M2": "Apple M2", "M2 Max": "Apple M2 Max", "raspberry pi 5": "Raspberry Pi 5 (4x A76 2.4 GHz)",
		"Phone": "Phone (Snapdragon 8 Gen 3)", "Classroom PC": "Classroom PC (4 cores AVX2 3.0 GHz, DDR4-3200 x2)",
	} {
		if h, err := HardwarePreset(name); err != nil || h.Name != want {
			t.Errorf("%s: %s %v, want %s", name, h.Name, err, want)
		}
	}
	for _, name := range []string{"", "H", "A1", "abacus", "Apple M"} {
		if h, err := HardwarePreset(name); err == nil || !strings.Contains(err.Error(), "T4-16GB") {
			t.Errorf("%q: %s, %v", name, h.Name, err)
		}
	}
}

func TestPeak(t *testing.T) {
	for _, c := range []struct {
		device, dtype, as string
		rate              float64
	}{
		{"H100", "fp16", "fp16", 989.4e12}, {"H100", "bf16", "fp16", 989.4e12}, {"H100", "fp8", "fp8", 1978.9e12}, {"H100", "int4", "fp16", 989.4e12},
		{"A100", "fp8", "fp16", 312e12}, {"A100", "int8", "int8", 624e12}, {"A100", "fp32", "fp32", 19.5e12}, {"M2", "fp16", "fp32", 3.6e12},
		{"Phone", "fp16", "", 0},
	} {
		h, err := HardwarePreset(c.device)
		if err != nil {
			t.Fatal(err)
		}
		d, err := ParseDType("dtype", c.dtype)
		if err != nil {
			t.Fatal(err)
		}
		if rate, as, err := h.Peak(d); rate != c.rate || as != c.as || err != nil {
			t.Errorf("%s %s: %v %s %v", c.device, c.dtype, rate, as, err)
		}
	}
	h, _ := HardwarePreset("H100")
	var p *sim.Problem
	if _, _, err := h.Peak(dtypeTable[0]); !errors.As(err, &p) || p.ID != "cost.peak" {
		t.Errorf("the H100's rate for fp32 is not known: %v", err)
	}
}

func fp16() DType { return dtypeTable[1] }

func roofline(t interface{ Fatal(...any) }, s Shape, h Hardware, d DType, j Job, sw Switches) Roofline {
	r, err := s.Roofline(h, d, j, sw)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLessonsOfIntensity: misconceptions.json's numbers about rooflines.
func TestLessonsOfIntensity(t *testing.T) {
	all := models(t)
	var file struct {
		Intensity map[string]float64 `json:"M17_intensity_llama3_8b_fp16"`
		PaysFrom  map[string]struct {
			T     int64 `json:"T_where_uncached_step_becomes_compute_bound"`
			Ridge float64
		} `json:"M19_breakeven"`
	}
	truth(t, "misconceptions.json", &file)
	s := shapeOf(t, all, "Llama-3-8B")
	h100, _ := HardwarePreset("H100")
	a100, _ := HardwarePreset("A100")
	got := map[string]float64{"attention_only_decode": 0, "ridge_A100": roofline(t, s, a100, fp16(), Job{1, 1, 1}, Default()).Ridge}
	for _, batch := range []int{1, 32, 256} {
		r := roofline(t, s, h100, fp16(), Job{1023, 2, batch}, Default())
		got[fmt.Sprintf("decode_b%d_T1024", batch)] = r.Lanes.Cached.Decode.Intensity
		got["attention_only_decode"] = r.Lanes.Cached.Decode.Parts.Attention.Intensity
		got["ridge_H100"] = r.Ridge
	}
	got["prefill_1024_weights_only"] = roofline(t, s, h100, fp16(), Job{1024, 1, 1}, Default()).Lanes.Uncached.Prefill.Intensity
	for name, want := range file.Intensity {
		if math.Abs(got[name]/want-1) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	for name, want := range file.PaysFrom {
		if got := s.PaysFrom(want.Ridge); got != want.T {
			t.Errorf("%s: %d, want %d", name, got, want.T)
		}
	}
	t.Logf("%d and %d numbers", len(file.Intensity), len(file.PaysFrom))
}

// TestApple: llama.cpp's measured speeds on Apple's chips stay below what is
// modelled, and the bound of decoding is the one that the table gives.
func TestApple(t *testing.T) {
	var file struct {
		Apple struct {
			Rows []struct {
				Chip            string
				Prefill, Decode float64
				PP              float64 `json:"pp512_tok_s"`
				TG              float64 `json:"tg128_tok_s"`
				Bound           float64 `json:"tg_bound_tok_s"`
			}
		} `json:"llama_cpp_apple_4167"`
	}
	truth(t, "crosschecks.json", &file)
	s, _, err := Preset("Llama-2-7b-hf")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range file.Apple.Rows {
		h, err := HardwarePreset("Apple " + strings.Replace(r.Chip, "/", " (", 1))
		if err != nil {
			h, err = HardwarePreset("Apple " + strings.TrimSuffix(r.Chip, "/76"))
		}
		if err != nil {
			t.Fatal(err)
		}
		x := roofline(t, s, h, fp16(), Job{512, 1, 1}, Default()).Lanes.Cached
		if rate := 512 / x.TTFT; !(r.PP < rate && rate < 2*r.PP) {
			t.Errorf("%s: prefill at %.0f tokens/s modelled, %.0f measured", r.Chip, rate, r.PP)
		}
		x = roofline(t, s, h, fp16(), Job{1, 129, 1}, Default()).Lanes.Cached
		// The table's bound reads the embedding table too, which is 2 % of the file, and no cache.
		if !(r.TG < x.Rate && x.Rate < 1.02*r.Bound) {
			t.Errorf("%s: decode at %.2f tokens/s modelled, %.2f measured, bound %.2f", r.Chip, x.Rate, r.TG, r.Bound)
		}
	}
}

// TestPhasesAreTheirPasses: the sums over passes, with their turning points, are
// what one gets pass by pass and part by part.
func TestPhasesAreTheirPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyShape(t)
		j := Job{rapid.IntRange(1, 300).Draw(t, "prompt"), rapid.IntRange(1, 60).Draw(t, "new"), rapid.IntRange(1, 40).Draw(t, "batch")}
		h := Hardware{Bandwidth: 1e9, Memory: 1 << 40, Peaks: map[string]float64{"fp16": 1e9 * float64(rapid.IntRange(1, 400).Draw(t, "ridge"))}}
		passByPass(t, s, h, j)
	})
	s, _, _ := Preset("Llama-3-8B")
	h, _ := HardwarePreset("H100")
	// Without the cache, the parts with weights turn at about 300 tokens; the head never does.
	if turned := passByPass(t, s, h, Job{280, 60, 1}); turned != 3 {
		t.Errorf("%d parts turned, want 3", turned)
	}
}

// passByPass compares both lanes, and tells how many parts turned from being
// bound by memory to being bound by compute.
func passByPass(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, s Shape, h Hardware, j Job) (turned int) {
	r := roofline(t, s, h, fp16(), j, Default())
	bill, err := s.Bill(j, Default())
	if err != nil {
		t.Fatal(err)
	}
	for lane, got := range []LaneTime{r.Lanes.Cached, r.Lanes.Uncached} {
		seconds, flops, bytes := 0.0, 0.0, 0.0
		var before [5]bool
		for i := range j.New - 1 {
			for k, l := range r.loads(s, sim.Lane(lane), s.decode(j, sim.Lane(lane), int64(i), 1, Default())) {
				seconds += max(l.Compute, l.Memory)
				flops, bytes = flops+l.Flops, bytes+l.Bytes
				compute := l.Compute >= l.Memory
				if before[k] && !compute {
					t.Fatalf("part %d turned back", k)
				}
				if i > 0 && compute != before[k] {
					turned++
				}
				before[k] = compute
			}
		}
		d := got.Decode
		for _, x := range [][2]float64{{d.Seconds, seconds}, {d.Flops, flops}, {d.Bytes, bytes}} {
			if math.Abs(x[0]-x[1]) > 1e-9*x[1] {
				t.Fatalf("lane %d: %v, pass by pass %v", lane, x[0], x[1])
			}
		}
		c := bill.Decode[lane]
		moved := plusBig(c.WeightBytes, c.KVReadBytes)
		if f := float(c.Headline(Default())); math.Abs(f-d.Flops) > 1e-9*f || math.Abs(float(moved)-d.Bytes) > 10+1e-9*d.Bytes {
			t.Fatalf("lane %d: %v FLOPs and %v bytes, counted %v and %v", lane, d.Flops, d.Bytes, f, moved)
		}
		if got.Total != got.TTFT+d.Seconds || got.TTFT != got.Prefill.Seconds {
			t.Fatalf("lane %d: %+v", lane, got)
		}
	}
	return turned
}

// TestCapacity: one more sequence, or one more token, does not fit.
func TestCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyShape(t)
		j := Job{rapid.IntRange(1, 300).Draw(t, "prompt"), rapid.IntRange(1, 60).Draw(t, "new"), rapid.IntRange(1, 40).Draw(t, "batch")}
		room := rapid.Int64Range(0, 1<<34).Draw(t, "room")
		h := Hardware{Memory: s.WeightBytes() + room}
		c := s.Capacity(h, j)
		fits := func(tokens, batch int64) bool {
			if tokens == 0 || batch == 0 {
				return true
			}
			_, size := s.cacheLevels(tokens, batch)
			return size.Cmp(big.NewInt(room)) <= 0
		}
		length := int64(j.Prompt + j.New - 1)
		if !fits(length, c.MaxBatch) || room > 0 && fits(length, c.MaxBatch+1) {
			t.Fatalf("batch %d at %d tokens", c.MaxBatch, length)
		}
		if !fits(c.MaxContext, int64(j.Batch)) || c.Limit == "memory" && room > 0 && fits(c.MaxContext+1, int64(j.Batch)) || c.Limit == "model" && c.MaxContext != int64(s.Context) {
			t.Fatalf("%+v", c)
		}
		if c.Fits != (room > 0 && fits(length, int64(j.Batch))) {
			t.Fatalf("%+v: room %d", c, room)
		}
	})
	tight, _, err := Preset("Llama-3-8B") // to the byte
	if err != nil {
		t.Fatal(err)
	}
	room := 3 * 100 * tight.KVBytesPerToken()
	if c := tight.Capacity(Hardware{Memory: tight.WeightBytes() + room}, Job{100, 1, 3}); !c.Fits || c.MaxBatch != 3 || c.MaxContext != 100 {
		t.Errorf("to the byte: %+v", c)
	}
	small, _, err := Preset("Llama-3-70B")
	if err != nil {
		t.Fatal(err)
	}
	h, _ := HardwarePreset("RTX-4090")
	if c := small.Capacity(h, Job{1, 1, 1}); c.Fits || c.MaxBatch != 0 || c.MaxContext != 0 {
		t.Errorf("70B in 24 GB: %+v", c)
	}
}
