package lens

// tokensLens is every id fed so far, this pass included; once the head has chosen, the
// chosen id too.
var tokensLens = Lens{Name: "tokens", Of: OfRun, Show: value(showTokens)}

// showTokens pairs each id with its label.
func showTokens(m *Moment) Tokens {
	if m.Step == nil {
		return Tokens{}
	}
	return m.Labelled(m.Step.SequenceTokens())
}
