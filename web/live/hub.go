// Package live carries rooms over websockets: it is the only room of the house
// that knows gorilla/websocket.
package live

import (
	"context"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"

	"kvstep/sim/run"
	"kvstep/web/room"
	"kvstep/web/wire"
)

// MaxViewers bounds how many pages may be connected at once; each has at most
// one room of its own.
const MaxViewers = 64

// Hub accepts viewers and gives each a room: its own, or, with ?room=NAME, the
// one that everybody who says that name shares.
type Hub struct {
	models   *run.Library
	allowed  func(origin string) bool
	ctx      context.Context
	cancel   context.CancelFunc
	sessions sync.WaitGroup

	mu      sync.Mutex
	viewers int
	shared  map[string]*sharedRoom
}

type sharedRoom struct {
	*room.Room
	viewers int
}

// NewHub serves models to pages whose Origin is allowed.
func NewHub(models *run.Library, allowed func(origin string) bool) *Hub {
	ctx, cancel := context.WithCancel(context.Background())
	return &Hub{models: models, allowed: allowed, ctx: ctx, cancel: cancel, shared: map[string]*sharedRoom{}}
}

// Close ends every session and returns when all their goroutines are gone.
func (h *Hub) Close() {
	h.mu.Lock() // no session may start after this
	h.cancel()
	h.mu.Unlock()
	h.sessions.Wait()
}

// ServeHTTP upgrades one connection and serves it until it ends.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("room")
	if len(name) > 64 {
		http.Error(w, "room name is longer than 64 bytes", http.StatusBadRequest)
		return
	}
	if !h.enter() {
		http.Error(w, "too many viewers", http.StatusServiceUnavailable)
		return
	}
	defer h.leave()
	upgrader := websocket.Upgrader{
		CheckOrigin:       func(r *http.Request) bool { return h.allowed(r.Header.Get("Origin")) },
		EnableCompression: false, // the read limit counts compressed bytes
		ReadBufferSize:    4 << 10,
		WriteBufferSize:   16 << 10,
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	seat, release := h.room(name)
	defer release()
	newSession(conn, seat).serve(h.ctx)
}

// enter counts a viewer in, if there is room for one more.
func (h *Hub) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.viewers >= MaxViewers || h.ctx.Err() != nil {
		return false
	}
	h.viewers++
	h.sessions.Add(1)
	return true
}

func (h *Hub) leave() {
	h.mu.Lock()
	h.viewers--
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
