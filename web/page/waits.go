package page

import "strings"

// WaitsData is what a link of another site would run, shown before it runs.
type WaitsData struct {
	Action  string // the page that the link names
	Fields  []Field
	Problem string // why the link cannot be read, in words
}

// Field is one field of a link.
type Field struct{ Key, Value, Shown string }

// field is the value of a field, "" if the link does not have it.
func (w WaitsData) field(key string) string {
	for _, f := range w.Fields {
		if f.Key == key {
			return f.Shown
		}
	}
	return ""
}

// rest is what is listed: all but what is quoted already.
func (w WaitsData) rest() []Field {
	var rest []Field
	for _, f := range w.Fields {
		if f.Key != "lang" && (f.Key != "prompt" || w.Action != "/") {
			rest = append(rest, f)
		}
	}
	return rest
}

// says tells what a press would do.
func (w WaitsData) says() string {
	switch {
	case len(w.rest()) == 0 && w.field("prompt") == "":
		return "waits.say.default"
	case w.Action != "/":
		return "waits.say.plots"
	}
	return "waits.say"
}

// names are the messages that call fields of a link as the form calls them.
var names = map[string]string{
	"model": "recipe.model", "prompt": "recipe.prompt", "new": "recipe.new", "sampler": "recipe.sampler", "stop": "recipe.stop", "seed": "recipe.seed",
	"t": "recipe.temperature", "k": "recipe.top_k", "p": "recipe.top_p", "minp": "recipe.min_p", "rp": "recipe.repetition_penalty",
	"w": "recipe.width", "lp": "recipe.length", "draft": "recipe.draft", "propose": "recipe.propose", "cache": "policy.title", "budget": "policy.budget",
	"schedule": "several.schedule", "slots": "several.slots", "chunk": "several.chunk", "share": "several.share", "req": "several.title",
}

// called is a field's name on the page without its hint "(0: all)", "" if it has none.
func (d HomeData) called(key string) string {
	id, ok := names[key]
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(d.t(id), "（")
	name, _, _ = strings.Cut(name, " (")
	return name
}
