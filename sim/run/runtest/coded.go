package runtest

import (
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/mat"
)

// coded tells whether numbers are kept in few bits.
func (s *Slow) coded() bool { return s.policy.Kind == sim.CacheInt8 || s.policy.Kind == sim.CacheInt4 }

// groups is a row as it reads from codes, in groups along it.
func (s *Slow) groups(row []float32) []float32 {
	var out []float32
	for part := range slices.Chunk(row, s.policy.Group) {
		out = append(out, s.read(part)...)
	}
	return out
}

// settle puts the K of groups of tokens that are full into codes.
func (s *Slow) settle() {
	if s.policy.Axis != kv.AxisChannel {
		return
	}
	size := s.policy.Group
	for l := range s.layers {
		x := &s.layers[l]
		for from := 0; from+size <= s.n; from += size {
			for p := from; p < from+size; p++ {
				x.readK[p] = slices.Clone(x.k[p])
			}
			for d := range x.k[from] {
				var column []float32
				for p := from; p < from+size; p++ {
					column = append(column, x.k[p][d])
				}
				for i, v := range s.read(column) {
					x.readK[from+i][d] = v
				}
			}
		}
	}
}

// read is a group of numbers as it reads from codes: low is the largest float16 that is at
// most the least of them, scale the float16 next to a step, or the one after it where the
// highest code would not reach the largest number.
func (s *Slow) read(x []float32) []float32 {
	top := float32(255)
	if s.policy.Kind == sim.CacheInt4 {
		top = 15
	}
	low := below(max(slices.Min(x), -65504))
	bits := min(mat.F16((slices.Max(x)-low)/top), 0x7bff)
	for bits < 0x7bff && float32(mat.F32(bits)*top)+low < slices.Max(x) {
		bits++
	}
	scale, out := mat.F32(bits), make([]float32, len(x))
	for i, v := range x {
		code := float32(0)
		if scale > 0 {
			code = float32(min(max(math.RoundToEven(float64((v-low)/scale)), 0), float64(top)))
		}
		out[i] = float32(code*scale) + low
	}
	return out
}

// below is the largest float16 that is at most x: the nearest, or the one before it.
func below(x float32) float32 {
	near := mat.F32(mat.F16(x))
	if near <= x {
		return near
	}
	for step := uint16(1); ; step++ { // of the next to it one is below
		for _, bits := range []uint16{mat.F16(x) + step, mat.F16(x) - step, 0x8000 + step} {
			if y := mat.F32(bits); y < near && y <= x {
				return y
			}
		}
	}
}
