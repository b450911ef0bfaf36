package run

import (
	"bytes"
	"cmp"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/kv"
	"kvstep/sim/model"
	"kvstep/sim/recipe"
	"kvstep/sim/sample"
	"kvstep/sim/token"
)

// Loaded is a model that is ready to run, with its words.
type Loaded struct {
	Name      string
	Model     *model.Model
	Tokenizer token.Tokenizer   // nil if none was given: then prompts are token ids
	World     checkpoint.World  // prompts and words it knows; empty for foreign models
	Meta      map[string]string // provenance, as the file tells it
	Ends      []int             // ids that end a text beside Config.EOS, as chat models have

	Same  Same                                       // are its files still what was opened; nil: they cannot change
	Newer func() bool                                // do other files bear their names now; nil: no
	Again func(checkpoint.Progress) (*Loaded, error) // opens it anew; nil: it stays as it is

	Close func() // takes its mappings back at once; nil: there are none

	holds   atomic.Int64 // Hold
	lent    bool         // somebody has it beside those who borrowed it
	counted int64        // bytes, by the library

	siblings *Library // where it finds models to go with it; nil: the embedded ones

	seenOnce sync.Once
	seen     map[string]bool // World.Seen
}

// Open loads an embedded model by name.
func Open(name string) (*Loaded, error) {
	folder, err := checkpoint.Folder(name)
	if err != nil {
		return nil, err
	}
	return OpenFolder(name, folder, nil)
}

// OpenFolder loads a Hugging Face folder: config.json, its weights and, where
// present, a tokenizer and world.json. heard may be nil.
func OpenFolder(name string, folder fs.FS, heard checkpoint.Progress) (m *Loaded, err error) {
	defer faultsPanic()()
	err = guarded(nil, func() error {
		m, err = openFolder(name, folder, heard)
		return err
	})
	return m, err
}

func openFolder(name string, folder fs.FS, heard checkpoint.Progress) (*Loaded, error) {
	// The tokenizer first: it is small, and what is wrong with it shows at once.
	c, err := checkpoint.ReadConfig(folder)
	if err != nil {
		return nil, err
	}
	words, err := openTokenizer(folder, c)
	if err != nil {
		return nil, err
	}
	file, err := checkpoint.Load(folder, heard)
	if err != nil {
		return nil, err
	}
	c = file.Config
	if words != nil {
		if c.BOS, err = startOf(folder, words, c); err != nil {
			return nil, err
		}
	}
	m, err := model.New(c, file.Weights)
	if err != nil {
		return nil, err
	}
	l := &Loaded{Name: name, Model: m, Tokenizer: words, Meta: file.Meta, Ends: file.Ends}
	if _, err := fs.Stat(folder, "world.json"); err == nil {
		if l.World, err = checkpoint.LoadWorld(folder); err != nil {
			return nil, err
		}
	}
	return l, nil
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

// startOf is the id that is put before a prompt, -1 for none. config.json names one
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
	case around.Told && !around.BOS, !around.Told && c.Family != "llama":
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
	defer faultsPanic()()
	err = guarded(nil, func() error {
		m, err = openLlama2c(name, data, tokenizer)
		return err
	})
	return m, err
}

func openLlama2c(name string, data, tokenizer []byte) (*Loaded, error) {
	c, w, err := checkpoint.LoadLlama2c(data)
	if err != nil {
		return nil, err
	}
	m, err := model.New(c, w)
	if err != nil {
		return nil, err
	}
	l := &Loaded{Name: name, Model: m}
	if tokenizer != nil {
		t, err := token.LoadLlama2c(bytes.NewReader(tokenizer), c.Vocab)
		if err != nil {
			return nil, err
		}
		l.Tokenizer = t
	}
	return l, nil
}

// MaxPromptBytes bounds a prompt before it is encoded.
const MaxPromptBytes = 32 << 10

// Default is the recipe the page opens with: the first prompt that the model
// knows in that language.
func (m *Loaded) Default(lang string) sim.Recipe {
	r := recipe.Default()
	r.Model = m.Name
	switch prompts := m.World.Prompts[lang]; {
	case len(prompts) > 0:
		r.Prompt = prompts[0]
	case len(m.World.Prompts["en"]) > 0:
		r.Prompt = m.World.Prompts["en"][0]
	case m.Tokenizer != nil:
		r.Prompt = "Once upon a time"
	default:
		r.Tokens = []int{max(m.Model.Config.BOS, 0)}
	}
	return r
}

// Complete gives a recipe that is written in Go the defaults of what it leaves out.
func Complete(r sim.Recipe) sim.Recipe { return recipe.Complete(r) }

// Prepare checks a recipe against the model and encodes its prompt: BOS, then
// the text (or the recipe's own ids, taken as they are). Every refusal is a
// Problem that names the field and says what is allowed.
func (m *Loaded) Prepare(r sim.Recipe) ([]int, error) {
	if err := cmp.Or(recipe.Check(r), sample.Check(r.Sampler)); err != nil {
		return nil, err
	}
	if err := kv.Check(r.Cache, m.Model.Config.HeadDim); err != nil {
		return nil, err
	}
	ids, err := m.encode(r)
	if err != nil {
		return nil, err
	}
	c := m.Model.Config
	for i, id := range ids {
		if id < 0 || id >= c.Vocab {
			return nil, sim.NewProblem("prompt.token", "Index", i, "Token", id, "Vocab", c.Vocab)
		}
	}
	if err := m.checkTogether(r); err != nil {
		return nil, err
	}
	for _, f := range r.Forced {
		if f.Token < 0 || f.Token >= c.Vocab || f.Pass < 0 {
			return nil, sim.NewProblem("prompt.token", "Index", f.Pass, "Token", f.Token, "Vocab", c.Vocab)
		}
	}
	switch {
	case r.MaxNew > c.Context:
		limit := recipe.MaxNew
		limit.Most = float64(c.Context)
		return nil, limit.Check(float64(r.MaxNew))
	case Fed(len(ids), r.MaxNew) > c.Context:
		return nil, sim.NewProblem("prompt.long", "Tokens", len(ids),
			"MaxNew", r.MaxNew, "Context", c.Context, "Allowed", c.Context-max(r.MaxNew-1, 0))
	}
	if err := m.checkDraft(r, Fed(len(ids), r.MaxNew)); err != nil {
		return nil, err
	}
	if r.Batch != nil { // every request, before anything is planned
		for _, q := range r.Batch.Requests {
			if _, err := m.Prepare(single(r, q)); err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}

// Fed is how many tokens a run feeds: its prompt, and of the generated ones all but
// the last.
func Fed(prompt, maxNew int) int { return prompt + max(maxNew-1, 0) }

// single is the recipe of one request of a batch without the others.
func single(r sim.Recipe, q sim.Request) sim.Recipe {
	r.Prompt, r.Tokens, r.MaxNew, r.Batch = q.Prompt, q.Tokens, q.MaxNew, nil
	return r
}

// checkTogether refuses what cannot go together in one run.
func (m *Loaded) checkTogether(r sim.Recipe) error {
	apart := func(a, b string) error { return sim.NewProblem("recipe.together", "A", a, "B", b) }
	beam := r.Sampler.Kind == "beam"
	switch {
	case beam && kv.TraitsOf(r.Cache).Block == 0 && r.Lanes != "uncached":
		return apart("beam", r.Cache.Kind)
	case beam && r.Draft != "":
		return apart("beam", "draft")
	case beam && r.Batch != nil:
		return apart("beam", "batch")
	case beam && len(r.Forced) > 0:
		return apart("beam", "fork")
	case r.Draft != "" && r.Batch != nil:
		return apart("draft", "batch")
	case r.Batch != nil:
		return checkBatch(r)
	}
	return nil
}

// checkDraft refuses a draft that cannot speak for the model, or not for as many
// tokens as the run may have, and a cache that cannot take a rejected token back.
func (m *Loaded) checkDraft(r sim.Recipe, most int) error {
	if r.Draft == "" {
		return nil
	}
	draft, err := m.sibling(r.Draft)
	if err != nil {
		return err
	}
	if c := draft.Model.Config; most > c.Context {
		return sim.NewProblem("speculative.context", "Draft", r.Draft, "Tokens", most, "Context", c.Context)
	}
	if !kv.TraitsOf(r.Cache).Rewinds() {
		return sim.NewProblem("speculative.cache", "Cache", kv.Text(r.Cache))
	}
	return nil
}

func (m *Loaded) encode(r sim.Recipe) ([]int, error) {
	switch {
	case len(r.Tokens) > 0:
		return r.Tokens, nil
	case r.Prompt == "":
		return nil, sim.NewProblem("prompt.empty")
	case len(r.Prompt) > MaxPromptBytes:
		return nil, sim.NewProblem("prompt.bytes", "Have", len(r.Prompt), "Max", MaxPromptBytes)
	case m.Tokenizer == nil:
		return nil, sim.NewProblem("prompt.tokenizer", "Model", m.Name)
	}
	// A tokenizer of whole words cannot spell others.
	if t, ok := m.Tokenizer.(*token.Words); ok {
		if word, missing := t.Missing(r.Prompt); missing {
			return nil, sim.NewProblem("prompt.word", "Word", word, "Known", knownWords(t))
		}
	}
	var ids []int
	if bos := m.Model.Config.BOS; bos >= 0 {
		ids = append(ids, bos)
	}
	ids = append(ids, m.Tokenizer.Encode(r.Prompt)...)
	if len(ids) == 0 { // a tokenizer may leave nothing of spaces
		return nil, sim.NewProblem("prompt.empty")
	}
	return ids, nil
}

// knownWords are all words of a small vocabulary, in order of their ids.
func knownWords(t *token.Words) string {
	const most = 20
	var words []string
	for id := range min(t.Size(), most) {
		words = append(words, string(t.Piece(id)))
	}
	if t.Size() > most {
		words = append(words, "…")
	}
	return strings.Join(words, " ")
}
