package plain

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		"the cat 猫 é \u200d א": "the cat 猫 é \u200d א", // joiners and Hebrew are text
		"\x1b[2Ja":             `\u001b[2Ja`,
		"a\tb\nc\r":            `a\u0009b\u000ac\u000d`,
		"\u009b2J\x7f":         `\u009b2J\u007f`,
		"\u202eabc\u2069":      `\u202eabc\u2069`,
		"\u2028\u061c":         `\u2028\u061c`,
		"\x9b\xff�":            `\x9b\xff�`,
	} {
		if got := Text(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestNoOrdersInJSON: no order leaves as it is, and everything reads back.
func TestNoOrdersInJSON(t *testing.T) {
	all := strings.Builder{}
	for r := rune(0); r < 0x3000; r++ {
		all.WriteRune(r)
	}
	for _, out := range [][]byte{line(map[string]string{"text": all.String(), "<&>": "plain"}), Indented(map[string]string{"text": all.String(), "<&>": "plain"}, "  ")} {
		if i := strings.IndexFunc(strings.ReplaceAll(string(out), "\n", ""), Orders); i >= 0 {
			t.Errorf("an order is left at %d", i)
		}
		var back map[string]string
		if err := json.Unmarshal(out, &back); err != nil || back["text"] != all.String() || !strings.Contains(string(out), `"<&>"`) {
			t.Errorf("another text comes back: %v", err)
		}
	}
}

// line is what Line writes.
func line(v any) []byte {
	var b bytes.Buffer
	_ = Line(&b, v) // to memory
	return b.Bytes()
}

// TestMayOrder: what is looked for by its first byte is what Orders tells.
func TestMayOrder(t *testing.T) {
	for r := rune(0); r < 0x11000; r++ {
		if got := mayOrder([]byte("a" + string(r) + "猫")); got != Orders(r) {
			t.Errorf("%U: %v", r, got)
		}
	}
}

func BenchmarkOrders(b *testing.B) {
	text := []byte(strings.Repeat(`{"token":"·the","id":442,"p":0.0625},`, 3000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		unordered(text)
	}
}
