package recipe

import (
	"strconv"
	"strings"

	"kvstep/sim"
	"kvstep/sim/kv"
)

// Fields stand in a recipe as pointers to its parts, or as one of these.
type (
	// real is a number that is kept elsewhere, such as a filter's setting.
	real interface {
		Get() float64
		Set(x float64)
	}
	size     int64      // bytes, which may be written with a unit
	prompts  sim.Recipe // the prompts of a batch's requests, which ask for as many tokens as the recipe
	arrivals sim.Recipe // the passes from which these are there, in their order
)

// Texts returns the field's value as Set reads it: one text, of a list one for each element.
func (f *Field) Texts(r *sim.Recipe) (texts []string) {
	switch x := f.at(r).(type) {
	case *[]string:
		return *x
	case *[]sim.Forced:
		for _, e := range *x {
			texts = append(texts, strconv.Itoa(e.Pass)+":"+strconv.Itoa(e.Token))
		}
	case *[]sim.Request:
		for _, q := range *x {
			texts = append(texts, writeRequest(q))
		}
	case *prompts:
		for _, q := range x.Batch.Requests {
			texts = append(texts, q.Prompt)
		}
	case *arrivals:
		if x.Batch == nil {
			return nil
		}
		for _, q := range x.Batch.Requests {
			texts = append(texts, strconv.Itoa(q.Arrive))
		}
	default:
		return []string{f.Text(r)}
	}
	return texts
}

// Text returns the value of a field that is no list.
func (f *Field) Text(r *sim.Recipe) string {
	switch x := f.at(r).(type) {
	case *string:
		return *x
	case *int:
		return strconv.Itoa(*x)
	case *size:
		return strconv.FormatInt(int64(*x), 10)
	case *uint64:
		return strconv.FormatUint(*x, 10)
	case *float64:
		return f.Number.Write(*x)
	case real:
		return f.Number.Write(x.Get())
	case *bool:
		return map[bool]string{false: "0", true: "1"}[*x]
	case *[]int:
		return WriteInts(*x)
	case *sim.CachePolicy:
		return kv.Text(*x)
	}
	panic("recipe: no text of " + f.Path)
}

// Set reads the field's value from texts, of which only a list has not exactly one, and
// checks it: Problem "recipe.range" or "recipe.whole" for a number, "recipe.choice" for a
// word, "recipe.text" for an element of a list. A value that does not matter is checked
// too, and left out.
func (f *Field) Set(r *sim.Recipe, texts ...string) error {
	switch {
	case f.Many && !f.Matters(r):
		return nil
	case f.Many:
		return f.setAll(r, texts)
	case f.Words != nil:
		word, err := f.readWord(texts[0])
		if err != nil || !f.Matters(r) {
			return err
		}
		return f.setOne(r, word)
	case f.Matters(r):
		return f.setOne(r, texts[0])
	case f.Number != nil:
		_, err := f.Number.Read(texts[0])
		return err
	}
	return nil
}

func (f *Field) setOne(r *sim.Recipe, text string) (err error) {
	switch x := f.at(r).(type) {
	case *string:
		*x = text
	case *int:
		var n float64
		n, err = f.Number.Read(text)
		*x = int(n)
	case *float64:
		*x, err = f.Number.Read(text)
	case real:
		var n float64
		if n, err = f.Number.Read(text); err == nil {
			x.Set(n)
		}
	case *uint64:
		if *x, err = strconv.ParseUint(text, 10, 64); err != nil {
			err = f.Number.Refuse(text)
		}
	case *size:
		var n int64
		n, err = kv.ParseBytes(text)
		*x = size(n)
	case *bool:
		if *x = text == "1" || text == "true"; !*x && text != "0" && text != "false" {
			err = f.choice(text, []string{"0", "1"})
		}
	case *[]int:
		var ok bool
		if *x, ok = ReadInts(text); !ok {
			err = f.malformed(text)
		}
	case *sim.CachePolicy:
		budget := x.Budget
		*x, err = kv.Parse(text)
		x.Budget = budget
	}
	return err
}

func (f *Field) setAll(r *sim.Recipe, texts []string) error {
	switch x := f.at(r).(type) {
	case *[]string:
		*x = append([]string(nil), texts...)
	case *[]sim.Forced:
		for _, text := range texts {
			pass, id, ok := strings.Cut(text, ":")
			a, ok1 := ReadInts(pass)
			b, ok2 := ReadInts(id)
			if !ok || !ok1 || !ok2 || len(a) != 1 || len(b) != 1 {
				return f.malformed(text)
			}
			*x = append(*x, sim.Forced{Pass: a[0], Token: b[0]})
		}
	case *[]sim.Request:
		for _, text := range texts {
			q, err := f.readRequest(text)
			if err != nil {
				return err
			}
			*x = append(*x, q)
		}
	case *prompts:
		for _, text := range texts {
			x.Batch.Requests = append(x.Batch.Requests, sim.Request{Prompt: text, MaxNew: x.MaxNew})
		}
	case *arrivals: // one text may have several, between commas
		var requests []sim.Request
		if x.Batch != nil {
			requests = x.Batch.Requests
		}
		texts = strings.Split(strings.Join(texts, ","), ",")
		if len(texts) > len(requests) {
			return sim.NewProblem("recipe.arrive", "Have", len(texts), "Requests", len(requests))
		}
		for i, text := range texts {
			n, err := Arrive.Read(text)
			if err != nil {
				return err
			}
			requests[i].Arrive = int(n)
		}
	}
	return nil
}

// writeRequest writes "arrive:max_new:prompt", or "arrive:max_new#id,id" of ids.
func writeRequest(q sim.Request) string {
	text := ":" + q.Prompt
	if len(q.Tokens) > 0 {
		text = "#" + WriteInts(q.Tokens)
	}
	return strconv.Itoa(q.Arrive) + ":" + strconv.Itoa(q.MaxNew) + text
}

func (f *Field) readRequest(text string) (q sim.Request, err error) {
	arrive, rest, ok := strings.Cut(text, ":")
	at := strings.IndexAny(rest, ":#")
	if !ok || at < 0 {
		return q, f.malformed(text)
	}
	a, err := Arrive.Read(arrive)
	if err != nil {
		return q, err
	}
	n, err := MaxNew.Read(rest[:at])
	if err != nil {
		return q, err
	}
	q.Arrive, q.MaxNew = int(a), int(n)
	if rest[at] == ':' {
		q.Prompt = rest[at+1:]
		return q, nil
	}
	if q.Tokens, ok = ReadInts(rest[at+1:]); !ok || len(q.Tokens) == 0 {
		return q, f.malformed(text)
	}
	return q, nil
}

// WriteInts writes numbers separated by commas.
func WriteInts(list []int) string {
	parts := make([]string, len(list))
	for i, n := range list {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ",")
}

// ReadInts reads what WriteInts writes; of "" no numbers.
func ReadInts(text string) (list []int, ok bool) {
	if text == "" {
		return nil, true
	}
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(part), 10, 32)
		if err != nil {
			return nil, false
		}
		list = append(list, int(n))
	}
	return list, true
}
