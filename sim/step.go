package sim

import (
	"unsafe"

	"kvstep/sim/mat"
)

// Phase is one of the two stretches of a run.
type Phase string

const (
	Prefill Phase = "prefill" // the whole prompt in one pass
	Decode  Phase = "decode"  // one token per pass
)

// Part says what a step ran.
type Part string

const (
	LayerPart Part = "layer" // one decoder layer
	HeadPart  Part = "head"  // final norm, logits and the choice of a token
)

// Why a run ended; the empty string means that it goes on.
const (
	FinishEOS    = "eos"     // the model said end of text
	FinishMaxNew = "max-new" // the recipe's maximum is reached
	FinishStop   = "stop"    // a stop string appeared, or a person stopped it
	FinishMemory = "memory"  // the cache could not grow
)

// Lane is an index into Step.Lanes and Step.Totals.
type Lane int

const (
	Cached   Lane = iota // keeps K and V of past tokens, computes new rows only
	Uncached             // keeps nothing, computes every row again in every pass
)

// Step is one pause of a run: what one layer (or the head) did in one pass.
// It is immutable. All matrices are read-only views; rows are the new tokens
// of this pass as the cached lane computes them (or, when only the uncached
// lane runs, the same rows of that lane).
type Step struct {
	N      int // 0-based index in the run
	Pass   int // 0 is prefill, i is the i-th decode pass
	Phase  Phase
	Part   Part
	Layer  int   // 0-based; -1 for the head
	Rows   int   // new rows of this pass, m
	Cached int   // tokens in the cache before this pass, s
	Tokens []int // every id fed so far, this pass included: Cached+Rows of them

	// The residual stream at both ends of the layer, for the new rows; everything
	// between (norms, Q, K, V, scores, probabilities, MLP) is derived from X by
	// sim/model with the kernels of the forward pass.
	X   mat.Matrix // [m, dim] entering the layer (or the head)
	Out mat.Matrix // [m, dim] leaving the layer; empty for the head

	KV KVCache // the cache after this step, read-only; nil when the cached lane does not run

	// A run of several sequences computes them in the same passes. Seq says whose
	// step this is; PassSteps has the steps of all that this pass computes, in the
	// order of their rows and this one among them; nil where there is only one.
	Seq           int
	PassSteps     []*Step
	Prompt        int       // tokens of this sequence's prompt
	FinishReason  string    // head only: why this sequence ended; RunFinishReason is why the run did
	GeneratedText string    // head only: everything this sequence has generated so far
	Schedule      *Schedule // of a batch
	Beams         *Beams    // of a beam search, head only

	Speculation *Speculation // nil where no draft model proposed anything

	Effect *Effect // what the cache policy did to the logits; head only, nil where it can do nothing

	Lanes     [2]Counters // what this step cost, by Lane
	Totals    [2]Counters // the same, summed over all steps up to this one
	Counted   [2]bool     // which lanes the run has: Lanes and Totals tell what they cost
	Ran       [2]bool     // which of them computed this sequence's rows: one that waits is only counted
	Identical bool        // every op of both lanes gave the same bits (true when only one ran)
	Differs   string      // the first op of this step that did not, such as "scores"
	Compared  int         // tokens of this sequence that both lanes have computed, and in which they were compared
	Differed  bool        // an op of this sequence has differed, in this step or in one before

	Output          Output // what Logits, Top and Choice tell; nil in a layer and while the prompt goes on
	Token           int    // the id chosen; head only, -1 otherwise
	Text            string // the text the chosen id completes: always whole characters
	RunFinishReason string // one of the Finish constants, or ""
}

// Waits reports whether the uncached lane waits: its counters are there, and it has computed
// nothing of this sequence.
func (s *Step) Waits() bool { return s.Counted[Uncached] && !s.Ran[Uncached] }

// StepBytes is about what a step takes of memory beside its rows and tables, its view of the cache
// included.
const StepBytes = int64(unsafe.Sizeof(Step{})) + 384

// Output tells what the head made of a step's last row (of the row that gave the token,
// where there were proposals). It derives it from X when asked: a vocabulary is long,
// and most steps of a long run are never looked at.
type Output interface {
	Logits() []float32 // [vocab], the same bits each time, in memory of the caller's own
	Top() []Candidate
	Choice() *Choice
}

// Logits returns what the token was chosen by, [vocab]; nil where there is none.
func (s *Step) Logits() []float32 {
	if s.Output == nil {
		return nil
	}
	return s.Output.Logits()
}

// Top returns the ten likeliest tokens, highest logit first; nil where there are no logits.
func (s *Step) Top() []Candidate {
	if s.Output == nil {
		return nil
	}
	return s.Output.Top()
}

// Choice returns how the sampler chose; nil where it did not choose by itself.
func (s *Step) Choice() *Choice {
	if s.Output == nil {
		return nil
	}
	return s.Output.Choice()
}

// Candidate is one possible next token.
type Candidate struct {
	ID    int
	Logit float32
	Prob  float32 // of the plain softmax, before the filters
	Drawn float64 // of the distribution that the token is chosen from: after them; greedy, of the scores that it ranks
	Kept  bool    // still possible after them
}

// Counters are what one lane paid. FLOPs and bytes are counted from shapes
// (sim/cost), whether or not the lane ran; Seconds is measured.
type Counters struct {
	Flops       Flops `json:"flops"`
	Elementwise int64 `json:"elementwise"` // scalar operations outside matmuls

	KVTokens     int64 `json:"kv_tokens"`      // tokens held in the cache by the layer just run
	KVBytes      int64 `json:"kv_bytes"`       // bytes of K and V held, all layers
	KVReadBytes  int64 `json:"kv_read_bytes"`  // bytes of K and V read from the cache
	KVWriteBytes int64 `json:"kv_write_bytes"` // bytes of K and V appended
	WeightBytes  int64 `json:"weight_bytes"`   // bytes of weights read

	Seconds float64 `json:"seconds"` // measured wall time

	Untimed int `json:"-"` // steps whose time Seconds lacks: the lane waited, for some of the pass's rows at least
}

// Flops are matmul FLOPs by part (2mnk for (m,k)x(k,n)).
type Flops struct {
	QKV    int64 `json:"qkv"`
	Scores int64 `json:"scores"`
	AV     int64 `json:"av"`
	Out    int64 `json:"out"`
	MLP    int64 `json:"mlp"`
	Head   int64 `json:"head"`
}

// Total returns the headline number: all matmul FLOPs.
func (f Flops) Total() int64 { return f.QKV + f.Scores + f.AV + f.Out + f.MLP + f.Head }
