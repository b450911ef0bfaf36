package wall

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"kvstep/sim"
)

func TestAround(t *testing.T) {
	var log strings.Builder
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	asked := 0
	recipe := func() string { asked++; return "?model=x" }
	if err := Around("room", recipe, func() error { return io.EOF }); err != io.EOF || asked != 0 || log.Len() != 0 || Fell(err) {
		t.Errorf("an error comes back as %v, asked %d times, logged %s", err, asked, log.String())
	}
	var none map[string]int
	for _, f := range []func(){func() { panic("words") }, func() { panic(io.ErrUnexpectedEOF) }, func() { none["x"] = 1 }, func() { panic(any(nil)) }} {
		log.Reset()
		err := Around("room", recipe, func() error { f(); return nil })
		var p *sim.Problem
		if !errors.As(err, &p) || p.ID != "panic" || p.Args["Where"] != "room" || p.Args["Recipe"] != "?model=x" || p.Cause == nil || !Fell(fmt.Errorf("in words: %w", err)) {
			t.Errorf("%v", err)
		}
		if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "wall_test.go") || !strings.Contains(got, "model=x") {
			t.Errorf("logged %s", got)
		}
	}
	if err := Around("room", func() string { panic("and the recipe") }, func() error { panic("words") }); !Fell(err) {
		t.Errorf("%v", err)
	}
	if err := Try("export", "?step=1", func() error { panic(io.EOF) }); !errors.Is(err, io.EOF) {
		t.Errorf("the cause is lost: %v", err)
	}
}
