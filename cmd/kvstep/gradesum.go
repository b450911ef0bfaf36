package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"kvstep/sim/lesson"
)

// summary is what a class has answered, by lesson and beat.
type summary map[[2]string]*tally

// tally is what it has answered to one question.
type tally struct {
	lesson, beat           int // their places
	asked, answered, right int
	whys                   map[string]int // misconceptions, and how many have each
}

func (s summary) add(l *lesson.Lesson, m *lesson.Mark) {
	key := [2]string{l.Name, m.Beat}
	t := s[key]
	if t == nil {
		t = &tally{lesson: l.Order, beat: l.Index(m.Beat), whys: map[string]int{}}
		s[key] = t
	}
	t.asked++
	if m.Graded {
		t.answered++
	}
	if m.Right {
		t.right++
	}
	if m.Why != "" {
		t.whys[m.Why]++
	}
}

// write writes a line for each question, with the misconception that most have; of equals the first by name.
func (s summary) write(to io.Writer, shelf *lesson.Shelf, lang string) error {
	t := &columns{}
	t.add("lesson\tbeat\thand-ins\tanswered\tright\tcommonest misconception")
	keys := slices.SortedFunc(maps.Keys(s), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(s[a].lesson, s[b].lesson), cmp.Compare(a[0], b[0]), cmp.Compare(s[a].beat, s[b].beat))
	})
	for _, key := range keys {
		x, why := s[key], ""
		for _, id := range slices.Sorted(maps.Keys(x.whys)) {
			if why == "" || x.whys[id] > x.whys[why] {
				why = id
			}
		}
		told := ""
		if why != "" {
			told = fmt.Sprintf("%d × %s: %s", x.whys[why], why, quoted(shelf.Find(key[0]).Reasons[why].Texts[lang]))
		}
		t.add("%s\t%s\t%d\t%d\t%d\t%s", key[0], key[1], x.asked, x.answered, x.right, told)
	}
	return t.write(to)
}
