package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAsProcess is a pull in a process of its own, for the tests that start this
// program again. It is no test otherwise.
func TestAsProcess(t *testing.T) {
	from := os.Getenv("KVSTEP_PULL_FROM")
	if from == "" {
		t.Skip("started by others")
	}
	c := New(from, "")
	c.Wait = func(int) time.Duration { return time.Millisecond }
	c.OnWait = func(string) { fmt.Println("waits") }
	if _, _, err := c.Pull(context.Background(), "a/b", os.Getenv("KVSTEP_PULL_TO")); err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
}

// behaves makes the hub answer otherwise.
func (h *fake) behaves(bad func(w http.ResponseWriter, r *http.Request, data []byte) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bad = bad
}

// puller is a process that pulls a/b.
func (h *fake) puller(t *testing.T, dir string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAsProcess$")
	cmd.Env = append(os.Environ(), "KVSTEP_PULL_FROM="+h.URL, "KVSTEP_PULL_TO="+dir, "NO_PROXY=*")
	out := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// whole tells whether a model is there, which must then be right in every byte.
func (h *fake) whole(t *testing.T, dir string) bool {
	t.Helper()
	place := filepath.Join(dir, "a", "b")
	entries, err := os.ReadDir(place)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	names := ""
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(place, e.Name()))
		if err != nil || !bytes.Equal(data, h.files[e.Name()]) {
			t.Errorf("%s is spoilt: %d bytes (%v)", e.Name(), len(data), err)
		}
		names += e.Name() + " "
	}
	if want := "config.json model.safetensors tokenizer.json "; names != want {
		t.Errorf("there are %s, want %s", names, want)
	}
	return true
}

// hidden are the files and folders that begin with a dot, anywhere.
func hidden(dir string) (list []string) {
	_ = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, _ error) error {
		if d != nil && path != "." && strings.HasPrefix(d.Name(), ".") {
			list = append(list, path)
		}
		return nil
	})
	return list
}

// slowly serves files in thirty pieces with pauses between them, with ranges or without.
func slowly(ranges bool, pause time.Duration) func(w http.ResponseWriter, r *http.Request, data []byte) bool {
	return func(w http.ResponseWriter, r *http.Request, data []byte) bool {
		from := 0
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil && ranges && from < len(data) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			from = 0
		}
		for ; from < len(data); from += 10_000 {
			if _, err := w.Write(data[from:min(from+10_000, len(data))]); err != nil {
				return true
			}
			_ = http.NewResponseController(w).Flush()
			time.Sleep(pause)
		}
		return true
	}
}

// rounds is how often: more when everything is to be tried.
func rounds(few, all int) int {
	if os.Getenv("KVSTEP_ALL") != "" {
		return all
	}
	if testing.Short() { // the race detector sees this process alone
		return (few + 1) / 2
	}
	return few
}

// TestTwoAtOnce: two processes that pull one model both end well, one of them having
// waited or found it there, whatever the hub can do, and leave nothing behind.
func TestTwoAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: processes of their own, which the race detector does not see")
	}
	for _, ranges := range []bool{true, false} {
		waited := 0
		for range rounds(4, 80) {
			h, dir := newFake(t), t.TempDir()
			h.behaves(slowly(ranges, 10*time.Millisecond))
			a, outA := h.puller(t, dir)
			b, outB := h.puller(t, dir)
			if err := errors.Join(a.Wait(), b.Wait()); err != nil {
				t.Fatalf("%v\n%s\n%s", err, outA, outB)
			}
			if !h.whole(t, dir) || len(hidden(dir)) > 0 {
				t.Fatalf("left: %v", hidden(dir))
			}
			h.mu.Lock()
			if n := len(h.asked); n != 3 {
				t.Errorf("files were asked for %d times, want 3: %v", n, h.asked)
			}
			h.mu.Unlock()
			if strings.Contains(outA.String()+outB.String(), "waits") {
				waited++
			}
			h.Close()
		}
		if t.Logf("ranges %v: waited %d times", ranges, waited); waited == 0 {
			t.Error("no two were ever at once: this tests nothing")
		}
	}
}

// TestKilled: pulls that are killed at any moment, with another beside them or without,
// never leave a model that is not right, and the next one goes on and clears up.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: processes of their own, which the race detector does not see")
	}
	seed := uint64(1)
	if os.Getenv("KVSTEP_ALL") != "" {
		seed = rand.Uint64()
	}
	r := rand.New(rand.NewPCG(seed, 0))
	killed := 0
	for n := range rounds(8, 120) {
		h, dir := newFake(t), t.TempDir()
		h.behaves(slowly(n%2 == 0, 200*time.Microsecond))
		for range 5 {
			victims := []*exec.Cmd{}
			for range 1 + r.IntN(2) {
				v, _ := h.puller(t, dir)
				victims = append(victims, v)
			}
			for _, v := range victims {
				time.Sleep(time.Duration(r.IntN(40)) * time.Millisecond)
				_ = v.Process.Kill()
				if err := v.Wait(); err != nil && !v.ProcessState.Success() {
					killed++
				}
			}
			h.whole(t, dir)
		}
		if n%3 == 0 { // as a disk that lost its power may give it back
			for _, name := range hidden(dir) {
				if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.IsDir() {
					spoil(t, filepath.Join(dir, name))
				}
			}
		}
		last, out := h.puller(t, dir)
		if err := last.Wait(); err != nil {
			t.Fatalf("seed %d, round %d: %v\n%s", seed, n, err, out)
		}
		if !h.whole(t, dir) || len(hidden(dir)) > 0 {
			t.Fatalf("seed %d, round %d: left %v", seed, n, hidden(dir))
		}
		h.Close()
	}
	t.Logf("seed %d: %d kills", seed, killed)
}

// spoil fills the files of a folder with zeros, lengths as they are.
func spoil(t *testing.T, dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if info, err := os.Stat(name); err == nil {
			_ = os.WriteFile(name, make([]byte, info.Size()), 0o644)
		}
	}
}

// TestWaiting: who waits for a lock is told once, and stops when a person stops it; a
// lock whose holder is gone holds nobody up.
func TestWaiting(t *testing.T) {
	h, dir := newFake(t), t.TempDir()
	place := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := tryLock(place)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tryLock(place); !errors.Is(err, errHeld) {
		t.Fatalf("a second lock: %v", err)
	}
	told := 0
	ctx, cancel := context.WithCancel(context.Background())
	c := h.client()
	c.OnWait = func(string) { told++; time.AfterFunc(3*beat, cancel) }
	if _, _, err := c.Pull(ctx, "a/b", dir); !errors.Is(err, context.Canceled) || told != 1 {
		t.Errorf("%v, told %d times", err, told)
	}
	c.OnWait = func(string) { l.release() }
	h.check(t, c, dir)

	// A lock file that a killed process left is nobody's.
	if err := os.RemoveAll(place); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lockOf(place), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.OnWait = func(string) { t.Error("waited for nobody") }
	h.check(t, c, dir)
}

// TestSweep: what kills left goes when it is of no use, and nothing else does.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, age time.Duration) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	old, young := keepFor+time.Hour, keepFor-time.Hour
	gone := []string{"o/.old/config.json.part", "o/.old~lock", ".older/.commit", ".older/model-1-of-2.safetensors.part", "o/.done/model.safetensors.0123456789abcdef.part", "o/.done~lock", ".nothing~lock"}
	for _, name := range gone {
		put(name, old)
	}
	put("o/.done/model.safetensors.0123456789abcdef.part", 0)
	put("o/done/config.json", 0)
	kept := []string{"o/.young/config.json.part", "o/.young~lock", ".theirs/.commit", ".theirs/thesis.tex", ".work~lock", ".work/config.json", ".work/deep/config.json", ".commits/.commit", ".held/config.json", ".git/config", ".hidden", "o/b/x", "c.bin", "o/.x/deep/er"}
	for _, name := range kept {
		put(name, old)
	}
	put("o/.young/config.json.part", young)
	put(".commits/.commit", young)
	l, err := tryLock(filepath.Join(dir, "held"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	sweep(dir)
	for _, name := range gone {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	for _, name := range kept {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is gone", name)
		}
	}
	sweep(filepath.Join(dir, "no such folder"))
}

// TestPlaces: what is in the way, or may not be written, is told before anything is
// downloaded, and nothing that a person has is touched.
func TestPlaces(t *testing.T) {
	h := newFake(t)
	for _, c := range []struct {
		name, id string
		prepare  func(dir string) error
	}{
		{"a folder of something else", "hub.place", func(dir string) error {
			return errors.Join(os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755), os.WriteFile(filepath.Join(dir, "a", "b", "mine"), nil, 0o600))
		}},
		{"a file", "hub.place", func(dir string) error {
			return errors.Join(os.MkdirAll(filepath.Join(dir, "a"), 0o755), os.WriteFile(filepath.Join(dir, "a", "b"), nil, 0o600))
		}},
		{"a link to nowhere", "hub.place", func(dir string) error {
			return errors.Join(os.MkdirAll(filepath.Join(dir, "a"), 0o755), os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "a", "b")))
		}},
		{"the owner is a file", "hub.place", func(dir string) error { return os.WriteFile(filepath.Join(dir, "a"), nil, 0o600) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := c.prepare(dir); err != nil {
				t.Fatal(err)
			}
			_, _, err := h.client().Pull(context.Background(), "a/b", dir)
			p := wantProblem(t, err, c.id)
			if at := fmt.Sprint(p.Args["Place"]); at != filepath.Join(dir, "a", "b") && (c.name != "the owner is a file" || at != filepath.Join(dir, "a")) {
				t.Errorf("told of %s", at)
			}
			if len(h.asked) > 0 {
				t.Errorf("asked for %v", h.asked)
			}
		})
	}
	dir := t.TempDir() // an empty folder is nothing
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.check(t, h.client(), dir)

	for err, id := range map[error]string{syscall.ENOSPC: "hub.full", fs.ErrPermission: "hub.closed", syscall.EIO: "hub.write"} {
		wantProblem(t, unwritten("x", &fs.PathError{Op: "write", Path: "x", Err: err}), id)
	}
}
