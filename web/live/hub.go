// Package live carries rooms over websockets: it is the only room of the house
// that knows gorilla/websocket.
package live

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"kvstep/sim"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/web/limits"
	"kvstep/web/room"
	"kvstep/web/wire"
)

// Hub accepts viewers and gives each a room: its own, or, with ?room=NAME, the
// one that everybody who says that name shares.
type Hub struct {
	models   *library.Library
	lessons  *lesson.Case
	allowed  func(origin string) bool
	most     int    // viewers
	runs     int    // that a room keeps
	rate     bucket // of every connection
	ctx      context.Context
	cancel   context.CancelCauseFunc // with what viewers are told
	sessions sync.WaitGroup

	mu      sync.Mutex
	viewers int
	leaving int // whose chairs have others already
	shared  map[string]*sharedRoom
	clients map[string]*chair // of those who said who they are
}

// chair is one of the places for viewers.
type chair struct {
	ctx    context.Context
	cancel context.CancelFunc // sends the viewer away
	client string
	passed bool // on to the same client, who has come back
}

type sharedRoom struct {
	*room.Room
	viewers int
}

// NewHub serves models and lessons (nil for none), within limits, to pages whose Origin is allowed.
func NewHub(models *library.Library, lessons *lesson.Case, allowed func(origin string) bool, within limits.Limits) *Hub {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Hub{
		models: models, lessons: lessons, allowed: allowed, most: int(within.Viewers), runs: int(within.Runs), rate: newBucket(int(within.Messages)),
		ctx: ctx, cancel: cancel, shared: map[string]*sharedRoom{}, clients: map[string]*chair{},
	}
}

// closeWait is how long Close waits for sessions: longer than they wait for their peers.
const closeWait = 2 * byeWait

// Close ends every session and returns when all their goroutines are gone, or, should
// one of them not heed it, after closeWait.
func (h *Hub) Close() {
	h.mu.Lock() // no session may start after this
	h.cancel(sim.NewProblem("server.stopped"))
	h.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		h.sessions.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(closeWait):
	}
}

// ServeHTTP upgrades one connection and serves it until it ends. Whoever asks without an
// upgrade is told what a browser does not tell its page of a handshake: why there is none.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	name, client := query.Get("room"), query.Get("client")
	switch {
	case len(name) > maxName || len(client) > maxName:
		refuse(w, http.StatusBadRequest, sim.NewProblem("socket.name", "Max", maxName))
		return
	case !websocket.IsWebSocketUpgrade(r):
		h.answer(w, client)
		return
	case !h.allowed(r.Header.Get("Origin")): // before anyone has to go for it
		refuse(w, http.StatusForbidden, sim.NewProblem("socket.blocked"))
		return
	}
	seat, refusal := h.enter(client)
	if refusal != nil {
		refuse(w, http.StatusServiceUnavailable, refusal)
		return
	}
	defer h.leave(seat)
	upgrader := websocket.Upgrader{
		CheckOrigin:       func(*http.Request) bool { return true }, // it is, or we would not be here
		EnableCompression: false,                                    // the read limit counts compressed bytes
		ReadBufferSize:    4 << 10,
		WriteBufferSize:   16 << 10,
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	in, release := h.room(name)
	defer release()
	newSession(conn, in, h.rate).serve(seat.ctx)
}

// maxName bounds the names of rooms and clients.
const maxName = 64

// answer tells whether there is a chair for a client, who takes none by asking.
func (h *Hub) answer(w http.ResponseWriter, client string) {
	h.mu.Lock()
	refusal := h.refusal(client)
	h.mu.Unlock()
	if refusal != nil {
		refuse(w, http.StatusServiceUnavailable, refusal)
		return
	}
	w.Header().Set("Upgrade", "websocket")
	refuse(w, http.StatusUpgradeRequired, sim.NewProblem("socket.blocked"))
}

// refuse answers with a problem, as it is told over a socket, and says when to try again.
func refuse(w http.ResponseWriter, status int, p *sim.Problem) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "2")
	}
	w.WriteHeader(status)
	_, _ = w.Write(wire.ProblemMessage(p))
}

// refusal returns why there is no chair for a client now, nil if there is one. The mutex is held.
func (h *Hub) refusal(client string) *sim.Problem {
	switch {
	case h.ctx.Err() != nil:
		return sim.NewProblem("server.stopped")
	case h.viewers >= h.most && !h.returns(client):
		return sim.NewProblem("viewers.full", "Most", h.most)
	}
	return nil
}

// returns reports whether a client may have the chair that it has already.
func (h *Hub) returns(client string) bool { return h.clients[client] != nil && h.leaving < h.most }

// enter gives a viewer a chair, if one is free, or says why not. A client who is here already,
// with a connection that has died without a word (a phone that slept), gets the old one's.
func (h *Hub) enter(client string) (*chair, *sim.Problem) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.refusal(client); p != nil {
		return nil, p
	}
	if h.returns(client) {
		old := h.clients[client]
		old.passed = true
		old.cancel()
		h.viewers--
		h.leaving++
	}
	h.viewers++
	h.sessions.Add(1)
	c := &chair{client: client}
	c.ctx, c.cancel = context.WithCancel(h.ctx)
	if client != "" {
		h.clients[client] = c
	}
	return c, nil
}

func (h *Hub) leave(c *chair) {
	c.cancel()
	h.mu.Lock()
	if c.passed {
		h.leaving--
	} else {
		h.viewers--
		delete(h.clients, c.client)
	}
	h.mu.Unlock()
	h.sessions.Done()
}

// room finds or starts a room; release closes it when its last viewer is gone.
func (h *Hub) room(name string) (r *room.Room, release func()) {
	if name == "" {
		r = room.NewOf(h.ctx, h.models, h.runs, h.lessons)
		return r, r.Close
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.shared[name]
	if s == nil {
		s = &sharedRoom{Room: room.NewOf(h.ctx, h.models, h.runs, h.lessons)}
		h.shared[name] = s
	}
	s.viewers++
	return s.Room, func() {
		h.mu.Lock()
		s.viewers--
		last := s.viewers == 0
		if last {
			delete(h.shared, name)
		}
		h.mu.Unlock()
		if last {
			s.Close()
		}
	}
}

// driver is what a session needs of its room.
type driver interface {
	Do(v room.Viewer, c wire.Command)
	Leave(v room.Viewer)
}
