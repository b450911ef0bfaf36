package token

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"kvstep/sim"
)

// hfFile is the part of tokenizer.json that a BPE has. What changes ids and is not
// built is refused; decoder is not needed.
type hfFile struct {
	Normalizer    *hfNormalizer `json:"normalizer"`
	PreTokenizer  *hfPre        `json:"pre_tokenizer"`
	PostProcessor *hfPost       `json:"post_processor"`
	AddedTokens   []hfAdded     `json:"added_tokens"`
	Model         struct {
		Type         string         `json:"type"`
		Vocab        map[string]int `json:"vocab"`     // piece, spelled in runeOf's alphabet, to id
		Unknown      string         `json:"unk_token"` // what a word (WordLevel) or a byte that is not there becomes
		FuseUnknown  bool           `json:"fuse_unk"`  // ... a run of them
		Merges       []hfMerge      `json:"merges"`    // by rank: the first is applied first
		Dropout      *float64       `json:"dropout"`   // random merges, for training
		Prefix       *string        `json:"continuing_subword_prefix"`
		Suffix       *string        `json:"end_of_word_suffix"`
		ByteFallback bool           `json:"byte_fallback"` // SentencePiece's way, <0xE5>
		IgnoreMerges bool           `json:"ignore_merges"` // a word in the vocabulary is one id
	} `json:"model"`
}

// hfAdded is a token that was added to the vocabulary.
type hfAdded struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	Special    bool   `json:"special"`
	Normalized *bool  `json:"normalized"` // is looked for in the normalized text; missing means no for special ones only
	LStrip     bool   `json:"lstrip"`     // takes the space before it
	RStrip     bool   `json:"rstrip"`
	SingleWord bool   `json:"single_word"`
}

// hfNormalizer is what is done to a text first: NFC, Prepend and Replace (as
// SentencePiece's vocabularies need), or a Sequence of them.
type hfNormalizer struct {
	Type    string         `json:"type"`
	List    []hfNormalizer `json:"normalizers"`
	Prepend string         `json:"prepend"` // Prepend
	Content string         `json:"content"` // Replace
	Pattern hfPattern      `json:"pattern"` // Replace
}

// hfPattern is what to look for.
type hfPattern struct {
	Regex  *string `json:"Regex"`
	String *string `json:"String"`
}

// hfPre is a pre-tokenizer: Split, Digits, ByteLevel, or a Sequence of them; or
// Metaspace alone.
type hfPre struct {
	Type           string    `json:"type"`
	List           []hfPre   `json:"pretokenizers"`
	AddPrefixSpace *bool     `json:"add_prefix_space"`  // ByteLevel; missing means true
	UseRegex       *bool     `json:"use_regex"`         // ByteLevel; missing means true
	Behavior       string    `json:"behavior"`          // Split
	Invert         bool      `json:"invert"`            // Split
	Pattern        hfPattern `json:"pattern"`           // Split
	Individual     bool      `json:"individual_digits"` // Digits
	Replacement    string    `json:"replacement"`       // Metaspace, as the next two
	Scheme         string    `json:"prepend_scheme"`
	SplitWords     *bool     `json:"split"` // missing means true
}

// hfPost is what is put around a text: TemplateProcessing may begin it with BOS.
type hfPost struct {
	Type   string   `json:"type"`
	List   []hfPost `json:"processors"`
	Single []struct {
		Special *struct {
			ID string `json:"id"`
		} `json:"SpecialToken"`
	} `json:"single"`
	Tokens map[string]struct {
		IDs []int `json:"ids"`
	} `json:"special_tokens"`
}

// hfMerge is "a b", or ["a", "b"] in newer files.
type hfMerge [2]string

// UnmarshalJSON reads either form. Pieces hold no space: theirs is "Ġ".
func (m *hfMerge) UnmarshalJSON(data []byte) error {
	var s string
	if data[0] == '"' && json.Unmarshal(data, &s) == nil {
		left, right, ok := strings.Cut(s, " ")
		if !ok || strings.Contains(right, " ") {
			return fmt.Errorf("merge %q is not two pieces", clip(s))
		}
		*m = hfMerge{left, right}
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil || len(list) != 2 {
		return fmt.Errorf("merge %q is not two pieces", clip(string(data)))
	}
	*m = hfMerge{list[0], list[1]}
	return nil
}

// LoadHF reads a Hugging Face tokenizer.json: a byte-level BPE, a BPE made by
// SentencePiece (spaces written "▁", bytes "<0x0A>"), or a WordLevel vocabulary of
// whole words. Errors are *sim.Problem "tokenizer.*"; what would make other ids than
// Hugging Face's is "tokenizer.unsupported" or "tokenizer.pattern".
func LoadHF(r io.Reader) (Tokenizer, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var f hfFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, sim.NewProblem("tokenizer.json").Because(err)
	}
	if f.Model.Type == "WordLevel" {
		return f.wordLevel()
	}
	return f.bpe()
}

// bpe makes the tokenizer.
func (f *hfFile) bpe() (*BPE, error) {
	if err := f.supported(); err != nil {
		return nil, err
	}
	t := &BPE{special: map[int]string{}}
	var err error
	if f.Model.ByteFallback {
		err = t.useMetaspace(f)
	} else if t.split, err = f.PreTokenizer.splitter(0); err == nil {
		if t.normal, err = f.Normalizer.nfc(0); err == nil {
			err = f.PreTokenizer.spelled()
		}
	}
	if err != nil {
		return nil, err
	}
	if err := t.fill(f); err != nil {
		return nil, err
	}
	if err := t.rank(f); err != nil {
		return nil, err
	}
	t.loses = t.loses || f.PreTokenizer.loses()
	if t.start, t.startKnown, t.around = f.PostProcessor.start(0); t.start >= len(t.pieces) {
		return nil, sim.NewProblem("tokenizer.gap", "ID", t.start, "Size", len(t.pieces))
	}
	return t, nil
}

// start returns the id that a text begins with, whether the file says so, and what else it
// puts around one.
func (p *hfPost) start(depth int) (id int, known bool, more string) {
	if p == nil {
		return -1, false, ""
	}
	switch p.Type {
	case "ByteLevel": // changes offsets only
	case "Sequence":
		if depth > 1 {
			return -1, true, "post_processor Sequence in a Sequence"
		}
		id = -1
		for i := range p.List {
			switch next, tells, around := p.List[i].start(depth + 1); {
			case tells && known: // each adds its own
				return id, true, "post_processor Sequence " + p.List[i].Type
			case tells:
				id, known, more = next, true, around
			}
		}
		return id, known, more
	case "TemplateProcessing":
		return p.template()
	default:
		return -1, true, "post_processor " + p.Type
	}
	return -1, false, ""
}

// template does what start does for what a text is put into: one token before it, at most.
func (p *hfPost) template() (id int, known bool, more string) {
	id = -1
	for i, piece := range p.Single {
		if piece.Special == nil {
			continue
		}
		ids := p.Tokens[piece.Special.ID].IDs
		if i > 0 || len(p.Single) > 2 || len(ids) > 1 {
			more = "post_processor TemplateProcessing " + clip(piece.Special.ID)
		}
		if i == 0 && len(ids) > 0 && ids[0] >= 0 {
			id = ids[0]
		}
	}
	return id, true, more
}

// unsupported returns the Problem for something in the file that would change ids.
func unsupported(what string) error {
	return sim.NewProblem("tokenizer.unsupported", "What", clip(what))
}

// supported refuses what would make other ids than Hugging Face's.
func (f *hfFile) supported() error {
	m := &f.Model
	switch {
	case m.Type != "BPE":
		return unsupported("model " + m.Type)
	case m.Dropout != nil && *m.Dropout != 0:
		return unsupported("dropout")
	case m.Prefix != nil && *m.Prefix != "":
		return unsupported("continuing_subword_prefix")
	case m.Suffix != nil && *m.Suffix != "":
		return unsupported("end_of_word_suffix")
	case len(m.Merges) > maxRanks:
		return unsupported(fmt.Sprint(len(m.Merges), " merges"))
	}
	return nil
}

const maxSplits = 16 // nesting and number of pre-tokenizers

// spelled refuses a file that spells bytes nowhere, or before words are cut: without
// ByteLevel a vocabulary is one of characters, and what comes after it cuts its letters.
func (p *hfPre) spelled() error {
	list := []hfPre{}
	if p != nil {
		if list = append(list, *p); p.Type == "Sequence" {
			list = p.List
		}
	}
	at := slices.IndexFunc(list, func(p hfPre) bool { return p.Type == "ByteLevel" })
	switch {
	case at < 0:
		return unsupported("pre_tokenizer without ByteLevel")
	case at < len(list)-1:
		return unsupported("pre_tokenizer ByteLevel before " + list[at+1].Type)
	}
	return nil
}

// splitter builds what a pre-tokenizer does to text.
func (p *hfPre) splitter(depth int) (splitter, error) {
	if p == nil {
		return whole, nil
	}
	switch p.Type {
	case "ByteLevel":
		// Its spelling of bytes is what BPE does anyway. A space in front is not built.
		if p.AddPrefixSpace == nil || *p.AddPrefixSpace {
			return nil, unsupported("ByteLevel add_prefix_space")
		}
		if p.UseRegex == nil || *p.UseRegex {
			return byHand[gpt2Pattern], nil
		}
		return whole, nil
	case "Digits":
		return digits(p.Individual), nil
	case "Sequence":
		if depth > 0 || len(p.List) > maxSplits {
			return nil, unsupported("pre_tokenizer Sequence in a Sequence")
		}
		// Each cuts what the one before left.
		all := splitter(whole)
		for i := range p.List {
			next, err := p.List[i].splitter(depth + 1)
			if err != nil {
				return nil, err
			}
			all = all.then(next)
		}
		return all, nil
	case "Split":
		return p.cuts()
	}
	return nil, unsupported("pre_tokenizer " + p.Type)
}
