package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"
)

// What one input costs decides how many are tried: seeds are small, and nothing is
// made of an input before it is needed.

// refused fails unless err is a Problem. It is wantProblem without the look at the
// stack that t.Helper takes.
func refused(t *testing.T, err error) {
	if _, ok := errors.AsType[*sim.Problem](err); !ok {
		t.Fatalf("error %v (%T), want a problem", err, err)
	}
}

// light is a tokenizer.json that loads, without the bytes that a vocabulary may lack
// and the merges of them: half as long.
func light(f *testing.F, tree map[string]any) []byte {
	model := tree["model"].(map[string]any)
	was := map[string]int{}
	for s, id := range model["vocab"].(map[string]any) {
		b, ok := byteOfPiece(s)
		if p, spelled := unspell(s); spelled && len(p) == 1 {
			b, ok = p[0], true
		}
		if ok && b != '\n' && (b < ' ' || b > '~') && b != 0xef && b != 0xbf && b != 0xbd {
			continue
		}
		switch id := id.(type) {
		case int:
			was[s] = id
		case float64:
			was[s] = int(id)
		}
	}
	ids := map[string]int{} // without holes
	for _, s := range slices.SortedFunc(maps.Keys(was), func(a, b string) int { return was[a] - was[b] }) {
		ids[s] = len(ids)
	}
	for _, a := range tree["added_tokens"].([]any) {
		token := a.(map[string]any)
		token["id"] = ids[token["content"].(string)]
	}
	model["merges"] = slices.DeleteFunc(model["merges"].([]any), func(m any) bool {
		pair, ok := m.([]string)
		if !ok {
			pair = strings.Split(m.(string), " ")
		}
		_, left := ids[pair[0]]
		_, right := ids[pair[1]]
		return !left || !right
	})
	model["vocab"] = ids
	data := tinyJSON(f, tree)
	if _, err := LoadHF(bytes.NewReader(data)); err != nil {
		f.Fatal(err)
	}
	return data
}

// checkLoaded holds for every tokenizer that loads, however odd the file.
func checkLoaded(t *testing.T, tok Tokenizer) {
	for _, text := range []string{"", "the cat", "你好 <0x41>", "\xff\xe5"} {
		if words, ok := tok.(*WordLevel); ok {
			words.Missing(text)
			words.Encode(text)
			continue
		}
		if bpe, ok := tok.(*BPE); ok && bpe.loses {
			bpe.Encode(text)
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
	data := light(f, tinyMap())
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte(fewWords))
	for _, w := range readMetaspace(f).Ways {
		f.Add(light(f, w.File))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := LoadHF(bytes.NewReader(data))
		if err != nil {
			refused(t, err)
			return
		}
		checkLoaded(t, tok)
	})
}

func FuzzLoadGPT2(f *testing.F) {
	tree := tinyMap()
	light(f, tree)
	vocab, err := json.Marshal(tree["model"].(map[string]any)["vocab"])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(vocab, "#version: 0.2\nt h\nth e\n")
	f.Fuzz(func(t *testing.T, vocab []byte, merges string) {
		tok, err := LoadGPT2(bytes.NewReader(vocab), strings.NewReader(merges))
		if err != nil {
			refused(t, err)
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
			refused(t, err)
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
	f.Add(splitPattern)
	f.Add(`[^\s\]]\`)
	f.Fuzz(func(t *testing.T, s string) {
		p := hfPre{Type: "Split", Behavior: "Isolated"}
		p.Pattern.Regex = &s
		split, err := p.splitter(0)
		if err != nil {
			refused(t, err)
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
