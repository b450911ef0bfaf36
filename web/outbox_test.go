package web

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kvstep/sim/library"
	"kvstep/web/limits"
)

// unread asks for something and reads only the first bytes of the answer.
func unread(t *testing.T, addr, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(256 << 10)
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, addr)
	if _, err := io.ReadFull(conn, make([]byte, 12)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestUnreadDownloadsKeepNobody: those who do not read take memory and no place.
func TestUnreadDownloadsKeepNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	free := make(chan struct{}, limits.Default().Files)
	handler := exportFile(library.New(), "test", limits.Default(), free)
	mux := http.NewServeMux()
	mux.Handle("GET /take/{kind}", handler)
	server := httptest.NewServer(mux)
	defer server.Close()
	addr := strings.TrimPrefix(server.URL, "http://")
	for range cap(free) + 1 {
		defer unread(t, addr, "/take/safetensors?prompt=Once+upon+a+time&new=130&to=100000&sampler=sample&t=9&seed=1").Close()
	}
	if len(free) != 0 {
		t.Errorf("%d places are taken by files that are made", len(free))
	}
	resp, body := ask(t, addr, "/take/csv"+takeQuery, nil)
	if resp.StatusCode != 200 {
		t.Errorf("beside downloads that nobody reads: %s %s", resp.Status, body)
	}
}

// TestUnreadFilesAreBounded: where memory ends, the file goes that has lain still longest;
// one that is being read stays.
func TestUnreadFilesAreBounded(t *testing.T) {
	box := newOutbox(40 << 20)
	box.wait = time.Hour
	data := bytes.Repeat([]byte("kvstep"), 3<<20) // 18 MiB: more than a connection holds
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := box.send(w, data, func() { w.WriteHeader(200) })
		if err != nil {
			refuse(w, statusOf(w, err), err)
		}
	}))
	defer server.Close()
	addr := strings.TrimPrefix(server.URL, "http://")
	first := unread(t, addr, "/1")
	defer first.Close()
	for lainStill(box) < 100*time.Millisecond { // the second would else lie still for longer
		time.Sleep(time.Millisecond)
	}
	second := unread(t, addr, "/2")
	defer second.Close()
	if resp, body := ask(t, addr, "/3", nil); resp.StatusCode != 503 || !strings.Contains(body, "take.busy") || resp.Header.Get("Retry-After") == "" {
		t.Errorf("without room: %s %.80s", resp.Status, body)
	}
	box.mu.Lock()
	box.wait = 0
	box.mu.Unlock()
	if resp, body := ask(t, addr, "/4", nil); resp.StatusCode != 200 || len(body) != len(data) {
		t.Errorf("when the others have lain still: %s, %d bytes", resp.Status, len(body))
	}
	_ = first.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := io.Copy(io.Discard, first); err != nil || int(n) >= len(data) {
		t.Errorf("the oldest is still being written: %d bytes, %v", n, err)
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	if box.unread > box.most || len(box.files) > 2 {
		t.Errorf("%d bytes of %d files lie ready", box.unread, len(box.files))
	}
}

// lainStill returns for how long the file of a box has that has lain still longest.
func lainStill(o *outbox) (longest time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for f := range o.files {
		longest = max(longest, time.Since(f.moved))
	}
	return longest
}
