package room

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"kvstep/sim/checkpoint"
	"kvstep/sim/lens"
	"kvstep/web/wall/walltest"
	"kvstep/web/wire"
)

// TestWhoSeesTheSame: any difference in what viewers look at tells them apart; pointers and
// languages do not.
func TestWhoSeesTheSame(t *testing.T) {
	plain := newSight(lens.View{}, nil).key
	view := reflect.TypeFor[lens.View]()
	for i := range view.NumField() {
		var pick lens.View
		switch f := reflect.ValueOf(&pick).Elem().Field(i); f.Kind() {
		case reflect.Int:
			f.SetInt(1)
		case reflect.String:
			f.SetString("x")
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		default:
			t.Fatalf("nobody knows how %s differs", view.Field(i).Name)
		}
		if newSight(pick, nil).key == plain {
			t.Errorf("those who differ in %s are taken for the same", view.Field(i).Name)
		}
	}
	if newSight(lens.View{}, []int{1}).key == plain {
		t.Error("those who differ in bookmarks are taken for the same")
	}
	if a, b := 1, 1; newSight(lens.View{Layer: &a}, nil).key != newSight(lens.View{Layer: &b}, nil).key {
		t.Error("those who look at the same layer are told apart")
	}
}

// TestAPanicIsToldToThoseWhoHaveTheView: in whatever language they have it, and to nobody else.
func TestAPanicIsToldToThoseWhoHaveTheView(t *testing.T) {
	walltest.Listen(t)
	models, _ := testLibrary(t)
	var f fault
	r := begin(t.Context(), models, f.put)
	t.Cleanup(r.Close)
	var viewers [12]*viewer
	hurt := func(i int) bool { return i%3 == 1 }
	for i := range viewers {
		viewers[i] = newViewer(t)
		at := fmt.Sprintf("%s&lang=%s&head=%d", link, []string{"en", "zh"}[i%2], i%3)
		if hurt(i) {
			at += "&op=q"
		}
		r.Do(viewers[i], wire.Command{Cmd: "open", Link: at})
		viewers[i].until(-1)
	}
	f.frame.Store(true)
	r.Do(viewers[0], wire.Command{Cmd: "forward", By: "layer"})
	for i, v := range viewers {
		frame := v.until(0)
		if p := v.panicked(); (p != nil) != hurt(i) {
			t.Errorf("viewer %d: %v", i, p)
		} else if p != nil && (p.Args["Where"] != "frame" || !strings.Contains(p.Args["Recipe"].(string), "op=q")) {
			t.Errorf("told %v", p)
		}
		var p struct{ Head int }
		if get(t, frame, "pick", &p); p.Head != i%3 && !hurt(i) || p.Head != 0 && hurt(i) {
			t.Errorf("viewer %d looks at head %d", i, p.Head)
		}
		if v.panicked() != nil {
			t.Error("told twice")
		}
	}
}

// TestViewsAreWrittenBesideEachOther: on as many processors as are free, and the slots go back.
func TestViewsAreWrittenBesideEachOther(t *testing.T) {
	models, _ := testLibrary(t)
	gate := newTurnstile(4, 8)
	var together sync.WaitGroup // nobody ends before all four have begun
	var beside bool
	r := begin(t.Context(), models, func(s *state) {
		s.gate, s.piece = gate, time.Hour // on a busy machine others begin later than a piece takes
		encode := s.encode
		s.encode = func(m *wire.Frame, langs []string) [][]byte {
			if beside {
				together.Done()
				together.Wait()
			}
			return encode(m, langs)
		}
	})
	var viewers [8]*viewer
	for i := range viewers {
		viewers[i] = newViewer(t)
		r.Do(viewers[i], wire.Command{Cmd: "open", Link: fmt.Sprintf("%s&head=%d", link, i%4)})
		viewers[i].until(-1)
	}
	together.Add(4)
	r.send(func(s *state) { beside = true })
	r.Do(viewers[5], wire.Command{Cmd: "forward", By: "layer"})
	var frames [8]*checkpoint.File
	for i, v := range viewers {
		frames[i] = v.until(0)
	}
	for i := range 4 { // one frame for two
		if a, b := frames[i].Meta["seq"], frames[i+4].Meta["seq"]; a != b {
			t.Errorf("frames %s and %s of the same", a, b)
		}
	}
	r.Close()
	if gate.inside != 0 {
		t.Errorf("%d slots are not given back", gate.inside)
	}
}
