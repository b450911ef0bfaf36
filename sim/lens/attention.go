package lens

import (
	"kvstep/sim/checkpoint"
)

// showAttention is the picture of one head that is shown where no op is picked.
func showAttention(m *Moment) []checkpoint.Tensor {
	a := m.Model.Model.Attention(m.From, m.Head())
	return []checkpoint.Tensor{f16("Q", a.Q), f16("K", a.K), f16("V", a.V), f16("scores", a.Scores),
		mask(m.From, m.Model.Model.KVHead(m.Head())), f16("probs", a.Probs), f16("out", a.Out)}
}
