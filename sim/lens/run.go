package lens

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/kv"
)

// runLens is what was asked for, and how far it has come.
var runLens = Lens{Name: "run", Of: OfRun, Show: value(showRun)}

// RunInfo is the run: what was asked for, and how far it has come.
type RunInfo struct {
	Model    string     `json:"model"`
	Config   sim.Config `json:"config"`
	Recipe   sim.Recipe `json:"recipe"`
	Policy   PolicyInfo `json:"policy"`        // what its cache policy does
	Prompt   int        `json:"prompt_tokens"` // tokens of the prompt
	Recorded int        `json:"recorded"`      // steps that exist
	// Length is how many steps there are if the run goes to its maximum (in a batch: if every
	// request does, and finds memory at once).
	Length       int      `json:"length"`
	Ended        *string  `json:"ended"`             // why the run is over: eos, max-new, stop or memory; null while it is not
	Running      bool     `json:"running"`           // the server itself is stepping on (forward to a far place)
	UnknownWords []string `json:"outside,omitempty"` // up to five words of the prompt that the model never met in training
	Lacks        []string `json:"lacks,omitempty"`   // ops of a layer that this model does not have
	Short        *Short   `json:"short,omitempty"`   // there was not memory for all its tokens when it began
	// Arch is how the model is built, where that is not as in a Llama.
	Arch *explain.Arch `json:"parts,omitempty"`
}

// Short tells of a run that there is not memory enough for.
type Short struct {
	Fits  int `json:"fits"`  // tokens that there is memory for, predicted; of several sequences all together
	Whole int `json:"whole"` // tokens that it has if it goes to its maximum
}

func showRun(m *Moment) RunInfo {
	return RunInfo{m.Model.Name, m.Model.Model.Config, m.Recipe, policyOf(m), m.Prompt,
		m.Recorded, lengthOf(m), orNull(m.Ended), m.Running, unknownWords(m), lackingOps(m), m.Short, archOf(m)}
}

// PolicyInfo is what a cache policy does, which viewers ask instead of its kind.
type PolicyInfo struct {
	Exact       bool    `json:"exact,omitempty"`                             // attention gets the very numbers that were computed, all of them
	Keeps       *[3]int `json:"keeps,omitempty" names:"first,newest,chosen"` // where tokens are evicted: how many of the first, of the newest and of its choice each head keeps
	Bits        int     `json:"bits,omitempty"`                              // of a number, where it is quantised
	GroupTokens int     `json:"group_tokens,omitempty"`                      // tokens whose K is quantised together, and until then waits in float32
	Block       int     `json:"block,omitempty"`                             // tokens to a block of memory
}

// policyOf returns what the run's cache policy does.
func policyOf(m *Moment) PolicyInfo {
	t := kv.TraitsOf(m.Recipe.Cache)
	info := PolicyInfo{Exact: t.Exact, GroupTokens: t.GroupTokens, Block: t.Block}
	if k := t.Keeps; t.Evicts {
		info.Keeps = &[3]int{k.First, k.Newest, k.Most - k.First - k.Newest}
	}
	if t.Quantises() {
		info.Bits = t.Bits
	}
	return info
}

// lackingOps returns the ops that other models have between the ones of this.
func lackingOps(m *Moment) (ids []string) {
	r := explain.Run{Model: m.Model.Model}
	for _, op := range explain.Ops {
		if op.Part == sim.LayerPart && !r.Knows(op.ID) {
			ids = append(ids, op.ID)
		}
	}
	return ids
}

func archOf(m *Moment) *explain.Arch {
	p := explain.ArchOf(m.Model.Model)
	if p == (explain.Arch{Norm: "rmsnorm", MLP: "swiglu", Positions: "rope"}) {
		return nil
	}
	return &p
}

// maxUnknownWords words are named; more would say no more.
const maxUnknownWords = 5

func unknownWords(m *Moment) []string {
	words := m.Model.UnknownWords(m.Recipe.Prompt)
	if b := m.Recipe.Batch; b != nil {
		for _, q := range b.Requests {
			for _, w := range m.Model.UnknownWords(q.Prompt) {
				if !slices.Contains(words, w) {
					words = append(words, w)
				}
			}
		}
	}
	return words[:min(len(words), maxUnknownWords)]
}

// lengthOf returns how many steps the run has if it goes to its maximum.
func lengthOf(m *Moment) int {
	return max(m.plan().Steps, m.Recorded)
}
