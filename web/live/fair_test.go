package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	"kvstep/sim/token"
	"kvstep/web/limits"
	"kvstep/web/wall/walltest"
)

// TestBucket: so many messages at once, then so many a second, a long one for many.
func TestBucket(t *testing.T) {
	now, slept := time.Unix(1000, 0), time.Duration(0)
	const messages = 240
	b := newBucket(messages)
	b.clock = func() time.Time { return now }
	b.sleep = func(d time.Duration) { slept += d; now = now.Add(d) }
	for range messages {
		b.take(40)
	}
	if slept != 0 {
		t.Errorf("slept %v within the burst", slept)
	}
	for range messages {
		b.take(40)
	}
	if slept < 990*time.Millisecond || slept > 1010*time.Millisecond {
		t.Errorf("%d more took %v", messages, slept)
	}
	slept = 0
	b.take(60_000)
	if want := 60_000 / dropBytes * time.Second / messages; slept < want-10*time.Millisecond || slept > want+10*time.Millisecond {
		t.Errorf("a long message took %v, want %v", slept, want)
	}
	now, slept = now.Add(time.Hour), 0
	for range messages + 1 {
		b.take(0)
	}
	if slept == 0 || slept > 10*time.Millisecond {
		t.Errorf("slept %v after an hour: more than a burst is saved up, or less", slept)
	}
}

// TestAReturningClientTakesItsChair: with all chairs taken, who comes back gets the old
// one, whose connection ends; others are refused, and no chair is lost or won by it.
func TestAReturningClientTakesItsChair(t *testing.T) {
	url := serve(t)
	var conns []*websocket.Conn
	for i := range limits.Default().Viewers {
		conns = append(conns, dial(t, fmt.Sprintf("%s?client=c%d", url, i)))
	}
	refused := func(query string) {
		t.Helper()
		_, resp, err := websocket.DefaultDialer.Dial(url+query, http.Header{"Origin": {"http://good"}})
		if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%q: one viewer too many: %v", query, err)
		}
	}
	for range 3 {
		refused("?client=new")
		refused("")
		old := conns[7]
		conns[7] = dial(t, url+"?client=c7")
		var gone *websocket.CloseError
		if _, _, err := old.ReadMessage(); !errors.As(err, &gone) || gone.Code != websocket.CloseGoingAway || gone.Text != "" { // nothing has stopped
			t.Errorf("the old connection: %v", err)
		}
		send(t, conns[7], `{"cmd":"open","link":"?tokens=1,2,3&new=2"}`)
		frame(t, conns[7])
	}
	_, resp, err := websocket.DefaultDialer.Dial(url+"?client=c7", http.Header{"Origin": {"http://evil.example"}})
	if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a foreign page: %v", err)
	}
	send(t, conns[7], `{"cmd":"forward","by":"layer"}`) // which has not sent anyone away
	frame(t, conns[7])
	conns[9].Close()
	deadline := time.Now().Add(10 * time.Second)
	for {
		conn, _, err := websocket.DefaultDialer.Dial(url+"?client=c99", http.Header{"Origin": {"http://good"}})
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a chair that was left stays taken")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestCloseDoesNotWaitForReaders: viewers that read nothing, with frames stuck on the way
// to them, do not hold up the end.
func TestCloseDoesNotWaitForReaders(t *testing.T) {
	hub := NewHub(library.New(), nil, func(string) bool { return true }, limits.Default())
	hub.rate = bucket{}
	server := httptest.NewUnstartedServer(hub)
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if tcp, ok := c.(*net.TCPConn); ok && state == http.StateNew {
			_ = tcp.SetWriteBuffer(1 << 12)
		}
	}
	server.Start()
	defer server.Close()
	dialer := websocket.Dialer{NetDial: func(network, addr string) (net.Conn, error) {
		c, err := net.Dial(network, addr)
		if err == nil {
			_ = c.(*net.TCPConn).SetReadBuffer(1 << 12)
		}
		return c, err
	}}
	for range 3 {
		conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), http.Header{"Origin": {"http://x"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		send(t, conn, `{"cmd":"open","link":"?tokens=0`+strings.Repeat(",300", 255)+`&step=4&show=heads,history,rows"}`) // frames of 100 KB and more
		for range 200 {
			send(t, conn, `{"cmd":"forward","by":"layer"}`)
		}
	}
	time.Sleep(300 * time.Millisecond) // until a frame is stuck
	began := time.Now()
	hub.Close()
	if took := time.Since(began); took > 4*time.Second { // writeWait is 10 s
		t.Errorf("it took %v", took)
	}
	for viewers := 1; viewers > 0; time.Sleep(10 * time.Millisecond) {
		hub.mu.Lock()
		viewers = hub.viewers
		hub.mu.Unlock()
		if time.Since(began) > 5*time.Second {
			t.Fatalf("%d sessions are still there", viewers)
		}
	}
}

// mine is a tokenizer that goes off at one text.
type mine struct {
	token.Tokenizer
	armed string
}

func (m mine) Encode(text string) []int {
	if strings.Contains(text, m.armed) {
		panic("the mine went off")
	}
	return m.Tokenizer.Encode(text)
}

// TestAPanicEndsNoOtherSession: over sockets, 64 viewers; one opens a link that panics
// again and again, all others get every frame meanwhile.
func TestAPanicEndsNoOtherSession(t *testing.T) {
	walltest.Listen(t)
	models := library.New()
	models.Add(library.Source{Name: "mined", Open: func(checkpoint.Progress) (*library.Loaded, error) {
		m, err := library.Open("story")
		if err != nil {
			return nil, err
		}
		return &library.Loaded{Name: "mined", Model: m.Model, Tokenizer: mine{m.Tokenizer, "BOOM"}}, nil
	}})
	hub := NewHub(models, nil, func(string) bool { return true }, limits.Default())
	server := httptest.NewServer(hub)
	defer func() { hub.Close(); server.Close() }()
	url := "ws" + strings.TrimPrefix(server.URL, "http")
	bad, others := dial(t, url), make([]*websocket.Conn, limits.Default().Viewers-1)
	for i := range others {
		others[i] = dial(t, url)
		send(t, others[i], `{"cmd":"open","link":"?model=story&prompt=Tom+has&new=4"}`)
		frame(t, others[i])
	}
	send(t, bad, `{"cmd":"open","link":"?model=mined&prompt=BOOM"}`)
	for n := range 6 {
		var p struct {
			Problem string
			Args    struct{ Where, Recipe string }
		}
		_, data, err := bad.ReadMessage()
		if err != nil || json.Unmarshal(data, &p) != nil || p.Problem != "panic" || p.Args.Where != "room" || !strings.Contains(p.Args.Recipe, "BOOM") {
			t.Fatalf("%s %v", data, err)
		}
		frame(t, bad) // the default run, or the one that it has
		for _, conn := range others {
			send(t, conn, `{"cmd":"forward","by":"layer"}`)
			if f := frame(t, conn); !strings.Contains(f.Meta["step"], fmt.Sprintf(`"n":%d`, n)) {
				t.Fatalf("step %s, want %d", f.Meta["step"], n)
			}
		}
		recipe, _ := json.Marshal(recipe.Complete(sim.Recipe{Model: "mined", Prompt: "BOOM", MaxNew: 2}))
		send(t, bad, `{"cmd":"run","recipe":`+string(recipe)+`}`)
	}
}
