package kv

import (
	"sync"

	"kvstep/sim/mat"
)

// standing are K and V of a contiguous cache where they stand: chunk by chunk, as tokens come, and
// in a chunk head by head, [layers, 2, kv_heads, tokens, head_dim]. Whoever looks back reads them
// there, and a run that goes on from recorded steps shares the full chunks: a row is written once,
// before anybody can look at it. (What is written over when a proposal is rejected has been copied
// by then, see History.Cut.)
type standing struct {
	spec   Spec
	per    int          // tokens to a chunk
	most   int          // chunks that there can be
	mu     sync.RWMutex // of the list, which grows while others look
	chunks [][]float32
}

// chunkTokens is how many tokens a chunk has at most: so few that little is held for nothing, and
// so many that attention does not notice.
const chunkTokens = 64

// largeChunk is a chunk, in numbers, of which some are taken at once: a piece of large pages leaves up to one
// of them over.
const largeChunk = 1 << 18

// evenly cuts so many tokens into chunks of at most chunkTokens, alike, so that little of the last
// one is left over.
func evenly(tokens int) int { return blocks(tokens, blocks(tokens, chunkTokens)) }

// size returns the numbers of a chunk.
func (s *standing) size() int { return s.per * s.spec.Layers * s.spec.width() * 2 }

// at returns where the rows of a head begin in a chunk; value is 0 for K, 1 for V.
func (s *standing) at(layer, value, kvHead int) int {
	return ((layer*2+value)*s.spec.KVHeads + kvHead) * s.per * s.spec.HeadDim
}

// grow has chunks for so many tokens, new ones in one piece of memory.
func (s *standing) grow(tokens int) {
	size, n := s.size(), blocks(tokens, s.per)-len(s.chunks)
	if n <= 0 {
		return
	}
	if size >= largeChunk {
		n = max(n, min(4, s.most-len(s.chunks)))
	}
	slab := mat.Slab(n * size)
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.chunks, slab = append(s.chunks, slab[:size:size]), slab[size:]
	}
}

// head returns the first n rows of a head, [n, head_dim].
func (s *standing) head(layer, value, kvHead, n int) mat.Matrix {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.view(layer, value, kvHead, n)
}

// view is head for whoever appends.
func (s *standing) view(layer, value, kvHead, n int) mat.Matrix {
	skip := s.at(layer, value, kvHead)
	if n <= s.per && len(s.chunks) > 0 { // side by side
		return mat.Of(n, s.spec.HeadDim, s.chunks[0][skip:][:n*s.spec.HeadDim])
	}
	return mat.Paged(n, s.spec.HeadDim, s.chunks, s.per, skip)
}

// put writes a token's K and V to its place in a layer.
func (s *standing) put(layer, at int, k, v []float32) {
	hd := s.spec.HeadDim
	chunk, row := s.chunks[at/s.per], at%s.per*hd
	for h := range s.spec.KVHeads {
		copy(chunk[s.at(layer, 0, h)+row:][:hd], k[h*hd:])
		copy(chunk[s.at(layer, 1, h)+row:][:hd], v[h*hd:])
	}
}

// begin shares or copies the first n tokens of other, into a cache that is empty, and returns how
// many are shared.
func (s *standing) begin(other *standing, n int) (shared int) {
	if s.per == other.per {
		other.mu.RLock()
		s.chunks = append(s.chunks, other.chunks[:n/s.per]...)
		other.mu.RUnlock()
		shared = n / s.per * s.per
	}
	s.grow(n)
	s.copyFrom(other, shared, n, 0)
	return shared
}

// copyFrom copies rows [from, to) of other, to rows that begin by so much less.
func (s *standing) copyFrom(other *standing, from, to, less int) {
	hd := s.spec.HeadDim
	for l := range s.spec.Layers {
		for value := range 2 {
			for h := range s.spec.KVHeads {
				rows := other.head(l, value, h, to)
				for p := from; p < to; p++ {
					at := p - less
					copy(s.chunks[at/s.per][s.at(l, value, h)+at%s.per*hd:][:hd], rows.Row(p))
				}
			}
		}
	}
}
