package lesson

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/plain"
)

// Mark is what a learner's answer to one question is worth.
type Mark struct {
	Beat     string
	Question string // its words
	Given    string // "" for no answer
	Graded   bool   // there is an answer, and the run has what it is graded by
	Right    bool
	Why      string // the misconception that a wrong answer comes from, where one is known
	Answer   string // the right one
	Cannot   *CannotInfo
}

// Grader grades what has been handed in, on the real engine. What is the same in several is played once.
type Grader struct {
	player *Player
	marks  map[string]Mark
}

// NewGrader plays with a player.
func NewGrader(p *Player) *Grader { return &Grader{player: p, marks: map[string]Mark{}} }

// Grade returns a mark for each question of a lesson, its words in a language, by the very run that the learner
// had. What does not fit the lesson is told beside it: another version, answers to nothing, a run that cannot be played.
func (g *Grader) Grade(ctx context.Context, l *Lesson, h *HandIn, lang string) (marks []Mark, wrong []error) {
	if h.Version != "" && h.Version != l.Version {
		wrong = append(wrong, sim.NewProblem("handin.version", "Lesson", l.Name, "Have", h.Version, "Now", l.Version))
	}
	for _, beat := range slices.Sorted(maps.Keys(h.Answers)) {
		if i := l.Index(beat); i < 0 || l.Beats[i].Ask == nil {
			wrong = append(wrong, sim.NewProblem("handin.beat", "Lesson", l.Name, "Have", beat))
		}
	}
	over, err := l.Changes(h, h.Lang, g.player.Filled)
	if err != nil {
		return nil, append(wrong, err)
	}
	for i := range l.Beats {
		if l.Beats[i].Ask == nil {
			continue
		}
		r, err := l.RecipeAt(i, h.Lang, over)
		if err != nil {
			return marks, append(wrong, err)
		}
		m, err := g.mark(ctx, l, i, h.Answers[l.Beats[i].ID], g.player.Filled(r, l.SpokenIn(h.Lang)), lang)
		if err != nil {
			return marks, append(wrong, err)
		}
		if m.Given != "" && !m.Graded && m.Cannot == nil {
			wrong = append(wrong, sim.NewProblem("handin.answer", "Beat", m.Beat, "Have", m.Given))
		}
		marks = append(marks, m)
	}
	return marks, wrong
}

// mark grades an answer at the end of a run. It is what the page says there (Say).
func (g *Grader) mark(ctx context.Context, l *Lesson, beat int, given string, r sim.Recipe, lang string) (Mark, error) {
	key := fmt.Sprintf("%s %s %d %s %q %s", l.Name, l.Version, beat, lang, given, plain.JSON(r))
	if m, ok := g.marks[key]; ok {
		return m, nil
	}
	b := &l.Beats[beat]
	on, err := g.player.Stage(ctx, r, lang)
	if err != nil {
		return Mark{}, err
	}
	info := l.Say(lang, beat, given, on)
	m := Mark{Beat: b.ID, Given: given, Cannot: info.Cannot}
	if info.Ask != nil {
		m.Question = plainText(info.Ask.Text)
		if x := info.Ask.Graded; x != nil {
			m.Graded, m.Right, m.Why = true, x.Right, x.Why
			m.Given, m.Answer = b.Ask.readable(info.Ask.Given, on), b.Ask.readable(x.Answer, on)
		}
	}
	g.marks[key] = m
	return m, nil
}

// readable returns an answer as a person knows it, and a program can go on with it: a token by its label too.
func (q *Question) readable(answer string, on Stage) string {
	id, err := strconv.Atoi(answer)
	if q.Kind != tokenKind || err != nil || id >= on.Config.Vocab {
		return answer
	}
	return fmt.Sprintf("%s (%d)", on.At(on.Cursor, lens.View{}).Label(id), id)
}
