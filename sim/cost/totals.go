package cost

import "kvstep/sim"

// Totals returns the formulas of what the run has paid so far: each counter of a
// step, summed up over all steps. What differs from step to step comes down to
// a few sums, and these have closed forms, since a run is one prefill of N
// tokens and then passes of one token each. The letters are those of Formulas,
// and of this pass; and beside them
//
//	N    tokens of the prompt
//	p    passes that were over before this one
//	c    tokens chosen so far
//	l    layers done in this pass; the head comes after all L
//	Sm   rows of all layer steps so far, the sum of their m
//	SP   pairs of all layer steps so far
//	St   keys that all layer steps so far found in the cache: s + m
//	Sr   rows that got logits, of all head steps so far
//	Sh   rows of all head steps so far
//	E    rows that entered the first layer
//	x0   other operations of such a row
//	w    parameters of a layer that are no matrix, w0 those of the head
//
// Levels such as kv_bytes do not add up, and have no formula here: what is held
// now is what this step's own formula says.
func Totals() []Formula {
	q, kv := mul(let("H"), let("h")), mul(let("G"), let("h"))
	qkv := sumOf(q, mul(num(2), kv))
	layers := sumOf(mul(let("L"), let("p")), let("l")) // layer steps so far
	total := func(counter string, e Expr, kept bool, lines ...[]Line) Formula {
		f := Formula{Counter: counter, Expr: e, CachedOnly: kept}
		for _, l := range lines {
			f.Lines = append(f.Lines, l...)
		}
		return f
	}
	optional := func(e ...Expr) Expr { // not written where the model has no such operations
		x0 := Expr{Op: Letter, Letter: "x0", Optional: true}
		return mul(append([]Expr{x0}, e...)...)
	}
	return []Formula{
		total("qkv", mul(let("u"), let("Sm"), let("d"), qkv), false, sumRows()),
		total("scores", mul(let("u"), let("SP"), let("H"), let("h")), false, sumPairs()),
		total("av", mul(let("u"), let("SP"), let("H"), let("h")), false, sumPairs()),
		total("out", mul(let("u"), let("Sm"), let("H"), let("h"), let("d")), false, sumRows()),
		total("mlp", mul(let("u"), let("k"), let("Sm"), let("d"), let("F")), false, sumRows()),
		total("head", mul(let("u"), let("Sr"), let("d"), let("V")), false, sumLogits()),
		total("elementwise", sumOf(
			mul(let("Sm"), sumOf(mul(num(2), let("n")), mul(num(2), let("d")), mul(let("a"), let("F")),
				mul(let("t"), sumOf(q, kv)), Expr{Op: Letter, Letter: "x", Optional: true})),
			mul(let("SP"), num(6), let("H")), mul(let("Sh"), let("n")), optional(let("E"))),
			false, []Line{{Letter: "n", Expr: sumOf(mul(let("n1"), let("d")), let("n0"))}}, sumRows(), sumPairs(), sumHeads()),
		total("kv_write_bytes", mul(num(2), let("G"), let("h"), let("b"), let("Sm")), true, sumRows()),
		total("kv_read_bytes", mul(num(2), let("G"), let("h"), let("b"), let("St")), true, sumKeys()),
		total("weight_bytes", mul(let("b"), sumOf(
			mul(layers, sumOf(mul(let("d"), qkv), mul(let("H"), let("h"), let("d")), mul(let("k"), let("d"), let("F")), let("w"))),
			mul(let("c"), sumOf(mul(let("V"), let("d")), let("w0"))))), false),
	}
}

// The closed forms. In prefill only this pass counts; later the cached lane has
// done s rows in each layer before it, and the uncached lane N, N+1, .. m-1.
func sumRows() []Line {
	now := mul(let("l"), let("m"))
	return []Line{
		{Letter: "Sm", Phase: "prefill", Expr: now},
		{Letter: "Sm", Phase: "decode", Lane: "cached", Expr: sumOf(mul(let("L"), let("s")), now)},
		{Letter: "Sm", Phase: "decode", Lane: "uncached", Expr: sumOf(mul(let("L"), rising(let("m"), false)), now)},
	}
}

func sumPairs() []Line {
	now := mul(let("l"), let("P"))
	before := func(pairs, lane string, e Expr) Line {
		return Line{Letter: "SP", Phase: "decode", Lane: lane, Pairs: pairs, Expr: sumOf(mul(let("L"), e), now)}
	}
	m, n := let("m"), let("N")
	third := func(last func(Expr) Expr) Expr { // a cubic sum up to m-1, without the one up to N-1
		return div(6, sub(mul(sub(m, num(1)), m, last(m)), mul(sub(n, num(1)), n, last(n))))
	}
	return []Line{
		{Letter: "SP", Phase: "prefill", Expr: now},
		before("allowed", "cached", div(2, mul(let("s"), sumOf(let("s"), num(1))))),
		before("dense", "cached", sumOf(mul(n, n), div(2, sub(mul(let("s"), sumOf(let("s"), num(1))), mul(n, sumOf(n, num(1))))))),
		before("allowed", "uncached", third(func(x Expr) Expr { return sumOf(x, num(1)) })),
		before("dense", "uncached", third(func(x Expr) Expr { return sub(mul(num(2), x), num(1)) })),
	}
}

func sumKeys() []Line {
	now := mul(let("l"), sumOf(let("s"), let("m")))
	return []Line{
		{Letter: "St", Phase: "prefill", Expr: now},
		{Letter: "St", Phase: "decode", Expr: sumOf(mul(let("L"), rising(let("s"), true)), now)},
	}
}

func sumLogits() []Line {
	lines := []Line{{Letter: "Sr", Logits: "last", Expr: let("c")}}
	for _, l := range sumHeads() {
		if l.Letter == "Sh" {
			l.Letter, l.Logits = "Sr", "all"
			lines = append(lines, l)
		}
	}
	return lines
}

// sumHeads returns the rows at both ends of the layers: all enter, and reach the
// head once a token is chosen.
func sumHeads() []Line {
	n := let("N")
	return []Line{
		{Letter: "Sh", Phase: "prefill", Expr: mul(let("c"), let("m"))},
		{Letter: "Sh", Phase: "decode", Lane: "cached", Expr: sub(sumOf(n, let("c")), num(1))},
		{Letter: "Sh", Phase: "decode", Lane: "uncached", Expr: sumOf(mul(let("c"), n), div(2, mul(let("c"), sub(let("c"), num(1)))))},
		{Letter: "E", Lane: "cached", Expr: sumOf(let("s"), let("m")), Optional: "x0"},
		{Letter: "E", Lane: "uncached", Expr: rising(let("m"), true), Optional: "x0"},
	}
}

// rising returns N + (N+1) + .. up to a last number, or to the one before it.
func rising(last Expr, with bool) Expr {
	n := let("N")
	before := mul(n, sub(n, num(1)))
	if with {
		return div(2, sub(mul(last, sumOf(last, num(1))), before))
	}
	return div(2, sub(mul(last, sub(last, num(1))), before))
}

// Sums returns the values of the letters of Totals at step n of a run after a
// prompt, as far as they differ from those of the step's own Letters.
func (s Shape) Sums(lane sim.Lane, prompt, n int, sw Switches) map[string]int64 {
	pass, part := n/(s.Layers+1), n%(s.Layers+1)
	rows, cached := prompt, 0
	phase := "prefill"
	if pass > 0 {
		rows, cached, phase = 1, prompt+pass-1, "decode"
	}
	own := s.Letters(lane, min(part, 1), rows, cached, sw) // of a layer that is not the first, if there is one
	first := s.Letters(lane, 0, rows, cached, sw)
	head := s.Letters(lane, -1, rows, cached, sw)
	entry := s.entryPrice()[perRow].elementwise
	v := map[string]int64{
		"N": int64(prompt), "p": int64(pass), "c": int64(pass), "l": int64(min(part+1, s.Layers)),
		"x": first["x"] - entry, "x0": entry, "w": first["w"], "w0": head["w"], "t": first["t"],
	}
	if part == s.Layers {
		v["c"]++
	}
	all := map[string]int64{}
	for _, letters := range []map[string]int64{own, v} {
		for letter, x := range letters {
			all[letter] = x
		}
	}
	for _, f := range Totals() {
		for _, line := range f.Lines {
			if line.in(phase, lane, sw) && !(f.CachedOnly && lane == sim.Uncached) && (line.Optional == "" || v[line.Optional] != 0) {
				v[line.Letter] = line.Expr.Value(all)
			}
		}
	}
	if entry == 0 {
		delete(v, "x0") // and no formula has it
	}
	return v
}

// in reports whether a line is about such a step.
func (l Line) in(phase string, lane sim.Lane, sw Switches) bool {
	is := func(want, have string) bool { return want == "" || want == have }
	return is(l.Phase, phase) && is(l.Lane, [2]string{"cached", "uncached"}[lane]) && is(l.Pairs, sw.Pairs) && is(l.Logits, sw.Logits)
}
