package lesson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/recipe"
)

// HandIn is what somebody hands in: where they are in a lesson, and what they have answered. As JSON it is
// a file; as keys of an address it leads back there (static/js/facts/handin.js writes both).
type HandIn struct {
	Lesson  string            `json:"lesson"`
	Version string            `json:"version"` // of the lesson as it was played; "" where nobody knows
	Name    string            `json:"name"`    // of the learner, if they gave one
	Lang    string            `json:"lang"`
	Beat    string            `json:"beat"`
	Answers map[string]string `json:"answers"` // by beats
	// Moment is the rest of the address: the run, and what is looked at. One without a step is a
	// lesson's own run, with what else it says in its place.
	Moment map[string][]string `json:"moment"`
}

// Handed is one hand-in of a file, or what is wrong with it.
type Handed struct {
	Line int // on which it begins, from 1
	HandIn
	Err error
}

const (
	// MaxHandIn is the largest file of hand-ins that is read, in bytes.
	MaxHandIn = 1 << 20
	// maxLearner is the longest name of a learner, in bytes.
	maxLearner = 200
)

// ReadHandIns reads a file of hand-ins: JSON, one or several, or lines that each end with an address, behind a
// name. Each that cannot be read has its Problem, and the others are read.
func ReadHandIns(data []byte) (all []Handed) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch text := bytes.TrimSpace(data); {
	case len(data) > MaxHandIn:
		return []Handed{{Line: 1, Err: sim.NewProblem("handin.large", "Max", MaxHandIn)}}
	case !utf8.Valid(data):
		return []Handed{{Line: 1, Err: sim.NewProblem("handin.text")}}
	case len(text) == 0:
		return []Handed{{Line: 1, Err: sim.NewProblem("handin.empty")}}
	case text[0] == '{':
		return readJSON(data)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		if n++; strings.TrimSpace(line) != "" {
			h, err := readLine(line)
			all = append(all, Handed{n, h, err})
		}
	}
	return all
}

func readJSON(data []byte) (all []Handed) {
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		var h HandIn
		line := 1 + bytes.Count(data[:d.InputOffset()], []byte("\n"))
		switch err := d.Decode(&h); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil: // what follows cannot be told from it
			return append(all, Handed{line, h, sim.NewProblem("handin.json", "Why", err.Error())})
		}
		all = append(all, Handed{line, h, h.check()})
	}
}

// address is a link in a line of text, without the signs that others put around one.
var address = regexp.MustCompile(`(?:https?://[^\s"'<>?]*)?\?[^\s"'<>]*\blesson=[^\s"'<>]*`)

// readLine reads "Ada, http://…?lesson=…". The address may say another name.
func readLine(line string) (HandIn, error) {
	at := address.FindStringIndex(line)
	if at == nil {
		return HandIn{}, sim.NewProblem("handin.line")
	}
	h, err := ReadLink(strings.TrimRight(line[at[0]:at[1]], ",;)]"))
	if h.Name == "" && err == nil {
		h.Name = strings.Trim(line[:at[0]], " \t,;:|\"'<([\ufeff")
		err = h.check()
	}
	return h, err
}

// ReadLink reads a hand-in from an address, or from the query of one.
func ReadLink(link string) (HandIn, error) {
	_, query, _ := strings.Cut(link, "?")
	query, _, _ = strings.Cut(query, "#")
	v, err := url.ParseQuery(query)
	if err != nil {
		return HandIn{}, sim.NewProblem("handin.line").Because(err)
	}
	h := HandIn{
		Lesson: v.Get("lesson"), Version: v.Get("version"), Name: v.Get("name"), Lang: v.Get("lang"), Beat: v.Get("beat"),
		Answers: answersIn(v.Get("answers")), Moment: v,
	}
	for _, key := range []string{"lesson", "version", "name", "lang", "beat", "answers"} {
		delete(h.Moment, key)
	}
	return h, h.check()
}

// check refuses what no page writes.
func (h *HandIn) check() error {
	if !IsName(h.Lesson) {
		return sim.NewProblem("handin.other")
	}
	for _, x := range []struct {
		field, have string
		most        int
	}{
		{"name", h.Name, maxLearner}, {"version", h.Version, lens.MaxName}, {"lang", h.Lang, lens.MaxName},
		{"beat", h.Beat, lens.MaxName}, {"answers", writeAnswers(h.Answers), lens.MaxAnswers},
	} {
		if len(x.have) > x.most {
			return sim.NewProblem("handin.long", "Field", x.field, "Have", len(x.have), "Max", x.most)
		}
	}
	for beat, answer := range h.Answers {
		if !shelfName.MatchString(beat) || strings.ContainsAny(answer, ";~") {
			return sim.NewProblem("handin.answer", "Beat", beat, "Have", answer)
		}
	}
	return nil
}

// Begins reports whether it goes to a beat of the lesson, and not to a moment of somebody's run.
func (h *HandIn) Begins() bool { return len(h.Moment["step"]) == 0 }

// All returns its answers as a view has them.
func (h *HandIn) All() string { return writeAnswers(h.Answers) }

// Changes returns what its run has otherwise than the lesson's own in a language. fill completes a recipe as its
// model does. A run that makes no sense is a Problem of its recipe.
func (l *Lesson) Changes(h *HandIn, lang string, fill func(r sim.Recipe, lang string) sim.Recipe) (Over, error) {
	given := Over{}
	for key, texts := range h.Moment {
		if isRunKey(key) {
			given[key] = texts
		}
	}
	r, err := recipe.FromLink(func(f *recipe.Field) []string { return given[f.Key] })
	if err != nil || h.Begins() {
		return given, err
	}
	own, err := l.RecipeAt(max(l.Index(h.Beat), 0), lang, nil)
	if err != nil {
		return nil, err
	}
	return Changed(fill(own, l.SpokenIn(lang)), r), nil
}

// answersIn reads all answers of a view: "beat~answer", joined by ";".
func answersIn(text string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		if beat, answer, ok := strings.Cut(part, "~"); ok {
			all[beat] = answer
		}
	}
	return all
}

func writeAnswers(all map[string]string) string {
	var parts []string
	for _, beat := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, beat+"~"+all[beat])
	}
	return strings.Join(parts, ";")
}
