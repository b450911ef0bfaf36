package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// question is one of notebooks/fixtures/reference.js; IDs are its answers.
type question struct {
	File  map[string]any
	Texts []string
}

type answer struct {
	Error string
	IDs   [][]int
}

// reference asks the reference, or skips.
func reference(t *testing.T, questions []question) []answer {
	t.Helper()
	if os.Getenv("KVSTEP_TOKENIZERS") == "" {
		t.Skip("KVSTEP_TOKENIZERS names no folder with the reference (notebooks/fixtures/reference.js)")
	}
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("node", "../../notebooks/fixtures/reference.js")
	c.Stdin, c.Stderr = bytes.NewReader(in), os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []answer
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(questions) {
		t.Fatal(len(answers), err)
	}
	return answers
}

// compare encodes all texts of a question; it tells how many were the same.
func compare(t *testing.T, name string, q question, a answer) (same int) {
	t.Helper()
	tok, err := LoadHF(bytes.NewReader(tinyJSON(t, q.File)))
	if err != nil || a.Error != "" {
		t.Errorf("%s: %v, the reference: %s", name, err, a.Error)
		return 0
	}
	for i, text := range q.Texts {
		if got := tok.Encode(text); !slices.Equal(got, a.IDs[i]) {
			tree := tinyJSON(t, map[string]any{"pre": q.File["pre_tokenizer"], "normalizer": q.File["normalizer"], "added": q.File["added_tokens"]})
			t.Errorf("%s: %q is %v, want %v\n%s", name, text, got, a.IDs[i], tree)
			return same
		}
		same++
	}
	return same
}

type tree = map[string]any

// published are patterns of tokenizers in use, and what else stands around.
var published = map[string]tree{
	"gpt2":     split(gpt2Pattern),
	"llama3":   split(llama3Pattern),
	"qwen2":    split(qwen2Pattern),
	"story":    split(splitPattern),
	"cl100k":   split(`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`),
	"o200k":    split(`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`),
	"tekken":   split(`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`),
	"deepseek": {"type": "Sequence", "pretokenizers": []any{split(`\p{N}{1,3}`), split(`[一-龥぀-ゟ゠-ヿ]+`), split("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")}},
	"deepseek coder": {"type": "Sequence", "pretokenizers": []any{split(`[\r\n]`), split(`\s?\p{L}+`), split(`\s?\p{P}+`), split(`[一-龥ࠀ-一가-퟿]+`),
		tree{"type": "Digits", "individual_digits": true}}},
	"falcon":  {"type": "Sequence", "pretokenizers": []any{split(`[0-9][0-9][0-9]`)}},
	"bloom":   split(` ?[^(\s|[.,!?…。，、।۔،])]+`),
	"removed": {"type": "Split", "pattern": tree{"Regex": `\s+`}, "behavior": "Removed", "invert": false},
	"xenova":  {"type": "Split", "pattern": tree{"Regex": llama3Pattern}, "behavior": "Removed", "invert": true},
	"before":  {"type": "Split", "pattern": tree{"Regex": `\s`}, "behavior": "MergedWithPrevious", "invert": false},
	"behind":  {"type": "Split", "pattern": tree{"Regex": `\s`}, "behavior": "MergedWithNext", "invert": false},
	"joined":  {"type": "Split", "pattern": tree{"Regex": `\p{N}*`}, "behavior": "Contiguous", "invert": true},
	"string":  {"type": "Split", "pattern": tree{"String": " "}, "behavior": "MergedWithNext", "invert": false},
	"lines":   split(`^\s+|\s+$`),
	"empty":   split(`\p{N}*`),
	"braces":  split(`a{,3}|\p{N}{,2}x`),
	"ends":    split(`\A\w+|\b\d|\s+\z|\n\Z|(?<=[aeiou])\w|(?<!\s)\p{P}`),
}

func split(regex string) tree {
	return tree{"type": "Split", "pattern": tree{"Regex": regex}, "behavior": "Isolated", "invert": false}
}

// complete is a tokenizer.json with every field that the reference asks for. Its
// vocabulary has whole words of what randomText makes, so that cuts show.
func complete(t testing.TB, pre, normalizer any, added ...tree) map[string]any {
	f := tinyMap()
	model := f["model"].(map[string]any)
	merges := []any{}
	for _, m := range model["merges"].([]any) {
		if pair, ok := m.([]string); ok {
			m = strings.Join(pair, " ")
		}
		merges = append(merges, m)
	}
	vocab := model["vocab"].(map[string]any)
	for _, pair := range cutting() {
		left, right := spell(pair[0]), spell(pair[1])
		if _, have := vocab[left+right]; !have {
			vocab[left+right] = len(vocab)
			merges = append(merges, left+" "+right)
		}
	}
	for key, value := range (tree{"merges": merges, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": false}) {
		model[key] = value
	}
	list := []any{}
	next := len(vocab)
	for _, a := range added {
		for key, value := range (tree{"special": false, "lstrip": false, "rstrip": false, "single_word": false, "normalized": false}) {
			if _, have := a[key]; !have {
				a[key] = value
			}
		}
		if a["id"] = next; vocab[a["content"].(string)] != nil {
			a["id"] = vocab[a["content"].(string)]
		} else {
			next++
		}
		list = append(list, a)
	}
	f["added_tokens"], f["normalizer"], f["truncation"], f["padding"] = list, normalizer, nil, nil
	f["decoder"] = nil
	f["pre_tokenizer"] = tree{"type": "Sequence", "pretokenizers": []any{pre, tree{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}}}
	if pre, ok := pre.(tree); ok && pre["type"] == "Sequence" { // no sequence in a sequence
		f["pre_tokenizer"] = tree{"type": "Sequence", "pretokenizers": append(pre["pretokenizers"].([]any), tree{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false})}
	}
	return f
}

// cutting are merges of neighbours that patterns cut between.
func cutting() (list [][2]string) {
	kinds := []string{" ", "\n", "\r", "\t", "a", "s", "A", "1", "2", ".", "!", "'", "x", "_"}
	for _, a := range kinds {
		for _, b := range kinds {
			list = append(list, [2]string{a, b})
		}
	}
	return list
}

// some is a random text without anything that is not UTF-8, and with much that cuts.
func some(r *rand.Rand, more ...string) string {
	var b strings.Builder
	kinds := append([]string{" ", "\n", "\r\n", "\t", "a", "s", "A", "1", "2", ".", "!", "'", "x", "_", "'s", "'LL", "ſ", "字", "のテ", "é", "e\u0301", "١", "½", "\u3000",
		"\u00a0", "\U00016d43", "\U00010d40", "한", "ǅ", "ª", "|", "/", "…", "。", "🦙", "K"}, more...)
	for range r.IntN(16) {
		if r.IntN(12) == 0 {
			b.WriteString(strings.ToValidUTF8(randomText(r), ""))
			continue
		}
		b.WriteString(kinds[r.IntN(len(kinds))])
	}
	return b.String()
}

// TestReferencePublished: 6,000 texts by every pattern.
func TestReferencePublished(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 6000))
	var names []string
	var questions []question
	for name, pre := range published {
		q := question{File: complete(t, pre, nil)}
		for range 6000 {
			q.Texts = append(q.Texts, some(r))
		}
		names, questions = append(names, name), append(questions, q)
	}
	same := 0
	for i, a := range reference(t, questions) {
		same += compare(t, names[i], questions[i], a)
	}
	t.Logf("%d patterns, %d texts the same", len(questions), same)
}

// addedQuestions are random added tokens under random normalizers.
func addedQuestions(t *testing.T, files, texts int) (questions []question) {
	r := rand.New(rand.NewPCG(14, 15))
	contents := []string{"<a>", "<|x|>", "x", "<x>", "ab", " ", "  ", "\n", " a", "s ", "é", "e\u0301", "Å", "[b] ", "a", "<a", "字"}
	nfc := tree{"type": "NFC"}
	replace := tree{"type": "Replace", "pattern": tree{"String": " "}, "content": "▁"}
	bytewise := []any{nil, nfc, tree{"type": "Sequence", "normalizers": []any{nfc}}}
	spaced := []any{tree{"type": "Sequence", "normalizers": []any{tree{"type": "Prepend", "prepend": "▁"}, replace}}, replace}
	fixture := readMetaspace(t)
	for range files {
		var added []tree
		spaces := r.IntN(2) == 0
		for _, at := range r.Perm(len(contents))[:1+r.IntN(4)] {
			if !spaces && strings.TrimSpace(contents[at]) != contents[at] {
				continue
			}
			flag := func(of int) bool { return r.IntN(of) == 0 }
			// The reference panics where a token that takes the space behind it meets one that begins with it.
			added = append(added, tree{"content": contents[at], "normalized": flag(2), "lstrip": flag(4), "rstrip": flag(4) && !spaces, "single_word": flag(4)})
		}
		var q question
		if r.IntN(2) == 0 {
			q.File = complete(t, split(gpt2Pattern), bytewise[r.IntN(len(bytewise))], added...)
		} else {
			q.File = pieces(t, r, fixture, spaced, added)
		}
		for range texts {
			q.Texts = append(q.Texts, some(r, contents...))
		}
		questions = append(questions, q)
	}
	return questions
}

// TestReferenceAdded compares added tokens, 400 files of them.
func TestReferenceAdded(t *testing.T) {
	questions := addedQuestions(t, 400, 60)
	same := 0
	for i, a := range reference(t, questions) {
		same += compare(t, fmt.Sprint("file ", i), questions[i], a)
	}
	t.Logf("%d files, %d texts the same", len(questions), same)
}

// TestAddedFixture: answers of the reference that are kept here (KVSTEP_WRITE makes them
// again), for added tokens with all their flags.
func TestAddedFixture(t *testing.T) {
	const file = "testdata/added.json"
	questions := addedQuestions(t, 120, 8)
	if os.Getenv("KVSTEP_WRITE") != "" {
		data, err := json.Marshal(reference(t, questions))
		if err == nil {
			err = os.WriteFile(file, append(bytes.ReplaceAll(data, []byte(`{"Error"`), []byte("\n{\"Error\"")), '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var answers []answer
	if err := json.Unmarshal(data, &answers); err != nil || len(answers) != len(questions) {
		t.Fatal(len(answers), err)
	}
	for i, a := range answers {
		compare(t, fmt.Sprint("file ", i), questions[i], a)
	}
}

// pieces is a tokenizer.json in SentencePiece's manner.
func pieces(t *testing.T, r *rand.Rand, fixture metaspaceFixture, normalizers []any, added []tree) map[string]any {
	way := fixture.Ways[r.IntN(len(fixture.Ways))]
	f := map[string]any{}
	for key, value := range way.File {
		f[key] = value
	}
	if f["normalizer"] != nil {
		f["normalizer"] = normalizers[r.IntN(len(normalizers))]
	}
	vocab := f["model"].(map[string]any)["vocab"].(map[string]any)
	byID := map[int]string{}
	for s, id := range vocab {
		byID[int(id.(float64))] = s
	}
	list := []any{}
	next := len(vocab)
	for _, a := range added {
		if id, have := vocab[a["content"].(string)]; have {
			a["id"] = id
		} else {
			a["id"] = next
			next++
		}
		a["special"] = false
		list = append(list, a)
	}
	model := map[string]any{}
	for key, value := range f["model"].(map[string]any) {
		model[key] = value
	}
	for key, value := range (tree{"dropout": nil, "unk_token": "<unk>", "continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": true}) {
		if _, have := model[key]; !have {
			model[key] = value
		}
	}
	f["model"], f["added_tokens"], f["post_processor"], f["decoder"] = model, list, nil, nil
	f["version"], f["truncation"], f["padding"] = "1.0", nil, nil
	if !utf8.ValidString(byID[0]) {
		t.Fatal("a vocabulary that is not text")
	}
	return f
}
