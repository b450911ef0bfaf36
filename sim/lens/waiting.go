package lens

// waitingPrompt are the tokens of the prompt that is looked at, before the first step.
func waitingPrompt(m *Moment) []int {
	if seq := m.View.Seq; m.Recipe.Batch != nil && seq > 0 && seq <= len(m.Recipe.Batch.Requests) {
		return m.plan().Prompts[seq]
	}
	return m.Waiting
}
