package web

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/web/limits"
)

// slowLibrary has a model that is not open before release is called, and counts how often
// somebody began to open it.
func slowLibrary(t *testing.T) (models *library.Library, begun *atomic.Int64, release func()) {
	t.Helper()
	story, err := library.New().Get("story")
	if err != nil {
		t.Fatal(err)
	}
	models, begun = library.New(), &atomic.Int64{}
	wait := make(chan struct{})
	models.Add(library.Source{
		Name:   "slow",
		Config: func() (sim.Config, error) { return story.Model.Config, nil },
		Open: func(checkpoint.Progress) (*library.Loaded, error) {
			begun.Add(1)
			<-wait
			return story, nil
		},
	})
	return models, begun, func() { close(wait) }
}

// TestStopDoesNotWaitForAModel: not for one that a viewer waits for, nor for one that a
// file waits for.
func TestStopDoesNotWaitForAModel(t *testing.T) {
	models, begun, release := slowLibrary(t)
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, models, Lessons(), "test", limits.Default()) }()
	addr := l.Addr().String()
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/live", http.Header{"Origin": {"http://" + addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"cmd":"open","link":"?model=slow"}`))
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		resp, err := http.Get("http://" + addr + "/take/csv?model=slow&step=0")
		if err != nil {
			t.Errorf("the file that waits for a model: %v", err)
			return
		}
		defer resp.Body.Close()
		if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 503 || !strings.Contains(string(body), "server.stopping") {
			t.Errorf("the file that waits for a model: %s %s", resp.Status, body)
		}
	}()
	for begun.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	started := time.Now()
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("it ends with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("it ends after %v", took)
	}
	release()
	<-answered
	http.DefaultClient.CloseIdleConnections()
}

// TestCountingOpensNothing: figures of a large model need its shape alone, and a table of
// variants opens what it runs and nothing else.
func TestCountingOpensNothing(t *testing.T) {
	models, begun, release := slowLibrary(t)
	release()
	big := sim.Config{}
	models.Add(library.Source{
		Name:   "big",
		Config: func() (sim.Config, error) { return big, nil },
		Open: func(checkpoint.Progress) (*library.Loaded, error) {
			begun.Add(100)
			return nil, sim.NewProblem("file.open", "File", "big")
		},
	})
	m, err := models.Get("story")
	if err != nil {
		t.Fatal(err)
	}
	big = m.Model.Config
	big.Dim, big.FFN, big.Layers, big.Vocab = 1024, 4096, 24, 50000
	p := newPlots(models, "test", limits.Default())
	for _, name := range []string{"slow", "big"} {
		a, err := p.parse(&http.Request{}, map[string][]string{"model": {name}, "new": {"8"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.figure("step-flops", a); err != nil || !a.here {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := begun.Load(); n != 0 {
		t.Errorf("figures opened a model (%d)", n)
	}
	w := askRoutes(t, allRoutes(models, Lessons(), http.NotFoundHandler(), "test", limits.Default()), "/variants?model=big&prompt=a&new=2")
	if w.Code != 422 || !strings.Contains(w.Body.String(), "variants.large") {
		t.Errorf("variants of a large model: %d %s", w.Code, w.Body)
	}
	w = askRoutes(t, allRoutes(models, Lessons(), http.NotFoundHandler(), "test", limits.Default()), "/variants?model=story&prompt=Once&new=2")
	if w.Code != 200 || begun.Load() != 1 { // "slow" is of its family, "big" is not
		t.Errorf("variants of story: %d, opened %d", w.Code, begun.Load())
	}
}
