package web

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"kvstep/sim"
	"kvstep/web/pack"
	"kvstep/web/wall/walltest"
)

func isProblem(err error, id string) bool {
	var p *sim.Problem
	return errors.As(err, &p) && p.ID == id
}

// TestTheSameIsMadeOnce: however many ask for it, and it is kept.
func TestTheSameIsMadeOnce(t *testing.T) {
	m := newMaker("test", 1, 4, 1000, 25*time.Second)
	begun, go_ := make(chan struct{}), make(chan struct{})
	work := func(context.Context) (answer, error) {
		close(begun)
		<-go_
		return answer{Content: pack.New("", []byte("done"))}, nil
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if a, err := m.get(t.Context(), "key", "", work); err != nil || string(a.Data) != "done" {
				t.Errorf("%q %v", a.Data, err)
			}
		})
	}
	<-begun
	waiting := func() int {
		m.mu.Lock()
		defer m.mu.Unlock()
		if c := m.making["key"]; c != nil {
			return c.askers
		}
		return 0
	}
	for deadline := time.Now().Add(10 * time.Second); waiting() < 50; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("%d of 50 wait for it", waiting())
			break
		}
	}
	close(go_)
	all.Wait()
	if a, err := m.get(t.Context(), "key", "", nil); err != nil || string(a.Data) != "done" || m.made != 1 {
		t.Errorf("afterwards %q %v, made %d times", a.Data, err, m.made)
	}
}

// TestWhatIsKeptIsBounded: by bytes, and those go first that were asked for longest ago.
func TestWhatIsKeptIsBounded(t *testing.T) {
	m := newMaker("test", 1, 4, 100, 25*time.Second)
	get := func(key string, size int) {
		t.Helper()
		if _, err := m.get(t.Context(), key, "", func(context.Context) (answer, error) { return answer{Content: pack.New("", make([]byte, size))}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		get(fmt.Sprint(i), 20)
		get("0", 20) // often asked for
	}
	get("large", 90)
	if m.bytes > 100 || m.recent.Len() != len(m.cached) || m.cached["0"] == nil || m.cached["1"] != nil || m.cached["large"] != nil || m.made != 21 {
		t.Errorf("%d bytes, %d kept, made %d", m.bytes, len(m.cached), m.made)
	}
}

// TestTooManyAreToldSo, and those that nobody waits for are given up.
func TestTooManyAreToldSo(t *testing.T) {
	m := newMaker("test", 1, 2, 1000, 25*time.Second)
	begun := make(chan string, 9)
	wait := func(key string) func(context.Context) (answer, error) {
		return func(ctx context.Context) (answer, error) {
			begun <- key
			<-ctx.Done()
			return answer{}, ctx.Err()
		}
	}
	ctx, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	ask := func(key string) {
		all.Go(func() {
			if _, err := m.get(ctx, key, "", wait(key)); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", key, err)
			}
		})
	}
	ask("a")
	<-begun
	ask("b")
	ask("c")
	for len(m.queue) < 3 {
		time.Sleep(time.Millisecond)
	}
	if _, err := m.get(ctx, "d", "", wait("d")); !isProblem(err, "server.busy") {
		t.Errorf("a fourth: %v", err)
	}
	if len(begun) > 0 {
		t.Error("two are made at once")
	}
	leave()
	all.Wait()
	for range 1000 { // what was given up leaves its place
		if a, err := m.get(t.Context(), "e", "", func(context.Context) (answer, error) { return answer{Content: pack.New("", []byte("e"))}, nil }); err == nil && string(a.Data) == "e" {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("places are lost")
}

// TestAPanicIsAnAnswer: everyone who waits for it is told, and the next one may try again.
func TestAPanicIsAnAnswer(t *testing.T) {
	walltest.Listen(t)
	m := newMaker("test", 1, 2, 1000, 25*time.Second)
	if _, err := m.get(t.Context(), "key", "?x", func(context.Context) (answer, error) { panic("broken") }); !isProblem(err, "panic") {
		t.Errorf("%v", err)
	}
	if _, err := m.get(t.Context(), "key", "", func(context.Context) (answer, error) { return answer{}, nil }); err != nil || len(m.making) != 0 {
		t.Errorf("afterwards: %v", err)
	}
}
