package lesson

import (
	"slices"
	"strings"
	"unicode"
)

const (
	mostWords  = 25 // of a sentence
	firstWords = 15 // of one that is played to who has never been here
	// hanPerWord is how many characters of Chinese are read in the time of a word.
	hanPerWord = 2
)

// words holds one language against the structure.
func (c *checker) words(lang string, w *Words) {
	for _, id := range w.order {
		if c.Index(id) < 0 {
			c.add(w.Beats[id].Place, "lesson.nobeat", "Have", id)
		}
	}
	at := 0
	for i := range c.Beats {
		b := &c.Beats[i]
		said := w.Beats[b.ID]
		if said == nil {
			c.add(b.Place, "lesson.unsaid", "Beat", b.ID, "File", w.File)
			continue
		}
		if pos := slices.Index(w.order, b.ID); pos < at {
			c.add(said.Place, "lesson.beatorder", "Beat", b.ID)
		} else {
			at = pos
		}
		c.saidBeat(b, said)
		c.sentences(lang, said)
	}
}

func (c *checker) saidBeat(b *Beat, said *BeatWords) {
	q := b.Ask
	if q == nil {
		if len(said.Ask) > 0 || len(said.Answers) > 0 {
			c.add(said.Place, "lesson.noquestion", "Beat", b.ID)
		}
		return
	}
	if len(said.Ask) == 0 {
		c.add(said.Place, "lesson.unasked", "Beat", b.ID)
	}
	needs := func(id string, text, says bool) {
		r, ok := said.Answers[id]
		switch {
		case !ok:
			c.add(said.Place, "lesson.unanswered", "Beat", b.ID, "Answer", id)
		case text && len(r.Text) == 0:
			c.add(r.Place, "lesson.notext", "Answer", id)
		case says && len(r.Says) == 0:
			c.add(r.Place, "lesson.noreply", "Answer", id)
		}
	}
	for _, x := range q.Choices {
		needs(x.ID, true, q.Kind == choiceKind)
	}
	for _, x := range q.Wrong {
		needs(x.ID, false, true)
	}
	if q.Kind != choiceKind || q.Several {
		needs(RightReply, true, false)
	}
	known := []string{RightReply}
	for id := range q.ids() {
		known = append(known, id)
	}
	for _, id := range said.order {
		if !slices.Contains(known, id) {
			c.add(said.Answers[id].Place, "lesson.noanswer", "Answer", id)
		}
	}
}

// sentences refuses sentences that are too long to be read beside a picture.
func (c *checker) sentences(lang string, said *BeatWords) {
	most := mostWords
	if c.First {
		most = firstWords
	}
	look := func(at Place, blocks []Block) {
		for _, text := range paragraphs(blocks) {
			for _, s := range sentencesOf(text) {
				if n := countWords(s); n > most {
					c.add(at, "lesson.sentence", "Words", n, "Most", most, "Sentence", s)
				}
			}
		}
	}
	look(said.Place, said.Text)
	look(said.Place, said.Ask)
	for _, id := range said.order {
		r := said.Answers[id]
		look(r.Place, append([]Block{{Kind: "p", Words: r.Text}}, r.Says...))
	}
}

func paragraphs(blocks []Block) (texts []string) {
	for _, b := range blocks {
		if len(b.Words) > 0 && b.Kind != "pre" {
			texts = append(texts, textOf(b.Words))
		}
		texts = append(texts, paragraphs(b.Items)...)
	}
	return texts
}

func plainText(blocks []Block) string { return strings.Join(paragraphs(blocks), " ") }

// textOf returns words as they are read; a number is one.
func textOf(words []Piece) string {
	var b strings.Builder
	for _, w := range words {
		switch {
		case w.expr != nil && w.Text == "":
			b.WriteString("1")
		case len(w.Words) > 0:
			b.WriteString(textOf(w.Words))
		default:
			b.WriteString(w.Text)
		}
	}
	return b.String()
}

// sentencesOf cuts a paragraph at what ends sentences in either language.
func sentencesOf(text string) (list []string) {
	runes, from := []rune(text), 0
	for i, r := range runes {
		end := strings.ContainsRune("。！？；", r) ||
			strings.ContainsRune(".!?;:", r) && (i+1 == len(runes) || unicode.IsSpace(runes[i+1]))
		if end {
			list = append(list, strings.TrimSpace(string(runes[from:i+1])))
			from = i + 1
		}
	}
	if rest := strings.TrimSpace(string(runes[from:])); rest != "" {
		list = append(list, rest)
	}
	return list
}

// countWords counts words; of Chinese, two characters are one.
func countWords(text string) (n int) {
	han := 0
	inWord := false
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
			inWord = false
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if !inWord {
				n++
			}
			inWord = true
		case unicode.IsSpace(r) || r == '，' || r == '、':
			inWord = false
		}
	}
	return n + (han+hanPerWord-1)/hanPerWord
}
