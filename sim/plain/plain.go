// Package plain writes what people's files and terminals get: text in which nothing is
// an order to a terminal, and values as JSON in which every number has a word. JSON has
// none for what is not finite; here it is an object of one field:
//
//	{"float": "NaN"}   {"float": "Infinity"}   {"float": "-Infinity"}
//
// No text of a person can be taken for one, and a page makes the number again from it.
package plain

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
)

// JSON returns v in one line without a break at its end, with < > and & as they are. It
// never fails for data: what JSON cannot hold at all, such as a function, is null.
func JSON(v any) []byte {
	text, err := encode(v)
	var odd *json.UnsupportedValueError
	if errors.As(err, &odd) { // rare: some number is not finite
		if text, err = encode(marked(reflect.ValueOf(v)).Interface()); err == nil {
			return words(text)
		}
	}
	if err != nil {
		return []byte("null")
	}
	return text
}

// Encoder writes values one after the other, with one buffer for all. The zero value is ready.
type Encoder struct {
	buffer bytes.Buffer
	to     *json.Encoder
}

// Text returns what JSON does.
func (e *Encoder) Text(v any) string {
	if e.to == nil {
		e.to = json.NewEncoder(&e.buffer)
		e.to.SetEscapeHTML(false)
	}
	e.buffer.Reset()
	if e.to.Encode(v) != nil {
		return string(JSON(v))
	}
	return string(bytes.TrimSuffix(e.buffer.Bytes(), []byte("\n")))
}

// Indented returns JSON in many lines, for people: without orders in its texts.
func Indented(v any, indent string) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, unordered(JSON(v)), "", indent); err != nil {
		return unordered(JSON(v))
	}
	return b.Bytes()
}

// Line writes v as one line, without orders in its texts.
func Line(w io.Writer, v any) error {
	_, err := w.Write(append(unordered(JSON(v)), '\n'))
	return err
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// marks stand for numbers that are not finite while encoding/json writes them: numbers
// that nothing computes, with the words that they become.
var marks = []struct {
	word string
	is   func(x float64) bool
	wide float64
	slim float32
}{
	{"NaN", math.IsNaN, math.Float64frombits(0x4b5653544550), math.Float32frombits(0x4b5653)},
	{"Infinity", func(x float64) bool { return math.IsInf(x, 1) }, math.Float64frombits(0x4b5653544551), math.Float32frombits(0x4b5657)},
	{"-Infinity", func(x float64) bool { return math.IsInf(x, -1) }, math.Float64frombits(0x4b5653544552), math.Float32frombits(0x4b565b)},
}

// marked returns a copy of v with marks for what is not finite. What writes itself as JSON
// stays as it is.
func marked(v reflect.Value) reflect.Value {
	if !v.IsValid() || v.Type().Implements(reflect.TypeFor[json.Marshaler]()) {
		return v
	}
	to := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		to.SetFloat(v.Float())
		for _, m := range marks {
			if m.is(v.Float()) {
				to.SetFloat(m.wide)
				if v.Kind() == reflect.Float32 {
					to.SetFloat(float64(m.slim))
				}
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			to.Set(reflect.New(v.Type().Elem()))
			to.Elem().Set(marked(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			to.Set(marked(v.Elem()))
		}
	case reflect.Struct:
		to.Set(v)
		markFields(to)
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		to.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			to.Index(i).Set(marked(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		to.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for _, key := range v.MapKeys() {
			to.SetMapIndex(key, marked(v.MapIndex(key)))
		}
	default:
		return v
	}
	return to
}

// markFields marks the fields of a struct, those of structs in it included. (An embedded
// pointer to a type of another package's own cannot be set: such a type has to be exported.)
func markFields(to reflect.Value) {
	for i := range to.NumField() {
		switch f := to.Field(i); {
		case f.CanSet():
			f.Set(marked(f))
		case to.Type().Field(i).Anonymous && f.Kind() == reflect.Struct:
			markFields(f)
		}
	}
}

// words puts words in the place of marks. Only numbers are looked at, no text.
func words(text []byte) []byte {
	var out []byte
	done := 0
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		t, err := d.Token()
		if err != nil {
			return append(out, text[done:]...)
		}
		number, ok := t.(json.Number)
		if !ok {
			continue
		}
		for _, m := range marks {
			if string(number) == string(must(m.wide)) || string(number) == string(must(m.slim)) {
				end := int(d.InputOffset())
				out = append(append(append(out, text[done:end-len(number)]...), `{"float":"`+m.word...), `"}`...)
				done = end
			}
		}
	}
}

// must writes a mark as encoding/json does.
func must(x any) []byte {
	text, _ := json.Marshal(x)
	return text
}
