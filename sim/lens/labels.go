package lens

import (
	"strconv"

	"kvstep/sim/token"
)

func (m *Moment) labelled(ids []int) [][2]any {
	labels := make([]string, len(ids))
	if m.Model.Tokenizer != nil {
		labels = token.Labels(m.Model.Tokenizer, ids)
	} else {
		for i, id := range ids {
			labels[i] = "#" + strconv.Itoa(id)
		}
	}
	pairs := make([][2]any, len(ids))
	for i, id := range ids {
		pairs[i] = [2]any{id, labels[i]}
	}
	return pairs
}

func (m *Moment) label(id int) string { return m.labelled([]int{id})[0][1].(string) }
