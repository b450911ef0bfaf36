// Package text is every word that people read, by id, in English and Chinese.
// The page fetches the same catalogue that the server and the command use.
package text

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed en.json zh.json
var files embed.FS

// Langs returns the languages of the catalogue, the default first.
func Langs() []string { return []string{"en", "zh"} }

var (
	bundle   = load()
	matcher  = language.NewMatcher([]language.Tag{language.English, language.Chinese})
	byLang   = map[string]*Catalogue{}
	rawFiles = map[string][]byte{}
)

// load reads both files; they are embedded and tested, so that a broken one
// cannot be shipped.
func load() *i18n.Bundle {
	b := i18n.NewBundle(language.English)
	b.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, lang := range Langs() {
		raw, err := files.ReadFile(lang + ".json")
		if err == nil {
			plain := termMark.ReplaceAllString(string(raw), "$2")
			if lang == "en" {
				plain = counted.ReplaceAllStringFunc(plain, func(s string) string { return strings.ReplaceAll(countOne(s), `"`, `\"`) })
			}
			_, err = b.ParseMessageFileBytes([]byte(plain), lang+".json")
		}
		if err != nil {
			panic("text: " + err.Error())
		}
	}
	return b
}

func init() {
	for _, lang := range Langs() {
		rawFiles[lang], _ = files.ReadFile(lang + ".json")
		byLang[lang] = &Catalogue{i18n.NewLocalizer(bundle, lang), lang}
	}
}

// termMark is how a message marks a term of the glossary (package docs): [[kv-cache|KV cache]].
// Here it is the text alone; the page's own elements open a card (static/js/ui/terms.js).
var termMark = regexp.MustCompile(`\[\[([\w-]+)\|([^\]]*)\]\]`)

// Match returns the catalogue's language for what a browser or terminal asks for:
// zh-CN, zh-TW and zh-Hans are all "zh"; what is not known is "en".
func Match(wanted ...string) string {
	_, i := language.MatchStrings(matcher, wanted...)
	return Langs()[i]
}

// JSON returns one language's catalogue, all of it.
func JSON(lang string) []byte { return rawFiles[lang] }

// unseen begin the ids of messages that no script says: the command's, and those of pages that
// the server words itself.
var unseen = []string{
	"cli.", "cost.", "grade.", "limit.", "plot.", "problem.addr.", "problem.cli.",
	"problem.cost.context", "problem.cost.divide", "problem.cost.hardware", "problem.cost.large", "problem.cost.overflow",
	"problem.cost.peak", "problem.cost.preset", "problem.cost.type", "problem.file.write",
	"problem.handin.beat", "problem.handin.empty", "problem.handin.json", "problem.handin.large",
	"problem.handin.slow", "problem.handin.some", "problem.handin.text", "problem.handin.version",
	"problem.hub.", "problem.lesson.", "problem.plot.data", "problem.plot.out", "problem.sweep.", "reason.", "waits.",
}

// ForPages returns one language's catalogue without the messages that no script says: what a
// page waits for.
func ForPages(lang string) ([]byte, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(rawFiles[lang], &all); err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	maps.DeleteFunc(all, func(id string, _ json.RawMessage) bool {
		return slices.ContainsFunc(unseen, func(begin string) bool { return strings.HasPrefix(id, begin) })
	})
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // six bytes for one
	if err := e.Encode(all); err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	return b.Bytes(), nil
}

// Catalogue words messages in one language.
type Catalogue struct {
	localizer *i18n.Localizer
	lang      string
}

// In returns the catalogue of a language of Langs.
func In(lang string) *Catalogue { return byLang[lang] }

// T returns the message of an id with its placeholders filled; "Count" chooses the
// plural form. Lists are joined, text is isolated (Isolate). An id that does not exist comes back as it is
// (a test finds those).
func (c *Catalogue) T(id string, args map[string]any) string {
	data := make(map[string]any, len(args))
	for name, v := range args {
		data[name] = c.value(v)
	}
	s, err := c.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: args["Count"]})
	if err != nil {
		return id
	}
	return s
}

// value returns what a placeholder is filled with.
func (c *Catalogue) value(v any) any {
	switch v := v.(type) {
	case string:
		return Isolate(v)
	case []string:
		each := make([]string, len(v))
		for i, s := range v {
			each[i] = Isolate(s)
		}
		return strings.Join(each, map[string]string{"en": ", ", "zh": "、"}[c.lang])
	case error: // templates would print it as text
		return Isolate(v.Error())
	case fmt.Stringer:
		return Isolate(v.String())
	}
	if x := reflect.ValueOf(v); x.Kind() == reflect.String { // a type of its own, such as sim.Phase
		return Isolate(x.String())
	}
	return v
}
