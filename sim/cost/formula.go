package cost

import "kvstep/sim"

// Expr is one formula as it stands on the blackboard: made once, written as
// mathematics by the page, and worked out by Value from a step's letters.
type Expr struct {
	Op       Op
	Number   int64  // of a Number or an Over
	Letter   string // of a Letter
	Optional bool   // a Letter that is not written where it is 0
	Args     []Expr // of the others
}

// Op is what an Expr does.
type Op int

const (
	Number     Op = iota
	Letter        // a value of Letters
	Product       // of all Args
	Sum           // of all Args
	Difference    // Args[0] - Args[1]
	Quotient      // Args[0] / Number, without a rest
)

func num(n int64) Expr     { return Expr{Op: Number, Number: n} }
func let(name string) Expr { return Expr{Op: Letter, Letter: name} }
func mul(a ...Expr) Expr   { return Expr{Op: Product, Args: a} }
func sumOf(a ...Expr) Expr { return Expr{Op: Sum, Args: a} }

func sub(a, b Expr) Expr       { return Expr{Op: Difference, Args: []Expr{a, b}} }
func div(n int64, a Expr) Expr { return Expr{Op: Quotient, Number: n, Args: []Expr{a}} }

// Value works a formula out.
func (e Expr) Value(letters map[string]int64) int64 {
	switch e.Op {
	case Number:
		return e.Number
	case Letter:
		return letters[e.Letter]
	case Difference:
		return e.Args[0].Value(letters) - e.Args[1].Value(letters)
	case Quotient:
		return e.Args[0].Value(letters) / e.Number
	}
	var n int64
	if e.Op == Product {
		n = 1
	}
	for _, a := range e.Args {
		if v := a.Value(letters); e.Op == Product {
			n = times(n, v)
		} else {
			n = plus(n, v)
		}
	}
	return n
}

// Formula is how one counter comes about in one kind of step. A counter that
// has none for that kind is 0 there.
type Formula struct {
	Counter    string   // as in the trace: "qkv", "kv_bytes", ..
	Part       sim.Part // of which steps; "" of a total
	Expr       Expr
	CachedOnly bool   // about the cache: 0 in the uncached lane, which keeps nothing
	Lines      []Line // the letters in it that are formulas themselves
}

// Line says what a letter stands for, in such a phase and lane, with switches
// set so; "" is any.
type Line struct {
	Letter        string
	Expr          Expr
	Pairs, Logits string
	Phase, Lane   string
	Optional      string // a letter where which is 0 the line is not written
}

// Formulas returns those of all counters that are counted. The letters are those
// of the package comment, and some that differ from family to family:
//
//	u  operations per multiply-add: 2 FLOPs or 1 MAC
//	l  layers done in this pass, this one included
//	k  matrices of the MLP: 3 if it is gated, else 2
//	n  operations of one norm on one row, n1 d + n0
//	a  operations of the activation per hidden unit
//	t  3 where RoPE turns Q and K, else 0
//	x  other operations per row: biases, norms of heads, positions added
//	w  parameters that are no matrix: gains and biases
func Formulas() []Formula {
	q, kv := mul(let("H"), let("h")), mul(let("G"), let("h")) // h is head_dim
	seen := sumOf(let("s"), let("m"))                         // tokens after this pass
	qkv := sumOf(q, mul(num(2), kv))
	row := []Expr{num(2), let("G"), let("h"), let("b")} // bytes of K and V of one token in one layer
	bytes := func(of ...Expr) Expr { return mul(append(row[:len(row):len(row)], of...)...) }
	pairs := []Line{
		{Letter: "P", Pairs: "allowed", Expr: sumOf(mul(let("m"), let("s")), div(2, mul(let("m"), sumOf(let("m"), num(1)))))},
		{Letter: "P", Pairs: "dense", Expr: mul(let("m"), seen)},
	}
	norm := Line{Letter: "n", Expr: sumOf(mul(let("n1"), let("d")), let("n0"))}
	extra := Expr{Op: Letter, Letter: "x", Optional: true}
	layer := func(counter string, e Expr, kept bool, lines ...Line) Formula {
		return Formula{counter, sim.LayerPart, e, kept, lines}
	}
	head := func(counter string, e Expr, kept bool, lines ...Line) Formula {
		return Formula{counter, sim.HeadPart, e, kept, lines}
	}
	return []Formula{
		layer("qkv", mul(let("u"), let("m"), let("d"), qkv), false),
		layer("scores", mul(let("u"), let("P"), let("H"), let("h")), false, pairs...),
		layer("av", mul(let("u"), let("P"), let("H"), let("h")), false, pairs...),
		layer("out", mul(let("u"), let("m"), let("H"), let("h"), let("d")), false),
		layer("mlp", mul(let("u"), let("k"), let("m"), let("d"), let("F")), false),
		head("head", mul(let("u"), let("r"), let("d"), let("V")), false,
			Line{Letter: "r", Logits: "last", Expr: num(1)}, Line{Letter: "r", Logits: "all", Expr: let("m")}),

		layer("elementwise", sumOf(mul(let("m"), sumOf(mul(num(2), let("n")), mul(num(2), let("d")),
			mul(let("a"), let("F")), mul(let("t"), sumOf(q, kv)), extra)),
			mul(let("P"), num(6), let("H"))), false, append([]Line{norm}, pairs...)...),
		head("elementwise", mul(let("m"), let("n")), false, norm),

		layer("kv_tokens", seen, true),
		head("kv_tokens", seen, true),
		layer("kv_bytes", bytes(sumOf(mul(let("L"), let("s")), mul(let("l"), let("m")))), true),
		head("kv_bytes", bytes(let("L"), seen), true),
		layer("kv_write_bytes", bytes(let("m")), true),
		layer("kv_read_bytes", bytes(seen), true),

		layer("weight_bytes", mul(let("b"), sumOf(mul(let("d"), qkv), mul(let("H"), let("h"), let("d")),
			mul(let("k"), let("d"), let("F")), let("w"))), false),
		head("weight_bytes", mul(let("b"), sumOf(mul(let("V"), let("d")), let("w"))), false),
	}
}

// Letters returns the values of all letters in one step of one lane. The layer is
// -1 for the head. The formulas are those of the models that run here: without
// windows, experts or latents, and in whole bytes.
func (s Shape) Letters(lane sim.Lane, layer, rows, cached int, sw Switches) map[string]int64 {
	if lane == sim.Uncached {
		rows, cached = cached+rows, 0
	}
	z, w := s.sizes(), PassWork(rows, cached, sw)
	v := map[string]int64{
		"m": w.Rows, "s": int64(cached), "P": w.Pairs, "r": w.Logits, "l": int64(layer) + 1, "u": unit(sw),
		"d": z.d, "H": z.h, "G": z.g, "h": z.hd, "F": z.f, "V": z.v, "L": int64(s.Layers), "b": int64(s.Bits) / 8,
		"k": s.matrices(), "a": s.Act, "n": s.norm(z.d), "n1": s.norm(1) - s.norm(0), "n0": s.norm(0),
		"w": s.normParams(),
	}
	if layer < 0 {
		return v
	}
	if s.Rope {
		v["t"] = 3
	}
	a, m := s.price(attention), s.price(denseMLP)
	v["x"] = a[perRow].elementwise + m[perRow].elementwise - 2*v["n"] - 2*z.d - s.Act*z.f - v["t"]*(z.q+z.kv)
	if layer == 0 {
		v["x"] += s.entryPrice()[perRow].elementwise // the row of the position table
	}
	v["w"] = a[perPass].allWeights() + m[perPass].allWeights() - z.d*(z.q+2*z.kv) - z.q*z.d - s.matrices()*z.d*z.f
	return v
}

// Counter returns the counter of that name.
func Counter(c sim.Counters, name string) int64 {
	return map[string]int64{
		"qkv": c.Flops.QKV, "scores": c.Flops.Scores, "av": c.Flops.AV, "out": c.Flops.Out, "mlp": c.Flops.MLP, "head": c.Flops.Head,
		"elementwise": c.Elementwise, "kv_tokens": c.KVTokens, "kv_bytes": c.KVBytes,
		"kv_read_bytes": c.KVReadBytes, "kv_write_bytes": c.KVWriteBytes, "weight_bytes": c.WeightBytes,
	}[name]
}
