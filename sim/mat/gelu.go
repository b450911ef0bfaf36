package mat

// LayerNorm sets dst = (x - mean) / sqrt(variance + eps) * gain + bias; all [d].
func LayerNorm(dst, x, gain, bias []float32, eps float32) {
	n := float32(len(x))
	inv := 1 / Sqrt(center(dst[:len(x)], x, Sum(x, nil)/n)/n+eps)
	for i := fastAffine(dst[:len(x)], gain, bias, inv); i < len(x); i++ {
		dst[i] = float32(float32(dst[i]*inv)*gain[i]) + bias[i]
	}
}

// center sets dst = x - mean and returns Dot(dst, dst).
func center(dst, x []float32, mean float32) float32 {
	var squares [lanes]float32
	for i := fastCenter(dst, x, mean, &squares); i < len(x); i++ {
		dst[i] = x[i] - mean
		squares[i%lanes] += float32(dst[i] * dst[i])
	}
	return tree(&squares)
}

// GELU sets dst = 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), the form that
// GPT-2 was trained with (Hendrycks and Gimpel, 2016).
func GELU(dst, x []float32) {
	for i := fastGELU(dst, x); i < len(x); i++ {
		v := x[i]
		dst[i] = float32(0.5*v) * (1 + Tanh(GELUInner(v)))
	}
}

// The constants of GELU's tanh form.
const (
	GELUCubic = 0.044715
	GELURoot  = 0.7978845608 // sqrt(2/pi)
)

// GELUInner returns what GELU takes the tanh of.
func GELUInner(x float32) float32 {
	cube := float32(float32(x*x) * x)
	return float32(GELURoot * (x + float32(GELUCubic*cube)))
}

// Tanh returns (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x, in float32 only: the
// same bits on every processor.
func Tanh(x float32) float32 {
	if x < 0 {
		return -Tanh(-x)
	}
	e := Exp(-2 * x)
	return (1 - e) / (1 + e)
}
