package cost

// Crossovers are lengths, in tokens of context, at which one thing of a cached
// decode pass catches up with another. Fractions of a token are kept. 0 (left
// out): never, because all layers have windows.
type Crossovers struct {
	MLP    float64 `json:"attention_is_mlp,omitempty"`    // scores and av cost as much as the MLPs
	Layers float64 `json:"attention_is_layers,omitempty"` // as everything else in the layers
	All    float64 `json:"attention_is_rest,omitempty"`   // as everything else, the head too
	Memory float64 `json:"cache_is_weights,omitempty"`    // the cache of one sequence is as large as all weights
}

// Crossovers finds those of a shape. Without windows the first is 6dF / 4q tokens, or for
// an MLP without a gate 4dF / 4q.
func (s Shape) Crossovers() Crossovers {
	one := s.Pass(1, 1, Switches{Unit: "mac"}).Flops // two keys
	if s.MLA.KVRank == 0 {
		one = s.Pass(1, 0, Switches{Unit: "mac"}).Flops // one key
	}
	p := s.price(attention)
	perKey := float64(p[perPair].macs[scores] + p[perPair].macs[av])
	if s.MLA.KVRank > 0 && s.absorbs(true) {
		perKey = float64(p[perLatent].macs[scores] + p[perLatent].macs[av])
	}
	layers := one.MLP + one.QKV + one.Out
	return Crossovers{
		MLP:    s.whereLayersSee(float64(one.MLP) / perKey),
		Layers: s.whereLayersSee(float64(layers) / perKey),
		All:    s.whereLayersSee(float64(layers+one.Head) / perKey),
		Memory: s.whereLayersSee(float64(s.WeightBytes()) * 8 / float64(s.KVBits) / float64(s.kvPrice())),
	}
}

// whereLayersSee returns the length at which all layers together see (or keep) a
// number of tokens: T in each, and in local ones at most the window.
func (s Shape) whereLayersSee(tokens float64) float64 {
	local, global, window := float64(s.Local), float64(s.Layers-s.Local), float64(s.Window)
	even := tokens / (local + global)
	if local == 0 || even <= window {
		return even
	}
	if global == 0 {
		return 0
	}
	return (tokens - local*window) / global
}
