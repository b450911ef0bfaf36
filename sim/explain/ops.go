// Package explain tells where any number of a run comes from: which cells it was
// made of, and the arithmetic that made it, in the order of the kernels, so that
// what is shown gives the stored number bit for bit.
//
// ops.go is the one table that everything follows; cell.go does the arithmetic
// of one cell, tensor.go finds the numbers.
package explain

import (
	"slices"

	"kvstep/sim"
)

// Kind is the arithmetic of an op.
type Kind string

const (
	Dot     Kind = "dot"       // sum of a x b
	Scaled  Kind = "scaled"    // a dot product, times 1/sqrt(head_dim)
	RMS     Kind = "rms"       // x / sqrt(mean(x^2) + eps) * gain
	Turn    Kind = "turn"      // one half of a rotated pair (RoPE)
	Stored  Kind = "stored"    // a row of the cache: what an earlier step put there
	Shared  Kind = "shared"    // a row of the cache that another request of the batch put there
	Mask    Kind = "mask"      // 1 where a query may see a key
	Softmax Kind = "softmax"   // exp(s - max) / sum
	Copy    Kind = "copy"      // the same number, found elsewhere
	Add     Kind = "add"       // a + b
	SwiGLU  Kind = "swiglu"    // gate / (1 + exp(-gate)) * up
	GELU    Kind = "gelu"      // up / 2 * (1 + tanh(root * (up + cubic * up^3)))
	Centred Kind = "layernorm" // (x - mean) / sqrt(variance + eps) * gain + bias
	Weight  Kind = "weight"    // learned in training: nothing in the run made it
	Table   Kind = "table"     // a constant of the architecture, made before the run
)

// Extent is one side of a tensor.
type Extent int

const (
	one        Extent = iota
	rows              // new rows of the step, m
	seen              // positions after the step, T
	dim               // width of the residual stream
	headDim           // width of one head
	qDim              // all query heads side by side
	kvDim             // all K/V heads side by side
	ffn               // hidden width of the MLP
	vocab             // token ids
	pairs             // head_dim / 2
	contextLen        // positions the model was built for
)

// Share says whose a tensor is.
type Share int

const (
	whole   Share = iota // the whole layer's
	byHead               // one query head's
	byGroup              // one K/V head's: that of the query head that is looked at
)

// At is how an index of a cell that is read follows from the cell (i, j) that is
// explained. All and upTo run over many cells: they are the sum.
type At int

const (
	zero    At = iota
	I          // the cell's own row
	J          // the cell's own column
	all        // every index
	upTo       // positions that row i may see: 0 .. its own
	hJ         // head*head_dim + j: this head's column among all heads
	gJ         // the same among the K/V heads
	ofHead     // j mod head_dim, in head j / head_dim
	first      // first of the pair that j is turned with
	second     // second of the pair
	angle      // number of the pair
	pos        // position of row i in the text
	storing    // row of the step that stored position i
	token      // id of the token of row i
	last       // the row whose logits gave the token
)

// Read is one operand of an op: cells of another tensor.
type Read struct {
	Op       string
	Row, Col At
}

// Op is one result of a layer (or of the head, or the embedding), with what it
// reads. Weights and tables are ops that read nothing.
type Op struct {
	ID         string
	Part       sim.Part // LayerPart or HeadPart
	Kind       Kind
	Rows, Cols Extent
	Share      Share
	Reads      []Read
}

// Ops are the results of one layer and of the head in blackboard order, then the
// weights and tables.
//
// Not every model has every op: those of a weight that it lacks are left out, and
// so are the reads of them. One without biases reads no b_, one without norms of
// its heads turns q where others turn qn, one without a gate has a GELU.
//
// Q and K (with a capital) are after RoPE, as attention reads them; K and V are
// the cache, all positions. A model without positions copies q to Q.
var Ops = []Op{
	{"x", sim.LayerPart, Copy, rows, dim, whole, []Read{{"next", I, J}}}, // in layer 0: embed
	{"norm1", sim.LayerPart, RMS, rows, dim, whole, []Read{{"x", I, all}, {"x", I, J}, {"w_norm1", zero, J}, {"b_norm1", zero, J}}},
	{"q", sim.LayerPart, Dot, rows, headDim, byHead, []Read{{"norm1", I, all}, {"w_q", hJ, all}, {"b_q", zero, hJ}}},
	{"k", sim.LayerPart, Dot, rows, headDim, byGroup, []Read{{"norm1", I, all}, {"w_k", gJ, all}, {"b_k", zero, gJ}}},
	{"v", sim.LayerPart, Dot, rows, headDim, byGroup, []Read{{"norm1", I, all}, {"w_v", gJ, all}, {"b_v", zero, gJ}}},
	{"qn", sim.LayerPart, RMS, rows, headDim, byHead, []Read{{"q", I, all}, {"q", I, J}, {"w_qn", zero, J}}},
	{"kn", sim.LayerPart, RMS, rows, headDim, byGroup, []Read{{"k", I, all}, {"k", I, J}, {"w_kn", zero, J}}},
	{"Q", sim.LayerPart, Turn, rows, headDim, byHead, []Read{{"q", I, first}, {"q", I, second}, {"cos", pos, angle}, {"sin", pos, angle}}},
	{"k_rope", sim.LayerPart, Turn, rows, headDim, byGroup, []Read{{"k", I, first}, {"k", I, second}, {"cos", pos, angle}, {"sin", pos, angle}}},
	{"K", sim.LayerPart, Stored, seen, headDim, byGroup, []Read{{"k_rope", storing, J}}},
	{"V", sim.LayerPart, Stored, seen, headDim, byGroup, []Read{{"v", storing, J}}},
	{"dots", sim.LayerPart, Dot, rows, seen, byHead, []Read{{"Q", I, all}, {"K", J, all}}},
	{"scores", sim.LayerPart, Scaled, rows, seen, byHead, []Read{{"Q", I, all}, {"K", J, all}, {"dots", I, J}}},
	{"mask", sim.LayerPart, Mask, rows, seen, byHead, []Read{{"scores", I, J}}},
	{"probs", sim.LayerPart, Softmax, rows, seen, byHead, []Read{{"scores", I, upTo}}},
	{"out", sim.LayerPart, Dot, rows, headDim, byHead, []Read{{"probs", I, upTo}, {"V", upTo, J}}},
	{"attn", sim.LayerPart, Copy, rows, qDim, whole, []Read{{"out", I, ofHead}}},
	{"proj", sim.LayerPart, Dot, rows, dim, whole, []Read{{"attn", I, all}, {"w_o", J, all}, {"b_o", zero, J}}},
	{"mid", sim.LayerPart, Add, rows, dim, whole, []Read{{"x", I, J}, {"proj", I, J}}},
	{"norm2", sim.LayerPart, RMS, rows, dim, whole, []Read{{"mid", I, all}, {"mid", I, J}, {"w_norm2", zero, J}, {"b_norm2", zero, J}}},
	{"gate", sim.LayerPart, Dot, rows, ffn, whole, []Read{{"norm2", I, all}, {"w_gate", J, all}}},
	{"up", sim.LayerPart, Dot, rows, ffn, whole, []Read{{"norm2", I, all}, {"w_up", J, all}, {"b_up", zero, J}}},
	{"act", sim.LayerPart, SwiGLU, rows, ffn, whole, []Read{{"gate", I, J}, {"up", I, J}}},
	{"down", sim.LayerPart, Dot, rows, dim, whole, []Read{{"act", I, all}, {"w_down", J, all}, {"b_down", zero, J}}},
	{"next", sim.LayerPart, Add, rows, dim, whole, []Read{{"mid", I, J}, {"down", I, J}}},

	{"norm3", sim.HeadPart, RMS, rows, dim, whole, []Read{{"x", I, all}, {"x", I, J}, {"w_norm3", zero, J}, {"b_norm3", zero, J}}},
	{"logits", sim.HeadPart, Dot, one, vocab, whole, []Read{{"norm3", last, all}, {"w_head", J, all}}},
	{"chances", sim.HeadPart, Softmax, one, vocab, whole, []Read{{"logits", zero, all}}},

	{"embed", "", Weight, vocab, dim, whole, nil},
	{"w_pos", "", Weight, contextLen, dim, whole, nil},
	{"w_norm1", "", Weight, one, dim, whole, nil},
	{"b_norm1", "", Weight, one, dim, whole, nil},
	{"b_q", "", Weight, one, qDim, whole, nil},
	{"b_k", "", Weight, one, kvDim, whole, nil},
	{"b_v", "", Weight, one, kvDim, whole, nil},
	{"w_qn", "", Weight, one, headDim, whole, nil},
	{"w_kn", "", Weight, one, headDim, whole, nil},
	{"b_o", "", Weight, one, dim, whole, nil},
	{"b_norm2", "", Weight, one, dim, whole, nil},
	{"b_up", "", Weight, one, ffn, whole, nil},
	{"b_down", "", Weight, one, dim, whole, nil},
	{"b_norm3", "", Weight, one, dim, whole, nil},
	{"w_q", "", Weight, qDim, dim, whole, nil},
	{"w_k", "", Weight, kvDim, dim, whole, nil},
	{"w_v", "", Weight, kvDim, dim, whole, nil},
	{"w_o", "", Weight, dim, qDim, whole, nil},
	{"w_norm2", "", Weight, one, dim, whole, nil},
	{"w_gate", "", Weight, ffn, dim, whole, nil},
	{"w_up", "", Weight, ffn, dim, whole, nil},
	{"w_down", "", Weight, dim, ffn, whole, nil},
	{"w_norm3", "", Weight, one, dim, whole, nil},
	{"w_head", "", Weight, vocab, dim, whole, nil},
	{"cos", "", Table, seen, pairs, whole, nil},
	{"sin", "", Table, seen, pairs, whole, nil},
}

var byID = func() map[string]*Op {
	index := make(map[string]*Op, len(Ops))
	for i := range Ops {
		index[Ops[i].ID] = &Ops[i]
	}
	return index
}()

// Find returns the op of that name, nil if there is none.
func Find(id string) *Op { return byID[id] }

// Constant reports whether no step makes the op: a weight or a table.
func (o *Op) Constant() bool { return o.Part == "" }

// Inputs returns the ops to draw beside an op's result, as the model has them: what it
// reads, once each and without what a fused op has already behind it.
func (r *Run) Inputs(o *Op) (ids []string) {
	if o.Kind == Scaled { // q.k is a result of its own
		return []string{"dots"}
	}
	for _, read := range o.Reads {
		id := r.read(o, read.Op)
		if id != "next" && !slices.Contains(ids, id) && r.Knows(id) { // x is the next of the layer before
			ids = append(ids, id)
		}
	}
	return ids
}

// Down reports whether op sums down the columns of its input id instead of along
// rows, as attention does with V.
func (o *Op) Down(id string) bool {
	return slices.ContainsFunc(o.Reads, func(r Read) bool { return r.Op == id && r.Row == upTo })
}

// PerHead reports whether each query head (or each K/V head) has an op of its own.
func (o *Op) PerHead() bool { return o.Share != whole }

// PerGroup reports whether each K/V head has an op of its own.
func (o *Op) PerGroup() bool { return o.Share == byGroup }

// OfVocab reports whether the head makes one number of the op for each token of the vocabulary.
func (o *Op) OfVocab() bool { return o.Cols == vocab }

// Pairs reports whether rows are queries and columns are keys.
func (o *Op) Pairs() bool { return o.Cols == seen }
