package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/token"
	"kvstep/web/limits"
	"kvstep/web/live"
	"kvstep/web/wall/walltest"
)

// bomb is a tokenizer that goes off when a text is encoded.
type bomb struct{ token.Tokenizer }

func (bomb) Encode(string) []int { panic("the bomb went off") }

// mined are the embedded models, one that panics when it is opened, once, and one that
// panics when it is used; and one without weights.
func mined(t *testing.T) *library.Library {
	t.Helper()
	models := library.New()
	opened := 0
	models.Add(library.Source{Name: "once", Open: func(checkpoint.Progress) (*library.Loaded, error) {
		if opened++; opened == 1 {
			panic(errors.New("no good"))
		}
		return library.Open("paper")
	}})
	models.Add(library.Source{Name: "bomb", Open: func(checkpoint.Progress) (*library.Loaded, error) {
		m, err := library.Open("story")
		if err != nil {
			return nil, err
		}
		return &library.Loaded{Name: "bomb", Model: m.Model, Tokenizer: bomb{m.Tokenizer}, TrainingSet: m.TrainingSet}, nil
	}})
	models.Add(library.Source{Name: "hollow", Open: func(checkpoint.Progress) (*library.Loaded, error) {
		m, err := library.Open("story")
		if err != nil {
			return nil, err
		}
		return &library.Loaded{Name: "hollow", Model: &model.Model{Config: m.Model.Config}, Tokenizer: m.Tokenizer}, nil
	}})
	return models
}

// TestAPanicIsTold: what one request makes panic is told to it, with the link, and the
// next request is served, however many there have been.
func TestAPanicIsTold(t *testing.T) {
	walltest.Listen(t)
	models := mined(t)
	hub := live.NewHub(models, nil, func(string) bool { return true }, limits.Default())
	server := httptest.NewServer(routes(allRoutes(models, Lessons(), hub, "test", limits.Default())))
	defer func() { hub.Close(); server.Close() }()
	ask := func(method, path string) (int, string) {
		r, err := http.NewRequest(method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return resp.StatusCode, string(data)
	}
	if status, body := ask("GET", "/plots?model=once&lang=en"); status != http.StatusInternalServerError || !strings.Contains(body, "model=once") {
		t.Errorf("%d: %.200s", status, body)
	}
	if status, _ := ask("GET", "/plots?model=once&lang=en"); status != http.StatusOK { // what panicked when it was opened can be opened
		t.Errorf("status %d", status)
	}
	for range 2 { // measurements are taken one at a time
		if status, body := ask("POST", "/plots/measure?model=hollow&prompt=2&new=2&lang=en"); status != http.StatusInternalServerError || !strings.Contains(body, "measurement") {
			t.Errorf("%d: %.200s", status, body)
		}
	}
	const link = "?model=bomb&prompt=Once&new=2"
	for range 3 { // more than there are places for exports and for comparisons
		for _, x := range []struct{ path, where string }{
			{"/take/jsonl" + link + "&to=3", "export"},
			{"/take/html" + link + "&to=3", "export"},
			{"/variants" + link, "variants"},
		} {
			status, body := ask("GET", x.path)
			var p struct {
				Problem string
				Args    struct{ Where, Recipe string }
			}
			if err := json.Unmarshal([]byte(body), &p); err != nil || status != http.StatusInternalServerError {
				t.Fatalf("%s: %d, %v: %.200s", x.path, status, err, body)
			}
			if p.Problem != "panic" || p.Args.Where != x.where || !strings.Contains(p.Args.Recipe, "model=bomb") {
				t.Errorf("%s: %.200s", x.path, body)
			}
		}
	}
	for _, path := range []string{"/take/jsonl?model=story&prompt=Once&new=2&to=3", "/lab?lang=en"} {
		if status, body := ask("GET", path); status != http.StatusOK {
			t.Errorf("%s: %d: %.200s", path, status, body)
		}
	}
}

// TestHalfAnAnswerIsCut: a panic in the middle of an answer must not end it well.
func TestHalfAnAnswerIsCut(t *testing.T) {
	walltest.Listen(t)
	server := httptest.NewServer(walled("export", tellJSON, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		panic(sim.NewProblem("internal"))
	}))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err == nil {
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
	}
	if err == nil {
		t.Error("half an answer passes for a whole one")
	}
}
