package room

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
	"kvstep/web/wire"
)

// gpt2 is a model of GPT-2's shape whose weights are small and always the same.
func gpt2(b *testing.B) *library.Loaded {
	c := sim.Config{Family: "gpt2", Dim: 768, Layers: 12, Heads: 12, KVHeads: 12, HeadDim: 64, FFN: 3072, Vocab: 50257,
		Context: 1024, NormEps: 1e-5, NoPE: true, Tied: true, BOS: -1, EOS: -1}
	all, err := syscall.Mmap(-1, 0, 4*130_000_000, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		b.Fatal(err)
	}
	_ = syscall.Madvise(all, syscall.MADV_HUGEPAGE)
	free := unsafe.Slice((*float32)(unsafe.Pointer(&all[0])), len(all)/4) // as a mapped file is, no memory of the collector's
	state := uint64(1)
	vector := func(n int) []float32 {
		x := free[:n:n]
		free = free[mat.RoundToLine(n):]
		for i := range x {
			state = state*6364136223846793005 + 1442695040888963407
			x[i] = float32(int32(state>>32)) * (0.05 / (1 << 31))
		}
		return x
	}
	matrix := func(rows, cols int) mat.Matrix { return mat.Of(rows, cols, vector(rows*cols)) }
	w := sim.Weights{Embed: matrix(c.Vocab, c.Dim), Positions: matrix(c.Context, c.Dim), FinalNorm: vector(c.Dim), FinalBias: vector(c.Dim)}
	for range c.Layers {
		w.Layers = append(w.Layers, sim.LayerWeights{
			AttnNorm: vector(c.Dim), AttnBias: vector(c.Dim), MLPNorm: vector(c.Dim), MLPBias: vector(c.Dim),
			Q: matrix(c.Dim, c.Dim), K: matrix(c.Dim, c.Dim), V: matrix(c.Dim, c.Dim), O: matrix(c.Dim, c.Dim),
			QBias: vector(c.Dim), KBias: vector(c.Dim), VBias: vector(c.Dim), OBias: vector(c.Dim),
			Up: matrix(c.FFN, c.Dim), UpBias: vector(c.FFN), Down: matrix(c.Dim, c.FFN), DownBias: vector(c.Dim),
		})
	}
	w.Unembed = w.Embed
	m, err := model.New(c, w)
	if err != nil {
		b.Fatal(err)
	}
	return &library.Loaded{Name: "gpt2-shape", Model: m}
}

// eye is a viewer who waits for frames.
type eye struct {
	frames chan int
	ended  chan struct{} // closed when a frame says that the run is over; nil for nobody
	sizes  []int
	mu     sync.Mutex
	fault  error
}

func (e *eye) Frame(f *Encoded) {
	if e.ended != nil && bytes.Contains(f.Data[:min(len(f.Data), 1<<16)], []byte(`\"ended\":\"max-new\"`)) {
		close(e.ended)
		e.ended = nil
	}
	select {
	case e.frames <- len(f.Data):
	default:
	}
}

func (e *eye) Problem(p *sim.Problem) {
	e.mu.Lock()
	e.fault = p
	e.mu.Unlock()
	e.frames <- -1
}
func (e *eye) Loading([]byte) {}

// press sends a command and returns how long its frame took, in seconds.
func (e *eye) press(b *testing.B, r *Room, c wire.Command) float64 {
	b.Helper()
	start := time.Now()
	r.Do(e, c)
	if size := <-e.frames; size < 0 {
		b.Fatal(e.fault)
	} else {
		e.sizes = append(e.sizes, size)
	}
	return time.Since(start).Seconds()
}

// resident returns what the system says that the process has of memory, now (VmRSS) or at most
// since peakFrom (VmHWM), in MiB.
func resident(b *testing.B, name string) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal("this system does not tell what a process has: ", err)
	}
	found := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(text)
	n, _ := strconv.ParseFloat(string(found[1]), 64)
	return n / 1024
}

func peakFrom(b *testing.B) {
	debug.SetGCPercent(50) // as kvstep serve does
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Log("the peak is that of the whole process: ", err)
	}
}

// BenchmarkGPT2Room is a model of GPT-2's shape in a room: a prompt of 900 tokens, then to 1,024, the
// cached lane, every step shown to one viewer. It tells what a press of Layer takes in
// decode, what one of Token takes beside the time in which the weights are read, what a layer of
// prefill takes beside its kernels, and the memory of the process, weights included.
func BenchmarkGPT2Room(b *testing.B) {
	if testing.Short() {
		b.Skip("skipped in short mode: it has half a gigabyte of weights")
	}
	m := gpt2(b)
	total := sim.NewMemory(nil, "memory.total", 4<<30)
	models := library.New(m)
	models.Count(total)
	prompt := make([]int, 900)
	for i := range prompt {
		prompt[i] = (i*i*7 + 3) % 50257
	}
	session, err := run.NewSession(m, len(prompt))
	if err != nil {
		b.Fatal(err)
	}
	kernels := timed3(func() { session.Clear(); session.Feed(prompt...) }) / float64(m.Model.Config.Layers)
	session = nil
	reading := readingTime(m)
	for b.Loop() {
		peakFrom(b)
		r := New(context.Background(), models)
		e := &eye{frames: make(chan int, 64)}
		q := recipe.Complete(sim.Recipe{Model: m.Name, Tokens: prompt, MaxNew: 125, Lanes: "cached"})
		e.press(b, r, wire.Command{Cmd: "open", Link: wire.Link{Recipe: q, Step: -1}.Query()})
		var prefill, layers, tokens []float64
		layer, token := wire.Command{Cmd: "forward", By: "layer"}, wire.Command{Cmd: "forward", By: "token"}
		for range 12 {
			prefill = append(prefill, e.press(b, r, layer))
		}
		e.press(b, r, layer)
		largest := slices.Max(e.sizes)
		for pass := range 124 {
			if pass%2 == 1 {
				tokens = append(tokens, e.press(b, r, token))
				continue
			}
			for range 13 {
				layers = append(layers, e.press(b, r, layer))
			}
		}
		peak := resident(b, "VmHWM")
		b.ReportMetric(peak, "peak-MiB")
		b.ReportMetric(float64(total.Held())/(1<<20), "counted-MiB")
		b.ReportMetric(1000*middleOf(layers, 50), "layer-p50-ms")
		b.ReportMetric(1000*middleOf(layers, 95), "layer-p95-ms")
		b.ReportMetric(1000*middleOf(tokens, 50), "token-p50-ms")
		b.ReportMetric(1000*(1.5*reading+0.01), "token-bar-ms")
		b.ReportMetric(1000*middleOf(prefill, 50), "prefill-layer-ms")
		b.ReportMetric(1000*kernels, "prefill-kernels-ms")
		b.ReportMetric(float64(largest), "prefill-frame-bytes")
		b.ReportMetric(float64(e.sizes[len(e.sizes)-1]), "last-frame-bytes")
		r.Close()
	}
	b.ReportMetric(0, "ns/op")
}

func middleOf(x []float64, percent int) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[min(len(x)*percent/100, len(x)-1)]
}

// timed3 returns the median of three times, seconds.
func timed3(f func()) float64 {
	var all []float64
	for range 3 {
		start := time.Now()
		f()
		all = append(all, time.Since(start).Seconds())
	}
	return middleOf(all, 50)
}

// weightsOf returns the matrices that a decode pass reads.
func weightsOf(m *library.Loaded) (all []mat.Matrix) {
	for l := range m.Model.Weights.Layers {
		w := &m.Model.Weights.Layers[l]
		all = append(all, w.Q, w.K, w.V, w.O, w.Up, w.Down)
	}
	return append(all, m.Model.Weights.Unembed)
}

// readingTime returns how long reading the weights takes: one row meets every one of them, all after each
// other, so that no cache has what comes next.
func readingTime(m *library.Loaded) float64 {
	all := weightsOf(m)
	x, y := mat.New(1, m.Model.Config.FFN), mat.New(1, m.Model.Config.Vocab)
	return timed3(func() {
		for _, w := range all {
			mat.MulT(y.Cols(0, w.NumRows()), x.Cols(0, w.NumCols()), w)
		}
	})
}

// BenchmarkRoomsMemory is what rooms of the default model take together at 256 tokens, in both lanes,
// when all have run to there: of the process, without what it had before.
func BenchmarkRoomsMemory(b *testing.B) {
	m, err := library.Open("story")
	if err != nil {
		b.Fatal(err)
	}
	m.Model.Config.EOS = -1
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			total := sim.NewMemory(nil, "memory.total", 4<<30)
			models := library.New(m)
			models.Count(total)
			for b.Loop() {
				peakFrom(b)
				before := resident(b, "VmRSS")
				var rooms []*Room
				for range n {
					r, e := New(context.Background(), models), &eye{frames: make(chan int, 64)}
					rooms = append(rooms, r)
					q := recipe.Complete(sim.Recipe{Model: "story", Prompt: "Once upon a time", MaxNew: 241})
					e.press(b, r, wire.Command{Cmd: "open", Link: wire.Link{Recipe: q, Step: -1}.Query()})
					ended := make(chan struct{})
					e.ended = ended // nothing is under way
					r.Do(e, wire.Command{Cmd: "forward", By: "end"})
					<-ended
				}
				b.ReportMetric(resident(b, "VmRSS")-before, "MiB")
				b.ReportMetric(resident(b, "VmHWM")-before, "peak-MiB")
				b.ReportMetric(float64(total.Held())/(1<<20), "counted-MiB")
				debug.FreeOSMemory()
				b.ReportMetric(resident(b, "VmRSS")-before, "MiB-without-garbage")
				var have runtime.MemStats
				runtime.ReadMemStats(&have)
				b.ReportMetric(float64(have.HeapAlloc)/(1<<20), "heap-MiB")
				for _, r := range rooms {
					r.Close()
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkOnceMemory is what the process has more with every token of a run of GPT-2's shape that is
// printed and not looked back at, its cache included, and what it has when steps are kept.
func BenchmarkOnceMemory(b *testing.B) {
	if testing.Short() {
		b.Skip("skipped in short mode: it has half a gigabyte of weights")
	}
	m := gpt2(b)
	r := recipe.Complete(sim.Recipe{Model: m.Name, Tokens: []int{1, 2, 3, 4, 5, 6, 7, 8, 9}, MaxNew: 200, Lanes: "cached"})
	clock := func() float64 { return 0 }
	grown := func(steps iter.Seq2[sim.Step, error], keep bool) float64 {
		const from, to = 60, 190
		var kept []sim.Step
		var at [2]float64
		peakFrom(b)
		for s, err := range steps {
			if err != nil {
				b.Fatal(err)
			}
			if keep {
				kept = append(kept, s)
			}
			if i := slices.Index([]int{from, to}, s.Pass); i >= 0 && s.Part == sim.HeadPart {
				debug.FreeOSMemory()
				at[i] = resident(b, "VmRSS")
			}
		}
		runtime.KeepAlive(kept)
		return (at[1] - at[0]) * 1024 / (to - from)
	}
	for b.Loop() {
		b.ReportMetric(grown(run.Once(context.Background(), m, r, clock), false), "KiB/token-once")
		b.ReportMetric(grown(run.Steps(context.Background(), m, r, clock), true), "KiB/token-kept")
	}
	b.ReportMetric(float64(kv.SpecOf(m.Model.Config, 1).TokenBytes())/1024, "KiB/token-cache")
	b.ReportMetric(0, "ns/op")
}
