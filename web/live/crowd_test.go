package live

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// crowd is viewers of one room, over sockets, in the process that measures.
type crowd struct {
	b       *testing.B
	conns   []*websocket.Conn
	bytes   atomic.Int64
	waits   atomic.Int64  // for how many frames
	arrived chan struct{} // the last of them is there
	gone    sync.WaitGroup
}

// gather connects viewers, each with a link of its own, and returns when they see the room.
func gather(b *testing.B, url string, n int, link func(i int) string) *crowd {
	c := &crowd{b: b, arrived: make(chan struct{}, 1)}
	for i := range n {
		conn := dialLoad(url)
		c.conns = append(c.conns, conn)
		ask(b, conn, `{"cmd":"open","link":"`+link(i)+`"}`)
	}
	return c
}

func (c *crowd) leave() {
	for _, conn := range c.conns {
		conn.Close()
	}
	c.gone.Wait()
}

// count lets all viewers read their frames and count those for which last holds.
func (c *crowd) count(last func(frame []byte) bool) {
	for _, conn := range c.conns {
		c.gone.Go(func() {
			var frame bytes.Buffer
			for {
				kind, r, err := conn.NextReader()
				if err != nil {
					return
				}
				frame.Reset()
				n, _ := io.Copy(&frame, r)
				c.bytes.Add(n)
				if kind == websocket.BinaryMessage && last(frame.Bytes()) && c.waits.Add(-1) == 0 {
					c.arrived <- struct{}{}
				}
			}
		})
	}
}

// press sends a command of one viewer and returns when the last has the frame that answers.
func (c *crowd) press(who int, command string) time.Duration {
	c.waits.Store(int64(len(c.conns)))
	began := time.Now()
	if err := c.conns[who].WriteMessage(websocket.TextMessage, []byte(command)); err != nil {
		c.b.Fatal(err)
	}
	select {
	case <-c.arrived:
	case <-time.After(5 * time.Minute):
		c.b.Fatalf("%d frames never came", c.waits.Load())
	}
	return time.Since(began)
}

func anyFrame([]byte) bool { return true }

var heads = func(i int) string { return fmt.Sprintf("?head=%d&lang=%s", i%4, [...]string{"en", "zh"}[i/4%2]) }

// BenchmarkViewers is how long the last of many viewers of one room waits for the frame of a
// press, with equal views and with eight; and what the server's processors do for one of them.
func BenchmarkViewers(b *testing.B) {
	for _, n := range []int{1, 10, 64, 300} {
		for _, views := range []struct {
			name string
			link func(i int) string
		}{{"equal", func(int) string { return "" }}, {"heads", heads}} {
			if n == 1 && views.name == "heads" {
				continue
			}
			b.Run(fmt.Sprintf("%d/%s", n, views.name), func(b *testing.B) {
				server := serveBeside(b)
				c := gather(b, server.url+"?room=class", n, views.link)
				defer c.leave()
				c.count(anyFrame)
				var times []time.Duration
				used, steps := time.Duration(0), 0
				for b.Loop() {
					if steps++; steps%60 == 0 {
						c.press(0, `{"cmd":"seek","step":-1}`)
					}
					time.Sleep(30 * time.Millisecond)
					before := server.used(b)
					times = append(times, c.press(0, forward))
					used += server.used(b) - before
				}
				b.ReportMetric(quantile(times, 0.5).Seconds()*1e3, "ms/last-p50")
				b.ReportMetric(quantile(times, 0.99).Seconds()*1e3, "ms/last-p99")
				b.ReportMetric(used.Seconds()*1e6/float64(len(times)), "us-cpu/press")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// BenchmarkEndOfAClass is a press of End with a prompt of 256 tokens and four panels open,
// until every viewer has the last frame: one viewer, many with one view, many with as many.
func BenchmarkEndOfAClass(b *testing.B) {
	server := serveBeside(b)
	long := "?tokens=0" + strings.Repeat(",300", 255) + "&new=64&show=formulas,heads,history,rows"
	room := 0
	for _, x := range []struct {
		name string
		n    int
		link func(i int) string
	}{
		{"1", 1, func(int) string { return long }},
		{"64/equal", 64, func(int) string { return long }},
		{"64/differ", 64, func(i int) string { return fmt.Sprintf("%s&head=%d&layer=%d&cell=probs.%d.0", long, i%4, i/4%4, i/16) }},
	} {
		b.Run(x.name, func(b *testing.B) {
			var times []time.Duration
			var sent int64
			used := time.Duration(0)
			for b.Loop() {
				room++
				c := gather(b, fmt.Sprintf("%s?room=%d", server.url, room), x.n, x.link)
				c.count(func(frame []byte) bool { return !bytes.Contains(frame, []byte(`\"ended\":null`)) })
				before := server.used(b)
				times = append(times, c.press(0, `{"cmd":"forward","by":"end"}`))
				used += server.used(b) - before
				sent += c.bytes.Load()
				c.leave()
			}
			b.ReportMetric(quantile(times, 0.5).Seconds()*1e3, "ms/end-p50")
			b.ReportMetric(used.Seconds()*1e3/float64(len(times)), "ms-cpu/end")
			b.ReportMetric(float64(sent)/1e6/float64(len(times)), "MB/end")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkManyRooms is how long a press waits while in each of many rooms a person presses five times a
// second, and what the server's processors do meanwhile.
func BenchmarkManyRooms(b *testing.B) {
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			server := serveBeside(b)
			var mu sync.Mutex
			var times []time.Duration
			var people sync.WaitGroup
			var over atomic.Bool
			before, began := server.used(b), time.Now()
			for range n {
				conn := dialLoad(server.url)
				ask(b, conn, `{"cmd":"open","link":""}`)
				people.Go(func() {
					defer conn.Close()
					for i := 0; !over.Load(); i++ {
						time.Sleep(time.Duration(100+rand.IntN(200)) * time.Millisecond)
						if i%60 == 59 {
							ask(b, conn, `{"cmd":"seek","step":-1}`)
						}
						_, took := ask(b, conn, forward)
						mu.Lock()
						times = append(times, took)
						mu.Unlock()
					}
				})
			}
			for b.Loop() { // a second each
				time.Sleep(time.Second)
			}
			over.Store(true)
			people.Wait()
			b.ReportMetric(quantile(times, 0.5).Seconds()*1e3, "ms/press-p50")
			b.ReportMetric(quantile(times, 0.95).Seconds()*1e3, "ms/press-p95")
			b.ReportMetric(quantile(times, 0.99).Seconds()*1e3, "ms/press-p99")
			b.ReportMetric(100*(server.used(b)-before).Seconds()/time.Since(began).Seconds(), "%cpu")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkQuiet is what the server's processors do when nobody presses: with 300 viewers of one room, and
// with 64 rooms.
func BenchmarkQuiet(b *testing.B) {
	for _, x := range []struct {
		name  string
		n     int
		query string
	}{{"nobody", 0, ""}, {"300-viewers", 300, "?room=class"}, {"64-rooms", 64, ""}} {
		b.Run(x.name, func(b *testing.B) {
			server := serveBeside(b)
			c := gather(b, server.url+x.query, x.n, func(int) string { return "?step=20" })
			defer c.leave()
			time.Sleep(2 * time.Second) // until what was opened is collected
			before, began := server.used(b), time.Now()
			for b.Loop() { // a second each
				time.Sleep(time.Second)
			}
			b.ReportMetric(100*(server.used(b)-before).Seconds()/time.Since(began).Seconds(), "%cpu")
			b.ReportMetric(0, "ns/op")
		})
	}
}
