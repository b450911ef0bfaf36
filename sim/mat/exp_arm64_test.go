package mat

// exps is Exp of every number of x, by the kernel.
func exps(_ Level, dst, x []float32) { someExps(dst, x, 0) }
