package wire

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kvstep/sim/lens"
)

// TestTheDocHasEveryCommandKey: the commands of docs/protocol.md have every key of a command,
// what a viewer looks at among them, and no other.
func TestTheDocHasEveryCommandKey(t *testing.T) {
	doc, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, command := range regexp.MustCompile("(?m)^\\| `(\\{\"cmd\".*?\\})`").FindAllStringSubmatch(string(doc), -1) {
		for _, key := range regexp.MustCompile(`"(\w+)"[:,}]`).FindAllStringSubmatch(command[1], -1) {
			told = append(told, key[1])
		}
	}
	keys := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for i := range of.NumField() {
			f := of.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous {
				walk(f.Type)
			} else if key != "-" {
				if keys[key] = true; !slices.Contains(told, key) {
					t.Errorf("no command of docs/protocol.md has %q (%s.%s)", key, of, f.Name)
				}
			}
			if at := f.Type; at.Kind() == reflect.Pointer && at.Elem() == reflect.TypeFor[lens.Cell]() {
				walk(at.Elem())
			}
		}
	}
	walk(reflect.TypeFor[Command]())
	if len(keys) < 20 {
		t.Errorf("commands have the keys %v", keys)
	}
}
