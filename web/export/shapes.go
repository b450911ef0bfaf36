package export

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/run"
)

// shapes tell what a run's steps will hold before one of them is computed: of a run of one
// sequence without a draft exactly, unless it ends early, of others at most.
type shapes struct {
	c       sim.Config
	steps   int // of a pass
	prompt  int // tokens
	reads   int // passes that read it
	more    int // tokens that a pass of decode adds at most
	most    int // tokens of the longest sequence
	changes bool
}

// shape is one step: new rows, and the tokens that these meet. The head has no rows of layers.
type shape struct {
	rows, total int
	head        bool
}

func shapesOf(m *library.Loaded, r sim.Recipe, prompt []int, plan *run.Plan) shapes {
	x := shapes{
		c: m.Model.Config, steps: m.Model.Config.Layers + 1, prompt: len(prompt), reads: run.Pieces(m, r, len(prompt)), more: 1,
		most: plan.MostTokens, changes: !kv.TraitsOf(r.Cache).Exact,
	}
	if r.Draft != "" {
		x.more += r.Propose
	}
	if r.Batch != nil {
		x.prompt, x.reads = x.most, 1 // whichever of them is looked at
	}
	return x
}

// at returns the shape of step n.
func (x shapes) at(n int) shape {
	pass, head := n/x.steps, n%x.steps == x.steps-1
	if pass < x.reads {
		return shape{x.prompt, x.prompt, head}
	}
	return shape{x.more, min(x.prompt+(pass-x.reads+1)*x.more, x.most), head}
}

// rowBytes returns what is kept of a step's rows: the residual stream that leaves it, in float32.
func (x shapes) rowBytes(s shape) int {
	if s.head {
		return 0
	}
	return 4 * s.rows * (x.c.Dim + 2*x.c.KVDim())
}

// numbersBytes returns how large a step is in the file of all numbers: scores and probabilities
// of every head are most of it.
func (x shapes) numbersBytes(s shape) int {
	if s.head {
		return 0
	}
	c := x.c
	return 4 * s.rows * (2*c.Dim + 2*c.QDim() + 2*c.KVDim() + 2*c.Heads*s.total)
}

// fits returns the last of steps 0 to last up to which the sizes of steps together are at most
// limit, and that sum. -1: not even the first is.
func (x shapes) fits(last, limit int, size func(shape) int) (fit, sum int) {
	for n := 0; n <= last; n++ {
		next := size(x.at(n))
		if sum+next > limit {
			return n - 1, sum
		}
		sum += next
	}
	return last, sum
}

// Bytes that parts of a handout take in its file, packed and written as text, as measured
// (TestHandoutsAreAsLargeAsTold).
const (
	pageBytes   = 470_000 // scripts, styles, the page itself and the words of both languages
	frameBytes  = 2_400   // words of a frame, with what all panels show
	headBytes   = 700     // words of another head's
	opsBytes    = 3_500   // words of the ops of a step
	cellBytes   = 80      // words of an explained cell
	pairBytes   = 5.8     // scores, probabilities and product of a query and a key
	numberBytes = 2.4     // a float16
	termBytes   = 1       // a term of an explained sum
	weightBytes = 2.2     // one that a weight is in
)

// choice is what of a run a handout holds: steps first to last, and the heads.
type choice struct {
	first, last int
	heads       []int
	bytes       int // that it takes, about
}

// choose returns what a handout of at most limit bytes holds of steps 0 to last: the steps nearest
// to the one that it is made at, with all heads if there is space for that step's, else with the
// first, in whose record the words are, and the one that is looked at.
func (x shapes) choose(at, last, head, limit int) choice {
	c := choice{bytes: pageBytes + x.weightPictures() + x.looked()}
	for h := range x.c.Heads {
		c.heads = append(c.heads, h)
	}
	if c.bytes+x.handout(at, len(c.heads), &budget{}) > limit {
		c.heads = slices.Compact([]int{0, head})
	}
	left := usual
	c.first, c.last = outward(at, 0, last, func(n int) bool {
		next := x.handout(n, len(c.heads), &left)
		if n != at && c.bytes+next > limit {
			return false
		}
		c.bytes += next
		return true
	})
	return c
}

// outward visits steps low to high from one of them on, the nearest first, until a visit refuses
// one, and returns the first and the last that it did not.
func outward(from, low, high int, visit func(n int) bool) (first, last int) {
	if low > high || !visit(from) {
		return 0, -1
	}
	first, last = from, from
	for first > low || last < high {
		up := last < high && (first == low || last-from <= from-first)
		switch {
		case up && visit(last+1):
			last++
		case !up && visit(first-1):
			first--
		default:
			return first, last
		}
	}
	return first, last
}

// handout returns how many bytes of a handout a step takes, with so many heads, and takes what its
// ops and explanations take before they are packed from what is left for them.
func (x shapes) handout(n, heads int, left *budget) int {
	s := x.at(n)
	bytes := frameBytes
	if !s.head {
		numbers := 4 * s.rows * x.c.HeadDim
		pairs := 1.0
		if x.changes { // K and V whole in each step, most of it as before, and the other lane's rows, which are others
			numbers += s.total*x.c.HeadDim/4 + 4*s.rows*x.c.HeadDim
			pairs += 2.0 / 3 // without the products
		}
		bytes += (heads-1)*headBytes + heads*int(pairs*pairBytes*float64(s.rows*s.total)+numberBytes*float64(numbers))
	}
	if ops := 2 * x.opNumbers(s); left.ops > 0 && ops <= usual.ops {
		left.ops -= ops * 3 / 2
		bytes += opsBytes + int(numberBytes/2*float64(ops))
	}
	if cells, terms := x.explained(s); left.answers > 0 {
		left.answers -= 700*cells + 20*terms
		bytes += cellBytes*cells + termBytes*terms
	}
	return bytes
}

// opNumbers returns how many numbers the ops of a step have that all heads share.
func (x shapes) opNumbers(s shape) int {
	if s.head {
		return 2*s.rows*x.c.Dim + x.c.Vocab
	}
	return s.rows * (7*x.c.Dim + 3*x.c.FFN + 2*(x.c.QDim()+2*x.c.KVDim()))
}

// explained returns how many cells of a step are explained, and the terms of their sums.
func (x shapes) explained(s shape) (cells, terms int) {
	if s.head {
		return 10, 10 * x.c.Dim
	}
	return 2*s.total + x.c.HeadDim, 2*s.total*x.c.HeadDim + s.total*s.total
}

// looked returns how many bytes the step takes more that is looked at: there the newest row of
// every op is explained, if that is not too much.
func (x shapes) looked() int {
	if n := x.weights() / x.c.Layers; 20*n <= usual.answers {
		return int(weightBytes * float64(n))
	}
	return 0
}

// weightPictures returns how many bytes the pictures of the weights take, 0 for none.
func (x shapes) weightPictures() int {
	if n := x.weights(); n <= usual.weights {
		return n * 7 / 10
	}
	return 0
}

// weights returns how many numbers of weights have a picture.
func (x shapes) weights() int {
	return x.c.Layers * (x.c.Dim*(2*x.c.QDim()+2*x.c.KVDim()) + 3*x.c.Dim*x.c.FFN)
}
