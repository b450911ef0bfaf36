package cost

import (
	"math"
	"math/bits"
)

// Counts grow past an int64 sooner than one thinks: Llama-3.1-405B without a
// cache does at the 4,753rd token. times and plus, which count single passes,
// stay at math.MaxInt64 when that happens; whole generations are counted in
// numbers of any size (count.go). Never a wrong number.

// times multiplies numbers that are not negative; too large is math.MaxInt64.
func times(x ...int64) int64 {
	zero := false
	for _, v := range x {
		zero = zero || v == 0
	}
	if zero {
		return 0
	}
	product := uint64(1)
	for _, v := range x {
		high, low := bits.Mul64(product, uint64(v))
		if high != 0 || low > math.MaxInt64 {
			return math.MaxInt64
		}
		product = low
	}
	return int64(product)
}

// plus adds two numbers that are not negative; too large is math.MaxInt64.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// inBytes returns the size of n numbers of some bits each, rounded up.
func inBytes(n int64, bits int) int64 {
	if n == math.MaxInt64 {
		return n
	}
	b := int64(bits)
	return plus(times(n/8, b), (n%8*b+7)/8)
}
