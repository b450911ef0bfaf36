package lesson

import (
	"maps"
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
	for _, g := range l.given(beat) {
		texts, ok := g.Texts[lang]
		if !ok {
			texts = g.Texts[""]
		}
		all[g.Key] = texts
	}
	return all
}

func (o Over) recipe() (sim.Recipe, error) {
	return recipe.FromLink(func(f *recipe.Field) []string { return o[f.Key] })
}

func (o Over) without(key string) Over {
	rest := maps.Clone(o)
	delete(rest, key)
	return rest
}

// RecipeAt returns the recipe of a beat. What somebody has changed stands in the place of the
// lesson's own. A value that makes no sense is a fault at its place.
func (l *Lesson) RecipeAt(beat int, lang string, over Over) (sim.Recipe, error) {
	keys := l.RunAt(beat, lang)
	for key, texts := range over {
		keys[key] = texts
	}
	r, err := keys.recipe()
	if err != nil {
		var bad faults
		bad.because(l.runPlace(beat, func(without string) bool {
			_, err := keys.without(without).recipe()
			return err != nil
		}), err)
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

// runPlace is where a beat's run is written: its last key, or that by which it makes no sense, if somebody can tell.
func (l *Lesson) runPlace(beat int, bad func(without string) bool) Place {
	given := l.given(beat)
	for i := len(given) - 1; i >= 0 && bad != nil; i-- {
		if !bad(given[i].Key) {
			return given[i].Place
		}
	}
	if len(given) > 0 {
		return given[len(given)-1].Place
	}
	return Place{l.file, 1, 1}
}

// given are the keys of the run of a beat, each as it was given last.
func (l *Lesson) given(beat int) (list []Given) {
	for i := -1; i <= beat && i < len(l.Beats); i++ {
		run := l.Run
		if i >= 0 {
			run = l.Beats[i].Run
		}
		for _, g := range run {
			list = slices.DeleteFunc(list, func(old Given) bool { return old.Key == g.Key })
			list = append(list, g)
		}
	}
	return list
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
