// Package live carries rooms over websockets: it is the only room of the house
// that knows gorilla/websocket.
package live

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"kvstep/sim/library"
	"kvstep/web/room"
	"kvstep/web/wire"
)

// MaxViewers bounds how many pages may be connected at once; each has at most
// one room of its own.
const MaxViewers = 64

// Hub accepts viewers and gives each a room: its own, or, with ?room=NAME, the
// one that everybody who says that name shares.
type Hub struct {
	models   *library.Library
	allowed  func(origin string) bool
	rate     bucket // of every connection
	ctx      context.Context
	cancel   context.CancelFunc
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

// NewHub serves models to pages whose Origin is allowed.
func NewHub(models *library.Library, allowed func(origin string) bool) *Hub {
	ctx, cancel := context.WithCancel(context.Background())
	return &Hub{models: models, allowed: allowed, rate: newBucket(), ctx: ctx, cancel: cancel, shared: map[string]*sharedRoom{}, clients: map[string]*chair{}}
}

// closeWait is how long Close waits for sessions: longer than they wait for their peers.
const closeWait = 2 * byeWait

// Close ends every session and returns when all their goroutines are gone, or, should
// one of them not heed it, after closeWait.
func (h *Hub) Close() {
	h.mu.Lock() // no session may start after this
	h.cancel()
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

// ServeHTTP upgrades one connection and serves it until it ends.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	name, client := query.Get("room"), query.Get("client")
	if len(name) > maxName || len(client) > maxName {
		http.Error(w, "room or client name is longer than 64 bytes", http.StatusBadRequest)
		return
	}
	if !h.allowed(r.Header.Get("Origin")) { // before anyone has to go for it
		http.Error(w, "this socket is for pages of this server", http.StatusForbidden)
		return
	}
	seat := h.enter(client)
	if seat == nil {
		http.Error(w, "too many viewers", http.StatusServiceUnavailable)
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

// enter gives a viewer a chair, if one is free. A client who is here already, with a
// connection that has died without a word (a phone that slept), gets the old one's.
func (h *Hub) enter(client string) *chair {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() != nil {
		return nil
	}
	if old := h.clients[client]; old != nil && h.leaving < MaxViewers {
		old.passed = true
		old.cancel()
		h.viewers--
		h.leaving++
	}
	if h.viewers >= MaxViewers {
		return nil
	}
	h.viewers++
	h.sessions.Add(1)
	c := &chair{client: client}
	c.ctx, c.cancel = context.WithCancel(h.ctx)
	if client != "" {
		h.clients[client] = c
	}
	return c
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
		r = room.New(h.ctx, h.models)
		return r, r.Close
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.shared[name]
	if s == nil {
		s = &sharedRoom{Room: room.New(h.ctx, h.models)}
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
