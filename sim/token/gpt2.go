package token

import (
	"encoding/json"
	"io"
	"strings"

	"kvstep/sim"
)

// endOfText is GPT-2's one special token.
const endOfText = "<|endoftext|>"

// LoadGPT2 reads GPT-2's older pair of files: vocab.json, from piece to id, and
// merges.txt, one merge a line in order of rank. Errors are *sim.Problem
// "tokenizer.*".
func LoadGPT2(vocab, merges io.Reader) (*BPE, error) {
	data, err := readAll(vocab)
	if err != nil {
		return nil, err
	}
	no := false
	f := &hfFile{PreTokenizer: &hfPre{Type: "ByteLevel", AddPrefixSpace: &no}}
	f.Model.Type = "BPE"
	if err := json.Unmarshal(data, &f.Model.Vocab); err != nil {
		return nil, sim.NewProblem("tokenizer.json").Because(err)
	}
	if data, err = readAll(merges); err != nil {
		return nil, err
	}
	first := true
	for line := range strings.SplitSeq(string(data), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || first && strings.HasPrefix(line, "#version") {
			first = false
			continue
		}
		first = false
		left, right, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(right, " ") {
			return nil, sim.NewProblem("tokenizer.merge", "Index", len(f.Model.Merges), "Merge", clip(line))
		}
		f.Model.Merges = append(f.Model.Merges, hfMerge{left, right})
	}
	if id, ok := f.Model.Vocab[endOfText]; ok {
		f.AddedTokens = []hfAdded{{ID: id, Content: endOfText, Special: true}}
	}
	t, err := f.bpe()
	if err != nil {
		return nil, err
	}
	t.start, t.startKnown = -1, true // GPT-2 puts nothing before a text
	return t, nil
}
