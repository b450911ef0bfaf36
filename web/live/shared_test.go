package live

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"kvstep/sim/library"
	"kvstep/web/limits"
	"kvstep/web/room"
	"kvstep/web/wire"
)

// TestWhoSeesTheSameIsSentTheSame: one of a room reads nothing, with frames of 100 KB stuck on the way;
// the others get every frame, the same bytes where they see the same.
func TestWhoSeesTheSameIsSentTheSame(t *testing.T) {
	hub := NewHub(library.New(), nil, func(string) bool { return true }, limits.Default())
	hub.rate = bucket{}
	server := httptest.NewUnstartedServer(hub)
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if tcp, ok := c.(*net.TCPConn); ok && state == http.StateNew {
			_ = tcp.SetWriteBuffer(1 << 12)
		}
	}
	server.Start()
	defer func() { hub.Close(); server.Close() }()
	url := "ws" + strings.TrimPrefix(server.URL, "http") + "?room=class"
	open := `{"cmd":"open","link":"?tokens=0` + strings.Repeat(",300", 255) + `&show=heads,history,rows"}`

	dialer := websocket.Dialer{NetDial: func(network, addr string) (net.Conn, error) {
		c, err := net.Dial(network, addr)
		if err == nil {
			_ = c.(*net.TCPConn).SetReadBuffer(1 << 12)
		}
		return c, err
	}}
	slow, _, err := dialer.Dial(url, http.Header{"Origin": {"http://good"}})
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	send(t, slow, open)
	var others [3]*websocket.Conn
	for i := range others {
		others[i] = dial(t, url)
		send(t, others[i], open)
		frame(t, others[i])
	}
	for n := range 24 {
		send(t, others[0], forward)
		var first string
		for i, conn := range others {
			_, data, err := conn.ReadMessage()
			if err != nil {
				t.Fatalf("step %d, viewer %d: %v", n, i, err)
			}
			if i == 0 {
				first = string(data)
			}
			if string(data) != first || !strings.Contains(first, fmt.Sprintf(`{\"n\":%d,`, n)) {
				t.Fatalf("step %d: viewer %d has another frame", n, i)
			}
		}
	}
}

// nobody is a room that does nothing.
type nobody struct{}

func (nobody) Do(room.Viewer, wire.Command) {}
func (nobody) Leave(room.Viewer)            {}

// TestPings: a viewer is asked again and again whether they are there, and frames still go.
func TestPings(t *testing.T) {
	sessions := make(chan *session, 1)
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		s := newSession(conn, nobody{}, bucket{})
		s.pingEvery = time.Millisecond
		sessions <- s
		s.serve(context.Background())
		close(done)
	}))
	defer server.Close()
	conn := dial(t, "ws"+strings.TrimPrefix(server.URL, "http"))
	s := <-sessions
	pings := 0
	conn.SetPingHandler(func(string) error {
		if pings++; pings == 3 {
			s.Frame(&room.Encoded{Data: []byte("a frame")})
		}
		return nil
	})
	if _, data, err := conn.ReadMessage(); err != nil || string(data) != "a frame" || pings < 3 {
		t.Errorf("%q after %d pings: %v", data, pings, err)
	}
	conn.Close()
	<-done
}
