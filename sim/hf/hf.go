// Package hf reads config.json as Hugging Face's transformers does: a field that is left
// out means what its class says (classes), one that is null means none; a model of text and more
// has its text model inside (text_config); RoPE is spelled in two ways; and Python's NaN
// and Infinity, which are not JSON, are values of the wrong kind. Who counts a model and
// who runs it read the same file here.
//
// What is wrong with a file is a *sim.Problem "config.*" that names it and the field.
package hf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"kvstep/sim"
)

// Config is a file that was read. Its methods give fields; the first that is wrong stays
// in Err.
type Config struct {
	File   string // its name, for messages
	Type   string // model_type, of the text model where there is more
	Nested string // model_type around it, "" for none
	Err    error

	said, outer, class map[string]json.RawMessage
}

// Problem returns a Problem about a file; its fields come as name, value pairs.
func Problem(id, file string, pairs ...any) *sim.Problem {
	return sim.NewProblem(id, append([]any{"File", file}, pairs...)...)
}

// Unmarshal reads JSON, or what Python writes for it, into to.
func Unmarshal(file string, data []byte, to any) error {
	err := json.Unmarshal(fromPython(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), to)
	if err == nil {
		return nil
	}
	// A field of the wrong type is worth its name; anything else is bad JSON.
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return Problem("config.type", file, "Field", wrong.Field, "Have", wrong.Value).Because(err)
	}
	return Problem("config.json", file).Because(err)
}

// fromPython quotes NaN, Infinity and -Infinity, which Python's json writes as they are.
func fromPython(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	out := make([]byte, 0, len(data)+64)
	for at := 0; at < len(data); {
		if data[at] == '"' { // a string, which stays
			end := at + 1
			for end < len(data) && data[end] != '"' {
				if data[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(data))
			out, at = append(out, data[at:end]...), end
			continue
		}
		word := slices.IndexFunc(pythons, func(w string) bool { return bytes.HasPrefix(data[at:], []byte(w)) })
		if word < 0 {
			out, at = append(out, data[at]), at+1
			continue
		}
		out = append(append(append(out, '"'), pythons[word]...), '"')
		at += len(pythons[word])
	}
	return out
}

var pythons = []string{"NaN", "-Infinity", "Infinity"}

// Read reads a config.json.
func Read(file string, data []byte) (*Config, error) {
	c := &Config{File: file}
	if err := Unmarshal(file, data, &c.said); err != nil {
		return nil, err
	}
	c.Type = or(c.Text("model_type"), "")
	if text := c.Object("text_config"); text != nil {
		c.Nested, c.outer, c.said = c.Type, c.said, text
		if c.Type = or(c.Text("model_type"), inner[c.Nested]); c.Type == "" {
			c.Type = c.Nested
		}
	}
	if class, ok := classTable[c.Type]; ok {
		if err := json.Unmarshal([]byte(class), &c.class); err != nil {
			return nil, err // the table is wrong: tests read all of it
		}
	}
	if c.outer != nil {
		c.agree("vocab_size")
		c.agree("tie_word_embeddings")
	}
	return c, c.Err
}

// agree refuses a field that the text model has in another way than what is around it,
// since versions of transformers differ in whom they ask.
func (c *Config) agree(name string) {
	around, inside := c.outer[name], string(c.raw(name))
	if inside == "" || inside == "null" {
		inside = "false" // of a class that does not tie
	}
	if len(around) > 0 && string(around) != "null" && c.class != nil && string(around) != inside {
		c.Unsupported(name, Clip(fmt.Sprintf("%s, text_config.%s = %s", around, name, inside)))
	}
}

// Unsupported refuses a value of a field.
func (c *Config) Unsupported(field string, have any) {
	if s, ok := have.(string); ok {
		have = Clip(s)
	}
	c.Fail(Problem("config.unsupported", c.File, "Field", field, "Have", have))
}

// Fail keeps the first error.
func (c *Config) Fail(err error) {
	if c.Err == nil && err != nil {
		c.Err = err
	}
}

// Says reports whether the file itself has a field, even as null.
func (c *Config) Says(name string) bool {
	_, ok := c.said[name]
	return ok
}

// raw returns the first of several names of a field that the file has, or else that its class
// has; nil for none, and "null" where it says so.
func (c *Config) raw(names ...string) json.RawMessage {
	for _, from := range []map[string]json.RawMessage{c.said, c.class} {
		for _, name := range names {
			if v, ok := from[name]; ok {
				return v
			}
		}
	}
	return nil
}

// Given returns a field as it is written, nil for none and for null; what stands around a
// text model counts too.
func (c *Config) Given(name string) json.RawMessage {
	if list := c.everywhere(name); len(list) > 0 {
		return list[0]
	}
	return nil
}

// everywhere returns a field as it is written in the text model and around it, as far as it
// is there and not null.
func (c *Config) everywhere(name string) (list []json.RawMessage) {
	for _, from := range []map[string]json.RawMessage{c.said, c.outer} {
		if v := from[name]; len(v) > 0 && string(v) != "null" {
			list = append(list, v)
		}
	}
	return list
}

// field reads a field by any of its names; nil for none and for null.
func field[T any](c *Config, names []string) *T {
	raw := c.raw(names...)
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		name := names[0]
		if i := slices.IndexFunc(names, c.Says); i >= 0 {
			name = names[i]
		}
		c.wrong(name, raw, err)
		return nil
	}
	return &v
}

// wrong is a value that is not of the kind that its field has.
func (c *Config) wrong(name string, raw json.RawMessage, err error) {
	have := string(raw)
	if len(have) > 2 && slices.Contains(pythons, have[1:len(have)-1]) {
		have = have[1 : len(have)-1]
	}
	c.Fail(Problem("config.type", c.File, "Field", name, "Have", Clip(have)).Because(err))
}

// Int, Float, Bool, Text, Ints, Texts and Object are fields of a kind, by the first of
// several names; nil for none and for null.
func (c *Config) Int(names ...string) *int       { return field[int](c, names) }
func (c *Config) Float(names ...string) *float64 { return field[float64](c, names) }
func (c *Config) Bool(names ...string) *bool     { return field[bool](c, names) }
func (c *Config) Text(names ...string) *string   { return field[string](c, names) }
func (c *Config) Ints(names ...string) []int     { return or(field[[]int](c, names), nil) }
func (c *Config) Texts(names ...string) []string { return or(field[[]string](c, names), nil) }
func (c *Config) Is(names ...string) bool        { return or(field[bool](c, names), false) }
func (c *Config) Object(name string) map[string]json.RawMessage {
	return or(field[map[string]json.RawMessage](c, []string{name}), nil)
}

// Need returns a whole number that neither the file nor its class may lack.
func (c *Config) Need(names ...string) int {
	v := c.Int(names...)
	if v == nil {
		c.Fail(Problem("config.missing", c.File, "Field", names[0]))
		return 0
	}
	return *v
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// Clip shortens text of a stranger that goes into a message.
func Clip(s string) string {
	if r := []rune(s[:min(len(s), 400)]); len(r) > 60 || len(s) > 400 {
		return string(r[:min(len(r), 60)]) + "…"
	}
	return s
}
