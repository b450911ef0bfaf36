package lesson

import (
	"context"
	"math"
	"slices"
	"strings"
	"unicode"
)

// Report is what a check says of a lesson that has nothing wrong.
type Report struct {
	Name      string   `json:"name"`
	Beats     int      `json:"beats"`
	Questions int      `json:"questions"`
	Kinds     []string `json:"kinds"`
	Languages []string `json:"languages"`
	Minutes   int      `json:"minutes"`
	Words     int      `json:"words"`
}

const (
	mostWords  = 25 // of a sentence
	firstWords = 15 // of one that is played to who has never been here
	// hanPerWord is how many characters of Chinese are read in the time of a word.
	hanPerWord = 2
)

// Check holds a lesson against its own files, and plays every beat on the real engine in every
// language: what does not exist, does not fit or cannot be reached is told with its place.
func (l *Lesson) Check(ctx context.Context, p *Player) (Report, []*Fault) {
	c := &checker{Lesson: l, player: p, ctx: ctx}
	for _, lang := range Languages {
		if w := l.Words[lang]; w != nil {
			c.words(lang, w)
		}
	}
	c.structure()
	if len(c.faults) == 0 {
		for _, lang := range Languages {
			for i := range l.Beats {
				c.beat(lang, i)
			}
		}
	}
	return c.report(), c.sorted()
}

type checker struct {
	faults
	*Lesson
	player *Player
	ctx    context.Context
}

func (c *checker) report() Report {
	r := Report{Name: c.Name, Beats: len(c.Beats), Minutes: c.Minutes, Kinds: []string{}}
	for i := range c.Beats {
		if q := c.Beats[i].Ask; q != nil {
			if r.Questions++; !slices.Contains(r.Kinds, q.Kind.Name) {
				r.Kinds = append(r.Kinds, q.Kind.Name)
			}
		}
	}
	slices.Sort(r.Kinds)
	for _, lang := range Languages {
		if w := c.Words[lang]; w != nil {
			r.Languages = append(r.Languages, lang)
			if lang == Languages[0] {
				for _, b := range w.Beats {
					r.Words += countWords(plainText(b.Text)) + countWords(plainText(b.Ask))
				}
			}
		}
	}
	return r
}

// structure looks at what both files must agree in, whatever the language.
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
}

func (c *checker) reason(at Place, id string) {
	if _, ok := c.Reasons[id]; !ok {
		c.add(at, "lesson.reason", "Have", id)
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

// beat plays a beat in a language: its words, its look, its question with every answer.
func (c *checker) beat(lang string, i int) {
	b := &c.Beats[i]
	r, err := c.RecipeAt(i, lang, nil)
	if err != nil {
		c.because(c.runPlace(i), err)
		return
	}
	on, err := c.player.Stage(c.ctx, r, lang)
	if err != nil {
		c.because(c.runPlace(i), err)
		return
	}
	step, ok := b.At.Step(on.Config, on.Most)
	if !ok {
		c.add(b.At.Place, "lesson.unreached", "Moment", b.At.String())
		return
	}
	on.Cursor = step
	c.looks(b, on)
	said := c.Words[lang].Beats[b.ID]
	v, err := c.values(b.At, b.Look, on, expressionsOf(said.Text, said.Ask)...)
	if err != nil {
		c.because(b.At.Place, err)
		return
	}
	for _, blocks := range [][]Block{said.Text, said.Ask} {
		if _, err := filled(blocks, v); err != nil {
			c.because(said.Place, err)
		}
	}
	if b.Ask != nil {
		if n, ok := b.Ask.Reveal.Step(on.Config, on.Most); !ok || n < step {
			c.add(b.Ask.Reveal.Place, "lesson.unreached", "Moment", b.Ask.Reveal.String())
			return
		}
		c.question(b.Ask, said, on)
	}
	if info := c.Say(lang, i, "", on); info.Cannot != nil {
		c.add(b.Place, "lesson.cannot.say", "Why", info.Cannot.ID)
	}
}

// looks refuses a look that the run does not have.
func (c *checker) looks(b *Beat, on Stage) {
	if b.Look.Layer != nil {
		if _, ok := b.Look.Layer.LayerOf(on.Config); !ok {
			c.add(b.Look.Layer.Place, "lesson.nolayer", "Have", b.Look.Layer.Layer, "Count", on.Config.Layers)
		}
	}
	if b.Look.Head >= on.Config.Heads {
		c.add(b.Place, "lesson.nohead", "Have", b.Look.Head, "Count", on.Config.Heads)
	}
}

// question grades every answer that it names: the right one must be right, each wrong one wrong with
// its own reply, and its numbers must stand in what people are told.
func (c *checker) question(q *Question, said *BeatWords, on Stage) {
	v, err := c.values(q.Reveal, q.look, on, q.expressions(said)...)
	if err != nil {
		c.because(q.Reveal.Place, err)
		return
	}
	right, err := q.Kind.right(q, v)
	if err != nil {
		c.because(q.Place, err)
		return
	}
	if g, err := q.grade(right, v); err != nil {
		c.because(q.Place, err)
		return
	} else if _, ok := q.Kind.parse(q, right); !ok || !g.Right {
		c.add(q.Place, "lesson.wrongright", "Answer", right)
	}
	for i := range q.Wrong {
		w := &q.Wrong[i]
		mistake, err := q.Kind.mistake(q, w, v)
		if err != nil {
			c.because(w.Place, err)
			continue
		}
		g, err := q.grade(mistake, v)
		switch {
		case err != nil:
			c.because(w.Place, err)
		case g.Right:
			c.add(w.Place, "lesson.rightwrong", "Answer", w.ID)
		case g.Reply != w.ID:
			c.add(w.Place, "lesson.otherwrong", "Answer", w.ID, "Reply", g.Reply)
		}
		c.told(q, said, w, mistake, right, v)
	}
	if q.Kind == choiceKind {
		c.choices(q, right, v)
	}
	for _, r := range said.Answers {
		if _, err := filled(r.Says, v); err != nil {
			c.because(r.Place, err)
		}
		if _, err := filledPieces(r.Text, v); err != nil {
			c.because(r.Place, err)
		}
	}
}

// choices holds a question's choices against what it says of them: a right one comes from no misconception.
func (c *checker) choices(q *Question, right string, v *Values) {
	ids := strings.Split(right, ",")
	for _, x := range q.Choices {
		is := slices.Contains(ids, x.ID)
		if is == (x.Why != "") {
			c.add(x.Place, "lesson.why", "Answer", x.ID, "Right", is)
		}
		if is {
			continue
		}
		if g, err := q.grade(x.ID, v); err != nil || g.Right || g.Reply != x.ID {
			c.add(x.Place, "lesson.rightwrong", "Answer", x.ID)
		}
	}
}

// measures are what tells an answer from others, as its reply may say it: a number itself, of cells how many, the first
// and the last, of a curve its points, of a token its label.
func (q *Question) measures(answer string, v *Values) (list []any) {
	switch q.Kind {
	case numberKind:
		x, _ := readNumber(answer)
		return []any{x}
	case tokenKind:
		id, _ := readNumber(answer)
		for _, token := range v.Moment.Labelled([]int{int(id)}) {
			list = append(list, token.Label)
		}
	case cellsKind:
		cells, _ := readCells(answer)
		list = append(list, float64(len(cells)))
		for _, c := range []int{0, len(cells) - 1} {
			if c >= 0 && len(cells) > 0 {
				list = append(list, float64(cells[c][0]), float64(cells[c][1]))
			}
		}
	case curveKind:
		points, _ := readCurve(answer)
		for _, x := range points {
			list = append(list, x)
		}
	}
	return list
}

// told refuses replies that say nothing of their answers by which these differ, and two that each say the other's
// too: the words would be as good if somebody swapped the answers.
func (c *checker) told(q *Question, said *BeatWords, w *Wrong, mistake, right string, v *Values) {
	own, other := q.measures(right, v), q.measures(mistake, v)
	if len(own) == 0 || len(other) == 0 {
		return
	}
	reply, theirs := said.Answers[RightReply], said.Answers[w.ID]
	if !reply.tells(own, other, v) {
		c.add(reply.Place, "lesson.untold", "Answer", RightReply, "Number", Format(own[0], ""))
	}
	if !theirs.tells(other, own, v) {
		c.add(theirs.Place, "lesson.untold", "Answer", w.ID, "Number", Format(other[0], ""))
	}
	if reply.tells(other, own, v) && theirs.tells(own, other, v) {
		c.add(theirs.Place, "lesson.alike", "Answer", w.ID)
	}
}

// tells reports whether a reply says something of an answer by which it differs from another one.
func (r Reply) tells(own, others []any, v *Values) bool {
	for _, e := range append(inPieces(r.Text), expressionsOf(r.Says)...) {
		got, err := e.run(v, nil)
		for i, x := range own {
			if err == nil && equalValues(got, x) && (i >= len(others) || !equalValues(x, others[i])) {
				return true
			}
		}
	}
	return false
}

func equalValues(a, b any) bool {
	x, number := a.(float64)
	y, both := b.(float64)
	if number && both {
		return math.Abs(x-y) <= 1e-9*math.Abs(y)
	}
	return a == b
}
