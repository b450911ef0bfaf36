package token

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// gpt2 is GPT-2's own vocabulary, which lies beside the checkout.
func gpt2(t testing.TB) *BPE {
	t.Helper()
	tok, err := LoadGPT2(sharedFile(t, "models/gpt2/vocab.json"), sharedFile(t, "models/gpt2/merges.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// gpt2AsHF is the same vocabulary as a tokenizer.json.
func gpt2AsHF(t testing.TB) *BPE {
	t.Helper()
	var vocab map[string]int
	if err := json.NewDecoder(sharedFile(t, "models/gpt2/vocab.json")).Decode(&vocab); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(shared + "models/gpt2/merges.txt")
	if err != nil {
		t.Fatal(err)
	}
	merges := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	type tree = map[string]any
	data := tinyJSON(t, tree{
		"added_tokens":   []any{tree{"id": 50256, "content": endOfText, "special": true}},
		"pre_tokenizer":  tree{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
		"post_processor": tree{"type": "ByteLevel", "add_prefix_space": true},
		"model":          tree{"type": "BPE", "vocab": vocab, "merges": merges},
	})
	tok, err := LoadHF(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return tok.(*BPE)
}

// TestGPT2Vectors: ids of the reference tokenizer, from either form of the files.
func TestGPT2Vectors(t *testing.T) {
	var golden struct {
		Models map[string][][2]json.RawMessage
	}
	if err := json.NewDecoder(sharedFile(t, "golden/tokenizer_vectors.json")).Decode(&golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Models["gpt-2"]) == 0 {
		t.Fatal("no vectors")
	}
	for name, tok := range map[string]*BPE{"vocab.json": gpt2(t), "tokenizer.json": gpt2AsHF(t)} {
		if special, ok := tok.Special(50256); !ok || special != endOfText || tok.Size() != 50257 {
			t.Errorf("%s: id 50256 is %q, size %d", name, special, tok.Size())
		}
		for _, v := range golden.Models["gpt-2"] {
			var text string
			var want []int
			if json.Unmarshal(v[0], &text) != nil || json.Unmarshal(v[1], &want) != nil {
				t.Fatal(string(v[0]))
			}
			if got := tok.Encode(text); !slices.Equal(got, want) {
				t.Errorf("%s: %q is %v, want %v", name, text, got, want)
			}
			checkRoundTrip(t, tok, text)
		}
		for _, text := range samples {
			checkRoundTrip(t, tok, text)
		}
	}
}

// TestSplitsByHand compares with an engine that does look ahead
// (notebooks/fixtures/tokenizers.py).
func TestSplitsByHand(t *testing.T) {
	data, err := os.ReadFile("testdata/splits.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text                string
		GPT2, Llama3, Qwen2 []string
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) < 100 {
		t.Fatal(len(cases), err)
	}
	for _, c := range cases {
		for pattern, want := range map[string][]string{gpt2Pattern: c.GPT2, llama3Pattern: c.Llama3, qwen2Pattern: c.Qwen2} {
			if got := byHand[pattern](c.Text); !slices.Equal(got, want) {
				t.Errorf("%q by %.30s…: %q, want %q", c.Text, pattern, got, want)
			}
		}
	}
}

// metaspaceFixture is a small self-made vocabulary in SentencePiece's manner, with
// ids from another implementation (notebooks/fixtures/tokenizers.py).
type metaspaceFixture struct {
	Texts []string
	Ways  []struct {
		Way  string
		File map[string]any
		IDs  [][]int
	}
}

func readMetaspace(t testing.TB) metaspaceFixture {
	t.Helper()
	data, err := os.ReadFile("testdata/metaspace.json")
	if err != nil {
		t.Fatal(err)
	}
	var f metaspaceFixture
	if err := json.Unmarshal(data, &f); err != nil || len(f.Ways) != 6 {
		t.Fatal(len(f.Ways), err)
	}
	vocab := f.Ways[0].File["model"].(map[string]any)["vocab"]
	for _, w := range f.Ways {
		w.File["model"].(map[string]any)["vocab"] = vocab
	}
	return f
}

func TestMetaspace(t *testing.T) {
	f := readMetaspace(t)
	for _, w := range f.Ways {
		loaded, err := LoadHF(bytes.NewReader(tinyJSON(t, w.File)))
		if err != nil {
			t.Fatalf("%s: %v", w.Way, err)
		}
		tok := loaded.(*BPE)
		if id, told := tok.Start(); id != 1 || !told {
			t.Errorf("%s: starts with %d, %v", w.Way, id, told)
		}
		for i, text := range f.Texts {
			got := tok.Encode(text)
			if !slices.Equal(got, w.IDs[i]) {
				t.Errorf("%s: %q is %v, want %v", w.Way, text, got, w.IDs[i])
			}
			// What is decoded is the text, but for spaces that were put in front.
			s := NewStream(tok)
			back := s.Next(1)
			for _, id := range got {
				back += s.Next(id)
			}
			back += s.Flush()
			plain := !strings.Contains(text, "<tool>") && !strings.HasPrefix(text, " ")
			if plain && back != text || strings.ReplaceAll(back, " ", "") != strings.ReplaceAll(text, " ", "") {
				t.Errorf("%s: %q came back as %q", w.Way, text, back)
			}
		}
	}
}

// TestNFC: Qwen2 composes characters first.
func TestNFC(t *testing.T) {
	for _, normalizer := range []any{map[string]any{"type": "NFC"}, map[string]any{"type": "Sequence", "normalizers": []any{map[string]any{"type": "NFC"}}}} {
		f := tinyMap()
		f["normalizer"] = normalizer
		tok, err := LoadHF(bytes.NewReader(tinyJSON(t, f)))
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(tok, tok.Encode("e\u0301\xff")); got != "é\xff" {
			t.Errorf("%q", got)
		}
	}
}

// TestStart: what tokenizers say of BOS.
func TestStart(t *testing.T) {
	type tree = map[string]any
	template := func(id string) tree {
		return tree{"type": "TemplateProcessing", "special_tokens": tree{"<|endoftext|>": tree{"ids": []int{0}}, "far": tree{"ids": []int{4000}}},
			"single": []any{tree{"SpecialToken": tree{"id": id}}, tree{"Sequence": tree{"id": "A"}}}}
	}
	bare := tree{"type": "TemplateProcessing", "single": []any{tree{"Sequence": tree{"id": "A"}}}}
	for _, c := range []struct {
		post any
		id   int
		told bool
	}{
		{nil, -1, false}, {tree{"type": "ByteLevel"}, -1, false}, {template("<|endoftext|>"), 0, true}, {bare, -1, true},
		{tree{"type": "Sequence", "processors": []any{tree{"type": "ByteLevel"}, template("<|endoftext|>")}}, 0, true},
		{template("unknown"), -1, true},
	} {
		f := tinyMap()
		f["post_processor"] = c.post
		tok, err := LoadHF(bytes.NewReader(tinyJSON(t, f)))
		if err != nil {
			t.Fatal(err)
		}
		if id, told := tok.(*BPE).Start(); id != c.id || told != c.told {
			t.Errorf("%v: %d %v", c.post, id, told)
		}
	}
	// What is put twice, or too deep to be read, is not one token before a text.
	sequence := func(list ...any) tree { return tree{"type": "Sequence", "processors": list} }
	for _, post := range []tree{sequence(template("<|endoftext|>"), template("<|endoftext|>")), sequence(bare, template("<|endoftext|>")),
		sequence(sequence(sequence(template("<|endoftext|>")))), sequence(template("<|endoftext|>"), tree{"type": "RobertaProcessing"})} {
		f := tinyMap()
		f["post_processor"] = post
		tok, err := LoadHF(bytes.NewReader(tinyJSON(t, f)))
		if err != nil || tok.(*BPE).Around() == "" {
			t.Errorf("%v: %v", post, err)
		}
	}
	f := tinyMap()
	f["post_processor"] = template("far")
	_, err := LoadHF(bytes.NewReader(tinyJSON(t, f)))
	wantProblem(t, err, "tokenizer.gap")
}

// TestLackingBytes: a vocabulary without some bytes spells what it can.
func TestLackingBytes(t *testing.T) {
	f := tinyMap()
	vocab := f["model"].(map[string]any)["vocab"].(map[string]any)
	for i, b := range []byte{0x00, 0xc0, 0xc3} { // é begins with C3
		id := vocab[string(runeOf[b])]
		delete(vocab, string(runeOf[b]))
		vocab[[]string{"zz", "zzz", "zzzz"}[i]] = id
	}
	tok, err := LoadHF(bytes.NewReader(tinyJSON(t, f)))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"the cat": "the cat", "é!": "\xa9!", "a\x00b": "ab", "好": "好", "\xc0": ""} {
		if got := decode(tok, tok.Encode(text)); got != want {
			t.Errorf("%q is spelled %q, want %q", text, got, want)
		}
	}
	// unk_token stands for what is not there, or for a run of it.
	for fuse, want := range map[bool]string{false: "aqqb", true: "aqb"} {
		f["model"].(map[string]any)["unk_token"], f["model"].(map[string]any)["fuse_unk"] = "q", fuse
		if tok, err = LoadHF(bytes.NewReader(tinyJSON(t, f))); err != nil {
			t.Fatal(err)
		}
		if got := decode(tok, tok.Encode("a\x00\x00b")); got != want {
			t.Errorf("fuse_unk %v: %q, want %q", fuse, got, want)
		}
	}
	f["model"].(map[string]any)["unk_token"] = "<nowhere>"
	_, err = LoadHF(bytes.NewReader(tinyJSON(t, f)))
	wantProblem(t, err, "tokenizer.bytes")
}

// TestDigits: SmolLM's numbers, digit by digit, before GPT-2's words.
func TestDigits(t *testing.T) {
	f := tinyMap()
	f["pre_tokenizer"] = map[string]any{"type": "Sequence", "pretokenizers": []any{
		map[string]any{"type": "Digits", "individual_digits": true},
		map[string]any{"type": "ByteLevel", "add_prefix_space": false},
	}}
	tok, err := LoadHF(bytes.NewReader(tinyJSON(t, f)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tok.(*BPE).split("the 42 cats'll"), []string{"the", " ", "4", "2", " cats", "'ll"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := digits(false)("a12½b3"), []string{"a", "12½", "b", "3"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestGPT2Wrong(t *testing.T) {
	vocab := tinyJSON(t, tinyMap()["model"].(map[string]any)["vocab"].(map[string]any))
	merges := "#version: 0.2\nt h\r\nth e\n\n"
	tok, err := LoadGPT2(bytes.NewReader(vocab), strings.NewReader(merges))
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("the"); len(got) != 1 || string(tok.Piece(got[0])) != "the" {
		t.Errorf("%v", got)
	}
	if id, told := tok.Start(); id != -1 || !told {
		t.Errorf("starts with %d %v", id, told)
	}
	for n := range vocab {
		_, err := LoadGPT2(bytes.NewReader(vocab[:n]), strings.NewReader(merges))
		wantProblem(t, err, "tokenizer.json")
	}
	for merges, id := range map[string]string{"t": "tokenizer.merge", "t h e": "tokenizer.merge", "q q": "tokenizer.merge", "#version\n#version": "tokenizer.merge"} {
		_, err := LoadGPT2(bytes.NewReader(vocab), strings.NewReader(merges))
		wantProblem(t, err, id)
	}
}
