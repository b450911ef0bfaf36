package lens

// waitingLens is the tokens of the prompt that is looked at.
var waitingLens = Lens{Name: "waiting", Of: OfRun, Needs: []Need{noStep, aPrompt}, Show: value(showWaiting)}

func showWaiting(m *Moment) Tokens { return m.Labelled(waitingPrompt(m)) }

// waitingPrompt returns the tokens of the prompt that is looked at, before the first step.
func waitingPrompt(m *Moment) []int {
	if seq := m.View.Seq; m.Recipe.Batch != nil && seq > 0 && seq <= len(m.Recipe.Batch.Requests) {
		return m.plan().Prompts[seq]
	}
	return m.Waiting
}
