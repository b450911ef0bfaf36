package mat

// exps is Exp of every number of x, by way of the kernel of softmax.
func exps(l Level, dst, x []float32) {
	var sums [lanes]float32
	if l == AVX512 {
		expSumsAVX512(&dst[0], &x[0], 0, &sums, len(x))
	} else {
		expSumsAVX2(&dst[0], &x[0], 0, &sums, len(x))
	}
}
