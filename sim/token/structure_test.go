package token

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// structures are random tokenizer.json whose parts stand in places where they mean
// something else, or nothing: what is taken must have the ids of the reference.
func structures(t *testing.T, files, texts int) (questions []question) {
	r := rand.New(rand.NewPCG(14, 14))
	level := func() any {
		return tree{"type": "ByteLevel", "add_prefix_space": r.IntN(4) == 0, "trim_offsets": r.IntN(2) == 0, "use_regex": r.IntN(2) == 0}
	}
	one := []func() any{
		level, level,
		func() any { return split([]string{gpt2Pattern, `\s+`, `\p{N}`, `.`, `[^a]`, `Ġ`, `\w+`}[r.IntN(7)]) },
		func() any {
			return tree{"type": "Split", "pattern": tree{"String": []string{" ", "a", "é", "Ġ"}[r.IntN(4)]}, "behavior": []string{"Isolated", "Removed", "MergedWithNext"}[r.IntN(3)], "invert": false}
		},
		func() any { return tree{"type": "Digits", "individual_digits": r.IntN(2) == 0} },
		func() any { return tree{"type": "Punctuation", "behavior": "Isolated"} },
		func() any { return tree{"type": "Whitespace"} },
		func() any { return tree{"type": "WhitespaceSplit"} },
		func() any {
			return tree{"type": "Metaspace", "replacement": "▁", "prepend_scheme": []string{"always", "first", "never"}[r.IntN(3)], "split": r.IntN(2) == 0}
		},
		func() any { return tree{"type": "UnicodeScripts"} },
		func() any { return nil },
	}
	normal := []any{nil, nil, nil, tree{"type": "NFC"}, tree{"type": "NFKC"}, tree{"type": "NFD"}, tree{"type": "Lowercase"}, tree{"type": "Strip", "strip_left": true, "strip_right": true},
		tree{"type": "Replace", "pattern": tree{"String": " "}, "content": "▁"}, tree{"type": "Prepend", "prepend": "▁"}, tree{"type": "StripAccents"},
		tree{"type": "Replace", "pattern": tree{"Regex": `\s+`}, "content": " "}, tree{"type": "ByteLevel"}, tree{"type": "Nmt"}}
	for range files {
		f := complete(t, nil, nil)
		pre := one[r.IntN(len(one))]()
		if r.IntN(2) == 0 {
			list := []any{}
			for range r.IntN(4) {
				if x := one[r.IntN(len(one))](); x != nil {
					list = append(list, x)
				}
			}
			pre = tree{"type": "Sequence", "pretokenizers": list}
		}
		f["pre_tokenizer"] = pre
		f["normalizer"] = normal[r.IntN(len(normal))]
		if r.IntN(4) == 0 {
			f["normalizer"] = tree{"type": "Sequence", "normalizers": []any{}}
			for range r.IntN(3) {
				if x := normal[r.IntN(len(normal))]; x != nil {
					n := f["normalizer"].(tree)
					n["normalizers"] = append(n["normalizers"].([]any), x)
				}
			}
		}
		m := f["model"].(map[string]any)
		m["ignore_merges"], m["byte_fallback"], m["fuse_unk"] = r.IntN(4) == 0, r.IntN(6) == 0, r.IntN(4) == 0
		if r.IntN(5) == 0 {
			m["unk_token"] = "a"
		}
		if vocab := m["vocab"].(map[string]any); r.IntN(3) == 0 { // bytes that nobody trained on
			for i, b := range []byte{0x01, 0xc2, 0xf0} {
				vocab[[]string{"zz", "zzz", "zzzz"}[i]] = vocab[string(runeOf[b])]
				delete(vocab, string(runeOf[b]))
			}
		}
		q := question{File: f}
		for range texts {
			q.Texts = append(q.Texts, some(r))
		}
		questions = append(questions, q)
	}
	fixture := readMetaspace(t)
	for range files / 2 {
		f := pieces(t, r, fixture, normal, nil)
		f["normalizer"], f["pre_tokenizer"] = nil, nil
		list := []any{}
		for range r.IntN(4) {
			if x := normal[r.IntN(len(normal))]; x != nil {
				list = append(list, x)
			}
		}
		if len(list) > 0 {
			f["normalizer"] = tree{"type": "Sequence", "normalizers": list}
		}
		switch r.IntN(3) {
		case 0:
			f["pre_tokenizer"] = one[r.IntN(len(one))]()
		case 1:
			f["pre_tokenizer"] = one[8]()
		}
		m := f["model"].(map[string]any)
		m["ignore_merges"], m["fuse_unk"], m["byte_fallback"] = r.IntN(3) == 0, r.IntN(2) == 0, r.IntN(5) > 0
		m["unk_token"] = []any{"<unk>", nil, "a"}[r.IntN(3)]
		q := question{File: f}
		for range texts {
			q.Texts = append(q.Texts, some(r))
		}
		if vocab := m["vocab"].(map[string]any); r.IntN(3) == 0 {
			fewer := map[string]any{} // the fixture's own stays
			for s, id := range vocab {
				fewer[s] = id
			}
			for i, s := range []string{"<0x01>", "<0xC2>", "<0xF0>"} {
				fewer[[]string{"zz", "zzz", "zzzz"}[i]] = fewer[s]
				delete(fewer, s)
			}
			m["vocab"] = fewer
		}
		questions = append(questions, q)
	}
	return questions
}

// TestReferenceStructures: whatever is taken has the ids of the reference.
func TestReferenceStructures(t *testing.T) {
	questions := structures(t, 3000, 12)
	taken, lacking, same, refused := 0, 0, 0, 0
	for i, a := range reference(t, questions) {
		q := questions[i]
		tok, err := LoadHF(bytes.NewReader(tinyJSON(t, q.File)))
		if err != nil {
			refused++
			continue
		}
		m := q.File["model"].(map[string]any)
		show := tree{"pre": q.File["pre_tokenizer"], "normalizer": q.File["normalizer"], "ignore": m["ignore_merges"], "fallback": m["byte_fallback"], "fuse": m["fuse_unk"], "unk": m["unk_token"]}
		if a.Error != "" {
			t.Errorf("taken, the reference: %s\n%s", a.Error, tinyJSON(t, show))
			continue
		}
		if taken++; tok.(*BPE).lacks {
			lacking++
		}
		for j, text := range q.Texts {
			if got := tok.Encode(text); !slices.Equal(got, a.IDs[j]) {
				t.Errorf("%q is %v, want %v\n%s", text, got, a.IDs[j], tinyJSON(t, show))
				break
			}
			same++
		}
	}
	t.Logf("%d files taken (%d lack bytes), %d refused, %d texts the same", taken, lacking, refused, same)
}
