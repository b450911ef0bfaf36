package run

import (
	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/mat"
)

// decoder decides what a run says. Each way of decoding is one: plain, speculative,
// beamSearch.
type decoder interface {
	// width is how many texts a prompt can become.
	width() int
	// proposals is how many tokens propose puts behind another at most.
	proposals() int
	// propose puts tokens behind the one that q feeds in a decode pass, to be verified in it.
	propose(q *sequence) error
	// decide chooses the tokens that follow a pass, by the logits of each of its sequences
	// in each lane, [rows asked, vocab], and ends texts.
	decide(steps []*sim.Step, logits [][2]mat.Matrix) error
	// resume takes up the state after recorded passes.
	resume(prefix []sim.Step)
}

// newDecoder makes the decoder that the recipe asks for; most is how many tokens a
// sequence can feed.
func (e *engine) newDecoder(maxTokens int, count cost.Switches) (decoder, error) {
	switch {
	case e.recipe.Sampler.Kind == "beam":
		return &beamSearch{plain: plain{e}}, nil
	case e.recipe.Draft != "":
		return newSpeculative(e, maxTokens, count)
	}
	return plain{e}, nil
}

// chooser chooses the next token of one sequence.
type chooser interface {
	// choose sets the token of s by the logits of its rows, [rows asked, vocab], and
	// describes it. It returns the row that the token follows.
	choose(q *sequence, s *sim.Step, logits mat.Matrix) (row int, err error)
	// instead returns the token that the same choice gives by other logits of that row,
	// which stand after past.
	instead(q *sequence, s *sim.Step, row int, past []int, logits []float32) (token int, err error)
}
