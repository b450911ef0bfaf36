package lesson

import (
	"regexp"
	"slices"
	"strconv"

	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/recipe"
)

// shelfName is what folders of lessons, beats and answers may be called.
var shelfName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// momentName is what other moments may be called, so that an expression can name them.
var momentName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// IsName reports whether a lesson may be called so.
func IsName(name string) bool { return shelfName.MatchString(name) }

// Lights are the parts of the page that a beat may light: ops of the picture (sim/explain), and these.
var Lights = []string{
	"stage", "lanes", "sentence", "top", "cached", "uncached", "mask", "recomputed", "new", "prompt", "transport", "timeline", "cache", "ledger", "chart", "wall",
	"schedule", "speculation", "beams", "real",
}

const maxBeats = 60

// reader takes the fields of mappings, and notes what is wrong with them.
type reader struct {
	faults
	scope scope
}

// parseStructure reads a lesson.yaml. All of its faults are told.
func parseStructure(file, name string, data []byte) (*Lesson, faults) {
	r := &reader{}
	root, err := parseTree(file, data)
	if err != nil {
		r.because(Place{file, 1, 1}, err)
		return nil, r.faults
	}
	l := &Lesson{Name: name, file: file}
	fields := r.fields(root, "order", "minutes", "first", "needs", "for", "languages", "holds", "moments", "run", "beats")
	l.Minutes = r.whole(fields["minutes"], root.Place, "minutes", 1, 240)
	if n := fields["order"]; n != nil {
		l.Order = r.whole(n, root.Place, "order", 0, 1000)
	}
	l.First = r.flag(fields["first"])
	l.Needs, l.needed = r.placed(fields["needs"])
	l.For = r.texts(fields["for"])
	l.Speaks = r.languages(fields["languages"])
	l.Moments = r.moments(fields["moments"])
	l.Holds = r.expr(fields["holds"], Truth)
	l.Run = r.run(fields["run"])
	beats := fields["beats"]
	if beats == nil || beats.kind != listNode || len(beats.list) == 0 {
		r.add(orPlace(beats, root.Place), "lesson.missing", "Field", "beats")
		return l, r.faults
	}
	if len(beats.list) > maxBeats {
		r.add(beats.list[maxBeats].Place, "lesson.many", "Most", maxBeats)
		return l, r.faults
	}
	for _, n := range beats.list {
		b := r.beat(n)
		if slices.ContainsFunc(l.Beats, func(o Beat) bool { return o.ID == b.ID }) {
			r.add(b.Place, "lesson.twice", "Field", b.ID)
		}
		l.Beats = append(l.Beats, b)
	}
	return l, r.faults
}

func orPlace(n *node, other Place) Place {
	if n == nil {
		return other
	}
	return n.Place
}

// fields returns the values of a mapping that has no other keys than these.
func (r *reader) fields(n *node, names ...string) map[string]*node {
	m := map[string]*node{}
	if n.kind != mapNode {
		r.add(n.Place, "lesson.mapping")
		return m
	}
	for i, k := range n.keys {
		if !slices.Contains(names, k.text) {
			r.add(k.Place, "lesson.unknown", "Field", k.text, "Known", names)
			continue
		}
		m[k.text] = n.list[i]
	}
	return m
}

// word returns a text, one of several where there is a list.
func (r *reader) word(n *node, missing string, of ...string) string {
	switch {
	case n == nil:
		return missing
	case n.kind != textNode || n.text == "":
		r.add(n.Place, "lesson.text")
	case len(of) > 0 && !slices.Contains(of, n.text):
		r.add(n.Place, "lesson.choice", "Have", n.text, "Known", of)
	default:
		return n.text
	}
	return missing
}

// id returns a name that is given and can be one.
func (r *reader) id(n *node, where Place) string {
	if n == nil {
		r.add(where, "lesson.missing", "Field", "id")
		return ""
	}
	if n.kind != textNode || !shelfName.MatchString(n.text) {
		r.add(n.Place, "lesson.id", "Have", n.text)
	}
	return n.text
}

func (r *reader) texts(n *node) []string {
	list, _ := r.placed(n)
	return list
}

// placed returns the texts of a list, or the one that stands in its place, and where each is.
func (r *reader) placed(n *node) (list []string, at []Place) {
	switch {
	case n == nil:
		return nil, nil
	case n.kind == textNode && n.text != "":
		return []string{n.text}, []Place{n.Place}
	case n.kind != listNode:
		r.add(n.Place, "lesson.list")
	default:
		for _, x := range n.list {
			list, at = append(list, r.word(x, "")), append(at, x.Place)
		}
	}
	return list, at
}

// languages are those that a lesson speaks: all, or those that it names.
func (r *reader) languages(n *node) (list []string) {
	all, at := r.placed(n)
	for i, lang := range all {
		if !slices.Contains(Languages, lang) || slices.Contains(list, lang) {
			r.add(at[i], "lesson.choice", "Have", lang, "Known", Languages)
			continue
		}
		list = append(list, lang)
	}
	if len(list) == 0 {
		return Languages
	}
	return list
}

func (r *reader) flag(n *node) bool { return r.word(n, "false", "true", "false") == "true" }

// whole returns a number that has to be given, from least to most.
func (r *reader) whole(n *node, where Place, field string, least, most int) int {
	if n == nil {
		r.add(where, "lesson.missing", "Field", field)
		return least
	}
	x, err := strconv.Atoi(n.text)
	if err != nil || n.kind != textNode || x < least || x > most {
		r.add(n.Place, "lesson.whole", "Have", n.text, "Least", least, "Most", most)
		return least
	}
	return x
}

// expr returns an expression, compiled; nil where it is not given.
func (r *reader) expr(n *node, want Want, also ...string) *Expression {
	if n == nil {
		return nil
	}
	if n.kind != textNode || n.text == "" {
		r.add(n.Place, "lesson.text")
		return nil
	}
	e, err := r.scope.compile(n.Place, n.text, want, also...)
	r.because(n.Place, err)
	return e
}

// must is expr of what has to be given.
func (r *reader) must(n *node, where Place, field string, want Want, also ...string) *Expression {
	if n == nil {
		r.add(where, "lesson.missing", "Field", field)
	}
	return r.expr(n, want, also...)
}

func (r *reader) run(n *node) (run Run) {
	if n == nil {
		return nil
	}
	if n.kind != mapNode {
		r.add(n.Place, "lesson.mapping")
		return nil
	}
	for i, k := range n.keys {
		v := n.list[i]
		g := Given{Place: v.Place, Key: k.text, Texts: map[string][]string{}}
		switch {
		case !isRunKey(k.text):
			r.add(k.Place, "lesson.unknown", "Field", k.text, "Known", runKeys())
		case v.kind == textNode:
			g.Texts[""] = []string{v.text}
		case v.kind == listNode:
			g.Texts[""] = r.texts(v)
		default:
			for j, lang := range v.keys {
				if !slices.Contains(Languages, lang.text) {
					r.add(lang.Place, "lesson.choice", "Have", lang.text, "Known", Languages)
				}
				g.Texts[lang.text] = r.texts(v.list[j])
			}
		}
		run = append(run, g)
	}
	return run
}

// moments reads the other moments that expressions of the lesson may name.
func (r *reader) moments(n *node) (list []Moment) {
	if n == nil {
		return nil
	}
	if n.kind != mapNode {
		r.add(n.Place, "lesson.mapping")
		return nil
	}
	for i, k := range n.keys {
		if !momentName.MatchString(k.text) || lensTypes()[k.text] != nil {
			r.add(k.Place, "lesson.id", "Have", k.text)
			continue
		}
		list = append(list, Moment{k.text, r.when(n.list[i], k.Place)})
		r.scope.moments = append(r.scope.moments, k.text)
	}
	return list
}

func (r *reader) beat(n *node) Beat {
	b := Beat{Place: n.Place, Go: ByPress}
	f := r.fields(n, "id", "run", "at", "holds", "play", "look", "open", "light", "go", "ask")
	b.ID = r.id(f["id"], n.Place)
	b.Run = r.run(f["run"])
	b.At = r.when(f["at"], n.Place)
	b.Play = r.word(f["play"], "", "layer", "token")
	b.Holds = r.expr(f["holds"], Truth)
	b.Look = r.look(f["look"])
	b.Open, b.opens = r.placed(f["open"])
	for i, name := range b.Open {
		if !slices.Contains(lens.Panels, name) {
			r.add(b.opens[i], "lesson.choice", "Have", name, "Known", lens.Panels)
		}
	}
	b.Light, b.lights = r.placed(f["light"])
	for i, name := range b.Light {
		if !slices.Contains(Lights, name) && explain.Find(name) == nil {
			r.add(b.lights[i], "lesson.choice", "Have", name, "Known", Lights)
		}
	}
	if n := f["ask"]; n != nil {
		b.Go = ByAnswer
		if b.Ask = r.question(n, b.At); b.Ask != nil {
			b.Ask.look = b.Look
		}
	}
	b.Go = r.word(f["go"], b.Go, ByPress, ByStep, ByPick, ByAnswer)
	if b.Go == ByAnswer && f["ask"] == nil {
		r.add(orPlace(f["go"], n.Place), "lesson.noask")
	}
	return b
}

func (r *reader) look(n *node) (look Look) {
	if n == nil {
		return look
	}
	f := r.fields(n, "layer", "head", "seq", "op", "cell", "real")
	if x := f["layer"]; x != nil {
		w := When{Place: x.Place}
		w.Layer, w.last = r.layer(x)
		look.Layer = &w
	}
	if x := f["head"]; x != nil {
		look.Head = r.whole(x, n.Place, "head", 0, 1<<12)
	}
	if x := f["seq"]; x != nil {
		look.Seq = r.whole(x, n.Place, "seq", 0, recipe.MaxRequests-1)
	}
	if look.Op = r.word(f["op"], ""); look.Op != "" && !lens.IsOp(look.Op) {
		r.add(f["op"].Place, "lesson.op", "Have", look.Op)
	}
	if x := f["cell"]; x != nil {
		for _, v := range x.list {
			look.Cell = append(look.Cell, r.whole(v, x.Place, "cell", 0, 1<<20))
		}
		if len(look.Cell) != 2 || look.Op == "" {
			r.add(x.Place, "lesson.cell")
			look.Cell = nil
		}
	}
	if look.Real = r.word(f["real"], ""); look.Real != "" {
		if field, _ := (lens.View{Real: look.Real}).Check(); field != "" {
			r.add(f["real"].Place, "lesson.real", "Have", look.Real)
		}
	}
	return look
}

func (r *reader) question(n *node, at When) *Question {
	q := &Question{Place: n.Place, Reveal: at}
	kind := r.word(n.get("kind"), "", kindNames()...)
	if q.Kind = findKind(kind); q.Kind == nil {
		if n.get("kind") == nil {
			r.add(n.Place, "lesson.missing", "Field", "kind")
		}
		return nil
	}
	f := r.fields(n, append([]string{"kind", "reveal", "holds", "wrong"}, q.Kind.Fields...)...)
	if x := f["reveal"]; x != nil {
		q.Reveal = r.when(x, n.Place)
	}
	q.Holds = r.expr(f["holds"], Truth)
	q.Kind.read(r, q, f)
	if x := f["wrong"]; x != nil {
		if x.kind != listNode {
			r.add(x.Place, "lesson.list")
		}
		for _, w := range x.list {
			q.Wrong = append(q.Wrong, r.wrong(w, q))
		}
	}
	seen := map[string]Place{}
	for id, at := range q.ids() {
		if id == RightReply {
			r.add(at, "lesson.id", "Have", id)
		} else if _, twice := seen[id]; twice {
			r.add(at, "lesson.twice", "Field", id)
		}
		seen[id] = at
	}
	return q
}

// ids are those of choices and wrong answers, which the words reply to.
func (q *Question) ids() func(yield func(string, Place) bool) {
	return func(yield func(string, Place) bool) {
		for _, c := range q.Choices {
			if !yield(c.ID, c.Place) {
				return
			}
		}
		for _, w := range q.Wrong {
			if !yield(w.ID, w.Place) {
				return
			}
		}
	}
}

func (r *reader) wrong(n *node, q *Question) Wrong {
	f := r.fields(n, "id", "why", "answer")
	w := Wrong{Place: n.Place, ID: r.id(f["id"], n.Place), Why: r.why(f["why"], n.Place)}
	q.Kind.wrong(r, q, &w, f["answer"])
	return w
}

// why returns the misconception of a wrong answer, which every one has.
func (r *reader) why(n *node, where Place) string {
	if n == nil {
		r.add(where, "lesson.missing", "Field", "why")
		return ""
	}
	return r.word(n, "")
}
