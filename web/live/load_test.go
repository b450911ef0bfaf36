package live

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/web/limits"
	"kvstep/web/room"
)

// What BenchmarkBeside runs in processes of their own: the server, and those who load it.
const (
	loadEnv = "KVSTEP_LOAD"
	runners = 32
	floods  = 16
)

// TestLoad is no test: it is the program of those processes.
func TestLoad(t *testing.T) {
	what, url, _ := strings.Cut(os.Getenv(loadEnv), " ")
	switch what {
	case "":
		t.Skip("only for BenchmarkBeside")
	case "serve":
		begun := time.Now() // as kvstep serve begins
		mat.Clock = func() int64 { return int64(time.Since(begun)) }
		room.KeepListening()
		within := limits.Default()
		within.Viewers = 512
		hub := NewHub(library.New(), nil, func(string) bool { return true }, within)
		server := httptest.NewServer(hub)
		fmt.Println("ws" + strings.TrimPrefix(server.URL, "http"))
		for asks := bufio.NewReader(os.Stdin); ; fmt.Println(used().Nanoseconds()) {
			if _, err := asks.ReadByte(); err != nil { // the benchmark ends
				break
			}
		}
		hub.Close()
		server.Close()
	case "runs":
		for range runners {
			go longRuns(url)
		}
		select {}
	case "picks": // by 16 connections, each of another picture of a long prompt, with every panel open
		flood(url, func(i int) string {
			return fmt.Sprintf(`{"cmd":"pick","layer":null,"head":%d,"cell":null,"op":"dots","trail":[{"step":0,"op":"dots","head":%d,"row":9,"col":3}],"show":["formulas","heads","history","rows"]}`, i%4, i%4)
		})
	case "nonsense": // as long as a message may be
		flood(url, func(i int) string { return `{"cmd":"fly","link":"` + strings.Repeat("x", 60_000) + `"}` })
	}
}

func dialLoad(url string) *websocket.Conn {
	conn, _, err := websocket.DefaultDialer.Dial(url, http.Header{"Origin": {"http://x"}})
	if err != nil {
		panic(err)
	}
	return conn
}

// flood sends as fast as it can, and reads what comes.
func flood(url string, message func(i int) string) {
	for range floods - 1 {
		go flood1(url, message)
	}
	flood1(url, message)
}

func flood1(url string, message func(i int) string) {
	conn := dialLoad(url)
	_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"cmd":"open","link":"?tokens=0`+strings.Repeat(",300", 255)+`&step=40"}`))
	go func() {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	}()
	for i := 0; ; i++ {
		if conn.WriteMessage(websocket.TextMessage, []byte(message(i))) != nil {
			return
		}
	}
}

// longRuns runs to the end, again and again.
func longRuns(url string) {
	conn := dialLoad(url)
	send := func(s string) { _ = conn.WriteMessage(websocket.TextMessage, []byte(s)) }
	send(`{"cmd":"open","link":""}`)
	for seed := 0; ; seed++ {
		recipe, _ := json.Marshal(map[string]any{"prompt": "Once upon a time", "max_new": 400, "stop": []string{}, "sampler": map[string]any{"kind": "sample", "temperature": 1.5, "seed": fmt.Sprint(seed)}})
		send(`{"cmd":"run","recipe":` + string(recipe) + `}`)
		send(`{"cmd":"forward","by":"end"}`)
		for {
			_, data, err := conn.ReadMessage()
			if err != nil {
				return
			}
			if !strings.Contains(string(data), `\"ended\":null`) {
				break
			}
		}
	}
}

// start starts another process of the load.
func start(b *testing.B, what string) *exec.Cmd {
	b.Helper()
	c := exec.Command(os.Args[0], "-test.run", "^TestLoad$", "-test.timeout", "0")
	c.Env = append(os.Environ(), loadEnv+"="+what)
	return c
}

// serverBeside is a server in a process of its own.
type serverBeside struct {
	url     string
	asks    io.WriteCloser
	answers *bufio.Reader
}

// serveBeside starts one, until the benchmark ends.
func serveBeside(b *testing.B) *serverBeside {
	b.Helper()
	c := start(b, "serve")
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	s := &serverBeside{answers: bufio.NewReader(out)}
	if s.asks, err = c.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.asks.Close(); _ = c.Wait() })
	s.url = s.line(b)
	return s
}

func (s *serverBeside) line(b *testing.B) string {
	line, err := s.answers.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// used asks for the processor's time that the server has used.
func (s *serverBeside) used(b *testing.B) time.Duration {
	if _, err := s.asks.Write([]byte{'?'}); err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseInt(s.line(b), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(n)
}

// BenchmarkBeside is how long a press waits for its frame in a room beside which others
// load the server: with a flood of picks, a flood of nonsense, or 32 long runs.
func BenchmarkBeside(b *testing.B) {
	url := serveBeside(b).url
	for _, load := range []string{"nobody", "picks", "nonsense", "runs"} {
		b.Run(load, func(b *testing.B) {
			if load != "nobody" {
				c := start(b, load+" "+url)
				if err := c.Start(); err != nil {
					b.Fatal(err)
				}
				defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
				time.Sleep(2 * time.Second)
			}
			conn := dialLoad(url)
			defer conn.Close()
			ask(b, conn, `{"cmd":"open","link":""}`)
			var times []time.Duration
			for b.Loop() {
				time.Sleep(30 * time.Millisecond) // a person, not a flood
				_, took := ask(b, conn, forward)
				times = append(times, took)
				if len(times)%60 == 0 {
					ask(b, conn, `{"cmd":"open","link":""}`)
					ask(b, conn, `{"cmd":"seek","step":-1}`)
				}
			}
			b.ReportMetric(quantile(times, 0.5).Seconds()*1e3, "ms/press-p50")
			b.ReportMetric(quantile(times, 0.95).Seconds()*1e3, "ms/press-p95")
			b.ReportMetric(quantile(times, 0.99).Seconds()*1e3, "ms/press-p99")
			b.ReportMetric(0, "ns/op")
		})
	}
}
