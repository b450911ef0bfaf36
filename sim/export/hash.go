package export

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"

	"kvstep/sim"
	"kvstep/sim/model"
)

// StateHash names the state after a head step: every id fed and chosen, the
// logits and the whole cache, bit for bit. The same recipe has the same hash
// on every machine.
func StateHash(m *model.Model, s *sim.Step) string {
	h := sha256.New()
	var word [4]byte
	put := func(bits uint32) {
		binary.LittleEndian.PutUint32(word[:], bits)
		_, _ = h.Write(word[:])
	}
	for _, id := range s.Tokens {
		put(uint32(id))
	}
	put(uint32(s.Token))
	floats := func(x []float32) {
		for _, v := range x {
			put(math.Float32bits(v))
		}
	}
	floats(s.Logits())
	for l := range m.Config.Layers {
		for head := range m.Config.KVHeads {
			k, v := s.KV.Keys(l, head), s.KV.Values(l, head)
			for p := range k.NumRows() {
				floats(k.Row(p))
				floats(v.Row(p))
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
