package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"kvstep/sim"
	"kvstep/sim/recipe"
	simrun "kvstep/sim/run"
)

// mappings is how many pieces of files under dir are mapped now, and how many bytes.
func mappings(t *testing.T, dir string) (n int, size int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip("skipped: this system does not tell what is mapped:", err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, dir) {
			continue
		}
		from, rest, _ := strings.Cut(line, "-")
		to, _, _ := strings.Cut(rest, " ")
		a, _ := strconv.ParseInt(from, 16, 64)
		b, _ := strconv.ParseInt(to, 16, 64)
		n, size = n+1, size+b-a
	}
	return n, size
}

// folderOf is a models folder with so many mapped models, m0 and on.
func folderOf(t *testing.T, n int) (dir string, size int64) {
	t.Helper()
	dir = t.TempDir()
	mappedBin(t, filepath.Join(dir, "m0.bin"), 1)
	data, err := os.ReadFile(filepath.Join(dir, "m0.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, "m"+strconv.Itoa(i)+".bin"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	modelsDir = dir
	t.Cleanup(func() { modelsDir = "" })
	return dir, int64(len(data))
}

// TestBorrowedModelsAreClosed: asking for one model after the other holds none of them,
// neither counted nor mapped; one that somebody else has stays.
func TestBorrowedModelsAreClosed(t *testing.T) {
	dir, size := folderOf(t, 12)
	lib := newLibrary(io.Discard)
	memory := sim.NewMemory(nil, "memory.total", 1<<30)
	lib.Count(memory)
	most := int64(0)
	for i := range 24 {
		m, back, err := lib.Borrow("m" + strconv.Itoa(i%12))
		if err != nil {
			t.Fatal(err)
		}
		if m.Model.Weights.Layers[3].Down.At(1, 1) == 0 {
			t.Error("no weights")
		}
		most = max(most, memory.Held())
		back()
		back()
		if n, mapped := mappings(t, dir); n > 0 || memory.Held() != 0 {
			t.Fatalf("after %d: %d bytes mapped in %d pieces, %d counted", i, mapped, n, memory.Held())
		}
	}
	if most != size {
		t.Errorf("%d bytes were held at most, one model has %d", most, size)
	}
	had, err := lib.Get("m3")
	if err != nil {
		t.Fatal(err)
	}
	_, back, err := lib.Borrow("m3")
	if err != nil {
		t.Fatal(err)
	}
	back()
	if again, err := lib.Get("m3"); err != nil || again != had || memory.Held() != size {
		t.Errorf("a model that is in use was closed: %v, %d bytes", err, memory.Held())
	}
}

// TestUnusedModelsAreClosed: what is held stays open, what is not goes after two sweeps,
// and the mapping with it; a model that does not fit makes others go first, and if none
// can, it is refused.
func TestUnusedModelsAreClosed(t *testing.T) {
	dir, size := folderOf(t, 4)
	lib := newLibrary(io.Discard)
	memory := sim.NewMemory(nil, "memory.total", 2*size+size/2)
	lib.Count(memory)
	var freed int
	k := keeper{models: lib, memory: memory, free: func() { freed++ }}
	held, err := lib.Get("m0")
	if err != nil {
		t.Fatal(err)
	}
	release := held.Hold()
	for _, name := range []string{"m1", "m2", "m3"} { // each makes room for the next
		if _, err := lib.Get(name); err != nil {
			t.Fatal(err)
		}
		if memory.Held() != 2*size {
			t.Errorf("with %s %d bytes are held, %d wanted", name, memory.Held(), 2*size)
		}
	}
	other, err := lib.Get("m3")
	if err != nil {
		t.Fatal(err)
	}
	releaseOther := other.Hold()
	var p *sim.Problem
	if _, err := lib.Get("m1"); !errors.As(err, &p) || p.ID != "memory.total" {
		t.Errorf("a third one: %v", err)
	}
	for range 5 {
		k.sweep()
	}
	if m, _ := lib.Get("m0"); m != held || memory.Held() != 2*size {
		t.Error("a model that is held was closed")
	}
	release()
	release()
	releaseOther()
	held, other = nil, nil
	for range 3 {
		k.sweep()
	}
	if memory.Held() != 0 || freed == 0 {
		t.Errorf("%d bytes are held, freed %d times", memory.Held(), freed)
	}
	freed = 0
	for range 10 {
		k.sweep()
	}
	if freed > 1 {
		t.Errorf("an idle server collected %d times", freed)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		runtime.GC()
		if n, _ := mappings(t, dir); n == 0 {
			break
		} else if time.Now().After(end) {
			t.Fatalf("%d pieces are mapped still", n)
		}
	}
	if m, err := lib.Get("m0"); err != nil || m.Model.Weights.Layers[0].Q.At(0, 0) == 0 {
		t.Errorf("it opens no more: %v", err)
	}
}

// TestARunKeepsItsModel: though the library has closed it, the weights are there until
// the run is over.
func TestARunKeepsItsModel(t *testing.T) {
	was := lingers
	lingers = 20 * time.Millisecond
	t.Cleanup(func() { lingers = was })
	folderOf(t, 1)
	lib := newLibrary(io.Discard)
	lib.Count(sim.NewMemory(nil, "memory.total", 1<<30))
	m, err := lib.Get("m0")
	if err != nil {
		t.Fatal(err)
	}
	r := recipe.Complete(sim.Recipe{Model: "m0", Tokens: []int{1, 5, 9}, MaxNew: 6})
	n, kept := 0, []sim.Step{}
	all := simrun.Steps(t.Context(), m, r, func() float64 { return 0 })
	m = nil
	for s, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%3 == 0 {
			for range 3 {
				lib.Sweep()
			}
			runtime.GC()
		}
		kept = append(kept, s)
	}
	for range 3 {
		lib.Sweep()
		runtime.GC()
	}
	time.Sleep(10 * lingers)
	for i := range kept { // heads are told from the weights
		if kept[i].Part == sim.HeadPart && len(kept[i].Logits()) == 0 {
			t.Error("no logits")
		}
	}
}

// TestMachineMemory reads what systems say.
func TestMachineMemory(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		want  int64
	}{
		{map[string]string{"/proc/meminfo": "MemTotal:       16384000 kB\nMemFree: 1 kB\n", "/sys/fs/cgroup/memory.max": "max\n"}, 16384000 << 10},
		{map[string]string{"/proc/meminfo": "MemTotal:       16384000 kB\n", "/sys/fs/cgroup/memory.max": "2600000000\n"}, 2600000000},
		{map[string]string{"/proc/meminfo": "MemTotal: 1000 kB\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 1000 << 10},
		{map[string]string{"/proc/meminfo": "nothing"}, unknownMachine},
		{nil, unknownMachine},
	} {
		got := machineMemory(func(name string) ([]byte, error) {
			if text, ok := c.files[name]; ok {
				return []byte(text), nil
			}
			return nil, os.ErrNotExist
		})
		if got != c.want {
			t.Errorf("%v: %d, want %d", c.files, got, c.want)
		}
	}
	if n, err := memoryLimit("3GiB", true); err != nil || n != 3<<30 {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := memoryLimit("", false); err != nil || n < 64<<20 {
		t.Errorf("%d, %v", n, err)
	}
	if code, _, stderr := command(t, "serve", "--memory", "lots"); code != 2 || !strings.Contains(stderr, "lots") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
