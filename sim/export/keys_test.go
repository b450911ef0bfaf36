package export

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestTheDocHasEveryKey: docs/trace.md has every key that a line of a trace may have, so that
// one with another name is noticed.
func TestTheDocHasEveryKey(t *testing.T) {
	doc, err := os.ReadFile("../../docs/trace.md")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	for _, word := range regexp.MustCompile(`\w+`).FindAllString(strings.Join(coded.FindAllString(string(doc), -1), " "), -1) {
		written[word] = true
	}
	seen := map[reflect.Type]bool{}
	keys := 0
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(of.Elem())
		case reflect.Struct:
			if seen[of] {
				return
			}
			seen[of] = true
			for i := range of.NumField() {
				f := of.Field(i)
				key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if key == "-" {
					continue
				}
				if keys++; key != "" && !written[key] {
					t.Errorf("docs/trace.md has no `%s` (%s.%s)", key, of, f.Name)
				}
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[traceLine]())
	if keys < 80 {
		t.Errorf("%d keys", keys)
	}
}

// coded are names in a text: between backquotes, and keys of an example.
var coded = regexp.MustCompile("`[^`]+`|\"\\w+\":")
