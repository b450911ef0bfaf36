package lesson

import (
	"testing"
	"testing/fstest"
)

// Signs of a number or a term that nobody reads as one are told with their line: people would read them as they are.
func TestSignsThatStayText(t *testing.T) {
	for _, text := range []string{"It holds {{kv.bytes} now.", "It holds kv.bytes}} now.", "`{{kv.bytes}}`", "A [[kv-cache|KV cache] here."} {
		words := &fstest.MapFile{Data: []byte("# Title\n\n## one: One\n\n" + text + "\n")}
		_, bad := Open(fstest.MapFS{
			"lesson.yaml": {Data: []byte("minutes: 1\nrun: {model: paper}\nbeats:\n  - {id: one, at: start}\n")},
			"en.md":       words, "zh.md": words,
		}, "signs", nil)
		if len(bad) != 2 || bad[0].ID != "lesson.sign" || bad[0].Line != 5 {
			t.Errorf("%s: %v", text, bad)
		}
	}
}
