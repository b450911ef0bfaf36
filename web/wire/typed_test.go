package wire

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kvstep/sim/checkpoint"
	"kvstep/sim/lens/lenstest"
)

var schema = sync.OnceValues(func() (*lenstest.Schema, error) { return lenstest.New() })

// typed reports where a frame is not of the types that the page is told.
func typed(frame []byte) error {
	s, err := schema()
	if err != nil {
		return err
	}
	f, err := checkpoint.ReadSafetensors(frame)
	if err != nil {
		return err
	}
	var names []string
	for _, x := range f.Tensors {
		names = append(names, x.Name)
	}
	return s.Check(f.Meta, names)
}

// TestFramesAreTyped: those of the browser's tests are of their types, and one that is not
// is found out.
func TestFramesAreTyped(t *testing.T) {
	paths, err := filepath.Glob("../../static/test/frames/*.safetensors")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		frame, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := typed(frame); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	s, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	l, rec, steps := small(t)
	for key, wrong := range map[string]string{"text": "7", "step": `{"n":1}`, "tokens": `[[1]]`, "ledger": "null", "top": `[{"id":null}]`, "sky": "1"} {
		f := File(moment(l, rec, steps, 2, 0, 0))
		f.Meta[key] = wrong
		if err := s.Check(f.Meta, nil); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s may be %s: %v", key, wrong, err)
		}
	}
	if s.Check(File(moment(l, rec, steps, 2, 0, 0)).Meta, []string{"sky"}) == nil {
		t.Error("a tensor of any name")
	}
}
