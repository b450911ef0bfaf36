package live

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/web/limits"
	"kvstep/web/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t testing.TB) (url string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	c := modeltest.Config(r)
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	hub := NewHub(library.New(&library.Loaded{Name: "random", Model: m}), nil, func(o string) bool { return o == "http://good" }, limits.Default())
	server := httptest.NewServer(hub)
	t.Cleanup(func() {
		hub.Close()
		server.Close()
	})
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

func dial(t testing.TB, url string) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(url, http.Header{"Origin": {"http://good"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	return conn
}

func send(t testing.TB, conn *websocket.Conn, message string) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

func frame(t testing.TB, conn *websocket.Conn) *checkpoint.File {
	t.Helper()
	kind, data, err := conn.ReadMessage()
	if err != nil || kind != websocket.BinaryMessage {
		t.Fatalf("kind %d, %v: %.200s", kind, err, data)
	}
	f, err := checkpoint.ReadSafetensors(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestForeignOriginsAreRefused(t *testing.T) {
	url := serve(t)
	for _, origin := range []string{"http://evil.example", "https://good", "http://good:1", "null", ""} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		_, resp, err := websocket.DefaultDialer.Dial(url, header)
		if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("origin %q was let in: %v", origin, err)
		}
	}
}

func TestStepsArrive(t *testing.T) {
	conn := dial(t, serve(t))
	send(t, conn, `{"cmd":"open","link":"?tokens=1,2,3&new=2"}`)
	if f := frame(t, conn); f.Meta["step"] != "null" {
		t.Fatalf("step %s", f.Meta["step"])
	}
	send(t, conn, `{"cmd":"forward","by":"layer"}`)
	if f := frame(t, conn); !strings.Contains(f.Meta["step"], `"n":0`) || len(f.Tensors) != 8 {
		t.Fatalf("step %s, %d tensors", f.Meta["step"], len(f.Tensors))
	}
}

func TestBadMessagesAreAnswered(t *testing.T) {
	conn := dial(t, serve(t))
	for _, bad := range []string{`{`, `[]`, `{"cmd":"fly"}`, `{"cmd":"forward","by":"mile"}`, `{"cmd":"open","extra":1}`, `{"cmd":"run"}`} {
		send(t, conn, bad)
		var p struct{ Problem string }
		_, data, err := conn.ReadMessage()
		if err != nil || json.Unmarshal(data, &p) != nil || p.Problem != "command.bad" {
			t.Errorf("%s: %s %v", bad, data, err)
		}
	}
	_ = conn.WriteMessage(websocket.BinaryMessage, []byte{1})
	if _, data, err := conn.ReadMessage(); err != nil || !strings.Contains(string(data), "command.bad") {
		t.Errorf("binary: %s %v", data, err)
	}
}

// TestLongMessages: one that is too long to be carried out is refused in words; one that
// nobody can have meant ends the session.
func TestLongMessages(t *testing.T) {
	conn := dial(t, serve(t))
	send(t, conn, `{"cmd":"open","link":"`+strings.Repeat("a", wire.MaxCommandBytes)+`"}`)
	if _, data, err := conn.ReadMessage(); err != nil || !strings.Contains(string(data), "command.long") {
		t.Errorf("%s %v", data, err)
	}
	send(t, conn, `{"cmd":"open","link":"`+strings.Repeat("a", wire.MaxMessageBytes)+`"}`)
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
		t.Errorf("error %v", err)
	}
}

// TestASlowViewerDelaysNobody: one viewer of a shared room reads nothing while
// the other walks the run to its end.
func TestASlowViewerDelaysNobody(t *testing.T) {
	url := serve(t) + "?room=class"
	slow, quick := dial(t, url), dial(t, url)
	send(t, slow, `{"cmd":"open","link":"?tokens=1,2,3&new=20"}`)
	frame(t, slow)
	send(t, quick, `{"cmd":"open","link":""}`)
	frame(t, quick)
	for range 200 {
		send(t, quick, `{"cmd":"seek","step":-1}`)
		frame(t, quick)
	}
	send(t, quick, `{"cmd":"forward","by":"end"}`)
	for {
		if f := frame(t, quick); strings.Contains(f.Meta["run"], `"ended":"max-new"`) {
			break
		}
	}
}

func TestRoomsAreBounded(t *testing.T) {
	url := serve(t)
	for range limits.Default().Viewers {
		dial(t, url)
	}
	_, resp, err := websocket.DefaultDialer.Dial(url, http.Header{"Origin": {"http://good"}})
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one viewer too many: %v", err)
	}
}

func TestCloseSaysGoodbye(t *testing.T) {
	hub := NewHub(library.New(), nil, func(string) bool { return true }, limits.Default())
	server := httptest.NewServer(hub)
	defer server.Close()
	conn := dial(t, "ws"+strings.TrimPrefix(server.URL, "http"))
	done := make(chan struct{})
	go func() { hub.Close(); close(done) }()
	var bye *websocket.CloseError
	if _, _, err := conn.ReadMessage(); !errors.As(err, &bye) || bye.Code != websocket.CloseGoingAway || bye.Text != `{"problem":"server.stopped","args":{}}` {
		t.Errorf("error %v", err)
	}
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("close does not return")
	}
}
