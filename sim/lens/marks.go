package lens

// marksLens is the bookmarked steps of this viewer, in order.
var marksLens = Lens{Name: "marks", Needs: []Need{someMarks}, Show: value(showMarks)}

func showMarks(m *Moment) []int { return m.Marks }
