package live

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"kvstep/sim/library"
	"kvstep/web/limits"
)

// serveStory serves the embedded models, as the command does.
func serveStory(b *testing.B) *websocket.Conn {
	b.Helper()
	lib := library.New()
	if _, err := lib.Get(""); err != nil { // load before the clock starts
		b.Fatal(err)
	}
	hub := NewHub(lib, nil, func(string) bool { return true }, limits.Default())
	hub.rate = bucket{} // what the server can do, not what it lets one do
	server := httptest.NewServer(hub)
	b.Cleanup(func() {
		hub.Close()
		server.Close()
	})
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), http.Header{"Origin": {"http://x"}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return conn
}

// ask sends a command and returns the frame's size and the time until it came.
func ask(b *testing.B, conn *websocket.Conn, command string) (size int, took time.Duration) {
	b.Helper()
	frame, took := answer(b, conn, command)
	return len(frame), took
}

func answer(b *testing.B, conn *websocket.Conn, command string) (frame []byte, took time.Duration) {
	b.Helper()
	start := time.Now()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(command)); err != nil {
		b.Fatal(err)
	}
	kind, data, err := conn.ReadMessage()
	if err != nil || kind != websocket.BinaryMessage {
		b.Fatalf("kind %d, %v: %.200s", kind, err, data)
	}
	return data, time.Since(start)
}

func quantile[T int | time.Duration](x []T, q float64) T {
	x = slices.Clone(x)
	slices.Sort(x)
	return x[min(int(q*float64(len(x))), len(x)-1)]
}

const forward = `{"cmd":"forward","by":"layer"}`

// BenchmarkCommandToFrame walks the default run step by step over a real
// websocket: time from command to frame, and bytes of the frames.
func BenchmarkCommandToFrame(b *testing.B) {
	var sizes []int
	var times []time.Duration
	for b.Loop() {
		b.StopTimer()
		conn := serveStory(b)
		ask(b, conn, `{"cmd":"open","link":""}`)
		b.StartTimer()
		for ended := false; !ended; {
			frame, took := answer(b, conn, forward)
			sizes, times = append(sizes, len(frame)), append(times, took)
			ended = !bytes.Contains(frame, []byte(`\"ended\":null`))
		}
	}
	b.ReportMetric(quantile(times, 0.5).Seconds()*1e3, "ms/step-p50")
	b.ReportMetric(quantile(times, 0.95).Seconds()*1e3, "ms/step-p95")
	b.ReportMetric(float64(quantile(sizes, 0.5)), "bytes/frame-p50")
	b.ReportMetric(float64(slices.Max(sizes)), "bytes/frame-max")
}

// BenchmarkLongPrompt steps with a prompt of 256 tokens.
func BenchmarkLongPrompt(b *testing.B) {
	link := `{"cmd":"open","link":"?tokens=0` + strings.Repeat(",300", 255) + `&new=64"}`
	var times []time.Duration
	for b.Loop() {
		b.StopTimer()
		conn := serveStory(b)
		ask(b, conn, link)
		b.StartTimer()
		for range 60 {
			_, took := ask(b, conn, forward)
			times = append(times, took)
		}
	}
	b.ReportMetric(quantile(times, 0.5).Seconds()*1e3, "ms/step-p50")
	b.ReportMetric(quantile(times, 0.95).Seconds()*1e3, "ms/step-p95")
}

// BenchmarkLongPromptPanels is the same with every panel open.
func BenchmarkLongPromptPanels(b *testing.B) {
	link := `{"cmd":"open","link":"?tokens=0` + strings.Repeat(",300", 255) + `&new=64&show=formulas,heads,history,rows"}`
	var times []time.Duration
	for b.Loop() {
		b.StopTimer()
		conn := serveStory(b)
		ask(b, conn, link)
		b.StartTimer()
		for range 60 {
			_, took := ask(b, conn, forward)
			times = append(times, took)
		}
	}
	b.ReportMetric(quantile(times, 0.5).Seconds()*1e3, "ms/step-p50")
	b.ReportMetric(quantile(times, 0.95).Seconds()*1e3, "ms/step-p95")
}

// BenchmarkBack is a step back (and forward again over recorded ground),
// command to frame.
func BenchmarkBack(b *testing.B) {
	conn := serveStory(b)
	ask(b, conn, `{"cmd":"open","link":""}`)
	for range 100 {
		ask(b, conn, forward)
	}
	var times []time.Duration
	for b.Loop() {
		_, took := ask(b, conn, `{"cmd":"back","by":"layer"}`)
		times = append(times, took)
		ask(b, conn, forward)
	}
	b.ReportMetric(quantile(times, 0.5).Seconds()*1e3, "ms/back-p50")
	b.ReportMetric(quantile(times, 0.95).Seconds()*1e3, "ms/back-p95")
}
