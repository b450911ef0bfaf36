package token

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// decode puts the pieces of ids together.
func decode(t Tokenizer, ids []int) string {
	var b strings.Builder
	for _, id := range ids {
		b.Write(t.Piece(id))
	}
	return b.String()
}

// checkRoundTrip holds for every text: the pieces are the text, no id is
// special, and the stream says the same in whole characters.
func checkRoundTrip(t testing.TB, tok Tokenizer, text string) {
	t.Helper()
	ids := tok.Encode(text)
	want := text
	if _, ok := tok.(*Llama2c); ok && text != "" {
		want = " " + text // the dummy prefix
	}
	changed := false // a normalizer composes characters, or writes spaces
	if bpe, ok := tok.(*BPE); ok {
		changed = bpe.normal != nil || bpe.lacks
	}
	if got := decode(tok, ids); got != want && !changed {
		t.Fatalf("%q came back as %q", want, got)
	}
	for _, id := range ids {
		if _, special := tok.Special(id); special || id < 0 || id >= tok.Size() {
			t.Fatalf("%q: encoded to %d", text, id)
		}
	}
	s := NewStream(tok)
	var b strings.Builder
	if _, ok := tok.(*Llama2c); ok {
		s.Next(llama2cBOS)
	}
	for _, id := range ids {
		part := s.Next(id)
		if !utf8.ValidString(part) || strings.ContainsRune(part, utf8.RuneError) {
			t.Fatalf("%q: stream said %q", text, part)
		}
		b.WriteString(part)
	}
	b.WriteString(s.Flush())
	if utf8.ValidString(text) && !strings.ContainsRune(text, utf8.RuneError) && b.String() != text && !changed {
		t.Fatalf("stream made %q of %q", b.String(), text)
	}
	for i, label := range Labels(tok, ids) {
		if label == "" || !utf8.ValidString(label) || strings.ContainsAny(label, "\ufffd\n \t") && !isPart(label) {
			t.Fatalf("%q: label %q for %q", text, label, tok.Piece(ids[i]))
		}
	}
}

// isPart tells labels such as "字 1/3", the only ones with a space.
func isPart(label string) bool { return strings.Count(label, " ") == 1 && strings.Contains(label, "/") }

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, tok := range []Tokenizer{tinyHF(t), tinyLlama(t)} {
		for _, text := range samples {
			checkRoundTrip(t, tok, text)
		}
		for range 3000 {
			checkRoundTrip(t, tok, randomText(r))
		}
	}
}

func TestRoundTripTok512(t *testing.T) {
	tok, r := tok512(t), rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		checkRoundTrip(t, tok, randomText(r))
	}
}

// TestDummyPrefixStandsAlone: run.c puts the space before the text as a token,
// so a stray continuation byte after it is not taken for a part of it.
func TestDummyPrefixStandsAlone(t *testing.T) {
	tok := tinyLlama(t)
	if got, want := tok.Encode("\x83"), []int{tok.ids[" "], firstByte + 0x83}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// slowMerge is the loop of run.c: look at all pairs, merge the best, again.
func slowMerge(ids []int, rule mergeRule) []int {
	for {
		best, at, id := float32(worstScore), -1, 0
		for i := range len(ids) - 1 {
			if merged, score, ok := rule(ids[i], ids[i+1]); ok && score > best {
				best, at, id = score, i, merged
			}
		}
		if at < 0 {
			return ids
		}
		ids = slices.Replace(ids, at, at+2, id)
	}
}

// TestMergeIsGreedy compares the heap with the plain loop, on rules whose
// merges feed each other and whose scores often tie.
func TestMergeIsGreedy(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		rules := map[[2]int]int{}
		for range r.IntN(12) {
			rules[[2]int{r.IntN(6), r.IntN(6)}] = r.IntN(8)
		}
		rule := func(a, b int) (int, float32, bool) {
			id, ok := rules[[2]int{a, b}]
			return id, float32(id % 3), ok
		}
		ids := make([]int, r.IntN(20))
		for i := range ids {
			ids[i] = r.IntN(4)
		}
		want := slowMerge(slices.Clone(ids), rule)
		if got := merge(slices.Clone(ids), rule); !slices.Equal(got, want) {
			t.Fatalf("%v with %v: %v, want %v", ids, rules, got, want)
		}
	}
}

// TestLongTextIsFast: one word of 64 KiB, the worst case for merging, in time
// that a person does not notice.
func TestLongTextIsFast(t *testing.T) {
	text := strings.Repeat("aaaathe", 64<<10/7)
	for _, tok := range []Tokenizer{tinyHF(t), tinyLlama(t)} {
		from := time.Now()
		tok.Encode(text)
		if took := time.Since(from); took > 2*time.Second {
			t.Errorf("%T took %v for %d bytes", tok, took, len(text))
		}
	}
}

func TestStream(t *testing.T) {
	bpe, llama := tinyHF(t), tinyLlama(t)
	e5, a5, bd, x := bpe.id("\xe5"), bpe.id("\xa5"), bpe.id("\xbd"), bpe.id("x")
	llamaThe := llama.ids[" the"]
	for _, c := range []struct {
		name string
		t    Tokenizer
		ids  []int
		want []string
	}{
		{"a character of three ids", bpe, []int{e5, a5, bd, x}, []string{"", "", "好", "x", ""}},
		{"two bytes in one id", bpe, []int{bpe.id("\xe5\xa5"), bd}, []string{"", "好", ""}},
		{"broken off by text", bpe, []int{e5, a5, x}, []string{"", "", "‹E5›‹A5›x", ""}},
		{"broken off by a special", bpe, []int{e5, 0, bd}, []string{"", "‹E5›", "‹BD›", ""}},
		{"broken off by the end", bpe, []int{x, e5, a5}, []string{"x", "", "", "‹E5›‹A5›"}},
		{"a stray byte is certain at once", bpe, []int{bd, e5, e5}, []string{"‹BD›", "", "‹E5›", "‹E5›"}},
		{"an id that does not exist", bpe, []int{x, 99999, -1}, []string{"x", "", "", ""}},
		{"no space after BOS", llama, []int{1, llamaThe, llamaThe}, []string{"", "the", " the", ""}},
		{"only right after BOS", llama, []int{llamaThe, 1, 3 + ' ', llamaThe}, []string{" the", "", " ", " the", ""}},
	} {
		s := NewStream(c.t)
		var got []string
		for _, id := range c.ids {
			got = append(got, s.Next(id))
		}
		if got = append(got, s.Flush()); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLabels(t *testing.T) {
	bpe, llama := tinyHF(t), tinyLlama(t)
	e5, a5, bd, x := bpe.id("\xe5"), bpe.id("\xa5"), bpe.id("\xbd"), bpe.id("x")
	for _, c := range []struct {
		name string
		t    Tokenizer
		ids  []int
		want []string
	}{
		{"text", bpe, []int{bpe.id(" the"), x, bpe.id(" "), bpe.id("\n"), bpe.id("\t")}, []string{"·the", "x", "·", "⏎", "⇥"}},
		{"special", bpe, []int{0, x, 0}, []string{"<|endoftext|>", "x", "<|endoftext|>"}},
		{"bytes of a character", bpe, []int{x, e5, a5, bd, x}, []string{"x", "好 1/3", "好 2/3", "好 3/3", "x"}},
		{"two of three bytes", bpe, []int{bpe.id("\xe5\xa5"), bd}, []string{"好 1-2/3", "好 3/3"}},
		{"an unfinished character", bpe, []int{e5, a5}, []string{"‹E5›", "‹A5›"}},
		{"not across a special", bpe, []int{e5, 0, a5, bd}, []string{"‹E5›", "<|endoftext|>", "‹A5›", "‹BD›"}},
		{"control characters", bpe, []int{bpe.id("\x00"), bpe.id("\x7f"), bpe.id("\r")}, []string{"␀", "␡", "␍"}},
		{"no such id", bpe, []int{-1, 99999, x}, []string{"#-1", "#99999", "x"}},
		{"a written U+FFFD", bpe, []int{bpe.id("\xef"), bpe.id("\xbf"), bd}, []string{"‹EF›", "‹BF›", "‹BD›"}},
		{"llama2.c", llama, []int{1, llama.ids[" the"], llama.ids["好好"], 3 + 0xe5, 2}, []string{"<s>", "·the", "好好", "‹E5›", "</s>"}},
	} {
		if got := Labels(c.t, c.ids); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestVisible: what cannot be seen alone gets a form that can.
func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"\u0301":      "\u25cc\u0301",
		"e\u0301":     "e\u0301",
		"\u200d":      "‹U+200D›",
		"\u202e":      "‹U+202E›",
		"\u3000x":     "‹U+3000›x",
		"a b":         "a·b",
		"\xe5x\u4f60": "‹E5›x你",
	} {
		if got := visible([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := short(strings.Repeat("字", 40)); got != strings.Repeat("字", maxLabel)+"…" {
		t.Errorf("long label: %q", got)
	}
}

func BenchmarkEncode(b *testing.B) {
	text := strings.Repeat("the cat said hello, 小猫你好。", 30)
	for name, tok := range map[string]Tokenizer{"BPE": tinyHF(b), "Llama2c": tinyLlama(b)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				tok.Encode(text)
			}
		})
	}
}

func BenchmarkLabels512(b *testing.B) {
	tok := tinyHF(b)
	ids := tok.Encode(strings.Repeat("the cat said hello, 小猫你好。", 30))[:512]
	b.ReportAllocs()
	for b.Loop() {
		Labels(tok, ids)
	}
}
