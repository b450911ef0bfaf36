package token

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// checkLoaded holds for every tokenizer that loads, however odd the file.
func checkLoaded(t *testing.T, tok Tokenizer) {
	for _, text := range []string{"", "the cat", "你好 <0x41>", "\xff\xe5"} {
		if words, ok := tok.(*Words); ok {
			words.Missing(text)
			words.Encode(text)
			continue
		}
		checkRoundTrip(t, tok, text)
	}
	ids := make([]int, 0, 300)
	for id := -1; id <= min(tok.Size(), 298); id++ {
		ids = append(ids, id)
	}
	Labels(tok, ids)
}

func FuzzLoadHF(f *testing.F) {
	data := tinyJSON(f, tinyMap())
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte(fewWords))
	for _, w := range readMetaspace(f).Ways {
		f.Add(tinyJSON(f, w.File))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := LoadHF(bytes.NewReader(data))
		if err != nil {
			wantProblem(t, err, "")
			return
		}
		checkLoaded(t, tok)
	})
}

func FuzzLoadGPT2(f *testing.F) {
	f.Add(tinyJSON(f, tinyMap()["model"].(map[string]any)["vocab"].(map[string]any)), "#version: 0.2\nt h\nth e\n")
	f.Fuzz(func(t *testing.T, vocab []byte, merges string) {
		tok, err := LoadGPT2(bytes.NewReader(vocab), strings.NewReader(merges))
		if err != nil {
			wantProblem(t, err, "")
			return
		}
		checkLoaded(t, tok)
	})
}

// FuzzWords: words cut by hand are the text, none is empty.
func FuzzWords(f *testing.F) {
	for _, s := range samples {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for pattern, split := range byHand {
			list := split(text)
			if strings.Join(list, "") != text || slices.Contains(list, "") {
				t.Fatalf("%q by %s: %q", text, pattern, list)
			}
		}
	})
}

func FuzzLoadLlama2c(f *testing.F) {
	data, vocab := tinyLlama2c()
	f.Add(data, vocab)
	f.Add(data[:200], 3)
	f.Fuzz(func(t *testing.T, data []byte, vocab int) {
		tok, err := LoadLlama2c(bytes.NewReader(data), vocab)
		if err != nil {
			wantProblem(t, err, "")
			return
		}
		checkLoaded(t, tok)
	})
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range samples {
		f.Add(s)
	}
	hf, llama := tinyHF(f), tinyLlama(f)
	f.Fuzz(func(t *testing.T, text string) {
		checkRoundTrip(t, hf, text)
		checkRoundTrip(t, llama, text)
	})
}

// FuzzTranslate: a pattern either is refused or stays a pattern.
func FuzzTranslate(f *testing.F) {
	f.Add(pattern)
	f.Add(`[^\s\]]\`)
	f.Fuzz(func(t *testing.T, s string) {
		p := hfPre{Type: "Split", Behavior: "Isolated"}
		p.Pattern.Regex = &s
		split, err := p.splitter(0)
		if err != nil {
			wantProblem(t, err, "")
			return
		}
		text := ""
		for _, word := range split("the cat, 12 你好\u3000\xff") {
			text += word
		}
		if text != "the cat, 12 你好\u3000\xff" {
			t.Fatalf("%q loses text: %q", s, text)
		}
	})
}
