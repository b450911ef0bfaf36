package sim

import (
	"bytes"
	"encoding/json"

	"kvstep/sim/mat"
)

// CachePolicy says how the KV cache keeps its rows: a kind, and the parameters that this
// kind has. What a kind means is written in sim/kv, one file a policy.
type CachePolicy struct {
	Kind   string `json:"kind"`             // one of the Cache constants; "" is contiguous
	Block  int    `json:"block,omitempty"`  // paged: tokens to a block, 1 to 64
	Window int    `json:"window,omitempty"` // window, h2o: newest tokens that are kept
	Sinks  int    `json:"sinks,omitempty"`  // window: first tokens that are kept for ever
	Heavy  int    `json:"heavy,omitempty"`  // h2o: tokens kept because they were attended most
	Axis   string `json:"axis,omitempty"`   // int8, int4: "token", or "channel" for K (V stays by token)
	Group  int    `json:"group,omitempty"`  // int8, int4: numbers that share a scale
	Budget int64  `json:"budget,omitempty"` // bytes that the cache may take; 0: no limit
}

// zeros are, by kind, the parameters whose 0 says something else than leaving them out.
var zeros = map[string][]string{}

// WriteZero makes JSON write a parameter of a kind even where it is 0, because one that is
// left out has another default. sim/kv calls it, which knows the defaults.
func WriteZero(kind, name string) { zeros[kind] = append(zeros[kind], name) }

// MarshalJSON writes what the kind has, a 0 that was given too.
func (p CachePolicy) MarshalJSON() ([]byte, error) {
	type plain CachePolicy // without this method
	data, err := json.Marshal(plain(p))
	for _, name := range zeros[p.Kind] {
		if key := `"` + name + `":`; err == nil && !bytes.Contains(data, []byte(key)) {
			data = append(data[:len(data)-1], ","+key+"0}"...)
		}
	}
	return data, err
}

// How a cache keeps its rows.
const (
	CacheContiguous = "contiguous" // room for the whole run, reserved at its start
	CachePaged      = "paged"      // blocks of a few tokens, taken when they are needed (PagedAttention)
	CacheWindow     = "window"     // the newest tokens, and the first as attention sinks (StreamingLLM)
	CacheH2O        = "h2o"        // the newest, and those that were attended most (heavy hitters)
	CacheInt8       = "int8"       // every token, in 8 bits a number
	CacheInt4       = "int4"       // every token, in 4 bits a number
)

// CacheUsage is what a cache takes, in bytes: Allocated is what it really holds
// of the machine's memory, Used is the rows in it, the rest is wasted.
type CacheUsage struct {
	Allocated int64 `json:"allocated"`
	Used      int64 `json:"used"`
	Held      int64 `json:"held"`            // allocated by the caches of all sequences; what they share is held once
	Budget    int64 `json:"budget"`          // 0: no limit
	Table     []int `json:"table,omitempty"` // paged: block of tokens 0.., block..; shared blocks too
	Refs      []int `json:"refs,omitempty"`  // paged: how many sequences use each block of the table
	Free      []int `json:"free,omitempty"`  // paged: blocks that were used and are free again
}

// Wasted returns what is held for nothing.
func (u CacheUsage) Wasted() int64 { return u.Allocated - u.Used }

// Code is a number in few bits: Value, from 0 to Top.
type Code struct{ Value, Top int }

// KVCache is a read-only view of a KV cache at one moment,
// [layer, kv_head, position, head_dim]. Later appends do not change it, and
// what the policy evicted can still be looked at here.
type KVCache interface {
	Len(layer int) int                   // positions written by this layer
	Keys(layer, kvHead int) mat.Matrix   // [Len(layer), head_dim], after RoPE, as attention reads them
	Values(layer, kvHead int) mat.Matrix // [Len(layer), head_dim]

	// Computed is K, or with value V, as it was before anything was quantised, [Len(layer), head_dim].
	Computed(layer, kvHead int, value bool) mat.Matrix

	// Sees is what the query at a position met: keys and values, and their
	// positions, nil for 0, 1, 2, ...
	Sees(layer, kvHead, query int) (keys, values mat.Matrix, at []int)
	// EvictedAt is the position of the first query that position p was evicted
	// before, or a number beyond every query.
	EvictedAt(layer, kvHead, p int) int
	// Code is how a quantised number of K (or, with value, of V) is kept: code x
	// scale + low. It reports false where it is kept as it was computed.
	Code(layer, kvHead, p, dim int, value bool) (code Code, scale, low float32, ok bool)

	// Sizes are the root mean squares of the rows of Keys, or with value of Values, Errors the
	// largest differences of their numbers from those that were computed, and Scales the largest
	// scales of their codes, 0 where a row has none: all [Len(layer)], read-only, and worked out once.
	Sizes(layer, kvHead int, value bool) []float32
	Errors(layer, kvHead int, value bool) []float32
	Scales(layer, kvHead int, value bool) []float32

	// Scores are what the positions of the layer that ran last are kept by, or were when they were evicted,
	// [Len(layer)]; nil under a policy that does not choose by attention.
	Scores(kvHead int) []float32
	// QuantisedLen is how many positions have their K in codes, where groups are of tokens.
	QuantisedLen() int
	// Blocks are those taken and given back since the view before.
	Blocks() (taken, freed []int)

	Bytes() int64      // bytes of K and V held, all layers
	Usage() CacheUsage // the same, with what was allocated for them
}

// Effect compares the logits of the cached lane, under a policy that is not
// exact, with those of the uncached lane, which keeps nothing and loses nothing.
type Effect struct {
	MaxDelta float32 `json:"max_delta"` // largest |difference| of a logit
	KL       float64 `json:"kl"`        // divergence of the next-token distribution from the exact one, in nats
	Token    int     `json:"token"`     // what the same choice of the exact logits is
	Changed  *int    `json:"changed"`   // number of the first choice of the run that differs, nil if none does
}
