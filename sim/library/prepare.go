package library

import (
	"cmp"
	"strconv"
	"strings"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/recipe"
	"kvstep/sim/sample"
	"kvstep/sim/token"
)

// MaxPromptBytes bounds a prompt before it is encoded.
const MaxPromptBytes = 32 << 10

// Default returns the recipe the page opens with: the first prompt that the model
// knows in that language.
func (m *Loaded) Default(lang string) sim.Recipe {
	r := recipe.Default()
	r.Model, r.Lanes, r.MaxNew = m.Name, DefaultLanes(m.Model.Config), DefaultNew(m.Model.Config)
	switch prompts := m.TrainingSet.Prompts[lang]; {
	case len(prompts) > 0:
		r.Prompt = prompts[0]
	case len(m.TrainingSet.Prompts["en"]) > 0:
		r.Prompt = m.TrainingSet.Prompts["en"][0]
	case m.Tokenizer != nil, m.Unreadable != nil: // which says why it cannot be read
		r.Prompt = "Once upon a time"
	default:
		r.Tokens = []int{max(m.Model.Config.BOS, 0)}
	}
	return r
}

// Filled returns a recipe that asks for nothing, neither a prompt nor ids, with those of
// Default, and with its lanes where the recipe has no others. Its length is Fitted.
func (m *Loaded) Filled(r sim.Recipe, lang string) sim.Recipe {
	if r.Prompt != "" || len(r.Tokens) > 0 {
		return m.Fitted(r)
	}
	d := m.Default(lang)
	r.Prompt, r.Tokens = d.Prompt, d.Tokens
	if r.Lanes == recipe.Default().Lanes {
		r.Lanes = d.Lanes
	}
	return m.Fitted(r)
}

// Fitted returns a recipe of the default length, which nobody need have asked for, with as many new
// tokens as the model offers and can read after the prompt. One that fits stays as it is, since a
// link leaves out a length that is the default; a prompt that is too long by itself Prepare refuses.
func (m *Loaded) Fitted(r sim.Recipe) sim.Recipe {
	context := m.Model.Config.Context
	ids, err := m.Encode(r)
	if err != nil || r.MaxNew != recipe.Default().MaxNew || recipe.Fed(len(ids), r.MaxNew) <= context {
		return r
	}
	if most := recipe.MostNew(len(ids), context); most > 0 {
		r.MaxNew = min(DefaultNew(m.Model.Config), most)
	}
	return r
}

// DefaultNew returns how many tokens the page offers to generate: the default of all recipes, where
// the model can read as many after a prompt of the same length.
func DefaultNew(c sim.Config) int { return min(recipe.Default().MaxNew, c.Context/2) }

// cheapPass is how many FLOPs a pass of the uncached lane may have in a run that nobody has
// said more of: a tenth of a second or two of an ordinary processor.
const cheapPass = 1 << 33

// DefaultLanes returns the lanes of a run of a model that the page offers: both, where every pass
// of the uncached lane is cheap; of a larger model both until a pass is not. It follows from
// shapes, and is the same on every machine.
func DefaultLanes(c sim.Config) string {
	shape, sw := cost.Of(c), cost.Default()
	cheap := func(tokens int) bool { return cost.Headline(shape.Pass(tokens, 0, sw), sw) <= cheapPass }
	if cheap(c.Context) {
		return recipe.Default().Lanes
	}
	n := 1
	for cheap(2 * n) {
		n *= 2
	}
	return sim.BothUntil + strconv.Itoa(n)
}

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
	ids, err := m.Encode(r)
	if err != nil {
		return nil, err
	}
	c := m.Model.Config
	for i, id := range ids {
		if id < 0 || id >= c.Vocab {
			return nil, sim.NewProblem("prompt.token", "Index", i, "Token", id, "Vocab", c.Vocab)
		}
	}
	if err := recipe.CheckTogether(r); err != nil {
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
	case recipe.Fed(len(ids), r.MaxNew) > c.Context:
		return nil, sim.NewProblem("prompt.long", "Tokens", len(ids), "MaxNew", r.MaxNew, "Context", c.Context,
			"Most", max(recipe.MostNew(len(ids), c.Context), 0), "Allowed", c.Context-max(r.MaxNew-1, 0))
	}
	if err := m.checkDraft(r, recipe.Fed(len(ids), r.MaxNew)); err != nil {
		return nil, err
	}
	if r.Batch != nil { // every request, before anything is planned
		for _, q := range r.Batch.Requests {
			if _, err := m.Prepare(recipe.Single(r, q)); err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}

// checkDraft refuses a draft that cannot speak for the model, or not for as many
// tokens as the run may have, and a cache that cannot take a rejected token back.
func (m *Loaded) checkDraft(r sim.Recipe, most int) error {
	if r.Draft == "" {
		return nil
	}
	draft, err := m.Sibling(r.Draft)
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

// Encode gives the ids of a recipe's own prompt: BOS and the text's, or the recipe's own
// ids as they are. A prompt that has none is a Problem "prompt...".
func (m *Loaded) Encode(r sim.Recipe) ([]int, error) {
	switch {
	case len(r.Tokens) > 0:
		return r.Tokens, nil
	case r.Prompt == "":
		return nil, sim.NewProblem("prompt.empty")
	case len(r.Prompt) > MaxPromptBytes:
		return nil, sim.NewProblem("prompt.bytes", "Have", len(r.Prompt), "Max", MaxPromptBytes)
	case m.Unreadable != nil:
		return nil, m.Unreadable
	case m.Tokenizer == nil:
		return nil, sim.NewProblem("prompt.tokenizer", "Model", m.Name)
	}
	// A tokenizer of whole words cannot spell others.
	if t, ok := m.Tokenizer.(*token.WordLevel); ok {
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

// knownWords lists all words of a small vocabulary, in order of their ids.
func knownWords(t *token.WordLevel) string {
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
