package hub

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kvstep/sim"
	"kvstep/web/text"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// fake is a hub with one model, a/b, that behaves unless bad says otherwise.
type fake struct {
	*httptest.Server
	files map[string][]byte
	large map[string]bool // told with a SHA-256, as large files are

	mu    sync.Mutex
	asked []string // path and range of every request for a file
	bad   func(w http.ResponseWriter, r *http.Request, data []byte) bool
	list  func(l *listing)
	token string
}

func newFake(t *testing.T) *fake {
	weights := make([]byte, 300_000)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(weights)
	h := &fake{
		files: map[string][]byte{"config.json": []byte(`{"a":1}`), "tokenizer.json": []byte("{}"), "model.safetensors": weights, "README.md": nil, "onnx/model.onnx": nil},
		large: map[string]bool{"model.safetensors": true},
	}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *fake) listing() *listing {
	l := &listing{Commit: commit}
	for name, data := range h.files {
		size := int64(len(data))
		f := file{Name: name, Size: &size, BlobID: fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(data), data)))}
		if h.large[name] {
			f.LFS = &struct {
				SHA256 string `json:"sha256"`
				Size   *int64 `json:"size"`
			}{fmt.Sprintf("%x", sha256.Sum256(data)), &size}
		}
		l.Files = append(l.Files, f)
	}
	if h.list != nil {
		h.list(l)
	}
	return l
}

func (h *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.token != "" && r.Header.Get("Authorization") != "Bearer "+h.token {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	if r.URL.Path == "/api/models/a/b/revision/main" {
		_ = json.NewEncoder(w).Encode(h.listing())
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/a/b/resolve/"+commit+"/")
	data, have := h.files[name]
	if !ok || !have {
		http.NotFound(w, r)
		return
	}
	h.mu.Lock()
	h.asked = append(h.asked, name+" "+r.Header.Get("Range"))
	bad := h.bad
	h.mu.Unlock()
	if bad != nil && bad(w, r, data) {
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

func (h *fake) client() *Client {
	c := New(h.URL, "")
	c.Wait = func(int) time.Duration { return time.Millisecond }
	c.Stall = 2 * time.Second
	return c
}

// check pulls a/b and compares every byte.
func (h *fake) check(t *testing.T, c *Client, dir string) {
	t.Helper()
	place, again, err := c.Pull(context.Background(), "a/b", dir)
	if err != nil || again || place != filepath.Join(dir, "a", "b") {
		t.Fatal(place, again, err, errors.Unwrap(err))
	}
	var names []string
	_ = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, _ error) error {
		if !d.IsDir() {
			names = append(names, path)
		}
		return nil
	})
	if want := []string{"a/b/config.json", "a/b/model.safetensors", "a/b/tokenizer.json"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json"} {
		if got, err := os.ReadFile(filepath.Join(place, name)); err != nil || !bytes.Equal(got, h.files[name]) {
			t.Errorf("%s: %d bytes, want %d (%v)", name, len(got), len(h.files[name]), err)
		}
	}
}

func wantProblem(t *testing.T, err error, id string) *sim.Problem {
	t.Helper()
	var p *sim.Problem
	if !errors.As(err, &p) || p.ID != id {
		t.Fatalf("%v (%v), want problem %s", err, errors.Unwrap(err), id)
	}
	worded(t, p)
	return p
}

// worded fails unless a problem has all its words in every language.
func worded(t *testing.T, p *sim.Problem) {
	t.Helper()
	for _, lang := range text.Langs() {
		if s := text.In(lang).T("problem."+p.ID, p.Args); strings.Contains(s, "problem.") || strings.Contains(s, "<no value>") || strings.Contains(s, "{{") {
			t.Errorf("%v in %s: %q", p, lang, s)
		}
	}
}

func TestPull(t *testing.T) {
	h, dir := newFake(t), t.TempDir()
	c := h.client()
	var last, total int64
	c.OnProgress = func(done, all int64) {
		if done < last || done > all {
			t.Errorf("progress went from %d to %d of %d", last, done, all)
		}
		last, total = done, all
	}
	h.check(t, c, dir)
	if last != total || total < 300_000 {
		t.Errorf("%d of %d bytes", last, total)
	}
	h.Close() // what is there needs no hub
	if place, again, err := c.Pull(context.Background(), "a/b", dir); err != nil || !again || place == "" {
		t.Error(place, again, err)
	}
}

func TestPullShards(t *testing.T) {
	h, dir := newFake(t), t.TempDir()
	delete(h.files, "model.safetensors")
	for _, name := range []string{index, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"} {
		h.files[name] = []byte(name)
	}
	place, _, err := h.client().Pull(context.Background(), "a/b", dir)
	if err != nil {
		t.Fatal(err)
	}
	for name := range h.files {
		_, err := os.Stat(filepath.Join(place, name))
		if want := name != "README.md" && name != "onnx/model.onnx"; want != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMisbehaving: servers that cut, forget ranges, redirect or are busy for a while.
func TestMisbehaving(t *testing.T) {
	times := 0
	weights := func(w http.ResponseWriter, r *http.Request) bool { return strings.HasSuffix(r.URL.Path, weights) }
	hijack := func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	for name, bad := range map[string]func(w http.ResponseWriter, r *http.Request, data []byte) bool{
		"cut four times": func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			if times++; times > 4 {
				return false
			}
			from := 0
			if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
				w.Header().Set("Content-Length", fmt.Sprint(len(data)-from))
				w.WriteHeader(http.StatusPartialContent)
			} else {
				w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			}
			_, _ = w.Write(data[from : from+50_000])
			_ = http.NewResponseController(w).Flush()
			hijack(w)
			return true
		},
		"cut, then without ranges": func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			if times++; times == 1 {
				_, _ = w.Write(data[:100_000])
				_ = http.NewResponseController(w).Flush()
				hijack(w)
				return true
			}
			_, _ = w.Write(data)
			return true
		},
		"busy": func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			if times++; times > 3 {
				return false
			}
			http.Error(w, "busy", []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusBadGateway}[times-1])
			return true
		},
		"no answer": func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			if times++; times > 2 {
				return false
			}
			hijack(w)
			return true
		},
		"redirected": func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			if r.URL.RawQuery != "" {
				return false
			}
			http.Redirect(w, r, r.URL.Path+"?elsewhere", http.StatusFound)
			return true
		},
		"416": func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			if times++; times > 1 {
				return false
			}
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return true
		},
		"another range": func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			if times++; times > 1 {
				return false
			}
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 7-%d/%d", len(data)-1, len(data)))
			w.WriteHeader(http.StatusPartialContent)
			return true
		},
		"spoilt once": func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			if times++; times > 1 {
				return false
			}
			_, _ = w.Write(make([]byte, len(data)))
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFake(t)
			times = 0
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
				return weights(w, r) && bad(w, r, data)
			}
			h.check(t, h.client(), t.TempDir())
		})
	}
}

// TestRefused: servers that never come right.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, id string
		change   func(h *fake, c *Client)
	}{
		{"always cut", "hub.cut", func(h *fake, _ *Client) {
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
				w.Header().Set("Content-Length", fmt.Sprint(len(data)))
				return true
			}
		}},
		{"always spoilt", "hub.checksum", func(h *fake, _ *Client) {
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
				_, _ = w.Write(bytes.Repeat([]byte("x"), len(data)))
				return true
			}
		}},
		{"too long", "hub.length", func(h *fake, _ *Client) {
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
				_, _ = w.Write(append(data, 1))
				return true
			}
		}},
		{"too long, in pieces", "hub.length", func(h *fake, _ *Client) {
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
				_ = http.NewResponseController(w).Flush()
				_, _ = w.Write(append(data, 1))
				return true
			}
		}},
		{"too short", "hub.length", func(h *fake, _ *Client) {
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
				w.Header().Set("Content-Length", fmt.Sprint(len(data)-1))
				_, _ = w.Write(data[1:])
				return true
			}
		}},
		{"always failing", "hub.broken", func(h *fake, _ *Client) {
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
				w.WriteHeader(http.StatusInternalServerError)
				return true
			}
		}},
		{"always 416", "hub.status", func(h *fake, _ *Client) {
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return true
			}
		}},
		{"a file gone", "hub.gone", func(h *fake, _ *Client) {
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool { http.NotFound(w, r); return true }
		}},
		{"round and round", "hub.redirect", func(h *fake, _ *Client) {
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
				http.Redirect(w, r, r.URL.Path, http.StatusFound)
				return true
			}
		}},
		{"says nothing", "hub.silent", func(h *fake, c *Client) {
			c.Stall = 20 * time.Millisecond
			h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool { <-r.Context().Done(); return true }
		}},
		{"no token", "hub.token", func(h *fake, _ *Client) { h.token = "secret" }},
		{"no hub", "hub.offline", func(h *fake, _ *Client) { h.Close() }},
		{"not a hub", "hub.html", func(h *fake, c *Client) {
			other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>welcome") }))
			t.Cleanup(other.Close)
			c.Endpoint = other.URL
		}},
		{"no commit", "hub.answer", func(h *fake, _ *Client) { h.list = func(l *listing) { l.Commit = "../../x" } }},
		{"no weights", "hub.weights", func(h *fake, _ *Client) { delete(h.files, "model.safetensors") }},
		{"no config", "hub.weights", func(h *fake, _ *Client) { delete(h.files, "config.json") }},
		{"huge", "hub.large", func(h *fake, _ *Client) {
			h.list = func(l *listing) {
				for i := range l.Files {
					if l.Files[i].LFS != nil {
						*l.Files[i].LFS.Size = 1 << 62
					}
				}
			}
		}},
		{"negative", "hub.answer", func(h *fake, _ *Client) { h.list = func(l *listing) { *l.Files[0].Size = -1 } }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, dir := newFake(t), t.TempDir()
			client := h.client()
			c.change(h, client)
			_, _, err := client.Pull(context.Background(), "a/b", dir)
			wantProblem(t, err, c.id)
			if _, err := os.Stat(filepath.Join(dir, "a", "b")); err == nil {
				t.Error("a model in spite of it")
			}
		})
	}
}

// TestResume: a pull that was stopped goes on where it was; one of another commit
// begins again; a part that is too long is not believed.
func TestResume(t *testing.T) {
	h, dir := newFake(t), t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
		if !strings.HasSuffix(r.URL.Path, weights) {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:123_456])
		_ = http.NewResponseController(w).Flush()
		time.Sleep(50 * time.Millisecond)
		cancel()
		<-r.Context().Done()
		return true
	}
	if _, _, err := h.client().Pull(ctx, "a/b", dir); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	h.mu.Lock()
	h.bad, h.asked = nil, nil
	h.mu.Unlock()
	h.check(t, h.client(), dir)
	if want := []string{weights + " bytes=123456-"}; !slices.Equal(h.asked, want) {
		t.Errorf("asked for %q, want %q", h.asked, want)
	}

	for _, part := range []string{"x", strings.Repeat("x", len(h.files[weights])), strings.Repeat("x", 400_000)} {
		for _, name := range []string{weights + ".part", h.file(weights).part(), weights} {
			dir := t.TempDir()
			staged(t, dir, name, part)
			h.asked = nil
			h.check(t, h.client(), dir)
			if !slices.Contains(h.asked, weights+" ") {
				t.Errorf("%s of %d bytes: asked for %q", name, len(part), h.asked)
			}
		}
	}
}

// staged leaves a file where a pull of a/b that was stopped would have left it.
func staged(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "a", ".b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a", ".b", name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// file is what the hub lists of a file.
func (h *fake) file(name string) file {
	l := h.listing()
	return l.Files[slices.IndexFunc(l.Files, func(f file) bool { return f.Name == name })]
}

// TestToken: the hub gets the token, and another domain that it sends us to does not.
func TestToken(t *testing.T) {
	h := newFake(t)
	h.token = "secret"
	leaked := ""
	cdn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked += r.Header.Get("Authorization")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(h.files[weights]))
	}))
	t.Cleanup(cdn.Close)
	elsewhere := strings.Replace(cdn.URL, "127.0.0.1", "localhost", 1)
	h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
		if strings.HasSuffix(r.URL.Path, weights) {
			http.Redirect(w, r, elsewhere, http.StatusFound)
			return true
		}
		return false
	}
	c := h.client()
	c.Token = "secret"
	h.check(t, c, t.TempDir())
	if leaked != "" {
		t.Errorf("the token went to another domain: %q", leaked)
	}
}

func TestNames(t *testing.T) {
	if repo, err := Resolve("gpt2"); err != nil || repo != "openai-community/gpt2" {
		t.Error(repo, err)
	}
	if repo, err := Resolve("smollm2-135m"); err != nil || repo != Short["SmolLM2-135M"] {
		t.Error(repo, err)
	}
	for _, name := range []string{"", "nobody", "a/b/c", "../b", "a/..", "a/b?x", "/a", "a/", ".a/b", "a b/c", "a/b\n", strings.Repeat("a", 97) + "/b", "a/b..c"} {
		_, err := Resolve(name)
		wantProblem(t, err, "hub.name")
	}
	for short, repo := range Short {
		if !repoName.MatchString(repo) || strings.ContainsAny(short, "/\\ ") {
			t.Errorf("%s is %s", short, repo)
		}
	}
}
