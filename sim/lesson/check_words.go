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

// inspect holds a lesson's files against each other, without a run.
func (l *Lesson) inspect() faults {
	c := &checker{Lesson: l}
	spoken := l.spoken()
	for _, lang := range spoken {
		c.words(lang, l.Words[lang])
	}
	if len(c.faults) == 0 {
		for _, lang := range spoken[min(1, len(spoken)):] {
			c.alike(l.Words[spoken[0]], l.Words[lang])
		}
	}
	c.structure()
	c.names()
	return c.faults
}

// structure looks at what questions must have, whatever the language.
func (c *checker) structure() {
	for i := range c.Beats {
		q := c.Beats[i].Ask
		if q == nil {
			continue
		}
		for _, x := range q.Choices {
			if x.Why != "" {
				c.reason(x.Place, x.Why)
			}
		}
		for _, x := range q.Wrong {
			c.reason(x.Place, x.Why)
		}
		if len(q.Wrong) == 0 && q.Kind != choiceKind {
			c.add(q.Place, "lesson.nowrong")
		}
	}
	for _, run := range c.runs() {
		for _, g := range run {
			for _, lang := range c.spoken() {
				if g.Texts[""] == nil && g.Texts[lang] == nil {
					c.add(g.Place, "lesson.missing", "Field", lang)
				}
			}
		}
	}
}

// runs are the lesson's run and those of its beats.
func (l *Lesson) runs() (list []Run) {
	list = append(list, l.Run)
	for i := range l.Beats {
		list = append(list, l.Beats[i].Run)
	}
	return list
}

// reason refuses a misconception that nobody has written down in each of the lesson's languages.
func (c *checker) reason(at Place, id string) {
	r, ok := c.Reasons[id]
	if !ok {
		c.add(at, "lesson.reason", "Have", id)
		return
	}
	for _, lang := range c.spoken() {
		if r.Texts[lang] == "" {
			c.add(r.Place, "lesson.missing", "Field", lang)
		}
	}
}

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
		if len(said.Text) == 0 && b.Ask == nil {
			c.add(said.Place, "lesson.wordless", "Beat", b.ID)
		}
		c.saidBeat(b, said)
		c.sentences(said)
	}
	c.short(Place{w.File, 1, 1}, w.Intro)
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
	var order []string // of what the structure names
	for id := range q.ids() {
		order = append(order, id)
	}
	at := 0
	for _, id := range said.order {
		switch pos := slices.Index(order, id); {
		case id == RightReply && (q.Kind != choiceKind || q.Several):
		case pos < 0:
			c.add(said.Answers[id].Place, "lesson.noanswer", "Answer", id)
		case pos < at:
			c.add(said.Answers[id].Place, "lesson.answerorder", "Answer", id)
		default:
			at = pos
		}
	}
}

// sentences refuses sentences that are too long to be read beside a picture.
func (c *checker) sentences(said *BeatWords) {
	c.short(said.Place, said.Text)
	c.short(said.Place, said.Ask)
	for _, id := range said.order {
		r := said.Answers[id]
		c.short(r.Place, append([]Block{{Kind: "p", Words: r.Text}}, r.Says...))
	}
}

func (c *checker) short(at Place, blocks []Block) {
	most := mostWords
	if c.First {
		most = firstWords
	}
	for _, text := range paragraphs(blocks) {
		for _, s := range sentencesOf(text) {
			if n := countWords(s); n > most {
				c.add(at, "lesson.sentence", "Words", n, "Most", most, "Sentence", s)
			}
		}
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
