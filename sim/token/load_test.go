package token

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// TestLlama2cTruncated: every truncation of a tokenizer.bin is a Problem.
func TestLlama2cTruncated(t *testing.T) {
	data, vocab := tinyLlama2c()
	for n := range data {
		_, err := LoadLlama2c(bytes.NewReader(data[:n]), vocab)
		p := wantProblem(t, err, "")
		if p.ID != "tokenizer.truncated" && p.ID != "tokenizer.size" {
			t.Fatalf("cut at %d: %v", n, p)
		}
	}
}

func TestLlama2cWrong(t *testing.T) {
	good, vocab := tinyLlama2c()
	set := func(at int, v uint32) []byte {
		data := slices.Clone(good)
		binary.LittleEndian.PutUint32(data[at:], v)
		return data
	}
	nan := math.Float32bits(float32(math.NaN()))
	for _, c := range []struct {
		name  string
		data  []byte
		vocab int
		id    string
	}{
		{"one token more", good, vocab - 1, "tokenizer.size"},
		{"one token less", good, vocab + 1, "tokenizer.size"},
		{"no tokens", good, 0, "tokenizer.size"},
		{"a negative number", good, -5, "tokenizer.size"},
		{"longest piece 0", set(0, 0), vocab, "tokenizer.length"},
		{"longest piece huge", set(0, 1<<31), vocab, "tokenizer.length"},
		{"a piece of 0 bytes", set(8, 0), vocab, "tokenizer.length"},
		{"a piece of 4 GB", set(8, math.MaxUint32), vocab, "tokenizer.length"},
		{"score NaN", set(4, nan), vocab, "tokenizer.score"},
		{"bytes missing", bytes.Replace(good, []byte("<0x41>"), []byte("<0x42>"), 1), vocab, "tokenizer.bytes"},
		{"no space", bytes.Replace(good, []byte("\x01\x00\x00\x00 "), []byte("\x01\x00\x00\x00_"), 1), vocab, "tokenizer.space"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := LoadLlama2c(bytes.NewReader(c.data), c.vocab)
			wantProblem(t, err, c.id)
		})
	}
	_, err := LoadLlama2c(bytes.NewReader(good), vocab+1)
	if p := wantProblem(t, err, "tokenizer.size"); p.Args["Want"] != vocab+1 || p.Args["Have"] != vocab {
		t.Errorf("size: %v", p)
	}
	_, err = LoadLlama2c(iotest.ErrReader(errors.New("disk")), vocab)
	wantProblem(t, err, "tokenizer.read")
}

// TestHFTruncated: every truncation of a tokenizer.json is a Problem.
func TestHFTruncated(t *testing.T) {
	data := tinyJSON(t, tinyMap())
	for n := range data {
		_, err := LoadHF(bytes.NewReader(data[:n]))
		wantProblem(t, err, "tokenizer.json")
	}
}

// TestHFWrong changes one thing of a good file at a time.
func TestHFWrong(t *testing.T) {
	type tree = map[string]any
	model := func(f tree) tree { return f["model"].(tree) }
	vocab := func(f tree) tree { return model(f)["vocab"].(tree) }
	pre := func(p any) func(tree) { return func(f tree) { f["pre_tokenizer"] = p } }
	split := func(regex string) tree {
		return tree{"type": "Split", "behavior": "Isolated", "pattern": tree{"Regex": regex}}
	}
	level := tree{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}
	for _, c := range []struct {
		name   string
		change func(f tree)
		id     string
	}{
		{"another model", func(f tree) { model(f)["type"] = "WordPiece" }, "tokenizer.unsupported"},
		{"a normalizer", func(f tree) { f["normalizer"] = tree{"type": "Lowercase"} }, "tokenizer.unsupported"},
		{"a normalizer in a list", func(f tree) {
			f["normalizer"] = tree{"type": "Sequence", "normalizers": []any{tree{"type": "NFC"}, tree{"type": "Lowercase"}}}
		}, "tokenizer.unsupported"},
		{"byte fallback", func(f tree) { model(f)["byte_fallback"] = true }, "tokenizer.unsupported"},
		{"dropout", func(f tree) { model(f)["dropout"] = 0.1 }, "tokenizer.unsupported"},
		{"a suffix", func(f tree) { model(f)["end_of_word_suffix"] = "</w>" }, "tokenizer.unsupported"},
		{"a prefix", func(f tree) { model(f)["continuing_subword_prefix"] = "##" }, "tokenizer.unsupported"},
		{"a prefix space", pre(tree{"type": "ByteLevel", "use_regex": false}), "tokenizer.unsupported"},
		{"Whitespace", pre(tree{"type": "Whitespace"}), "tokenizer.unsupported"},
		{"Split in another way", pre(tree{"type": "Split", "behavior": "removed", "pattern": tree{"Regex": "a"}}), "tokenizer.unsupported"},
		{"sequences in sequences", pre(tree{"type": "Sequence", "pretokenizers": []any{tree{"type": "Sequence"}}}), "tokenizer.unsupported"},
		// Without ByteLevel at the end, letters that are not ASCII mean other pieces.
		{"no pre-tokenizer", pre(nil), "tokenizer.unsupported"},
		{"an empty sequence", pre(tree{"type": "Sequence", "pretokenizers": []any{}}), "tokenizer.unsupported"},
		{"words of no bytes", pre(split(`\s+`)), "tokenizer.unsupported"},
		{"words of spelled bytes", pre(tree{"type": "Sequence", "pretokenizers": []any{level, split(`\s+`)}}), "tokenizer.unsupported"},
		{"bytes spelled twice", pre(tree{"type": "Sequence", "pretokenizers": []any{level, level}}), "tokenizer.unsupported"},
		{"a reference back", pre(split(`(a)\1`)), "tokenizer.pattern"},
		{"no pattern", pre(tree{"type": "Split", "behavior": "Isolated"}), "tokenizer.unsupported"},
		{"a long pattern", pre(split(strings.Repeat("a", 5000))), "tokenizer.pattern"},
		{"a huge repeat", pre(split(`((a{100}){100}){100}`)), "tokenizer.pattern"},
		{"an empty loop", pre(split(`(a*)*`)), "tokenizer.pattern"},
		{"a byte missing", func(f tree) { delete(vocab(f), "x"); vocab(f)["xx"] = 1 + 'x' }, "tokenizer.bytes"},
		{"an id twice", func(f tree) { vocab(f)["zz"] = 5 }, "tokenizer.id"},
		{"an id negative", func(f tree) { vocab(f)["zz"] = -1 }, "tokenizer.gap"},
		{"an id too far", func(f tree) { vocab(f)["zz"] = 1 << 30 }, "tokenizer.gap"},
		{"an empty piece", func(f tree) { vocab(f)[""] = len(vocab(f)) }, "tokenizer.piece"},
		{"a piece in another alphabet", func(f tree) { vocab(f)["字"] = len(vocab(f)) }, "tokenizer.piece"},
		{"added with another text", func(f tree) { f["added_tokens"] = []any{tree{"id": 7, "content": "<x>"}} }, "tokenizer.id"},
		{"added empty", func(f tree) { f["added_tokens"] = []any{tree{"id": 267, "content": ""}} }, "tokenizer.id"},
		{"a merge of unknown pieces", func(f tree) { model(f)["merges"] = []any{"q q"} }, "tokenizer.merge"},
		{"a merge of three", func(f tree) { model(f)["merges"] = []any{"a b c"} }, "tokenizer.json"},
		{"a merge of one", func(f tree) { model(f)["merges"] = []any{[]string{"a"}} }, "tokenizer.json"},
		{"a merge that is a number", func(f tree) { model(f)["merges"] = []any{5} }, "tokenizer.json"},
		{"a merge into a special", func(f tree) {
			vocab(f)["ab"] = 267
			f["added_tokens"] = []any{tree{"id": 0, "content": "<|endoftext|>", "special": true}, tree{"id": 267, "content": "ab", "special": true}}
			model(f)["merges"] = []any{"a b"}
		}, "tokenizer.merge"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := tinyMap()
			c.change(f)
			_, err := LoadHF(bytes.NewReader(tinyJSON(t, f)))
			wantProblem(t, err, c.id)
		})
	}
	for name, text := range map[string]string{
		"empty": "", "null": "null", "a list": "[]", "deep": strings.Repeat("[", 1<<20), "text after": string(tinyJSON(t, tinyMap())) + "x",
	} {
		_, err := LoadHF(strings.NewReader(text))
		if p := wantProblem(t, err, ""); p.ID != "tokenizer.json" && name != "null" {
			t.Errorf("%s: %v", name, p)
		}
	}
}

// TestHFEncode: ids by hand for the tiny file, and what each option does.
func TestHFEncode(t *testing.T) {
	pieces := func(tok *BPE, text string) []string {
		var list []string
		for _, id := range tok.Encode(text) {
			list = append(list, string(tok.Piece(id)))
		}
		return list
	}
	load := func(change func(f map[string]any)) *BPE {
		f := tinyMap()
		change(f)
		tok, err := LoadHF(bytes.NewReader(tinyJSON(t, f)))
		if err != nil {
			t.Fatal(err)
		}
		return tok.(*BPE)
	}
	plain := load(func(map[string]any) {})
	noSplit := load(func(f map[string]any) {
		f["pre_tokenizer"] = map[string]any{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}
	})
	ignore := load(func(f map[string]any) {
		m := f["model"].(map[string]any)
		m["ignore_merges"] = true
		m["vocab"].(map[string]any)["xyz"] = 267
	})
	added := load(func(f map[string]any) {
		f["added_tokens"] = append(f["added_tokens"].([]any), map[string]any{"id": 267, "content": "字<tool>", "special": false})
	})
	for _, c := range []struct {
		name string
		tok  *BPE
		text string
		want []string
	}{
		{"merges", plain, "the the", []string{"the", " the"}},
		{"lowest rank first", plain, "aaaaa", []string{"aaaa", "a"}},
		{"part of a character", plain, "你好", []string{"\xe4\xbd", "\xa0", "好"}},
		{"words are cut", plain, "th3e", []string{"th", "3", "e"}},
		{"specials are text", plain, "<|", []string{"<", "|"}},
		{"without a pre-tokenizer", noSplit, "ell the", []string{"ell", " the"}},
		{"ignore_merges", ignore, "xyz", []string{"xyz"}},
		{"added, not special", added, "the字<tool>the", []string{"the", "字<tool>", "the"}},
	} {
		if got := pieces(c.tok, c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := string(added.Piece(267)); got != "字<tool>" || added.Size() != 268 {
		t.Errorf("added token: %q, size %d", got, added.Size())
	}
}
