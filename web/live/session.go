package live

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"kvstep/sim"
	"kvstep/web/room"
	"kvstep/web/wall"
	"kvstep/web/wire"
)

const (
	writeWait = 10 * time.Second // a write that takes longer ends the session
	pongWait  = 60 * time.Second // a peer that is silent longer is gone
	pingEvery = 25 * time.Second
	byeWait   = 500 * time.Millisecond // for a last word when the server stops; then the connection is cut
	// maxProblems unread refusals are kept for a viewer; more are dropped.
	maxProblems = 16
)

// session is one connection. Its reader runs in serve's goroutine, its only
// writer in another; the room puts what it has to say into the mailbox between
// them and never waits.
type session struct {
	conn   *websocket.Conn
	room   driver
	bucket bucket

	mu       sync.Mutex
	frame    *room.Encoded // the newest not yet written
	problems [][]byte
	loading  []byte        // the newest not yet written
	ping     atomic.Bool   // it is time for one
	wake     chan struct{} // holds one token when there is something to write, or the end

	pingEvery time.Duration
}

func newSession(conn *websocket.Conn, room driver, rate bucket) *session {
	return &session{conn: conn, room: room, bucket: rate, wake: make(chan struct{}, 1), pingEvery: pingEvery}
}

// Frame replaces the frame that waits, if one does.
func (s *session) Frame(f *room.Encoded) {
	s.mu.Lock()
	s.frame = f
	s.mu.Unlock()
	s.ring()
}

// Problem queues a refusal.
func (s *session) Problem(p *sim.Problem) {
	s.mu.Lock()
	if len(s.problems) < maxProblems {
		s.problems = append(s.problems, wire.ProblemMessage(p))
	}
	s.mu.Unlock()
	s.ring()
}

// Loading replaces what waits of the kind.
func (s *session) Loading(data []byte) {
	s.mu.Lock()
	s.loading = data
	s.mu.Unlock()
	s.ring()
}

func (s *session) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// serve reads commands until the peer goes or ctx ends, and returns when the
// writer is gone too.
func (s *session) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	written := make(chan struct{})
	// A peer that does not read must not hold up the end: a write that is stuck fails.
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(byeWait, func() { s.conn.NetConn().Close() })
	})()
	go func() {
		defer close(written)
		s.write(ctx)
		s.conn.Close() // wakes the reader
	}()
	s.read()
	s.room.Leave(s)
	cancel()
	<-written
}

func (s *session) read() {
	s.conn.SetReadLimit(wire.MaxMessageBytes)
	alive := func(string) error { return s.conn.SetReadDeadline(time.Now().Add(pongWait)) }
	s.conn.SetPongHandler(alive)
	_ = alive("")
	for {
		kind, data, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		_ = alive("")
		s.bucket.take(len(data))
		if kind != websocket.TextMessage {
			s.Problem(sim.NewProblem("command.bad", "Why", "binary message"))
			continue
		}
		var c wire.Command
		err = wall.Try("command", "", func() (err error) {
			c, err = wire.ParseCommand(data)
			return err
		})
		if err != nil {
			var p *sim.Problem
			if errors.As(err, &p) {
				s.Problem(p)
			}
			continue
		}
		s.room.Do(s, c)
	}
}

func (s *session) write(ctx context.Context) {
	defer context.AfterFunc(ctx, s.ring)()
	ping := time.AfterFunc(s.pingEvery, func() {
		s.ping.Store(true)
		s.ring()
	})
	defer ping.Stop()
	for range s.wake { // all three wake it by one channel: to select costs a microsecond of a frame's ten
		if ctx.Err() != nil {
			bye := websocket.FormatCloseMessage(websocket.CloseGoingAway, reason(ctx))
			_ = s.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(byeWait))
			return
		}
		if s.ping.Swap(false) {
			if s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)) != nil {
				return
			}
			ping.Reset(s.pingEvery)
		}
		if s.flush() != nil {
			return
		}
	}
}

// reason returns what a close says of the end of a session's context: the problem that ended it,
// as a refusal tells it, or nothing. A close has room for 123 bytes.
func reason(ctx context.Context) string {
	var p *sim.Problem
	if !errors.As(context.Cause(ctx), &p) {
		return ""
	}
	return string(wire.ProblemMessage(p))
}

// flush writes what is in the mailbox: how far a model is, refusals in order, then
// the newest frame.
func (s *session) flush() error {
	s.mu.Lock()
	frame, texts := s.frame, s.problems
	if s.loading != nil {
		texts = append([][]byte{s.loading}, texts...)
	}
	s.frame, s.problems, s.loading = nil, nil, nil
	s.mu.Unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeWait))
	for _, p := range texts {
		if err := s.conn.WriteMessage(websocket.TextMessage, p); err != nil {
			return err
		}
	}
	if frame == nil {
		return nil
	}
	if !frame.Shared {
		return s.conn.WriteMessage(websocket.BinaryMessage, frame.Data)
	}
	m := frame.Form(prepare).(prepared)
	if m.err != nil {
		return m.err
	}
	return s.conn.WritePreparedMessage(m.message)
}

// prepared is a frame as every viewer of it is sent it.
type prepared struct {
	message *websocket.PreparedMessage
	err     error
}

func prepare(data []byte) any {
	m, err := websocket.NewPreparedMessage(websocket.BinaryMessage, data)
	return prepared{m, err}
}
