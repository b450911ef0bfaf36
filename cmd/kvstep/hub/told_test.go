package hub

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kvstep/sim"
)

// answer is a hub that gives one answer to everything.
func answer(t *testing.T, status int, header, body string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for line := range strings.SplitSeq(header, "\n") {
			if key, value, ok := strings.Cut(line, ": "); ok {
				w.Header().Set(key, value)
			}
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestTold: what is wrong is told as what it is.
func TestTold(t *testing.T) {
	const list = `{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"config.json"},{"rfilename":"model.safetensors"}]}`
	for _, c := range []struct {
		id, token, header, body, says string
		status                        int
	}{
		{id: "hub.unknown", status: 404},
		{id: "hub.unknown", status: 404, header: "X-Error-Code: RepoNotFound"},
		{id: "hub.unknown", status: 401, header: "X-Error-Code: RepoNotFound"}, // a mistyped name, without a token
		{id: "hub.unknown", status: 401, header: "X-Error-Code: RepoNotFound", token: "secret"},
		{id: "hub.denied", status: 401, header: "X-Error-Code: GatedRepo"},
		{id: "hub.denied", status: 403, header: "X-Error-Code: GatedRepo", token: "secret"},
		{id: "hub.revision", status: 404, header: "X-Error-Code: RevisionNotFound"},
		{id: "hub.forbidden", status: 403, header: "X-Error-Code: DisabledRepo"},
		{id: "hub.token", status: 401},
		{id: "hub.token_bad", status: 401, token: "secret"},
		{id: "hub.forbidden", status: 403},
		{id: "hub.forbidden", status: 403, token: "secret"},
		{id: "hub.busy", status: 429},
		{id: "hub.broken", status: 500},
		{id: "hub.broken", status: 503},
		{id: "hub.status", status: 418},
		{id: "hub.status", status: 204},
		{id: "hub.html", status: 200, header: "Content-Type: text/html; charset=utf-8", body: list},
		{id: "hub.html", status: 200, header: "Content-Type: application/json", body: "\n<!DOCTYPE HTML><p>Log in"},
		{id: "hub.list_cut", status: 200, header: "Content-Type: application/json", body: list[:60]},
		{id: "hub.list_cut", status: 200, header: "Content-Length: 5000", body: list},
		{id: "hub.list_cut", status: 200},
		{id: "hub.answer", status: 200, body: "hello"},
		{id: "hub.answer", status: 200, body: "[]"},
		{id: "hub.answer", status: 200, body: "{}"},
		{id: "hub.answer", status: 200, body: `{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"size":"many"}]}`},
		{id: "hub.unchecked", status: 200, body: list},
		{id: "hub.unchecked", status: 200, body: strings.ReplaceAll(list, `"}`, `","size":3}`)},
		{id: "hub.unchecked", status: 200, body: strings.ReplaceAll(list, `"}`, `","lfs":{"size":3,"sha256":"../x"}}`)},
		{id: "hub.unchecked", status: 200, body: strings.ReplaceAll(list, `"}`, `","blobId":"0123456789abcdef0123456789abcdef01234567"}`)}, // no sizes
		{id: "hub.unknown", status: 404, header: "X-Error-Code: EntryNotFound"},
		{id: "hub.status", status: 407}, // there is no proxy
		{id: "hub.answer", says: `JSON "siblings.size": string`, status: 200, body: `{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"size":"many"}]}`},
		{id: "hub.encoded", status: 200, header: "Content-Encoding: br", body: list},
		{id: "hub.encoded", status: 200, header: "Content-Encoding: gzip", body: list},
		{id: "hub.status", status: 302},
		{id: "hub.forbidden", status: 401, header: "X-Error-Code: DisabledRepo"},
	} {
		client := New(answer(t, c.status, c.header, c.body), c.token)
		_, _, err := client.Pull(context.Background(), "a/b", t.TempDir())
		var p *sim.Problem
		if !errors.As(err, &p) || p.ID != c.id || !strings.Contains(p.Error(), c.says) {
			t.Errorf("%d %q %.30q, token %q: %v, want %s", c.status, c.header, c.body, c.token, err, c.id)
			continue
		}
		if worded(t, p); strings.Contains(fmt.Sprint(p.Args), "secret") {
			t.Errorf("%s tells the token: %v", p.ID, p.Args)
		}
	}
}

// TestToldOnTheWay: what is wrong before there is an answer.
func TestToldOnTheWay(t *testing.T) {
	for _, v := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(v, "")
	}
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = nil
	plain := answer(t, 404, "", "")
	noise, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { noise.Close() })
	go func() {
		for {
			conn, err := noise.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, "220 mail.example \x1b[2J\r\n")
			conn.Close()
		}
	}()
	through := func(proxy string) func(c *Client) {
		return func(c *Client) {
			u, _ := url.Parse(proxy)
			c.HTTP.Transport.(*http.Transport).Proxy = http.ProxyURL(u)
		}
	}
	for _, c := range []struct {
		name, id, endpoint string
		change             func(c *Client)
	}{
		{"a certificate of nobody", "hub.tls", secure.URL, nil},
		{"https where http is", "hub.tls", strings.Replace(plain, "http", "https", 1), nil},
		{"nobody there", "hub.offline", "http://127.0.0.1:1", nil},
		{"no web server", "hub.answer", "http://" + noise.Addr().String(), nil},
		{"no such name", "hub.dns", "http://hub.invalid", func(c *Client) {
			c.HTTP.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "hub.invalid", IsNotFound: true}}
			}
		}},
		{"a proxy that refuses", "hub.proxy", "https://hub.invalid", through(answer(t, 403, "", ""))},
		{"a proxy that wants a name", "hub.proxy", "https://hub.invalid", through(answer(t, 407, "", ""))},
		{"a proxy that wants a name, http", "hub.proxy", "http://hub.invalid", through(answer(t, 407, "", ""))},
		{"a proxy that is not there", "hub.proxy", "https://hub.invalid", through("http://127.0.0.1:1")},
		{"a socks proxy that is not there", "hub.proxy", "https://hub.invalid", through("socks5://127.0.0.1:1")},
		{"an endpoint without a scheme", "hub.endpoint", "huggingface.co", nil},
		{"another scheme", "hub.endpoint", "ftp://huggingface.co", nil},
		{"a line break within", "hub.endpoint", "https://hugging\nface.co", nil},
		{"a question", "hub.endpoint", "https://huggingface.co/?x=", nil},
		{"a token of two lines", "hub.token_odd", plain, func(c *Client) { c.Token = "one\ntwo" }},
		{"a token of letters of other scripts", "hub.token_odd", plain, func(c *Client) { c.Token = "令牌" }},
		{"forbidden", "hub.off", plain, func(c *Client) { c.Off = sim.NewProblem("hub.off", "Variable", "HF_HUB_OFFLINE", "Value", "1") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := New(c.endpoint, "")
			if c.change != nil {
				c.change(client)
			}
			_, _, err := client.Pull(context.Background(), "a/b", t.TempDir())
			wantProblem(t, err, c.id)
		})
	}
}

// TestSpaceAround: a line break at the end of a token or an address, as files have it,
// is not part of it.
func TestSpaceAround(t *testing.T) {
	h := newFake(t)
	h.token = "secret"
	c := New(" "+h.URL+"/ \n", "secret\r\n")
	h.check(t, c, t.TempDir())
}

// TestNeverAnswers: a hub that accepts and says nothing, or a byte now and then.
func TestNeverAnswers(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"no body": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"half a body": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"sha":`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"drop by drop": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		},
		"sends on to nowhere": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "blobs=true" {
				<-r.Context().Done()
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(serve)
			t.Cleanup(s.Close)
			c := New(s.URL, "")
			c.Stall = 60 * time.Millisecond
			done := make(chan error, 1)
			go func() {
				_, _, err := c.Pull(context.Background(), "a/b", t.TempDir())
				done <- err
			}()
			select {
			case err := <-done:
				wantProblem(t, err, "hub.silent")
			case <-time.After(20 * time.Second):
				t.Fatal("hangs")
			}
		})
	}
}

// TestCompressed: a proxy that compresses what it was asked not to, ranges or not.
func TestCompressed(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: large files, and one goroutine")
	}
	pack := func(data []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(data)
		_ = z.Close()
		return b.Bytes()
	}
	for _, cut := range []bool{false, true} {
		h, times := newFake(t), 0
		h.bad = func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			packed := pack(data)
			w.Header().Set("Content-Encoding", "gzip")
			from := 0
			if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil && from < len(packed) {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(packed)-1, len(packed)))
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(packed[from:])
				return true
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(packed)))
			if times++; cut && times < 4 {
				packed = packed[:len(packed)/2]
			}
			_, _ = w.Write(packed)
			return true
		}
		h.check(t, h.client(), t.TempDir())
	}

	// A file that unpacks to more than it has.
	h, dir := newFake(t), t.TempDir()
	bomb := pack(make([]byte, 50<<20))
	h.bad = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb)
		return true
	}
	_, _, err := h.client().Pull(context.Background(), "a/b", dir)
	wantProblem(t, err, "hub.length")

	// A login page in the middle of a download.
	h.bad = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>Log in")
		return true
	}
	_, _, err = h.client().Pull(context.Background(), "a/b", dir)
	wantProblem(t, err, "hub.html")
}

// TestOddNames: what a hub lists cannot make files of other names than those it may.
func TestOddNames(t *testing.T) {
	h, dir := newFake(t), t.TempDir()
	delete(h.files, weights)
	h.files[index] = []byte("{}")
	for _, name := range []string{"model-1.safetensors", "MODEL-1.safetensors", "model-\x1b[2J.safetensors", "model-\n.safetensors",
		"model-\u202etxt.safetensors", "model-/../../x.safetensors", `model-\..\x.safetensors`, "model-1.SAFETENSORS", "model-" + strings.Repeat("x", 300) + ".safetensors", "../config.json"} {
		h.files[name] = []byte(name)
	}
	h.files["model-A.safetensors"], h.files["model-a.safetensors"] = []byte("A"), []byte("a")
	place, _, err := h.client().Pull(context.Background(), "a/b", dir)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(place)
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, e := range entries {
		names += e.Name() + " "
	}
	if want := "config.json model-1.safetensors model-A.safetensors model.safetensors.index.json tokenizer.json "; names != want {
		t.Errorf("there are %q, want %q", names, want)
	}
	if _, err := os.Stat(filepath.Join(dir, "x.safetensors")); err == nil {
		t.Error("a file outside")
	}
}

// TestTokenStays: the token goes to the scheme, host and port of the hub, and nowhere
// else that the hub sends on to.
func TestTokenStays(t *testing.T) {
	h := newFake(t)
	h.token = "secret"
	leaked := ""
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked += r.Header.Get("Authorization")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(h.files[weights]))
	})
	other := httptest.NewServer(serve)
	t.Cleanup(other.Close)
	secure := httptest.NewTLSServer(serve)
	t.Cleanup(secure.Close)
	for _, to := range []string{
		other.URL, // another port of the same host
		strings.Replace(other.URL, "127.0.0.1", "localhost", 1), // another host
		secure.URL, // another scheme
		"back",     // to another port, and from there to the hub again
	} {
		h.bad = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if strings.HasSuffix(r.URL.Path, weights) && r.URL.RawQuery == "" {
				http.Redirect(w, r, to, http.StatusFound)
				return true
			}
			return false
		}
		if to == "back" {
			hop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				leaked += r.Header.Get("Authorization")
				http.Redirect(w, r, h.URL+"/a/b/resolve/"+commit+"/"+weights+"?again", http.StatusFound)
			}))
			t.Cleanup(hop.Close)
			to = hop.URL
		}
		c := h.client()
		c.HTTP.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
		c.Token = "secret"
		h.check(t, c, t.TempDir())
	}
	if leaked != "" {
		t.Errorf("the token went elsewhere: %q", leaked)
	}

	// From a safe connection to an open one nothing is followed.
	down := httptest.NewTLSServer(http.RedirectHandler(other.URL, http.StatusFound))
	t.Cleanup(down.Close)
	c := New(down.URL, "secret")
	c.HTTP.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	_, _, err := c.Pull(context.Background(), "a/b", t.TempDir())
	wantProblem(t, err, "hub.redirect")
}

// TestPasswordUntold: what is secret in an address is not told.
func TestPasswordUntold(t *testing.T) {
	for _, status := range []int{404, 401, 500, 200} {
		at := strings.Replace(answer(t, status, "", "{"), "http://", "http://me:secret@", 1)
		_, _, err := New(at, "").Pull(context.Background(), "a/b", t.TempDir())
		var p *sim.Problem
		if !errors.As(err, &p) || strings.Contains(fmt.Sprint(p.Args), "secret") {
			t.Errorf("%d: %v", status, err)
		}
	}
}
