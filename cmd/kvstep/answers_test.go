package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"kvstep/sim/lens"
	"kvstep/sim/lens/lenstest"
	"kvstep/sim/lesson"
	"kvstep/web"
	"kvstep/web/export"
	"kvstep/web/wire"
)

// TestTheTableOfAnswers: the page's types of what a server answers beside frames, and of what
// it is told, are the structs that it answers and reads.
func TestTheTableOfAnswers(t *testing.T) {
	s, err := lenstest.New("web", "web/export", "web/wire", "sim/lesson")
	if err != nil {
		t.Fatal(err)
	}
	want, err := s.Beside("the structs of cmd/kvstep/answers_test.go",
		reflect.TypeFor[lens.View](), reflect.TypeFor[wire.Command](), reflect.TypeFor[wire.Loading](), reflect.TypeFor[export.Scope](),
		reflect.TypeFor[export.Served](), reflect.TypeFor[export.Size](), reflect.TypeFor[web.Variant](), reflect.TypeFor[lesson.PlayInfo](), reflect.TypeFor[lesson.HandIn](), reflect.TypeFor[web.LessonEntry]())
	if err != nil {
		t.Fatal(err)
	}
	// What no script reads (.ci/rename.mjs), and whose other name the compiler would not miss.
	for name, keys := range map[string][]string{
		"Served": {"requests"}, "RequestServing": {"ttft", "tpot", "tokens", "done"}, "Variant": {"flops", "tokens"},
	} {
		for _, key := range keys {
			if !slices.Contains(s.Keys(name), key) {
				t.Errorf("%s has no field %s any more", name, key)
			}
		}
	}
	path := filepath.Join(lenstest.Root, "static/js/wire/answers.d.ts")
	if *write {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || string(have) != want {
		t.Errorf("%s is stale (%v): run make generate", path, err)
	}
}
