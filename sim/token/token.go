// Package token turns text into token ids and back: the BPE of Hugging Face's
// tokenizer.json and of GPT-2's vocab.json and merges.txt, over bytes or, in
// SentencePiece's manner, over characters; and the vocabulary of llama2.c.
//
// All can spell any text: what Encode takes apart, the pieces put together again
// give exactly, invalid UTF-8 included, but for what a file's normalizer changes:
// NFC composes characters, and SentencePiece writes "▁" for a space, so that a "▁"
// of the text comes back as one; what a Split removes and the spaces that an added token
// takes (lstrip, rstrip) are in no token; and a vocabulary that lacks bytes passes over
// them, or writes its unk_token. Words, a vocabulary of whole words for a model that
// is computed by hand, can spell those words only.
//
// What is wrong with a tokenizer file is a *sim.Problem:
//
//	tokenizer.read         the file cannot be read (Cause says why)
//	tokenizer.large        Max: bytes
//	tokenizer.truncated    Token: the one it ends within; Have: bytes
//	tokenizer.size         Want, Have: tokens, for this model and in the file
//	tokenizer.length       Token, Have, Max: bytes of a piece
//	tokenizer.score        Token: its score is NaN
//	tokenizer.space        there is no piece " "
//	tokenizer.bytes        Byte: it has no token, so not every text can be spelled
//	tokenizer.json         not the JSON of a tokenizer (Cause says where)
//	tokenizer.unsupported  What
//	tokenizer.pattern      Pattern, Part: what of it is not taken (Cause says why)
//	tokenizer.id           ID, Token: an id given twice
//	tokenizer.gap          ID, Size: an id below Size that no token has
//	tokenizer.piece        ID, Token: not spelled in byte-level BPE's alphabet
//	tokenizer.merge        Index, Merge: a merge of, or into, unknown pieces
package token

import (
	"io"

	"kvstep/sim"
)

// Tokenizer is a vocabulary and its rule for cutting text. It is safe for
// concurrent use. Ids run from 0 to Size()-1.
type Tokenizer interface {
	// Encode cuts text into ids, without BOS. It never yields a special id:
	// text that spells one ("<|endoftext|>") is text.
	Encode(text string) []int
	// Piece is the bytes that id stands for, not always whole characters; nil
	// for special ids and for those that do not exist. Do not change it.
	Piece(id int) []byte
	// Special is the name of a special id, such as "<|endoftext|>" or "<s>".
	Special(id int) (name string, ok bool)
	// Size is the number of ids.
	Size() int
}

// after is implemented by tokenizers whose pieces depend on the id before.
type after interface {
	pieceAfter(previous, id int) []byte
}

// MaxFile is the largest tokenizer file that is read, in bytes. The largest
// in use have some 20 MB.
const MaxFile = 64 << 20

// readAll reads a tokenizer file of at most MaxFile bytes.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, sim.NewProblem("tokenizer.read").Because(err)
	}
	if len(data) > MaxFile {
		return nil, sim.NewProblem("tokenizer.large", "Max", MaxFile)
	}
	return data, nil
}

// clip shortens text of a file that goes into a message.
func clip(s string) string {
	n := 0
	for i := range s {
		if n++; n > 40 {
			return s[:i] + "…"
		}
	}
	return s
}
