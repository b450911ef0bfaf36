package mat

// Codes are numbers of 4 or 8 bits, side by side: number i of 4 bits is the low
// half of byte i/2 where i is even, the high half where it is odd.
type Codes struct {
	data []byte
	bits int
}

// NewCodes makes room for n codes of 4 or 8 bits.
func NewCodes(n, bits int) Codes { return Codes{make([]byte, (n*bits+7)/8), bits} }

// Bits returns the size of a code.
func (c Codes) Bits() int { return c.bits }

// Top returns the highest code.
func (c Codes) Top() int { return 1<<c.bits - 1 }

// Set stores a code.
func (c Codes) Set(i int, code byte) {
	if c.bits == 8 {
		c.data[i] = code
		return
	}
	shift := i % 2 * 4
	c.data[i/2] = c.data[i/2]&^(15<<shift) | code<<shift
}

// At returns code i.
func (c Codes) At(i int) byte {
	if c.bits == 8 {
		return c.data[i]
	}
	return c.data[i/2] >> (i % 2 * 4) & 15
}

// Groups makes numbers of the codes from code i on, in groups of size that
// share a scale and a low, finite float16 each: code*scale + low.
func (c Codes) Groups(dst []float32, i int, scales, lows []uint16, size int) {
	if fastGroups(dst, c, i, scales, lows, size) {
		return
	}
	for g := 0; g*size < len(dst); g++ {
		scale, low := F32(scales[g]), F32(lows[g])
		for j := range size {
			dst[g*size+j] = float32(float32(c.At(i+g*size+j))*scale) + low
		}
	}
}

// Columns makes whole rows of cols numbers of the codes from code i on; every
// column has a scale and a low of its own.
func (c Codes) Columns(dst []float32, i int, scales, lows []uint16, cols int) {
	if fastColumns(dst, c, i, scales, lows, cols) {
		return
	}
	for j := range dst {
		dst[j] = float32(float32(c.At(i+j))*F32(scales[j%cols])) + F32(lows[j%cols])
	}
}
