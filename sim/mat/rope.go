package mat

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

// Rope holds the rotations of rotary position embedding (Su et al., 2021):
// at position p, pair i of a head turns by p * base^(-2i/head_dim).
//
// The table grows as positions are met: a model may claim a context of millions
// of tokens, and tabulating them all would take longer than the whole run. It is
// safe for concurrent use.
type Rope struct {
	positions, half int
	interleaved     bool
	table           atomic.Pointer[ropeTable]

	grow sync.Mutex // held while the table grows; guards next and turn
	next []turn     // [head_dim/2], at the first position that has no row yet
	turn []turn     // [head_dim/2], of one position
}

// turn is the cosine and sine of an angle.
type turn struct{ c, s float64 }

// ropeTable is the table as far as it goes, in pages of ropePage positions.
type ropeTable struct{ cos, sin [][]float32 }

const ropePage = 64

// NewRope prepares positions x head_dim/2 angles. math.Sin, Cos, Pow and Exp
// differ between processors in the last bit, so the table is built from
// additions and products that are each rounded: one angle's sine and cosine
// by Taylor series, then p turns as p complex multiplications in float64
// (error about p * 1e-16, far below a float32's 6e-8).
//
// scale, unless nil, changes the angle per position of each pair.
func NewRope(positions, headDim int, base float64, interleaved bool, scale func(angle float64) float64) *Rope {
	half := headDim / 2
	r := &Rope{positions: positions, half: half, interleaved: interleaved, next: make([]turn, half), turn: make([]turn, half)}
	lnBase := Ln(base)
	for i := range half {
		angle := Exp64(float64(-lnBase * (float64(2*i) / float64(headDim))))
		if scale != nil {
			angle = scale(angle)
		}
		r.turn[i].c, r.turn[i].s = cosSin(angle)
		r.next[i] = turn{c: 1}
	}
	r.table.Store(&ropeTable{})
	return r
}

// upTo returns the table with position p in it.
func (r *Rope) upTo(p int) *ropeTable {
	if t := r.table.Load(); p/ropePage < len(t.cos) {
		return t
	}
	if p >= r.positions {
		panic(fmt.Sprintf("mat.Rope: position %d of %d", p, r.positions))
	}
	r.grow.Lock()
	defer r.grow.Unlock()
	t := *r.table.Load() // those who read the old one keep its pages
	for p/ropePage >= len(t.cos) {
		cos, sin := make([]float32, ropePage*r.half), make([]float32, ropePage*r.half)
		for at := 0; at < len(cos); at += r.half {
			for i, w := range r.turn {
				n := &r.next[i]
				cos[at+i], sin[at+i] = float32(n.c), float32(n.s)
				n.c, n.s = float64(n.c*w.c)-float64(n.s*w.s), float64(n.s*w.c)+float64(n.c*w.s)
			}
		}
		t.cos, t.sin = append(t.cos, cos), append(t.sin, sin)
	}
	r.table.Store(&t)
	return &t
}

// Rotate turns every head of x in place for position p; x is [heads*head_dim].
// A nil Rope turns nothing.
func (r *Rope) Rotate(x []float32, p int) {
	if r == nil {
		return
	}
	t, half := r.upTo(p), r.half
	from := p % ropePage * half
	cos, sin := t.cos[p/ropePage][from:from+half], t.sin[p/ropePage][from:from+half]
	for head := 0; head < len(x); head += 2 * half {
		if fastRotate(x[head:head+2*half], cos, sin, r.interleaved) {
			continue
		}
		for i := range half {
			a, b := head+i, head+i+half
			if r.interleaved {
				a, b = head+2*i, head+2*i+1
			}
			xa, xb := x[a], x[b]
			x[a] = float32(xa*cos[i]) - float32(xb*sin[i])
			x[b] = float32(xa*sin[i]) + float32(xb*cos[i])
		}
	}
}

// Pair returns with which partner dimension d of a head is turned: together they
// are elements (a, b) of the head and column number of Cos and Sin.
func (r *Rope) Pair(d int) (number, a, b int) {
	half := r.half
	if r.interleaved {
		return d / 2, d / 2 * 2, d/2*2 + 1
	}
	return d % half, d % half, d%half + half
}

// Cos returns the table of cosines of the first n positions, [n, head_dim/2]; not to be
// written to.
func (r *Rope) Cos(n int) Matrix {
	return Paged(n, r.half, r.upTo(n-1).cos, ropePage, 0)
}

// Sin returns the table of sines, as Cos.
func (r *Rope) Sin(n int) Matrix {
	return Paged(n, r.half, r.upTo(n-1).sin, ropePage, 0)
}

// Ln returns the natural logarithm of x > 0: x = f * 2^e, ln f = 2 artanh((f-1)/(f+1)).
func Ln(x float64) float64 {
	f, e := math.Frexp(x)
	t := (f - 1) / (f + 1)
	t2 := float64(t * t)
	term, sum := t, 0.0
	for k := 1; k < 60; k += 2 {
		sum += term / float64(k)
		term = float64(term * t2)
	}
	return float64(2*sum) + float64(float64(e)*math.Ln2)
}

// Exp64 returns e^x: halve x until it is small, sum the series, square back.
func Exp64(x float64) float64 {
	halvings := 0
	for x < -0.5 || x > 0.5 {
		x /= 2
		halvings++
	}
	term, sum := 1.0, 1.0
	for k := 1; k < 20; k++ {
		term = float64(term*x) / float64(k)
		sum += term
	}
	for range halvings {
		sum = float64(sum * sum)
	}
	return sum
}

// cosSin returns the cosine and sine of 0 <= x <= 1 by their Taylor series.
func cosSin(x float64) (c, s float64) {
	term := 1.0
	for k := 0; k < 24; k++ {
		switch k % 4 {
		case 0:
			c += term
		case 1:
			s += term
		case 2:
			c -= term
		case 3:
			s -= term
		}
		term = float64(term*x) / float64(k+1)
	}
	return c, s
}
