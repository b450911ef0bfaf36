package lens

// showTokens pairs each id with its label.
func showTokens(m *Moment) [][2]any {
	if m.Step == nil {
		return [][2]any{}
	}
	return m.labelled(m.Step.SequenceTokens())
}
