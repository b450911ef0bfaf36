package mat

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestPagesAreAMatrix: rows in pages of any size, views of them included, are
// read and multiplied as rows side by side are.
func TestPagesAreAMatrix(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 1))
	for range 300 {
		rows, cols, per, skip := 1+r.IntN(40), 1+r.IntN(40), 1+r.IntN(20), r.IntN(9)
		flat := Of(rows, cols, randoms(r, rows*cols))
		pages := make([][]float32, (rows+per-1)/per)
		for i := range pages {
			pages[i] = make([]float32, skip+per*cols)
		}
		paged := Paged(rows, cols, pages, per, skip)
		for i := range rows {
			copy(paged.Row(i), flat.Row(i))
		}
		from := r.IntN(rows)
		to := from + 1 + r.IntN(rows-from)
		left := r.IntN(cols)
		right := left + 1 + r.IntN(cols-left)
		name := fmt.Sprintf("%dx%d by %d after %d, rows %d:%d cols %d:%d", rows, cols, per, skip, from, to, left, right)
		a, b := flat.Rows(from, to).Cols(left, right), paged.Rows(from, to).Cols(left, right)
		if b.NumRows() != to-from || b.NumCols() != right-left {
			t.Fatalf("%s: a view of %d x %d", name, b.NumRows(), b.NumCols())
		}
		for i := range to - from {
			for j := range right - left {
				if a.At(i, j) != b.At(i, j) {
					t.Fatalf("%s: [%d %d] differs", name, i, j)
				}
			}
		}
		x := Of(1, right-left, randoms(r, right-left))
		want, got := New(1, to-from), New(1, to-from)
		MulT(want, x, a)
		MulT(got, x, b)
		p := randoms(r, to-from)
		wantSum, gotSum := make([]float32, right-left), make([]float32, right-left)
		WeightedSum(wantSum, p, a, nil)
		WeightedSum(gotSum, p, b, nil)
		for j := range to - from {
			if want.At(0, j) != got.At(0, j) {
				t.Fatalf("%s: MulT differs at %d", name, j)
			}
		}
		for j := range wantSum {
			if wantSum[j] != gotSum[j] {
				t.Fatalf("%s: WeightedSum differs at %d", name, j)
			}
		}
	}
}

// TestPositionsLeftOut: sums and softmax over some positions have the bits of
// those over all positions with zeros where one is left out.
func TestPositionsLeftOut(t *testing.T) {
	r := rand.New(rand.NewPCG(42, 1))
	for range 300 {
		n, cols := 1+r.IntN(70), 1+r.IntN(20)
		var at []int
		var rows [][]float32
		all, dense := New(n, cols), make([]float32, n)
		for j := range n {
			copy(all.Row(j), randoms(r, cols))
			if r.IntN(3) > 0 || j == n-1 {
				at, rows = append(at, j), append(rows, all.Row(j))
			}
		}
		some := randoms(r, len(at))
		Softmax(some, some, at)
		for i, j := range at {
			dense[j] = some[i]
		}
		if got, want := Sum(some, at), Sum(dense, nil); got != want {
			t.Fatalf("%v of %d: sum %v, want %v", at, n, got, want)
		}
		got, want := make([]float32, cols), make([]float32, cols)
		WeightedSum(got, some, Paged(len(rows), cols, rows, 1, 0), at)
		WeightedSum(want, dense, all, nil)
		for d := range want {
			if got[d] != want[d] {
				t.Fatalf("%v of %d, column %d: %v, want %v", at, n, d, got[d], want[d])
			}
		}
	}
}
