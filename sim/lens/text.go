package lens

// textLens is the text generated so far, whole characters only.
var textLens = Lens{Name: "text", Of: OfRun, Show: value(showText)}

func showText(m *Moment) string { return m.Text }
