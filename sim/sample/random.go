package sample

// Purpose is what a random number is for: those of one place for different
// purposes have nothing to do with each other.
type Purpose uint64

const (
	ForToken    Purpose = iota // the choice of a token from the model's distribution
	ForDraft                   // the draft model's proposal
	ForAccept                  // whether the target model accepts it
	ForResidual                // what it chooses instead
)

// Random is a number in [0, 1), a multiple of 2^-53: a function of the seed, of
// the place (which choice of the run this is) and of the purpose, and of
// nothing else.
func Random(seed, at uint64, why Purpose) float64 {
	return uniform(seed+mix(uint64(why)), at) // mix(0) is 0
}

// uniform is splitmix64 (Steele, Lea, Flood, 2014) as a function instead of a
// generator: draw counts how far the generator would have gone. The seed is
// mixed first, so that neighbouring seeds are not shifted copies of each other.
func uniform(seed, draw uint64) float64 {
	const step = 0x9E3779B97F4A7C15 // 2^64 / golden ratio, odd
	x := mix(mix(seed) + (draw+1)*step)
	return float64(x>>11) / (1 << 53)
}

// mix is splitmix64's finalizer: every input bit changes half of the output bits.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
