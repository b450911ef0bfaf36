package library

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/model"
	"kvstep/sim/token"
)

// Open loads an embedded model by name.
func Open(name string) (*Loaded, error) {
	folder, err := checkpoint.Folder(name)
	if err != nil {
		return nil, err
	}
	return OpenFolder(name, folder, nil)
}

// OpenFolder loads a Hugging Face folder: config.json, its weights and, where
// present, a tokenizer and world.json. progress may be nil. A tokenizer that cannot be read
// is no error: it is what prompts of text are refused with.
func OpenFolder(name string, folder fs.FS, progress checkpoint.Progress) (m *Loaded, err error) {
	defer FaultsPanic()()
	err = Guarded(nil, func() error {
		m, err = loadFolder(name, folder, progress)
		return err
	})
	return m, err
}

func loadFolder(name string, folder fs.FS, progress checkpoint.Progress) (*Loaded, error) {
	c, err := checkpoint.ReadConfig(folder)
	if err != nil {
		return nil, err
	}
	words, start, err := openWords(folder, c)
	unreadable, err := onlyText(err)
	if err != nil {
		return nil, err
	}
	file, err := checkpoint.Load(folder, progress)
	if err != nil {
		return nil, err
	}
	if c = file.Config; words != nil {
		c.BOS = start
	}
	m, err := model.New(c, file.Weights)
	if err != nil {
		return nil, err
	}
	l := &Loaded{Name: name, Model: m, Tokenizer: words, Unreadable: unreadable, Meta: file.Meta, Ends: file.Ends}
	if _, err := fs.Stat(folder, "world.json"); err == nil {
		if l.TrainingSet, err = checkpoint.LoadTrainingSet(folder); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// openWords reads a folder's tokenizer, and which id it puts before a prompt.
func openWords(folder fs.FS, c sim.Config) (words token.Tokenizer, start int, err error) {
	words, err = openTokenizer(folder, c)
	if err != nil || words == nil {
		return nil, c.BOS, err
	}
	if start, err = startOf(folder, words, c); err != nil {
		return nil, c.BOS, err
	}
	return words, start, nil
}

// onlyText parts what is wrong with a tokenizer, which keeps a model from reading text and from
// nothing else, from every other error: ids need no tokenizer.
func onlyText(err error) (unreadable *sim.Problem, other error) {
	if errors.As(err, &unreadable) && strings.HasPrefix(unreadable.ID, "tokenizer.") {
		return unreadable, nil
	}
	return nil, err
}

// openTokenizer reads tokenizer.json, or GPT-2's vocab.json and merges.txt; nil where
// there is neither.
func openTokenizer(folder fs.FS, c sim.Config) (words token.Tokenizer, err error) {
	const one, vocab, merges = "tokenizer.json", "vocab.json", "merges.txt"
	names := []string{one}
	if _, err := fs.Stat(folder, one); err != nil {
		names = []string{vocab, merges}
		for _, name := range names {
			if _, err := fs.Stat(folder, name); err != nil {
				return nil, nil
			}
		}
		if c.Family != "gpt2" { // others cut words in another way, which these files do not tell
			return nil, sim.NewProblem("tokenizer.unsupported", "What", vocab+", "+merges+" ("+c.Family+")")
		}
	}
	files := make([]io.Reader, len(names))
	for i, name := range names {
		data, err := checkpoint.ReadFile(folder, name, token.MaxFile)
		if err != nil {
			return nil, err
		}
		files[i] = bytes.NewReader(data)
	}
	if len(names) == 1 {
		words, err = token.LoadHF(files[0])
	} else {
		words, err = token.LoadGPT2(files[0], files[1])
	}
	if err != nil {
		return nil, err
	}
	if words.Size() > c.Vocab {
		return nil, sim.NewProblem("tokenizer.size", "Have", words.Size(), "Want", c.Vocab)
	}
	return words, nil
}

// startOf returns the id that is put before a prompt, -1 for none. config.json names one
// for models that never saw it there, so others are asked first. Tokenizers of Llama's
// class go by the flags of tokenizer_config.json, whatever tokenizer.json puts before a
// text; all others by tokenizer.json, and by the flags where that says nothing. Where
// neither says anything, a Llama begins with the id of config.json, and others with none.
// What would put more around a text than one token before it is refused, and so are tokens
// that transformers would add to those of tokenizer.json.
func startOf(folder fs.FS, words token.Tokenizer, c sim.Config) (int, error) {
	around, err := checkpoint.ReadAround(folder)
	if err != nil {
		return -1, err
	}
	bpe, _ := words.(*token.BPE)
	if bpe != nil {
		for _, text := range around.Added {
			if !bpe.Added(text) {
				return -1, more("tokenizer_config.json added_tokens_decoder " + checkpoint.Clip(text))
			}
		}
	}
	if bpe != nil && !around.Rebuilt {
		if id, told := bpe.Start(); told {
			return id, more(bpe.Around())
		}
	}
	switch {
	case around.EOS:
		return -1, more("add_eos_token")
	case around.Present && !around.BOS, !around.Present && c.Family != "llama":
		return -1, nil
	}
	if bpe != nil && around.Rebuilt {
		if id, ok := bpe.Named(around.Begin); ok {
			return id, nil
		}
	}
	return c.BOS, nil
}

// more refuses what is put around a text and is not built; "" for nothing.
func more(what string) error {
	if what == "" {
		return nil
	}
	return sim.NewProblem("tokenizer.unsupported", "What", what)
}

// OpenLlama2c loads a llama2.c checkpoint (.bin of version 0 or 1) and its
// tokenizer.bin, which may be nil. data must stay as it is: the weights are used
// where they stand.
func OpenLlama2c(name string, data, tokenizer []byte) (m *Loaded, err error) {
	defer FaultsPanic()()
	err = Guarded(nil, func() error {
		m, err = loadLlama2c(name, data, tokenizer)
		return err
	})
	return m, err
}

func loadLlama2c(name string, data, tokenizer []byte) (*Loaded, error) {
	c, w, err := checkpoint.LoadLlama2c(data)
	if err != nil {
		return nil, err
	}
	m, err := model.New(c, w)
	if err != nil {
		return nil, err
	}
	// run.c has no other end of a text than the beginning of the next one. The file's </s>, which
	// Llama 2's chat models say, ends a turn there, and so a text here.
	l := &Loaded{Name: name, Model: m, Ends: []int{c.BOS}}
	if tokenizer == nil {
		return l, nil
	}
	t, err := token.LoadLlama2c(bytes.NewReader(tokenizer), c.Vocab)
	if l.Unreadable, err = onlyText(err); err != nil {
		return nil, err
	}
	if l.Unreadable == nil {
		l.Tokenizer = t
	}
	return l, nil
}
