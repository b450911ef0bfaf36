package run

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/cost"
	"kvstep/sim/library"
	"kvstep/sim/token"
)

// family opens the story models, which differ in their K/V heads alone but for
// the draft.
func family(t *testing.T) (story, gqa, mqa, draft *library.Loaded) {
	t.Helper()
	open := func(name string) *library.Loaded {
		m, err := library.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	return open("story"), open("story-gqa"), open("story-mqa"), open("story-draft")
}

// TestFamily: the same model with 4, 2 and 1 K/V heads, so that the cache shrinks
// exactly in proportion; and a draft with the same vocabulary.
func TestFamily(t *testing.T) {
	story, gqa, mqa, draft := family(t)
	c := story.Model.Config
	perToken := cost.KVBytesPerToken(c, 4)
	if c.KVHeads != c.Heads || c.Context != 512 {
		t.Errorf("story: %+v", c)
	}
	for _, m := range []*library.Loaded{gqa, mqa} {
		other := m.Model.Config
		if got := cost.KVBytesPerToken(other, 4); got*int64(c.KVHeads) != perToken*int64(other.KVHeads) {
			t.Errorf("%s: %d bytes a token with %d K/V heads, story %d with %d", m.Name, got, other.KVHeads, perToken, c.KVHeads)
		}
		if other.KVHeads = c.KVHeads; other != c {
			t.Errorf("%s is %+v, story %+v", m.Name, m.Model.Config, c)
		}
	}
	if gqa.Model.Config.KVHeads != 2 || mqa.Model.Config.KVHeads != 1 {
		t.Error("K/V heads: want 2 and 1")
	}
	if n := cost.Params(draft.Model.Config); n < 100e3 || n > 250e3 || draft.Model.Config.Vocab != c.Vocab {
		t.Errorf("story-draft: %d parameters, vocabulary %d of %d", n, draft.Model.Config.Vocab, c.Vocab)
	}
	for _, m := range []*library.Loaded{gqa, mqa, draft} {
		for _, text := range append(story.TrainingSet.Prompts["en"], story.TrainingSet.Prompts["zh"]...) {
			want, got := story.Tokenizer.Encode(text), m.Tokenizer.Encode(text)
			if !slices.Equal(want, got) {
				t.Errorf("%s reads %q as %v, story as %v", m.Name, text, got, want)
			}
		}
	}
}

// TestFamilyGrowth: attention overtakes the MLP well inside the context, where
// one token meets 1.5 x ffn keys (q = d).
func TestFamilyGrowth(t *testing.T) {
	story, gqa, mqa, _ := family(t)
	for _, m := range []*library.Loaded{story, gqa, mqa} {
		overtakes := 0
		for keys := 1; keys <= m.Model.Config.Context; keys++ {
			f := cost.Of(m.Model.Config).Pass(1, keys-1, cost.Default()).Flops
			if f.Scores+f.AV > f.MLP {
				overtakes = keys
				break
			}
		}
		if want := m.Model.Config.FFN*3/2 + 1; overtakes != want || overtakes > 320 {
			t.Errorf("%s: attention overtakes the MLP at %d keys, want %d, at most 320", m.Name, overtakes, want)
		}
	}
}

// TestEmbeddedSize: all models together fit in 6 MB of the binary.
func TestEmbeddedSize(t *testing.T) {
	total := int64(0)
	for _, name := range checkpoint.Names() {
		folder, err := checkpoint.Folder(name)
		if err != nil {
			t.Fatal(err)
		}
		err = fs.WalkDir(folder, ".", func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil {
				total += info.Size()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d bytes", total)
	if total > 6e6 {
		t.Errorf("%d bytes of models, at most 6,000,000", total)
	}
}

// TestStoryTokenizer: any text survives the embedded tokenizer, and nothing that
// is shown of it holds U+FFFD.
func TestStoryTokenizer(t *testing.T) {
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{
		"Sam gave a green book to Rosa.", "小军把一本绿色的书给了小雪。", "漢字かな交じり文 한국어", "🙂👩‍👩‍👧🇨🇳", "e\u0301 a\u0308\u0323 \u0301", "  two  spaces\t\n",
		"ﷺ ½ Ⅷ ①", "\x00\x7f\xff\xfe\xc3", "\xe5\xa5", "\xf0\x9f\x99", "Ω≈ç√∫", strings.Repeat("x", 300),
	}
	for b := range 256 {
		texts = append(texts, string([]byte{byte(b)}), "a"+string([]byte{byte(b), byte(255 - b)}))
	}
	for _, text := range texts {
		ids := m.Tokenizer.Encode(text)
		var back []byte
		for _, id := range ids {
			back = append(back, m.Tokenizer.Piece(id)...)
		}
		if !bytes.Equal(back, []byte(text)) {
			t.Errorf("%q came back as %q", text, back)
		}
		for _, label := range token.Labels(m.Tokenizer, ids) {
			if !utf8.ValidString(label) || strings.ContainsRune(label, utf8.RuneError) || label == "" {
				t.Errorf("%q: label %q", text, label)
			}
		}
	}
	if got, want := token.Labels(m.Tokenizer, m.Tokenizer.Encode("龘")), "龘 1/3"; len(got) != 3 || got[0] != want {
		t.Errorf("pieces of 龘: %q, want three, the first %q", got, want)
	}
}

// TestFamilyRuns: every embedded model runs its own prompts to an end in both
// lanes, bit for bit.
func TestFamilyRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: the lanes are compared on random models too")
	}
	for _, name := range checkpoint.Names() {
		m, err := library.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range []string{"en", "zh"} {
			r := m.Default(lang)
			r.MaxNew = min(r.MaxNew, 12)
			steps := collect(t, m, r)
			for _, s := range steps {
				if !s.Identical {
					t.Errorf("%s, %q: step %d differs at %s", name, r.Prompt, s.N, s.Differs)
				}
			}
			if last := steps[len(steps)-1]; last.RunFinishReason == "" || last.Part != sim.HeadPart {
				t.Errorf("%s, %q: the last step is %+v", name, r.Prompt, last)
			}
		}
	}
}
