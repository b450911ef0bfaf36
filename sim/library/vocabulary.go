package library

import (
	"slices"
	"unicode"
)

// UnknownWords lists the words of a prompt that the model never met in training, in
// order and without repeats: words of letters, and single Chinese characters.
// It is empty for a model that does not say what it has seen.
func (m *Loaded) UnknownWords(prompt string) []string {
	if len(m.TrainingSet.KnownWords) == 0 {
		return nil
	}
	m.knownOnce.Do(func() {
		m.known = make(map[string]bool, len(m.TrainingSet.KnownWords))
		for _, w := range m.TrainingSet.KnownWords {
			m.known[w] = true
		}
	})
	var unknown []string
	for _, w := range splitWords(prompt) {
		if !m.known[w] && !slices.Contains(unknown, w) {
			unknown = append(unknown, w)
		}
	}
	return unknown
}

// splitWords gives the runs of letters of a text; Chinese characters stand alone, as do
// symbols outside ASCII. Digits and ASCII punctuation are no words, nor is what is not
// seen: joiners and marks of direction. Accents belong to the letter before them.
func splitWords(text string) []string {
	var all []string
	start := -1 // of the run of letters being read
	for i, r := range text {
		letter := unicode.IsLetter(r) && !unicode.Is(unicode.Han, r) || start >= 0 && unicode.IsMark(r)
		if letter && start < 0 {
			start = i
		}
		if letter {
			continue
		}
		if start >= 0 {
			all = append(all, text[start:i])
			start = -1
		}
		if r >= 0x80 && unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) {
			all = append(all, string(r))
		}
	}
	if start >= 0 {
		all = append(all, text[start:])
	}
	return all
}
