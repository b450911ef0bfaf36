package run

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
)

var write = flag.Bool("write", false, "write the digests of the state hashes")

const (
	hashFile = "testdata/hashes.txt"
	families = "testdata/families"

	randomHashed = 3 // models with random weights
	large        = "random large"
)

// hashCase is one run whose every step is hashed.
type hashCase struct {
	name   string
	model  string // embedded, a folder of families, or random
	recipe sim.Recipe
}

// hashCases are runs of every kind of model, lane, choice and cache that there is.
// They are short: emulated processors run them too.
func hashCases(t *testing.T) (list []hashCase) {
	t.Helper()
	add := func(name, model string, r sim.Recipe) {
		if r.Prompt == "" && len(r.Tokens) == 0 {
			r.Prompt = "Sam gave a green book to Rosa."
		}
		if r.MaxNew == 0 {
			r.MaxNew = 3
		}
		list = append(list, hashCase{name, model, recipe.Complete(r)})
	}
	drawn := sim.Sampler{Kind: "sample", Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.01, RepetitionPenalty: 1.1, Seed: 7}
	add("greedy", "story", sim.Recipe{MaxNew: 6})
	add("sampled", "story", sim.Recipe{Prompt: "小军把一本绿色的书给了小雪。", Sampler: drawn})
	add("uncached", "story", sim.Recipe{Lanes: "uncached"})
	add("beam", "story-draft", sim.Recipe{Sampler: sim.Sampler{Kind: "beam", Width: 3, Length: 0.7}})
	add("draft", "story", sim.Recipe{Lanes: "cached", Draft: "story-draft", MaxNew: 6})
	add("batch", "story-draft", sim.Recipe{Lanes: "cached", Batch: &sim.Batch{
		Schedule: sim.ScheduleContinuous, Slots: 2, Chunk: 5,
		Requests: []sim.Request{{Prompt: "Rosa has a red", MaxNew: 2}, {Prompt: "小雪有", MaxNew: 3, Arrive: 1}},
	}})
	add("greedy", "story-gqa", sim.Recipe{})
	add("sampled", "story-mqa", sim.Recipe{Lanes: "cached", Sampler: drawn})
	// More keys than a kernel has lanes and columns for, with a rest.
	add("long", "story-draft", sim.Recipe{Lanes: "cached", Prompt: strings.Repeat("Sam gave a green book to Rosa. ", 13)})
	add("greedy", "paper", sim.Recipe{Prompt: "cat sees"})
	add("uncached", "paper", sim.Recipe{Prompt: "cat sees", Lanes: "uncached"})
	for _, p := range []sim.CachePolicy{
		{Kind: sim.CacheInt8, Axis: "token", Group: 16}, {Kind: sim.CacheInt8, Axis: "channel", Group: 16},
		{Kind: sim.CacheInt4, Axis: "token", Group: 8}, {Kind: sim.CacheInt4, Axis: "channel", Group: 4},
		{Kind: sim.CacheWindow, Window: 5, Sinks: 2}, {Kind: sim.CacheH2O, Window: 4, Heavy: 3},
		{Kind: sim.CachePaged, Block: 5},
	} {
		name := p.Kind
		if p.Axis != "" {
			name += " a " + p.Axis
		}
		add(name, "story-draft", sim.Recipe{Cache: p})
	}
	// Widths that leave a rest whatever a kernel takes at a time.
	for n := range randomHashed {
		name, ids := fmt.Sprintf("random %d", n), []int{3, 1, 4, 1, 5, 9, 2, 6}
		add("sampled", name, sim.Recipe{Tokens: ids, MaxNew: 12, Sampler: drawn})
		add("paged", name, sim.Recipe{Tokens: ids, Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 7}})
	}
	if !testing.Short() { // two threads share its products
		add("greedy", large, sim.Recipe{Tokens: []int{1, 2, 3, 4, 5}, MaxNew: 2})
	}
	folders, err := os.ReadDir(families)
	if err != nil || len(folders) == 0 {
		t.Fatal(len(folders), err)
	}
	for _, e := range folders {
		data, err := os.ReadFile(filepath.Join(families, e.Name(), "expect.json"))
		if err != nil {
			t.Fatal(err)
		}
		var with struct{ Prompt []int }
		if err := json.Unmarshal(data, &with); err != nil {
			t.Fatal(err)
		}
		add("greedy", families+"/"+e.Name(), sim.Recipe{Tokens: with.Prompt})
		add("sampled", families+"/"+e.Name(), sim.Recipe{Tokens: with.Prompt, Sampler: drawn})
	}
	return list
}

// hashes name what every step of a run has come to, in all its sequences: the state
// hash and the rows that left the layer.
func (c hashCase) hashes(t *testing.T) (list []string) {
	t.Helper()
	m, err := openHashed(c.model)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range collect(t, m, c.recipe) {
		h := sha256.New()
		for _, seq := range append([]*sim.Step{&s}, s.PassSteps...) {
			put := func(x mat.Matrix) {
				for i := range x.NumRows() {
					_, _ = h.Write(mat.AppendF32(nil, x.Row(i)))
				}
			}
			if put(seq.Out); seq.KV != nil {
				_, _ = io.WriteString(h, export.StateHash(m.Model, seq))
				continue
			}
			if seq.Part == sim.LayerPart { // the uncached lane alone has no cache
				put(m.Model.K(seq, 0, seq.Rows))
				put(m.Model.V(seq, 0, seq.Rows))
			}
			put(mat.RowOf(seq.Logits()))
			fmt.Fprint(h, seq.Tokens, seq.Token)
		}
		list = append(list, hex.EncodeToString(h.Sum(nil)))
	}
	return list
}

// way is how a run is computed: by which kernels and how many threads.
type way struct {
	level   mat.Level
	threads int
}

// waysOf are all levels with one thread, and the highest with several, whose jobs are shared however
// small they are: with 2, 3, 4 or 7, and KVSTEP_ALL=1 with each.
func waysOf(i int) (list []way) {
	for _, level := range mat.Levels() {
		list = append(list, way{level, 1})
	}
	best := list[len(list)-1].level
	for j, threads := range []int{2, 3, 4, 7} {
		if i%4 == j || os.Getenv("KVSTEP_ALL") == "1" {
			list = append(list, way{best, threads})
		}
	}
	return list
}

// use has the process compute in this way.
func (w way) use(t *testing.T) {
	t.Helper()
	if mat.Select(w.level) != nil {
		t.Fatal(w.level)
	}
	mat.MaxThreads, mat.ShareFrom = w.threads, 0
	runtime.GOMAXPROCS(max(w.threads, 2))
}

// openHashed opens a model anew, so that its tables are made by the kernels of the
// level in use.
func openHashed(name string) (*library.Loaded, error) {
	if strings.HasPrefix(name, families) {
		return library.OpenFolder(name, os.DirFS(name), nil)
	}
	var n uint64
	if _, err := fmt.Sscanf(name, "random %d", &n); err != nil && name != large {
		return library.Open(name)
	}
	r := rand.New(rand.NewPCG(n, 77))
	c := modeltest.Config(r)
	if name == large {
		c.Heads, c.KVHeads, c.Layers = 8, 4, 1
		c.Dim, c.FFN, c.HeadDim = 1024, 1500, 64
		m, err := model.New(c, modeltest.Weights(r, c))
		return &library.Loaded{Name: name, Model: m}, err
	}
	c.Dim, c.FFN, c.HeadDim = 40+int(n), 52, 20-2*int(n)
	m, err := model.New(c, modeltest.Weights(r, c))
	return &library.Loaded{Name: name, Model: m}, err
}

// digest is one name for a list of hashes.
func digest(list []string) string {
	h := sha256.New()
	for _, s := range list {
		_, _ = io.WriteString(h, s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestStateHash: every step of every run has the same bits whichever kernels of this
// processor compute it, and the bits that are written down, which another processor
// computed: make arch runs this for 386, and for arm64 under qemu.
//
// go test ./sim/run -run TestStateHash -args -write writes them down.
func TestStateHash(t *testing.T) {
	was, threads, from, procs := mat.Current(), mat.MaxThreads, mat.ShareFrom, runtime.GOMAXPROCS(0)
	t.Cleanup(func() {
		_ = mat.Select(was)
		mat.MaxThreads, mat.ShareFrom = threads, from
		runtime.GOMAXPROCS(procs)
	})
	want := readHashes(t)
	var lines strings.Builder
	for i, c := range hashCases(t) {
		name := strings.TrimPrefix(c.model, "testdata/") + ", " + c.name
		var first []string
		for n, way := range waysOf(i) {
			way.use(t)
			level := way.level
			all := c.hashes(t)
			if first == nil {
				first = all
			}
			for i := range max(len(all), len(first)) {
				if i >= len(all) || i >= len(first) || all[i] != first[i] {
					t.Errorf("%s: step %d of %d has other bits with %v than with %v, %d threads", name, i, len(first), level, mat.Portable, way.threads)
					break
				}
			}
			line := fmt.Sprintf("%s\t%d\t%s", name, len(all), digest(all))
			if n == 0 {
				fmt.Fprintln(&lines, line)
			}
			if !*write && !want[line] {
				t.Errorf("%s with %v: %s is not what %s says", name, level, line, hashFile)
			}
		}
	}
	if *write {
		if err := os.WriteFile(hashFile, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if n := strings.Count(lines.String(), "\n"); n != len(want) && !testing.Short() {
		t.Errorf("%d runs, %s has %d", n, hashFile, len(want))
	}
	t.Logf("levels %v", mat.Levels())
}

// readHashes are the lines of the file: run, number of steps, digest.
func readHashes(t *testing.T) map[string]bool {
	t.Helper()
	f, err := os.Open(hashFile)
	if *write && os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := map[string]bool{}
	for s := bufio.NewScanner(f); s.Scan(); {
		lines[s.Text()] = true
	}
	return lines
}
