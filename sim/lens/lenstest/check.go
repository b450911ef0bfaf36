package lenstest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kvstep/sim/lens"
)

// Check holds a frame's metadata and the names of its tensors against the schema: every
// key is a lens's whose needs may be met, has the type that the page is told, and what is
// always there is there.
func (s *Schema) Check(meta map[string]string, tensors []string) error {
	known := map[string]bool{"kvstep": true, "seq": true, "link": true, "lesson": true}
	named := map[string]bool{}
	for _, l := range lens.All {
		for _, t := range l.Tensors {
			named[t.Name] = true
		}
		if l.Show.Value == nil {
			continue
		}
		known[l.Name] = true
		text, ok := meta[l.Name]
		if !ok {
			if len(l.Needs) == 0 {
				return fmt.Errorf("%s is not there", l.Name)
			}
			continue
		}
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
		if value == nil && l.Null {
			continue
		}
		if err := s.conforms(value, l.Show.Value, l.Name); err != nil {
			return err
		}
	}
	for key := range meta {
		if !known[key] {
			return fmt.Errorf("no lens is called %s", key)
		}
	}
	for _, name := range tensors {
		if id, ok := strings.CutPrefix(name, "op."); ok && id != "" {
			name = "op.ID"
		}
		if !named[name] {
			return fmt.Errorf("no lens says that it has the tensor %s", name)
		}
	}
	return nil
}

// conforms reports where a value is not of the type that the page is told.
func (s *Schema) conforms(v any, t reflect.Type, path string) error {
	wrong := func() error { return fmt.Errorf("%s is %v, not %s", path, v, s.Name(t)) }
	if x, ok := v.(map[string]any); ok && len(x) == 1 && x["float"] != nil { // a number that is not finite
		v = 0.0
	}
	if name, ok := written[t]; ok {
		return s.writtenAs(v, name, path, wrong)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.conforms(v, t.Elem(), path)
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			return wrong()
		}
	case reflect.String:
		text, ok := v.(string)
		if words := s.docs.words(t); !ok || len(words) > 0 && !slices.Contains(words, text) {
			return wrong()
		}
	case reflect.Slice, reflect.Array:
		list, ok := v.([]any)
		if !ok || t.Kind() == reflect.Array && len(list) != t.Len() {
			return wrong()
		}
		for i, x := range list {
			if x == nil && t.Elem().Kind() == reflect.Pointer {
				continue
			}
			if err := s.conforms(x, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		object, ok := v.(map[string]any)
		if !ok {
			return wrong()
		}
		for key, x := range object {
			if err := s.conforms(x, t.Elem(), path+"."+key); err != nil {
				return err
			}
		}
	case reflect.Struct:
		return s.structConforms(v, t, path, wrong)
	default:
		if _, ok := v.(float64); !ok {
			return wrong()
		}
	}
	return nil
}

func (s *Schema) writtenAs(v any, name, path string, wrong func() error) error {
	_, text := v.(string)
	_, number := v.(float64)
	list, ok := v.([]any)
	switch {
	case name == "Integer" && (text || number), name == "number" && number, name == "string" && text:
		return nil
	case name == "Token" && ok && len(list) == 2:
		_, id := list[0].(float64)
		_, label := list[1].(string)
		if id && label {
			return nil
		}
	case name == "Token[]" && ok:
		for _, x := range list {
			if err := s.writtenAs(x, "Token", path, wrong); err != nil {
				return err
			}
		}
		return nil
	}
	return wrong()
}

func (s *Schema) structConforms(v any, t reflect.Type, path string, wrong func() error) error {
	object, ok := v.(map[string]any)
	if !ok {
		return wrong()
	}
	known := map[string]bool{}
	for _, f := range s.Fields(t) {
		known[f.Key] = true
		x, there := object[f.Key]
		switch {
		case !there && f.Optional, x == nil && there && f.Null():
			continue
		case !there:
			return fmt.Errorf("%s.%s is not there", path, f.Key)
		}
		to := f.Type
		if f.Text {
			to = reflect.TypeFor[string]()
		}
		if err := s.conforms(x, to, path+"."+f.Key); err != nil {
			return err
		}
	}
	for key := range object {
		if !known[key] {
			return fmt.Errorf("%s.%s is in no type", path, key)
		}
	}
	return nil
}
