package page

// WaitsData is what a link of another site would run, shown before it runs.
type WaitsData struct {
	Action  string // the page that the link names
	Fields  []Field
	Problem string // why the link cannot be read, in words
	Note    string // what of it is left out, in words
}

// Field is one field of a link.
type Field struct{ Key, Value, Shown string }

// field returns the value of a field, "" if the link does not have it.
func (w WaitsData) field(key string) string {
	for _, f := range w.Fields {
		if f.Key == key {
			return f.Shown
		}
	}
	return ""
}

// rest returns what is listed: all but what is quoted already.
func (w WaitsData) rest() []Field {
	var rest []Field
	for _, f := range w.Fields {
		if f.Key != "lang" && (f.Key != "prompt" || w.Action != Lab) {
			rest = append(rest, f)
		}
	}
	return rest
}

// says reports what a press would do.
func (w WaitsData) says() string {
	switch {
	case len(w.rest()) == 0 && w.field("prompt") == "":
		return "waits.say.default"
	case w.Action != Lab:
		return "waits.say.plots"
	}
	return "waits.say"
}
