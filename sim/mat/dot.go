package mat

import "sync"

// The order of every sum in kvstep: element i goes to lane i mod 16, lanes
// are added pairwise as a tree. Vector units of 4, 8 or 16 floats can all
// follow it, so that faster kernels may replace these and give the same bits.
//
// `s += float32(a * b)` is not the same as `s += a * b`: the Go compiler may
// fuse the latter into one rounding on some processors; the conversion forbids it.

const lanes = 16

// Dot returns sum(a[i]*b[i]) in the order above; len(b) must be at least len(a).
func Dot(a, b []float32) float32 {
	b = b[:len(a)]
	if sum, ok := fastDot(a, b); ok {
		return sum
	}
	var s [lanes]float32
	whole := len(a) / lanes * lanes
	dot8(&s, 0, a[:whole], b[:whole])
	dot8(&s, 8, a[:whole], b[:whole])
	for l, x := range a[whole:] {
		s[l] += float32(x * b[whole+l])
	}
	return tree(&s)
}

// dot8 sums eight neighbouring lanes, which fit the registers at once.
func dot8(s *[lanes]float32, from int, a, b []float32) {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for len(a) >= lanes && len(b) >= lanes {
		x, y := (*[8]float32)(a[from:]), (*[8]float32)(b[from:])
		s0 += float32(x[0] * y[0])
		s1 += float32(x[1] * y[1])
		s2 += float32(x[2] * y[2])
		s3 += float32(x[3] * y[3])
		s4 += float32(x[4] * y[4])
		s5 += float32(x[5] * y[5])
		s6 += float32(x[6] * y[6])
		s7 += float32(x[7] * y[7])
		a, b = a[lanes:], b[lanes:]
	}
	*(*[8]float32)(s[from:]) = [8]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}

// tree adds the lanes: l and l+8, then +4, +2, +1.
func tree[F float32 | float64](s *[lanes]F) F {
	for half := lanes / 2; half > 0; half /= 2 {
		for l := range half {
			s[l] += s[l+half]
		}
	}
	return s[0]
}

// Sum adds the numbers of a in the same order as Dot. at gives the lane of each
// number by its position, at[i] mod 16; nil means 0, 1, 2, ... A sum over some
// positions has therefore the bits of the sum over all with zeros between.
func Sum(a []float32, at []int) float32 {
	var s [lanes]float32
	for i := fastSum(&s, a, at); i < len(a); i++ {
		l := i
		if at != nil {
			l = at[i]
		}
		s[uint(l)%lanes] += a[i]
	}
	return tree(&s)
}

// MulT sets dst[i][j] = Dot(x row i, w row j): x [m, k], w [n, k], dst [m, n].
// Weights are stored [out, in], so this is the linear layer x W^T.
func MulT(dst, x, w Matrix) { Linear(dst, x, w, nil) }

// Linear sets dst[i][j] = Dot(x row i, w row j) + bias[j]; a nil bias adds nothing.
func Linear(dst, x, w Matrix, bias []float32) {
	work, kind := x.rows*w.rows*w.cols, Products
	if x.rows == 1 {
		work, kind = work*readingWork, Reading
	}
	if work < ShareFrom {
		linearRows(dst, x, w, bias)
		return
	}
	p := productPool.Get().(*product)
	p.dst, p.x, p.w, p.bias = dst, x, w, bias
	Share(p, kind, work)
}

func linearRows(dst, x, w Matrix, bias []float32) {
	mulTRows(dst, x, w)
	for i := 0; bias != nil && i < x.rows; i++ {
		Add(dst.Row(i), dst.Row(i), bias)
	}
}

// product is Linear as a job: its pieces are rows of w, some at a time.
type product struct {
	dst, x, w Matrix
	bias      []float32
	cuts      Cuts
}

const productRows = 16 // and columns of dst: a cache line of each row

var productPool = sync.Pool{New: func() any { return &product{} }}

// Cut cuts the rows of w.
func (p *product) Cut(threads int) int {
	work := productRows * p.w.cols * p.x.rows
	if p.x.rows == 1 {
		work *= readingWork
	}
	return p.cuts.Even((p.w.rows+productRows-1)/productRows, work, threads)
}

func (p *product) rows(piece int) (from, to int) {
	from, to = p.cuts.Of(piece)
	return from * productRows, min(to*productRows, p.w.rows)
}

// Results returns the columns of dst.
func (p *product) Results(piece int) [3]Matrix {
	from, to := p.rows(piece)
	return [3]Matrix{p.dst.Cols(from, to)}
}

// Do computes them.
func (p *product) Do(piece int, to [3]Matrix, _ func(int) []float32) {
	from, end := p.rows(piece)
	bias := p.bias
	if bias != nil {
		bias = bias[from:end]
	}
	linearRows(to[0], p.x, p.w.Rows(from, end), bias)
}

// Free lets the product be used again.
func (p *product) Free() {
	p.dst, p.x, p.w, p.bias = Matrix{}, Matrix{}, Matrix{}, nil
	productPool.Put(p)
}

// someNumbers of w, in whole rows, meet all rows of x before the next ones do: they, the next ones and
// those of x stay in the second cache of a processor (1 MB, or 512 KB) meanwhile. The first are few, since
// nobody fetched them ahead.
const (
	someNumbers  = 64 << 10
	firstNumbers = someNumbers / 6
)

func mulTRows(dst, x, w Matrix) {
	switch {
	case w.halves != nil:
		mulTHalves(dst, x, w)
		return
	case x.rows == 1:
		dots(dst.Row(0), x.Row(0), &w)
		return
	}
	for from, some := 0, firstNumbers; from < w.rows; some = someNumbers {
		to := from + wholeTiles(&w, from, some)
		part := w.Rows(from, to)
		mulTPart(dst, x, &part, from, aheadOf(&w, to, wholeTiles(&w, to, someNumbers)))
		from = to
	}
}

// wholeTiles returns how many of the rows from a row on have about so many numbers, at least four: as tiles
// have a place for.
func wholeTiles(w *Matrix, from, numbers int) int {
	n := min(w.rows-from, max(4, numbers/max(w.cols, 1)/4*4))
	if n > 4 {
		n -= n % 4
	}
	return n
}

// mulTPart sets the columns of dst from one on, as many as part of w has rows, and has what comes next
// fetched meanwhile.
func mulTPart(dst, x Matrix, part *Matrix, from int, next ahead) {
	for i := fastTiles(dst, x, part, from, next); i < x.rows; i++ {
		dots(dst.Row(i)[from:from+part.rows], x.Row(i), part)
	}
}

// dots sets dst[r] = Dot(x, w row r).
func dots(dst, x []float32, w *Matrix) {
	if fastDots(dst, x, w) {
		return
	}
	for r := range w.rows {
		dst[r] = Dot(x, w.Row(r))
	}
}

// Squares sets dst[i] = Dot(x row i, x row i), the squared length of every row.
func Squares(dst []float32, x Matrix) {
	if fastSquares(dst, &x) {
		return
	}
	for i := range x.rows {
		dst[i] = Dot(x.Row(i), x.Row(i))
	}
}

// WeightedSum sets dst[d] = sum over j of p[j] * v[j][d], in Sum's order over
// the positions at: p [n], v [at least n, d]. It is attention's weighted V,
// without V^T.
func WeightedSum(dst, p []float32, v Matrix, at []int) {
	if fastWeighted(dst, p, &v, at) {
		return
	}
	for d := 0; d < v.cols; d += 8 {
		var s [8][lanes]float32 // of eight neighbouring columns
		width := min(8, v.cols-d)
		for j, w := range p {
			l := j % lanes
			if at != nil {
				l = at[j] % lanes
			}
			for c, y := range v.Row(j)[d : d+width] {
				s[c][l] += float32(w * y)
			}
		}
		for c := range width {
			dst[d+c] = tree(&s[c])
		}
	}
}
