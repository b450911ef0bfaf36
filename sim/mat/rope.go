package mat

import "math"

// Rope holds the rotations of rotary position embedding (Su et al., 2021):
// at position p, pair i of a head turns by p * base^(-2i/head_dim).
type Rope struct {
	cos, sin    Matrix // [positions, head_dim/2]
	interleaved bool
}

// NewRope tabulates positions x head_dim/2 angles. math.Sin, Cos, Pow and Exp
// differ between processors in the last bit, so the table is built from
// additions and products that are each rounded: one angle's sine and cosine
// by Taylor series, then p turns as p complex multiplications in float64
// (error about p * 1e-16, far below a float32's 6e-8).
//
// scale, unless nil, changes the angle per position of each pair.
func NewRope(positions, headDim int, base float64, interleaved bool, scale func(angle float64) float64) *Rope {
	half := headDim / 2
	r := &Rope{New(positions, half), New(positions, half), interleaved}
	lnBase := Ln(base)
	for i := range half {
		angle := Exp64(float64(-lnBase * (float64(2*i) / float64(headDim))))
		if scale != nil {
			angle = scale(angle)
		}
		c1, s1 := cosSin(angle)
		c, s := 1.0, 0.0
		for p := range positions {
			r.cos.Row(p)[i], r.sin.Row(p)[i] = float32(c), float32(s)
			c, s = float64(c*c1)-float64(s*s1), float64(s*c1)+float64(c*s1)
		}
	}
	return r
}

// Rotate turns every head of x in place for position p; x is [heads*head_dim].
// A nil Rope turns nothing.
func (r *Rope) Rotate(x []float32, p int) {
	if r == nil {
		return
	}
	cos, sin := r.cos.Row(p), r.sin.Row(p)
	half := len(cos)
	for head := 0; head < len(x); head += 2 * half {
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

// Pair tells with which partner dimension d of a head is turned: together they
// are elements (a, b) of the head and column number of Cos and Sin.
func (r *Rope) Pair(d int) (number, a, b int) {
	half := r.cos.NumCols()
	if r.interleaved {
		return d / 2, d / 2 * 2, d/2*2 + 1
	}
	return d % half, d % half, d%half + half
}

// Cos is the table of cosines, [positions, head_dim/2]; not to be written to.
func (r *Rope) Cos() Matrix { return r.cos }

// Sin is the table of sines, [positions, head_dim/2]; not to be written to.
func (r *Rope) Sin() Matrix { return r.sin }

// Ln is the natural logarithm of x > 0: x = f * 2^e, ln f = 2 artanh((f-1)/(f+1)).
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

// Exp64 is e^x: halve x until it is small, sum the series, square back.
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

// cosSin is the cosine and sine of 0 <= x <= 1 by their Taylor series.
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
