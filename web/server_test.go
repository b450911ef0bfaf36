package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/web/limits"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves on a free port and stops when the test ends.
func start(t *testing.T) (addr string, stop func()) {
	t.Helper()
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, library.New(), Lessons(), "test", limits.Default()) }()
	stop = func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the server does not stop")
		}
		http.DefaultClient.CloseIdleConnections()
	}
	return l.Addr().String(), stop
}

func get(t *testing.T, addr, path, host string) *http.Response {
	t.Helper()
	req, err := http.NewRequest("GET", "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp
}

func TestForeignHostsAreRefusedOnEveryRoute(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	_, port, _ := net.SplitHostPort(addr)
	for _, path := range []string{"/", "/static/js/main.js", "/bundle/page.js", "/text/en.json", "/live", "/take/jsonl", "/healthz", "/nothing"} {
		for _, host := range []string{"evil.example", "evil.example:" + port, "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:" + port} {
			if resp := get(t, addr, path, host); resp.StatusCode != http.StatusMisdirectedRequest {
				t.Errorf("%s with Host %s: %s", path, host, resp.Status)
			}
		}
	}
	for _, host := range []string{"localhost:" + port, "LOCALHOST:" + port, addr} {
		if resp := get(t, addr, "/healthz", host); resp.StatusCode != http.StatusOK {
			t.Errorf("own host %s: %s", host, resp.Status)
		}
	}
}

func TestOnlyOwnOriginsMayConnect(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for origin, ok := range map[string]bool{
		"http://" + addr: true, "http://evil.example": false, "https://" + addr: false,
		"http://" + addr + ".evil.example": false, "null": false, "http://localhost:1": false,
	} {
		conn, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/live", http.Header{"Origin": {origin}})
		if (err == nil) != ok {
			t.Errorf("origin %s: %v", origin, err)
		}
		if conn != nil {
			conn.Close()
		}
	}
}

func TestEveryAnswerIsSafe(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for _, path := range []string{"/", "/static/js/main.js", "/bundle/page.js", "/text/zh.json", "/nothing"} {
		h := get(t, addr, path, "").Header
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}

// TestTwoFiles: the page asks for one script and one stylesheet, which are all of them.
func TestTwoFiles(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for path, want := range map[string][]string{
		"/bundle/page.js":  {"text/javascript", "hurry:", "`?lang=${"}, // of js/state/store.js and of js/main.js
		"/bundle/page.css": {"text/css", ".columns"},
	} {
		resp := get(t, addr, path, "")
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), want[0]) {
			t.Errorf("%s: %s, %s", path, resp.Status, resp.Header.Get("Content-Type"))
		}
		for _, part := range want[1:] {
			if !strings.Contains(string(body), part) {
				t.Errorf("%s lacks %q", path, part)
			}
		}
	}
	if resp := get(t, addr, "/bundle/other.js", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("another file: %s", resp.Status)
	}
}

func TestPageInBothLanguages(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for path, lang := range map[string]string{"/": "en", "/?lang=zh": "zh", "/?lang=zh-CN": "zh", "/?lang=fr": "en"} {
		resp := get(t, addr, path, "")
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Language") != lang || !bytes.Contains(body, []byte(`lang="`+lang)) {
			t.Errorf("%s: %s, language %s", path, resp.Status, resp.Header.Get("Content-Language"))
		}
		if bytes.Contains(body, []byte("style=")) || bytes.Contains(body, []byte("<script>")) {
			t.Errorf("%s: inline style or script, which the policy forbids", path)
		}
	}
	if resp := get(t, addr, "/text/fr.json", ""); resp.StatusCode != 404 {
		t.Errorf("a language that is not there: %s", resp.Status)
	}
	if resp := get(t, addr, "/static/", ""); resp.StatusCode != 404 {
		t.Errorf("a listing: %s", resp.Status)
	}
}

func TestGracefulStop(t *testing.T) {
	addr, stop := start(t)
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/live", http.Header{"Origin": {"http://" + addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"cmd":"open","link":"?new=200"}`))
	_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"cmd":"forward","by":"end"}`))
	stop()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			if !websocket.IsCloseError(err, websocket.CloseGoingAway) {
				t.Errorf("goodbye: %v", err)
			}
			return
		}
	}
}

func TestListen(t *testing.T) {
	taken, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for addr, id := range map[string]string{
		"0.0.0.0:0": "addr.loopback", ":8787": "addr.loopback", "192.168.1.2:80": "addr.loopback",
		"nonsense": "addr.form", "127.0.0.1:99999": "addr.form", "127.0.0.1:-1": "addr.form", "127.0.0.1:x y": "addr.form", taken.Addr().String(): "addr.in_use",
	} {
		l, err := Listen(addr)
		var p *sim.Problem
		if !errors.As(err, &p) || p.ID != id {
			t.Errorf("%s: %v, want %s", addr, err, id)
		}
		if l != nil {
			l.Close()
		}
	}
}
