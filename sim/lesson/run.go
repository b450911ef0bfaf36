package lesson

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/recipe"
)

func runKeys() (keys []string) {
	for i := range recipe.Fields {
		if key := recipe.Fields[i].Key; key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

func isRunKey(key string) bool { return key != "" && slices.Contains(runKeys(), key) }

// Over is what somebody has changed under a lesson, by keys of links: another model, another prompt.
type Over map[string][]string

// RunAt returns what the lesson runs at a beat, by keys of links: its own run with what
// beats up to that one have changed, in a language.
func (l *Lesson) RunAt(beat int, lang string) Over {
	all, lang := Over{}, l.SpokenIn(lang)
	set := func(run Run) {
		for _, g := range run {
			texts, ok := g.Texts[lang]
			if !ok {
				texts = g.Texts[""]
			}
			all[g.Key] = texts
		}
	}
	set(l.Run)
	for i := 0; i <= beat && i < len(l.Beats); i++ {
		set(l.Beats[i].Run)
	}
	return all
}

// RecipeAt returns the recipe of a beat. What somebody has changed stands in the place of the
// lesson's own. A value that makes no sense is a fault at its place.
func (l *Lesson) RecipeAt(beat int, lang string, over Over) (sim.Recipe, error) {
	keys := l.RunAt(beat, lang)
	for key, texts := range over {
		keys[key] = texts
	}
	r, err := recipe.FromLink(func(f *recipe.Field) []string { return keys[f.Key] })
	if err != nil {
		var bad faults
		bad.because(l.runPlace(beat), err)
		return r, bad[0]
	}
	return r, nil
}

// Changed returns what one recipe has otherwise than another, by keys of links; what it does not have at all has no texts.
func Changed(from, to sim.Recipe) Over {
	over := Over{}
	for i := range recipe.Fields {
		f := &recipe.Fields[i]
		texts := func(r *sim.Recipe) []string {
			if !f.Matters(r) {
				return nil
			}
			return f.Texts(r)
		}
		if now := texts(&to); f.Key != "" && !slices.Equal(now, texts(&from)) {
			over[f.Key] = now
		}
	}
	return over
}

// runPlace is where a beat's run is written, last.
func (l *Lesson) runPlace(beat int) Place {
	for i := min(beat, len(l.Beats)-1); i >= 0; i-- {
		if run := l.Beats[i].Run; len(run) > 0 {
			return run[0].Place
		}
	}
	if len(l.Run) > 0 {
		return l.Run[0].Place
	}
	return Place{l.file, 1, 1}
}

// TitleIn returns the title in a language, or in the one that the lesson speaks.
func (l *Lesson) TitleIn(lang string) string {
	if w := l.Words[l.SpokenIn(lang)]; w != nil {
		return w.Title
	}
	return l.Name
}

// Index returns the number of a beat by its id, -1 where there is none.
func (l *Lesson) Index(id string) int {
	return slices.IndexFunc(l.Beats, func(b Beat) bool { return b.ID == id })
}
