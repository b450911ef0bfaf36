package wire

// Alone returns the link without what it says beyond its step.
func (l Link) Alone() Link {
	l.Recorded, l.Over, l.Others = 0, false, 0
	return l
}
