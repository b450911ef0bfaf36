package lens

// Reach is how much of what a viewer looks at changes what a lens shows. Views that are alike so far
// are shown the same: it is derived and written once for all of them. A lens is
// given no more of a view than it says, so that what it says is true.
type Reach int

const (
	OfView   Reach = iota // everything, bookmarks and what travels beside it too
	OfHead                // all but the cell that is picked and the trail that is followed
	OfCounts              // which sequence, which panels, how it is counted
	OfRun                 // which sequence
)

// upTo returns what a reach has of the view.
func (p View) upTo(of Reach) View {
	switch of {
	case OfHead:
		p.Cell, p.Trail = nil, nil
	case OfCounts:
		p.Layer, p.Head, p.Cell, p.Op, p.Trail = nil, 0, nil, "", nil
	case OfRun:
		return View{Seq: p.Seq}
	}
	return p
}

// UpTo returns the moment as a lens of a reach is given it.
func (m *Moment) UpTo(of Reach) *Moment {
	if of == OfView {
		return m
	}
	x := *m
	x.View, x.Marks, x.Beside = m.View.upTo(of), nil, 0
	if of > OfHead {
		x.From, x.explain = nil, nil
	}
	return &x
}
