package recipe

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/kv"
)

// Parse reads a recipe from its JSON. A field that is not there, or null, has its
// default; one that is there means what it says. What is no recipe (a key that nobody
// knows, a text where a number should be) is Problem "recipe.json" with the key and why.
func Parse(data []byte) (sim.Recipe, error) {
	var r sim.Recipe
	given := object{}
	if err := given.read("recipe", data); err != nil {
		return r, err
	}
	if err := given.lift(outers()...); err != nil {
		return r, err
	}
	for i := range Fields {
		f := &Fields[i]
		if !f.list() || f.Path == "" || f.Path == "batch.requests" {
			continue
		}
		if err := given.list(f.Path, f.at(&r)); err != nil {
			return r, err
		}
	}
	requests, err := given.batch(&r)
	if err != nil {
		return r, err
	}
	texts, err := given.texts()
	if err != nil {
		return r, err
	}
	if err := cacheText(texts); err != nil {
		return r, err
	}
	r, err = read(r, func(f *Field) []string {
		if text, ok := texts[f.Path]; ok {
			return []string{text}
		}
		return nil
	})
	if err == nil {
		err = readRequests(&r, requests)
	}
	return r, err
}

// object is a JSON object whose inner objects' keys are paths.
type object map[string]json.RawMessage

func bad(key, why string) error {
	return sim.NewProblem("recipe.json", "Key", clip(key), "Why", clip(why))
}

// clip keeps a quoted value short enough for a message.
func clip(s string) string { return clipTo(s, 60) }

func clipTo(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// read reads one JSON object, strictly: no key twice, nothing after it.
func (o object) read(key string, data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return bad(key, clip(string(data)))
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return bad(key, clip(string(data)))
		}
		if _, twice := o[name]; twice {
			return bad(name, "twice")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return bad(name, err.Error())
		}
		o[name] = value
	}
	if _, err := d.Token(); err != nil {
		return bad(key, clip(string(data)))
	}
	if _, err := d.Token(); err != io.EOF {
		return bad(key, clip(string(data)))
	}
	maps.DeleteFunc(o, func(_ string, v json.RawMessage) bool { return isNull(v) })
	return nil
}

func isNull(v json.RawMessage) bool { return string(bytes.TrimSpace(v)) == "null" }

// outers returns the objects that a recipe has inside it: those of the fields' paths.
func outers() (names []string) {
	for i := range Fields {
		if outer, _, nested := strings.Cut(Fields[i].Path, "."); nested && !slices.Contains(names, outer) {
			names = append(names, outer)
		}
	}
	return names
}

// lift replaces inner objects by their members: "sampler" becomes "sampler.kind", ...
func (o object) lift(names ...string) error {
	for _, name := range names {
		data, ok := o[name]
		if !ok {
			continue
		}
		delete(o, name)
		inner := object{}
		if err := inner.read(name, data); err != nil {
			return err
		}
		o[name+"."] = nil // there is such an object
		for key, value := range inner {
			o[name+"."+key] = value
		}
	}
	return nil
}

// list takes a member that is a list of numbers, words or objects.
func (o object) list(key string, to any) error {
	data, ok := o[key]
	if !ok {
		return nil
	}
	delete(o, key)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return bad(key, err.Error())
	}
	return nil
}

// batch starts the recipe's batch where there is one, and takes its requests.
func (o object) batch(r *sim.Recipe) (requests []object, err error) {
	_, ok := o["batch."]
	for _, name := range outers() {
		delete(o, name+".")
	}
	if !ok {
		return nil, nil
	}
	r.Batch = &sim.Batch{}
	var raw []json.RawMessage
	if err := o.list("batch.requests", &raw); err != nil {
		return nil, err
	}
	if n := len(raw) + 1; n > MaxRequests {
		return nil, requestsRange.Check(float64(n))
	}
	for _, data := range raw {
		q := object{}
		if err := q.read("batch.requests", data); err != nil {
			return nil, err
		}
		requests = append(requests, q)
	}
	return requests, nil
}

// readRequests reads the requests of a batch; one that gives no max_new has the recipe's.
func readRequests(r *sim.Recipe, requests []object) error {
	for _, o := range requests {
		q := sim.Request{MaxNew: r.MaxNew}
		if err := o.list("tokens", &q.Tokens); err != nil {
			return err
		}
		for key, value := range o {
			text, err := literal(key, value, key != "prompt")
			if err != nil {
				return err
			}
			var n float64
			switch key {
			case "prompt":
				q.Prompt = text
			case "max_new":
				n, err = MaxNew.Read(text)
				q.MaxNew = int(n)
			case "arrive":
				n, err = Arrive.Read(text)
				q.Arrive = int(n)
			default:
				err = bad("batch.requests."+key, "unknown")
			}
			if err != nil {
				return err
			}
		}
		r.Batch.Requests = append(r.Batch.Requests, q)
	}
	return nil
}

// texts are the single values, by path.
func (o object) texts() (map[string]string, error) {
	texts := map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(o)) {
		f := Find(path)
		known, number := f != nil && path != "cache", f != nil && f.Number != nil
		if name, ok := strings.CutPrefix(path, "cache."); ok {
			known = name == "kind" || slices.Contains(kv.Names(), name)
			number = name != "kind" && kv.IsNumber(name)
		}
		if !known {
			return nil, bad(path, "unknown")
		}
		text, err := literal(path, o[path], number)
		if err != nil {
			return nil, err
		}
		texts[path] = text
	}
	return texts, nil
}

// literal is the text of a JSON number, string or truth value. The seed may be a string,
// since it may have more digits than a number of JavaScript.
func literal(path string, value json.RawMessage, number bool) (string, error) {
	var quoted, truth bool
	if f := Find(path); f != nil {
		quoted, truth = is[*uint64](f), f.Truth()
	}
	var s string
	if err := json.Unmarshal(value, &s); err == nil {
		if number && !quoted {
			return "", bad(path, string(value))
		}
		return s, nil
	}
	var x any
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	if err := d.Decode(&x); err != nil {
		return "", bad(path, err.Error())
	}
	switch x := x.(type) {
	case json.Number:
		if number {
			return x.String(), nil
		}
	case bool:
		if truth {
			return map[bool]string{false: "0", true: "1"}[x], nil
		}
	}
	return "", bad(path, string(value))
}

// cacheText joins what is given of a cache to the text of a policy.
func cacheText(texts map[string]string) error {
	kind, named := texts["cache.kind"]
	if !named && texts["sampler.kind"] == "beam" {
		kind = kv.Shared().Kind
	}
	given := map[string]string{}
	for path, text := range texts {
		if name, ok := strings.CutPrefix(path, "cache."); ok && name != "kind" && name != "budget" {
			given[name] = text
			delete(texts, path)
		}
	}
	delete(texts, "cache.kind")
	if !named && len(given) == 0 {
		return nil
	}
	p, err := kv.Read(kind, given)
	if err != nil {
		return err
	}
	if kinds := kv.Kinds(); !slices.Contains(kinds, p.Kind) {
		return sim.NewProblem("recipe.choice", "Field", "cache", "Have", clip(p.Kind), "Allowed", kinds)
	}
	texts["cache"] = kv.Text(p)
	return nil
}
