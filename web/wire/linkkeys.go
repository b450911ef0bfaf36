package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/recipe"
)

// linkKey is one thing that a link says beside its recipe. write gives "" for what is left
// out; read refuses with errUnread, or a Problem of its own.
type linkKey struct {
	name  string
	write func(l *Link) string
	read  func(l *Link, text string) error
}

var errUnread = errors.New("unread")

// keys are all: where the viewer stands, what they look at, and what is beyond that. The
// rest of a link's keys are those of recipe.Fields.
var keys = []linkKey{
	{"step", func(l *Link) string {
		if l.View.Lesson != "" { // whose own moment a link means that says none
			return strconv.Itoa(l.Step)
		}
		return unless(l.Step, -1)
	}, func(l *Link, text string) error { return readInt(&l.Step, text) }},
	{"layer", func(l *Link) string {
		if l.View.Layer == nil {
			return ""
		}
		return strconv.Itoa(*l.View.Layer)
	}, func(l *Link, text string) error {
		l.View.Layer = new(int)
		return readInt(l.View.Layer, text)
	}},
	number("head", 0, func(l *Link) *int { return &l.View.Head }),
	number("seq", 0, func(l *Link) *int { return &l.View.Seq }),
	{"cell", func(l *Link) string { return writeCell(l.View.Cell) }, readCell},
	{"show", func(l *Link) string { return strings.Join(l.View.Show, ",") }, func(l *Link, text string) error {
		if text != "" {
			l.View.Show = strings.Split(text, ",")
		}
		return nil
	}},
	word("unit", func(l *Link) *string { return &l.View.Unit }, anything), // View.Check knows
	word("real", func(l *Link) *string { return &l.View.Real }, anything),
	word("op", func(l *Link) *string { return &l.View.Op }, lens.IsOp),
	{"trail", func(l *Link) string { return joinTrail(l.View.Trail) }, readTrail},
	{"break", func(l *Link) string { return joinPoints(l.Breaks) }, readBreaks},
	{"mark", func(l *Link) string { return recipe.WriteInts(l.Marks) }, readMarks},
	word("lang", func(l *Link) *string { return &l.Lang }, func(s string) bool { return len(s) <= maxLang }),
	word("lesson", func(l *Link) *string { return &l.View.Lesson }, anything),
	word("beat", func(l *Link) *string { return &l.View.Beat }, anything),
	word("answers", func(l *Link) *string { return &l.View.Answers }, anything),
	word("version", func(l *Link) *string { return &l.Version }, anything),
	word("name", func(l *Link) *string { return &l.Name }, anything),
	{"to", func(l *Link) string { return unless(l.Recorded-1, -1) }, func(l *Link, text string) error {
		if readInt(&l.Recorded, text) != nil || l.Recorded < -1 {
			return errUnread
		}
		l.Recorded++
		return nil
	}},
	{"ended", func(l *Link) string {
		if l.Over {
			return sim.FinishStop
		}
		return ""
	}, func(l *Link, text string) error {
		if l.Over = text == sim.FinishStop; text != "" && !l.Over {
			return errUnread
		}
		return nil
	}},
	{"others", func(l *Link) string { return unless(l.Others, 0) }, func(l *Link, text string) error {
		if readInt(&l.Others, text) != nil || l.Others < 0 || l.Others >= lens.MostBranches {
			return errUnread
		}
		return nil
	}},
}

// oldKeys are names that keys had once: links that have them open for ever. None has been
// renamed so far.
var oldKeys = map[string]string{}

// number returns a key of a whole number that is left out where it is its default.
func number(name string, missing int, at func(*Link) *int) linkKey {
	return linkKey{name, func(l *Link) string { return unless(*at(l), missing) }, func(l *Link, text string) error { return readInt(at(l), text) }}
}

// word returns a key of a text.
func word(name string, at func(*Link) *string, good func(string) bool) linkKey {
	return linkKey{name, func(l *Link) string { return *at(l) }, func(l *Link, text string) error {
		if *at(l) = text; !good(text) {
			return errUnread
		}
		return nil
	}}
}

func anything(string) bool { return true }

// unless writes a number that is not what is left out.
func unless(n, missing int) string {
	if n == missing {
		return ""
	}
	return strconv.Itoa(n)
}

func readInt(to *int, text string) error {
	n, err := strconv.ParseInt(text, 10, 32)
	if *to = int(n); err != nil {
		return errUnread
	}
	return nil
}

func writeCell(c *lens.Cell) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%s.%d.%d", c.Op, c.Row, c.Col) + writeLane(c.Lane)
}

// writeLane writes the lane of a cell after its numbers, where it has to be said.
func writeLane(lane explain.Lane) string {
	if lane == "" {
		return ""
	}
	return "." + string(lane)
}

// readLane takes the lane off the parts of a cell, of which there are so many without it.
func readLane(parts []string, without int) (explain.Lane, []string, error) {
	if len(parts) == without {
		return "", parts, nil
	}
	if len(parts) != without+1 || parts[without] != string(explain.Uncached) {
		return "", nil, errUnread
	}
	return explain.Uncached, parts[:without], nil
}

func readCell(l *Link, text string) error {
	lane, parts, err := readLane(strings.Split(text, "."), 3)
	if err != nil {
		return err
	}
	l.View.Cell = &lens.Cell{Op: parts[0], Lane: lane}
	if readInt(&l.View.Cell.Row, parts[1]) != nil || readInt(&l.View.Cell.Col, parts[2]) != nil {
		return errUnread
	}
	return nil
}

// readTrail reads refs "step.op.head.row.col" or "step.op.head.row.col.uncached", joined by "~".
func readTrail(l *Link, text string) error {
	if text == "" {
		return nil
	}
	for s := range strings.SplitSeq(text, "~") {
		lane, parts, err := readLane(strings.Split(s, "."), 5)
		if err != nil || explain.Find(parts[1]) == nil || len(l.View.Trail) == lens.MaxTrail {
			return errUnread
		}
		ref := explain.Ref{Op: parts[1], Lane: lane}
		for i, to := range map[int]*int{0: &ref.Step, 2: &ref.Head, 3: &ref.Row, 4: &ref.Col} {
			if readInt(to, parts[i]) != nil {
				return errUnread
			}
		}
		l.View.Trail = append(l.View.Trail, ref)
	}
	return nil
}

func joinTrail(trail []explain.Ref) string {
	parts := make([]string, len(trail))
	for i, r := range trail {
		parts[i] = fmt.Sprintf("%d.%s.%d.%d.%d", r.Step, r.Op, r.Head, r.Row, r.Col) + writeLane(r.Lane)
	}
	return strings.Join(parts, "~")
}

func readBreaks(l *Link, text string) (err error) {
	if text != "" {
		l.Breaks, err = breakpoint.ParseList(strings.Split(text, ","))
	}
	return err
}

func joinPoints(points []breakpoint.Point) string {
	names := make([]string, len(points))
	for i, p := range points {
		names[i] = p.String()
	}
	return strings.Join(names, ",")
}

func readMarks(l *Link, text string) error {
	marks, ok := recipe.ReadInts(text)
	if !ok {
		return errUnread
	}
	if err := checkMarks(marks); err != nil {
		return err
	}
	l.Marks = SortMarks(marks)
	return nil
}
