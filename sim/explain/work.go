package explain

import (
	"math"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// Number is a float32 written as the shortest decimal text that reads back as
// the same float32.
type Number float32

func (x Number) String() string { return strconv.FormatFloat(float64(x), 'g', -1, 32) }

// MarshalJSON writes the text as a string: JSON has no word for -Inf.
func (x Number) MarshalJSON() ([]byte, error) { return []byte(`"` + x.String() + `"`), nil }

const lanes = 16

// Sum is a sum of many terms in the order of mat.Dot: term i is added to lane
// i mod 16, then the lanes are added in pairs, l and l+8, l+4, l+2, l+1.
type Sum struct {
	Fn    string    `json:"fn"` // a term is "mul": a x b, "exp": exp(a - max), b is a - max, or "square": b x b, b is a - mean
	N     int       `json:"n"`
	Terms []Term    `json:"-"`
	Tree  []float32 `json:"-"` // 16 lanes, then 8, 4, 2 and 1 sums of pairs
	Value Number    `json:"value"`
}

// Term is one term: of a and b it makes T; Lane is its lane's sum after it.
type Term struct{ A, B, T, Lane float32 }

// addUp adds up terms made by f.
func addUp(fn string, a, b []float32, f func(a, b float32) float32) *Sum {
	s := &Sum{Fn: fn, N: len(a), Terms: make([]Term, len(a)), Tree: make([]float32, lanes, 2*lanes-1)}
	for i := range a {
		t := f(a[i], b[i])
		s.Tree[i%lanes] += t
		s.Terms[i] = Term{a[i], b[i], t, s.Tree[i%lanes]}
	}
	for from, n := 0, lanes; n > 1; n /= 2 {
		for l := range n / 2 {
			s.Tree = append(s.Tree, s.Tree[from+l]+s.Tree[from+l+n/2])
		}
		from += n
	}
	s.Value = Number(s.Tree[len(s.Tree)-1])
	return s
}

func mul(a, b float32) float32 { return float32(a * b) }

// work fills in the arithmetic of a cell whose reads are known.
func (r *Run) work(s *sim.Step, e *Explanation) {
	c := r.Model.Config
	w := worker{r, e}
	switch e.Kind {
	case Dot:
		e.Sum = addUp("mul", r.values(e.Reads[0]), r.values(e.Reads[1]), mul)
		if len(e.Reads) > 2 {
			w.do("value", "add", Arg{"sum", nil, e.Sum.Value}, w.cell(2))
		}
	case Centred:
		w.centred()
	case GELU:
		w.gelu()
	case Scaled:
		e.Sum = addUp("mul", r.values(e.Reads[0]), r.values(e.Reads[1]), mul)
		root := w.do("root", "sqrt", constant("head_dim", float32(c.HeadDim)))
		factor := w.do("factor", "div", constant("one", 1), root)
		w.do("value", "mul", Arg{"sum", nil, e.Sum.Value}, factor)
	case RMS:
		x := r.values(e.Reads[0])
		e.Sum = addUp("mul", x, x, mul)
		mean := w.do("mean", "div", Arg{"sum", nil, e.Sum.Value}, constant("dim", float32(len(x))))
		steady := w.do("steady", "add", mean, constant("eps", c.NormEps))
		root := w.do("rms", "sqrt", steady)
		inverse := w.do("inverse", "div", constant("one", 1), root)
		scaled := w.do("normed", "mul", w.cell(1), inverse)
		w.do("value", "mul", scaled, w.cell(2))
	case Turn:
		w.turn()
	case Mask:
		w.mask(s)
	case Softmax:
		w.softmax(e.Col)
	case Stored:
		w.stored(s)
	case Copy:
		w.do("value", "copy", w.cell(0))
	case Add:
		w.do("value", "add", w.cell(0), w.cell(1))
	case SwiGLU:
		negative := w.do("negative", "neg", w.cell(0))
		exp := w.do("exp", "exp", negative)
		denominator := w.do("denominator", "add", constant("one", 1), exp)
		silu := w.do("silu", "div", w.cell(0), denominator)
		w.do("value", "mul", silu, w.cell(1))
	}
}

// worker writes down operations while it carries them out.
type worker struct {
	run *Run
	e   *Explanation
}

func constant(name string, x float32) Arg { return Arg{Name: name, Value: Number(x)} }

// cell returns an operand: the first cell of read i.
func (w worker) cell(i int) Arg {
	ref := w.e.Reads[i].Ref
	return Arg{Ref: &ref, Value: Number(w.run.at(ref))}
}

// do carries out one operation and gives its result for later ones.
func (w worker) do(name, fn string, args ...Arg) Arg {
	a := float32(args[0].Value)
	var b float32
	if len(args) > 1 {
		b = float32(args[1].Value)
	}
	v := map[string]func() float32{
		"add": func() float32 { return a + b }, "sub": func() float32 { return a - b },
		"mul": func() float32 { return a * b }, "div": func() float32 { return a / b },
		"neg": func() float32 { return -a }, "copy": func() float32 { return a },
		"sqrt": func() float32 { return mat.Sqrt(a) }, "exp": func() float32 { return mat.Exp(a) },
		"code": func() float32 { return float32(min(max(math.RoundToEven(float64(a)), 0), float64(b))) },
		"sees": func() float32 {
			if a <= b {
				return 1
			}
			return 0
		},
	}[fn]()
	w.e.Calc = append(w.e.Calc, Calc{name, fn, args, Number(v)})
	return Arg{Name: name, Value: Number(v)}
}

// mask writes whether the query stands at or after the key and, where the cache
// evicted the key, before the query for which it did.
func (w worker) mask(s *sim.Step) {
	key, query := constant("key", float32(w.e.Col)), constant("query", float32(s.Cached+w.e.Row))
	gone := s.KV.EvictedAt(s.Layer, w.run.Model.KVHead(w.e.Head), w.e.Col)
	if gone >= s.Cached+s.Rows {
		w.do("value", "sees", key, query)
		return
	}
	sees := w.do("sees", "sees", key, query)
	kept := w.do("kept", "sees", query, constant("last", float32(gone-1)))
	w.do("value", "mul", sees, kept)
}

// stored writes a number of the cache: as it was computed, or what its code stands for.
func (w worker) stored(s *sim.Step) {
	e := w.e
	code, scale, low, ok := s.KV.Code(s.Layer, w.run.Model.KVHead(e.Head), e.Row, e.Col, e.Op == "V")
	if !ok {
		w.do("value", "copy", w.cell(0))
		return
	}
	kept := constant("code", float32(code.Value))
	if scale > 0 {
		above := w.do("above", "sub", w.cell(0), constant("low", low))
		kept = w.do("code", "code", w.do("steps", "div", above, constant("scale", scale)), constant("top", float32(code.Top)))
	}
	w.do("value", "add", w.do("scaled", "mul", kept, constant("scale", scale)), constant("low", low))
}

// centred writes a LayerNorm: squares of the numbers less their mean.
func (w worker) centred() {
	x := w.run.values(w.e.Reads[0])
	n := constant("dim", float32(len(x)))
	mean := mat.Sum(x, nil) / float32(len(x))
	w.e.Calc = append(w.e.Calc, Calc{"mean", "mean", []Arg{}, Number(mean)})
	less := make([]float32, len(x))
	for i, v := range x {
		less[i] = v - mean
	}
	w.e.Sum = addUp("square", x, less, func(_, b float32) float32 { return float32(b * b) })
	variance := w.do("variance", "div", Arg{"sum", nil, w.e.Sum.Value}, n)
	steady := w.do("steady", "add", variance, constant("eps", w.run.Model.Config.NormEps))
	inverse := w.do("inverse", "div", constant("one", 1), w.do("deviation", "sqrt", steady))
	centre := w.do("centred", "sub", w.cell(1), Arg{"mean", nil, Number(mean)})
	scaled := w.do("scaled", "mul", w.do("normed", "mul", centre, inverse), w.cell(2))
	w.do("value", "add", scaled, w.cell(3))
}

// gelu writes GPT-2's activation, with tanh y = (1 - e^-2y) / (1 + e^-2y), of |y|.
func (w worker) gelu() {
	x := w.cell(0)
	square := w.do("square", "mul", x, x)
	cubic := w.do("cubic", "mul", constant("cubic_factor", mat.GELUCubic), w.do("cube", "mul", square, x))
	inner := w.do("inner", "mul", constant("gelu_root", mat.GELURoot), w.do("bent", "add", x, cubic))
	size, negative := inner, float32(inner.Value) < 0
	if negative {
		size = w.do("size", "neg", inner)
	}
	power := w.do("power", "mul", constant("minus_two", -2), size)
	exp := w.do("exp", "exp", power)
	tanh := w.do("tanh", "div", w.do("numerator", "sub", constant("one", 1), exp), w.do("divisor", "add", constant("one", 1), exp))
	if negative {
		tanh = w.do("tanh_signed", "neg", tanh)
	}
	half := w.do("half", "mul", constant("one_half", 0.5), x)
	w.do("value", "mul", half, w.do("gate", "add", constant("one", 1), tanh))
}

// turn writes one half of a rotated pair.
func (w worker) turn() {
	a, b, cos, sin := w.cell(0), w.cell(1), w.cell(2), w.cell(3)
	if w.e.Col == a.Ref.Col {
		w.do("value", "sub", w.do("left", "mul", a, cos), w.do("right", "mul", b, sin))
	} else {
		w.do("value", "add", w.do("left", "mul", a, sin), w.do("right", "mul", b, cos))
	}
}

// softmax writes exp(s - max) / sum of the exponentials of all that the row may see.
func (w worker) softmax(col int) {
	s := w.run.values(w.e.Reads[0])
	for i := range s { // what the cache evicted: exp(-Inf) adds 0
		if at := w.e.Reads[0].Ref; w.run.Masked(Ref{at.Step, at.Op, at.Head, at.Row, i, at.Lane}) {
			s[i] = float32(math.Inf(-1))
		}
	}
	top := s[0]
	for _, v := range s[1:] {
		top = max(top, v)
	}
	w.e.Calc = append(w.e.Calc, Calc{"max", "max", []Arg{}, Number(top)})
	shifted := make([]float32, len(s))
	for i, v := range s {
		shifted[i] = v - top
	}
	w.e.Sum = addUp("exp", s, shifted, func(_, b float32) float32 { return mat.Exp(b) })
	at := w.e.Reads[0].Ref
	at.Col = col
	less := w.do("less", "sub", Arg{Ref: &at, Value: Number(s[col])}, Arg{"max", nil, Number(top)})
	exp := w.do("exp", "exp", less)
	w.do("value", "div", exp, Arg{"sum", nil, w.e.Sum.Value})
}
