package token

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"
)

// splitPattern is the one of the embedded models: words with their leading space,
// one or two Chinese characters, numbers, the rest.
const splitPattern = ` ?[^\P{L}\p{Han}]+|\p{Han}{1,2}| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+`

// tinyMerges are merges of tinyHF, in bytes: some English, one Chinese
// character of 3 bytes whole (好), one in part (你).
var tinyMerges = [][2]string{
	{"t", "h"}, {"th", "e"}, {" ", "the"}, {"a", "a"}, {"aa", "aa"},
	{"\xe5", "\xa5"}, {"\xe5\xa5", "\xbd"}, {"\xe4", "\xbd"}, {"l", "l"}, {"e", "ll"},
}

// spell is the inverse of unspell.
func spell(bytes string) string {
	var b strings.Builder
	for i := range len(bytes) {
		b.WriteRune(runeOf[bytes[i]])
	}
	return b.String()
}

// tinyMap is a tokenizer.json as a tree: id 0 is <|endoftext|>, 1 to 256 the
// bytes, then the results of tinyMerges.
func tinyMap() map[string]any {
	vocab := map[string]any{"<|endoftext|>": 0}
	for b := range 256 {
		vocab[string(runeOf[b])] = 1 + b
	}
	var merges []any
	for i, m := range tinyMerges {
		left, right := spell(m[0]), spell(m[1])
		vocab[left+right] = len(vocab)
		if i%2 == 0 { // both ways of writing a merge
			merges = append(merges, left+" "+right)
		} else {
			merges = append(merges, []string{left, right})
		}
	}
	return map[string]any{
		"version":      "1.0",
		"added_tokens": []any{map[string]any{"id": 0, "content": "<|endoftext|>", "special": true}},
		"normalizer":   nil,
		"pre_tokenizer": map[string]any{"type": "Sequence", "pretokenizers": []any{
			map[string]any{"type": "Split", "pattern": map[string]any{"Regex": splitPattern}, "behavior": "Isolated", "invert": false},
			map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
		}},
		"post_processor": nil,
		"decoder":        map[string]any{"type": "ByteLevel"},
		"model":          map[string]any{"type": "BPE", "dropout": nil, "byte_fallback": false, "vocab": vocab, "merges": merges},
	}
}

func tinyJSON(t testing.TB, tree map[string]any) []byte {
	t.Helper()
	data, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func tinyHF(t testing.TB) *BPE {
	t.Helper()
	tok, err := LoadHF(bytes.NewReader(tinyJSON(t, tinyMap())))
	if err != nil {
		t.Fatal(err)
	}
	return tok.(*BPE)
}

// id is the id of the piece with these bytes.
func (t *BPE) id(piece string) int {
	return slices.IndexFunc(t.pieces, func(p []byte) bool { return p != nil && string(p) == piece })
}

// tinyPieces are the text pieces of tinyLlama2c and their scores.
var tinyPieces = map[string]float32{
	" ": -9, "t": -9, "h": -9, "e": -9, "a": -9, "th": 0, "the": -1, " the": -2,
	"aa": -3, "aaaa": -4, "ll": -5, "好": -6, "好好": -7, "l": -9,
}

// tinyLlama2c is a small tokenizer.bin with tinyPieces, and its number of tokens.
func tinyLlama2c() (data []byte, vocab int) {
	data = binary.LittleEndian.AppendUint32(nil, 16)
	add := func(piece string, score float32) {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(score))
		data = binary.LittleEndian.AppendUint32(data, uint32(len(piece)))
		data = append(data, piece...)
		vocab++
	}
	for _, s := range []string{"<unk>", "\n<s>\n", "\n</s>\n"} {
		add(s, 0)
	}
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), 0)
	}
	for _, piece := range slices.Sorted(maps.Keys(tinyPieces)) {
		add(piece, tinyPieces[piece])
	}
	return data, vocab
}

func tinyLlama(t testing.TB) *Llama2c {
	t.Helper()
	data, vocab := tinyLlama2c()
	tok, err := LoadLlama2c(bytes.NewReader(data), vocab)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// samples are texts that tokenizers get wrong.
var samples = []string{
	"", " ", "  ", "   the   the", "the cat", "\n", "a\r\n\tb", "Tom was happy. He said: \"hello!\"",
	"小猫在花园里玩。", "你好好好", "全角　空格", "中English混合123", "naïve café", "e\u0301\u0301 o\u0308",
	"👩‍👩‍👧‍👦 family", "🇨🇳🏳️‍🌈", "\u202eright to left\u202c", "٣٤٥ १२३", "\x00", "\x00\x01\x7f",
	"\ufffd", "\xff", "\xe5", "\xe5\xa5", "\xe5\xa5x", "\xa5\xa5\xa5\xa5\xa5\xa5", "\xf0\x9f\x98", "\xc0\x80", "\xed\xa0\x80",
	"<|endoftext|>", "<s></s><unk>", "<0x41><0xE5>", "aaaaaaaaaaa", "thethethe", "\u00a0\u2003\u3000", "½²Ⅷ",
}

// randomText mixes pieces of samples and bytes.
func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(12) {
		s := samples[r.IntN(len(samples))]
		switch r.IntN(4) {
		case 0:
			b.WriteString(s)
		case 1:
			b.WriteString(s[r.IntN(len(s)+1):])
		case 2:
			b.WriteByte(byte(r.IntN(256)))
		case 3:
			b.WriteRune(rune(r.IntN(0x3100)))
		}
	}
	return b.String()
}

// wantProblem fails unless err is a Problem with this id.
func wantProblem(t testing.TB, err error, id string) *sim.Problem {
	t.Helper()
	var p *sim.Problem
	if !errors.As(err, &p) {
		t.Fatalf("error %v (%T), want problem %s", err, err, id)
	}
	if id != "" && p.ID != id {
		t.Fatalf("problem %v, want %s", p, id)
	}
	return p
}
