package hub

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kvstep/sim"
)

// chaos is a hub that does something else at every request.
type chaos struct {
	*fake
	r     *rand.Rand // under mu
	calls atomic.Int64
	calm  atomic.Bool
}

func (c *chaos) draw(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.r.IntN(n)
}

func (c *chaos) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.calls.Add(1); c.calm.Load() || r.URL.RawQuery == "again" || c.draw(3) == 0 {
		c.fake.ServeHTTP(w, r)
		return
	}
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	data, isFile := c.files[name]
	if !isFile {
		data, _ = json.Marshal(c.listing())
	}
	from := 0
	_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
	from = min(from, len(data))
	c.misbehave(w, r, data, from)
}

// misbehave answers wrongly, in one of many ways.
func (c *chaos) misbehave(w http.ResponseWriter, r *http.Request, data []byte, from int) {
	h := w.Header()
	some := c.draw(len(data) + 1)
	rangeOf := func(a, b, all int) { h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", a, b, all)) }
	cut := func() {
		_ = http.NewResponseController(w).Flush()
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			conn.Close()
		}
	}
	switch c.draw(20) {
	case 0: // cut
		h.Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:some])
		cut()
	case 1: // the rest, cut
		rangeOf(from, len(data)-1, len(data))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(data[from : from+(len(data)-from)/2])
		cut()
	case 2: // another range than was asked for
		rangeOf(some, len(data)-1, len(data))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(data[some:])
	case 3: // a range without saying which
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(data[from:])
	case 4: // the right range of other bytes
		rangeOf(from, len(data)-1, len(data))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(bytes.Repeat([]byte{'x'}, len(data)-from))
	case 5: // other bytes
		_, _ = w.Write(bytes.Repeat([]byte{'y'}, len(data)))
	case 6: // too much
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(append(data[:len(data):len(data)], 'z'))
	case 7: // too little, in pieces
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(data[:some])
	case 8:
		w.WriteHeader([]int{204, 304, 400, 401, 403, 404, 407, 408, 410, 416, 418, 429, 451, 500, 502, 503, 504}[c.draw(17)])
	case 9:
		h.Set("X-Error-Code", []string{"RepoNotFound", "GatedRepo", "RevisionNotFound", "EntryNotFound", "?"}[c.draw(5)])
		w.WriteHeader([]int{401, 403, 404}[c.draw(3)])
	case 10:
		h.Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>Log in")
	case 11, 12: // packed, cut or not
		h.Set("Content-Encoding", "gzip")
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(data)
		_ = z.Close()
		n := b.Len()
		if some%2 == 0 {
			n = some * n / (len(data) + 1)
		}
		_, _ = w.Write(b.Bytes()[:n])
	case 13: // said to be packed
		h.Set("Content-Encoding", []string{"gzip", "br", "deflate", "\u009b"}[c.draw(4)])
		_, _ = w.Write(data)
	case 14:
		http.Redirect(w, r, r.URL.Path+"?again", http.StatusFound)
	case 15:
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	case 16: // silence
		_, _ = w.Write(data[:some])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case 17:
		cut()
	case 18: // no HTTP
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			fmt.Fprintf(conn, "%s\r\n\r\n", data[:min(some, 100)])
			conn.Close()
		}
	case 19: // a length that is not so
		h.Set("Content-Length", fmt.Sprint(some))
		_, _ = w.Write(data[:some])
	}
}

// TestChaos: whatever a hub does, a pull ends, in a model that is right in every byte or
// in a problem with words; and with a hub that has come to its senses it ends well.
func TestChaos(t *testing.T) {
	seed := uint64(1)
	if os.Getenv("KVSTEP_ALL") != "" {
		seed = rand.Uint64()
	}
	ended, calls := map[string]int{}, int64(0)
	for n := range rounds(60, 1500) {
		h := newFake(t)
		h.files[weights] = h.files[weights][:20_000]
		c := &chaos{fake: h, r: rand.New(rand.NewPCG(seed, uint64(n)))}
		h.Config.Handler = c
		dir := t.TempDir()
		client := h.client()
		client.Stall = 50 * time.Millisecond
		for range 3 {
			_, _, err := client.Pull(context.Background(), "a/b", dir)
			if h.whole(t, dir) != (err == nil) {
				t.Fatalf("seed %d, round %d: a model and %v", seed, n, err)
			}
			if err == nil {
				ended["well"]++
				break
			}
			var p *sim.Problem
			if !errors.As(err, &p) {
				t.Fatalf("seed %d, round %d: %v is no problem", seed, n, err)
			}
			worded(t, p)
			ended[p.ID]++
		}
		c.calm.Store(true)
		client.Stall = 10 * time.Second
		if _, _, err := client.Pull(context.Background(), "a/b", dir); err != nil || !h.whole(t, dir) || len(hidden(dir)) > 0 {
			t.Fatalf("seed %d, round %d: in the end %v, left %v", seed, n, err, hidden(dir))
		}
		calls += c.calls.Load()
		if limit := int64(4 * (1 + 3*2*tries*10)); c.calls.Load() > limit {
			t.Errorf("seed %d, round %d: %d requests", seed, n, c.calls.Load())
		}
		h.Close()
	}
	t.Logf("seed %d: %d requests, %v", seed, calls, ended)
}
