package kv

import (
	"kvstep/sim"
	"kvstep/sim/mat"
)

// coded are the sizes of a cache in so many bits a number, with a scale and a low of
// float16 for each group of numbers.
type coded struct{ bits int }

func (d coded) start(s Spec, p sim.CachePolicy) int64 {
	p = s.grouped(p)
	n := d.codedBytes(s, p, s.Most) + 2*int64(groupedTokens(p, s.Most)*s.HeadDim)*floatBytes
	if p.Axis == AxisChannel { // one group that is not full yet is always there
		n += int64(p.Group*s.Layers*s.width()) * floatBytes
	}
	return n
}

// tokenBits returns bits + 2*16/group a number.
func (d coded) tokenBits(s Spec, p sim.CachePolicy) int64 {
	numbers := 2 * int64(s.Layers*s.width())
	return numbers*int64(d.bits) + numbers*2*8*scaleBytes/int64(s.grouped(p).Group)
}

// fits has room beside a group of K in float32, where groups are of tokens.
func (d coded) fits(s Spec, p sim.CachePolicy, budget int64) int {
	p = s.grouped(p)
	if p.Axis == AxisChannel {
		budget -= int64(p.Group*s.Layers*s.width()) * floatBytes
	}
	n := int(min(int64(s.Most), max(0, budget)*8/d.tokenBits(s, p)))
	for n > 0 && d.codedBytes(s, p, n) > budget {
		n--
	}
	return n
}

func (d coded) shortBy(s Spec, p sim.CachePolicy, n int) int64 {
	return (d.tokenBits(s, p)*int64(n) + 7) / 8
}

func (d coded) layerBytes(s Spec, p sim.CachePolicy, tokens, quantised int) int64 {
	p = s.grouped(p)
	n, row := int64(tokens), int64(s.width())
	one := row*int64(d.bits) + row*2*8*scaleBytes/int64(p.Group) // bits of K, or of V, of a token
	ready := n
	if p.Axis == AxisChannel {
		ready = min(n, int64(quantised))
	}
	return (ready*one + n*one + (n-ready)*row*8*floatBytes + 7) / 8
}

// groupedTokens returns the tokens that there is room for where there must be for n:
// by channel whole groups.
func groupedTokens(p sim.CachePolicy, n int) int {
	if p.Axis == AxisChannel {
		return blocks(n, p.Group) * p.Group
	}
	return n
}

// codedBytes counts the codes and scales of room for n tokens. p has its group.
func (d coded) codedBytes(s Spec, p sim.CachePolicy, n int) int64 {
	numbers := groupedTokens(p, n) * s.HeadDim // of K, or of V, of a head
	return int64(s.Layers*s.KVHeads) * 2 * int64((numbers*d.bits+7)/8+numbers/p.Group*2*scaleBytes)
}

// packed is K or V of one head. Groups have a float16 scale and low each, by
// token [position, head_dim/group], by channel [position/group, head_dim].
type packed struct {
	codes        mat.Codes
	scales, lows []uint16
}

// put quantises row p, which is x, in groups along the row.
func (x packed) put(p int, row []float32, size int) {
	for from := 0; from < len(row); from += size {
		part := row[from : from+size]
		least, most := bounds(part)
		g := fit(least, most, x.codes.Bits())
		x.scales[(p*len(row)+from)/size], x.lows[(p*len(row)+from)/size] = g.scale, g.low
		for i, v := range part {
			x.codes.Set(p*len(row)+from+i, g.encode(v, x.codes.Bits()))
		}
	}
}

// rows makes the numbers of whole rows, from row p on, in groups along them.
func (x packed) rows(dst []float32, p, width, size int) {
	first := p * width / size
	x.codes.Groups(dst, p*width, x.scales[first:], x.lows[first:], size)
}

// columns makes the numbers of whole groups of tokens, the first of which is
// number g, or of some of its tokens.
func (x packed) columns(dst []float32, g, from, width, size int) {
	x.codes.Columns(dst, (g*size+from)*width, x.scales[g*width:], x.lows[g*width:], width)
}

// putGroup quantises group g of tokens, whose rows are rows, each column by itself.
func (x packed) putGroup(g int, rows mat.Matrix) {
	size, width := rows.NumRows(), rows.NumCols()
	column := make([]float32, size)
	for d := range width {
		for i := range column {
			column[i] = rows.At(i, d)
		}
		least, most := bounds(column)
		fitted := fit(least, most, x.codes.Bits())
		x.scales[g*width+d], x.lows[g*width+d] = fitted.scale, fitted.low
		for i, v := range column {
			x.codes.Set((g*size+i)*width+d, fitted.encode(v, x.codes.Bits()))
		}
	}
}
