package token

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"kvstep/sim"
)

// Llama2c is the vocabulary of karpathy/llama2.c (a SentencePiece BPE with
// byte fallback): ids 0, 1, 2 are <unk>, <s>, </s>; 3 to 258 are the 256 bytes;
// the others are pieces of text with a score, the best score merged first.
type Llama2c struct {
	pieces [][]byte       // [size]; bytes 3 to 258 as the byte itself
	scores []float32      // [size]
	ids    map[string]int // text pieces only, never bytes and specials
}

const (
	llama2cBOS   = 1
	firstByte    = 3               // id of byte 0x00
	firstText    = firstByte + 256 // first id that is a piece of text
	worstScore   = -1e10           // run.c merges only what scores more
	maxTokenSize = 1 << 16         // bytes of one piece
)

// LoadLlama2c reads tokenizer.bin: int32 length of the longest piece, then
// for each token float32 score, int32 length, bytes; little-endian. The file
// does not say how many there are: vocab is the model's number. Errors are
// *sim.Problem "tokenizer.*"; a file with more or fewer tokens than vocab is
// "tokenizer.size" with Want and Have.
func LoadLlama2c(r io.Reader, vocab int) (*Llama2c, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	if len(data) < 4 {
		return nil, sim.NewProblem("tokenizer.truncated", "Token", 0, "Have", len(data))
	}
	longest := binary.LittleEndian.Uint32(data)
	if longest == 0 || longest > maxTokenSize {
		return nil, sim.NewProblem("tokenizer.length", "Token", "max_token_length", "Have", int64(longest), "Max", maxTokenSize)
	}
	t := &Llama2c{ids: map[string]int{}}
	id := 0
	for rest := data[4:]; len(rest) > 0; id++ {
		if len(rest) < 8 {
			return nil, sim.NewProblem("tokenizer.truncated", "Token", id, "Have", len(data))
		}
		score := math.Float32frombits(binary.LittleEndian.Uint32(rest))
		n := binary.LittleEndian.Uint32(rest[4:]) // bytes of the piece, which begins at rest[8]
		switch {
		case n == 0 || n > longest:
			return nil, sim.NewProblem("tokenizer.length", "Token", id, "Have", int64(n), "Max", longest)
		case int64(n) > int64(len(rest)-8):
			return nil, sim.NewProblem("tokenizer.truncated", "Token", id, "Have", len(data))
		case score != score:
			return nil, sim.NewProblem("tokenizer.score", "Token", id)
		}
		if id < vocab { // the others are only counted, for the message
			t.pieces = append(t.pieces, rest[8:8+n:8+n])
			t.scores = append(t.scores, score)
		}
		rest = rest[8+n:]
	}
	if id != vocab { // id is now the number of tokens
		return nil, sim.NewProblem("tokenizer.size", "Want", vocab, "Have", id)
	}
	if err := t.index(); err != nil {
		return nil, err
	}
	return t, nil
}

// index checks the bytes and the space, and fills ids. Of equal pieces the first counts.
func (t *Llama2c) index() error {
	for b := range 256 {
		id := firstByte + b
		if id >= len(t.pieces) || string(t.pieces[id]) != fmt.Sprintf("<0x%02X>", b) {
			return sim.NewProblem("tokenizer.bytes", "Byte", fmt.Sprintf("0x%02X", b))
		}
		t.pieces[id] = []byte{byte(b)}
	}
	for id := firstText; id < len(t.pieces); id++ {
		if _, twice := t.ids[string(t.pieces[id])]; !twice {
			t.ids[string(t.pieces[id])] = id
		}
	}
	if _, ok := t.ids[" "]; !ok { // Encode puts it before every text
		return sim.NewProblem("tokenizer.space")
	}
	return nil
}

// Encode does what run.c's encode does, without BOS: a space is put before the text (the
// empty text stays empty), each character becomes its id or the ids of its
// bytes, then pairs are merged, best score first.
func (t *Llama2c) Encode(text string) []int {
	if text == "" {
		return nil
	}
	ids := t.char(nil, " ")
	for from := 0; from < len(text); {
		// As in run.c a character is a byte and the continuation bytes (10xxxxxx)
		// after it, 4 bytes at most, whether that is valid UTF-8 or not.
		to := from + 1
		for to < len(text) && to < from+4 && text[to]&0xC0 == 0x80 {
			to++
		}
		ids = t.char(ids, text[from:to])
		from = to
	}
	var both []byte
	return merge(ids, func(left, right int) (int, float32, bool) {
		if left < firstText || right < firstText {
			return 0, 0, false // a byte stays a byte
		}
		// run.c looks the concatenation up in the sorted vocabulary.
		both = append(append(both[:0], t.pieces[left]...), t.pieces[right]...)
		id, ok := t.ids[string(both)]
		if !ok || t.scores[id] <= worstScore {
			return 0, 0, false
		}
		return id, t.scores[id], true
	})
}

// char appends the id of a character, or the ids of its bytes.
func (t *Llama2c) char(ids []int, char string) []int {
	if id, ok := t.ids[char]; ok {
		return append(ids, id)
	}
	for i := range len(char) {
		ids = append(ids, firstByte+int(char[i]))
	}
	return ids
}

// Piece returns the bytes of id, nil for specials.
func (t *Llama2c) Piece(id int) []byte {
	if id < firstByte || id >= len(t.pieces) {
		return nil
	}
	return t.pieces[id]
}

// pieceAfter returns Piece without its leading space right after BOS: the space
// that Encode puts before a text is not part of it.
func (t *Llama2c) pieceAfter(previous, id int) []byte {
	p := t.Piece(id)
	if previous == llama2cBOS && id >= firstText && p[0] == ' ' {
		return p[1:]
	}
	return p
}

// Special names ids 0, 1 and 2.
func (t *Llama2c) Special(id int) (string, bool) {
	if id < 0 || id >= firstByte {
		return "", false
	}
	return [firstByte]string{"<unk>", "<s>", "</s>"}[id], true
}

// Size returns the number of ids.
func (t *Llama2c) Size() int { return len(t.pieces) }
