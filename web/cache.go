package web

import (
	"container/list"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"kvstep/sim"
	"kvstep/web/pack"
	"kvstep/web/wall"
)

// answer is what a route says to everyone who asks the same.
type answer struct {
	pack.Content
	name   string // of a download, "" for none
	policy string // of a page that has its scripts inside, instead of the usual one; "" for none
}

// maker makes answers: what was made lately is kept, what several ask for at once is
// made once, a few are made at a time, and of those that wait there is a limit.
type maker struct {
	where string        // for the wall
	most  int           // bytes that are kept
	wait  time.Duration // how long somebody waits for an answer that others' come before
	slots chan struct{} // one token for each that is being made
	queue chan struct{} // one for each that is being made or waits for it

	mu     sync.Mutex
	cached map[string]*list.Element
	recent *list.List // of *stored, the newest first
	bytes  int
	making map[string]*making
	made   int // how many, ever
}

type stored struct {
	key string
	answer
}

// making is an answer that some wait for. When all of them have gone it is given up.
type making struct {
	done   chan struct{}
	answer answer
	err    error
	askers int
	stop   context.CancelFunc
}

func newMaker(where string, atOnce, waiting, most int, wait time.Duration) *maker {
	return &maker{
		where: where, most: most, wait: wait, slots: make(chan struct{}, atOnce), queue: make(chan struct{}, atOnce+waiting),
		cached: map[string]*list.Element{}, recent: list.New(), making: map[string]*making{},
	}
}

// get returns the answer of a key, which names everything that it depends on. Where too many
// wait already, or it takes too long, it is Problem "server.busy". recipe is the link
// that repeats it.
func (m *maker) get(ctx context.Context, key, recipe string, work func(context.Context) (answer, error)) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, m.wait)
	defer cancel()
	c, known, err := m.find(key, recipe, work)
	if c == nil {
		return known, err
	}
	select {
	case <-c.done:
		return c.answer, c.err
	case <-ctx.Done():
		m.leave(key, c)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return answer{}, sim.NewProblem("server.busy").Because(ctx.Err())
		}
		return answer{}, ctx.Err()
	}
}

// find returns the cached answer of a key, or the making of it, which it starts where needed.
func (m *maker) find(key, recipe string, work func(context.Context) (answer, error)) (*making, answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.cached[key]; e != nil {
		m.recent.MoveToFront(e)
		return nil, e.Value.(*stored).answer, nil
	}
	c := m.making[key]
	if c == nil {
		select {
		case m.queue <- struct{}{}:
		default:
			return nil, answer{}, sim.NewProblem("server.busy")
		}
		ctx, stop := context.WithCancel(context.Background())
		c = &making{done: make(chan struct{}), stop: stop}
		m.making[key] = c
		go m.work(ctx, key, recipe, c, work)
	}
	c.askers++
	return c, answer{}, nil
}

// leave stops the making of an answer when nobody waits for it any more.
func (m *maker) leave(key string, c *making) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.askers--; c.askers == 0 {
		c.stop()
		if m.making[key] == c {
			delete(m.making, key)
		}
	}
}

func (m *maker) work(ctx context.Context, key, recipe string, c *making, work func(context.Context) (answer, error)) {
	defer close(c.done)
	defer c.stop()
	defer func() { <-m.queue }()
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
		c.err = wall.Try(m.where, recipe, func() (err error) {
			c.answer, err = work(ctx)
			return err
		})
	case <-ctx.Done():
		c.err = ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.making[key] == c {
		delete(m.making, key)
	}
	if c.err == nil {
		m.store(key, c.answer)
	}
}

// store puts an answer before the others, and drops those that nobody has asked for
// longest where there is no room.
func (m *maker) store(key string, a answer) {
	m.made++
	if len(a.Data) > m.most/4 { // one that would push most others out
		return
	}
	if old := m.cached[key]; old != nil { // made twice: the first was given up when it was all but done
		m.drop(old)
	}
	m.cached[key] = m.recent.PushFront(&stored{key, a})
	m.bytes += len(a.Data)
	for m.bytes > m.most {
		m.drop(m.recent.Back())
	}
}

func (m *maker) drop(e *list.Element) {
	s := m.recent.Remove(e).(*stored)
	delete(m.cached, s.key)
	m.bytes -= len(s.Data)
}

// send writes an answer.
func (a answer) send(w http.ResponseWriter, r *http.Request) {
	if a.name != "" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+a.name+`"`)
	}
	if a.policy != "" {
		w.Header().Set("Content-Security-Policy", a.policy)
	}
	a.Serve(w, r)
}

// statusOf returns the status of a refusal, and says when to try again where that helps.
func statusOf(w http.ResponseWriter, err error) int {
	switch problemOf(err).ID {
	case "server.busy", "take.busy", "plot.busy", "server.stopping":
		w.Header().Set("Retry-After", "2")
		return http.StatusServiceUnavailable
	case "variants.time", "plot.slow": // they would take as long again
		return http.StatusServiceUnavailable
	case "internal", "panic":
		return http.StatusInternalServerError
	}
	return http.StatusUnprocessableEntity
}
