package lens

// showTokens pairs each id with its label.
func showTokens(m *Moment) Tokens {
	if m.Step == nil {
		return Tokens{}
	}
	return m.Labelled(m.Step.SequenceTokens())
}
