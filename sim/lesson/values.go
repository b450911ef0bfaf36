package lesson

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/types"

	"kvstep/sim/lens"
)

// Values is what expressions see at a moment: the value of each lens by its name, with the
// names that it has in a frame, and its tensors as lists under tensors.NAME (in which "." and
// "-" are "_"). FLOPs by part are their sum where a number stands, and lie beside it in parts.
type Values struct {
	Moment *lens.Moment
	Named  map[string]*lens.Moment // other moments of the lesson, those that are not later
	seen   map[string]any
}

// NewValues returns the values of a moment.
func NewValues(m *lens.Moment, named map[string]*lens.Moment) *Values {
	return &Values{Moment: m, Named: named, seen: map[string]any{}}
}

// tensorsName is where the tensors of all lenses stand.
const tensorsName = "tensors"

// env returns what an expression reads, and no more.
func (v *Values) env(e *Expression, vars map[string]any) (map[string]any, error) {
	env := maps.Clone(vars)
	if env == nil {
		env = map[string]any{}
	}
	for name := range e.reads {
		moment, of, other := strings.Cut(name, ".")
		if !other {
			if _, is := vars[name]; !is {
				env[name] = v.lens("", name)
			}
			continue
		}
		if v.Named[moment] == nil {
			return nil, faultAt(e.Place, "lesson.expression.later", "Source", e.Source, "Moment", moment)
		}
		inner, _ := env[moment].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			env[moment] = inner
		}
		inner[of] = v.lens(moment, of)
	}
	return env, nil
}

// lens returns what a lens shows, as an expression sees it; nil where it shows nothing.
func (v *Values) lens(moment, name string) any {
	key := moment + "." + name
	if x, ok := v.seen[key]; ok {
		return x
	}
	m := v.Moment
	if moment != "" {
		m = v.Named[moment]
	}
	x := read(m, name)
	v.seen[key] = x
	return x
}

func read(m *lens.Moment, name string) any {
	if name == tensorsName {
		all := map[string]any{}
		for i := range lens.All {
			if l := &lens.All[i]; len(l.Tensors) > 0 && l.Seen(m) {
				_, tensors := l.Show.At(m)
				for _, t := range tensors {
					all[tensorName(t.Name)] = lists(t)
					if len(t.Shape) == 1 { // a triangle, which the lane without a cache begins with one number
						longer := 0
						if l.Name != "without" {
							longer = m.From.Cached
						}
						all[tensorName(t.Name)] = triangle(lists(t).([]any), longer)
					}
				}
			}
		}
		return all
	}
	for i := range lens.All {
		if l := &lens.All[i]; l.Name == name && l.Seen(m) {
			x, _ := l.Show.At(m)
			return plainOf(reflect.ValueOf(x))
		}
	}
	return nil
}

var inNames = strings.NewReplacer(".", "_", "-", "_")

func tensorName(name string) string { return inNames.Replace(name) }

// lists returns a tensor's numbers, one list inside another for each dimension.
func lists(t lens.Tensor) any {
	var flat []any
	switch {
	case t.Matrix != nil:
		for i := range t.Matrix.NumRows() {
			for _, x := range t.Matrix.Row(i) {
				flat = append(flat, float64(x))
			}
		}
	case t.Whole != nil:
		for _, x := range t.Whole {
			flat = append(flat, int(x))
		}
	case t.Counts != nil:
		for _, row := range t.Counts {
			for _, x := range row {
				flat = append(flat, x)
			}
		}
	default:
		for _, b := range t.Bytes {
			flat = append(flat, int(b))
		}
	}
	for i := len(t.Shape) - 1; i > 0; i-- {
		n := t.Shape[i]
		var outer []any
		for n > 0 && len(flat) >= n {
			outer, flat = append(outer, flat[:n:n]), flat[n:]
		}
		flat = outer
	}
	return flat
}

// triangle cuts numbers into rows, each one longer than the row before; the first has so many more than one.
func triangle(flat []any, longer int) (rows []any) {
	for n := longer + 1; n <= len(flat); n++ {
		rows, flat = append(rows, flat[:n:n]), flat[n:]
	}
	return rows
}

var (
	byPart = reflect.TypeFor[lens.FlopsByPart]()
	// inner is how deep the values of lenses go; what calls itself ends there.
	inner = 8
)

// schema is the type of what an expression reads, by the types of what lenses show: of all lenses it would take
// a hundred times as long to compile. Names that no lens has are not in it.
func schema(reads map[string]bool, moments, variables []string) types.Map {
	all, lenses := types.Map{}, lensTypes()
	for _, name := range moments {
		all[name] = types.Map{}
	}
	for name := range reads {
		moment, of, other := strings.Cut(name, ".")
		if !other {
			moment, of = "", name
		}
		if t := lenses[of]; t != nil {
			if other {
				all[moment].(types.Map)[of] = t
			} else {
				all[of] = t
			}
		}
	}
	for _, name := range variables {
		all[name] = types.Int
	}
	return all
}

var lensTypes = sync.OnceValue(func() types.Map {
	all, tensors := types.Map{}, types.Map{}
	for i := range lens.All {
		l := &lens.All[i]
		if l.Show.Value != nil {
			all[l.Name] = typeOf(l.Show.Value, 0)
		}
		for _, t := range l.Tensors {
			tensors[tensorName(t.Name)] = tensorType(t.Shape)
		}
	}
	all[tensorsName] = tensors
	return all
})

// tensorType is lists in lists of numbers, as many as its shape has dimensions: "[L, H]" two, a triangle rows.
// What has no shape, an op's, may be anything.
func tensorType(shape string) types.Type {
	first, _, _ := strings.Cut(shape, "]")
	t := types.Type(types.Array(types.Float64))
	switch {
	case shape == "":
		return types.Any
	case shape == "triangle":
		return types.Array(t)
	}
	for range strings.Count(first, ",") {
		t = types.Array(t)
	}
	return t
}

func typeOf(t reflect.Type, depth int) types.Type {
	if depth > inner {
		return types.Any
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeOf(t.Elem(), depth)
	case reflect.Bool:
		return types.Bool
	case reflect.String:
		return types.String
	case reflect.Float32, reflect.Float64:
		return types.Float64
	case reflect.Slice, reflect.Array:
		return types.Array(typeOf(t.Elem(), depth+1))
	case reflect.Map:
		of := typeOf(t.Elem(), depth+1)
		if t.Key() == reflect.TypeFor[lens.LaneName]() { // no other names
			return types.Map{string(lens.LaneCached): of, string(lens.LaneUncached): of}
		}
		return types.Map{types.Extra: of}
	case reflect.Struct:
		m := types.Map{}
		for name, f := range fieldsOf(t) {
			if f.Type == byPart {
				m[name], m["parts"] = types.Int, partTypes(f.Type)
				continue
			}
			m[name] = typeOf(f.Type, depth+1)
		}
		return m
	case reflect.Interface, reflect.Func, reflect.Chan:
		return types.Any
	}
	return types.Int
}

func partTypes(t reflect.Type) types.Map {
	m := types.Map{}
	for name := range fieldsOf(t) {
		m[name] = types.Int
	}
	return m
}

// fieldsOf returns the fields of a struct by their names in JSON, those of what is embedded too.
func fieldsOf(t reflect.Type) func(yield func(string, reflect.StructField) bool) {
	return func(yield func(string, reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || name == "-" || f.Anonymous && name == "" {
				continue
			}
			if name == "" { // it is written in a way of its own, as [id, label]
				name = strings.ToLower(f.Name)
			}
			if !yield(name, f) {
				return
			}
		}
	}
}

// plainOf returns a value as maps, lists, numbers and texts; what is nil stays nil.
func plainOf(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plainOf(v.Elem())
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return int(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int(v.Uint())
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plainOf(v.Index(i))
		}
		return list
	case reflect.Map:
		m := map[string]any{}
		for _, k := range v.MapKeys() {
			if k.Kind() == reflect.String {
				m[k.String()] = plainOf(v.MapIndex(k))
			}
		}
		return m
	case reflect.Struct:
		return plainStruct(v)
	}
	return nil
}

func plainStruct(v reflect.Value) map[string]any {
	m := map[string]any{}
	for name, f := range fieldsOf(v.Type()) {
		x, err := v.FieldByIndexErr(f.Index)
		if err != nil { // it is of something embedded that is not there
			m[name] = nil
			continue
		}
		if f.Type == byPart {
			parts, sum := map[string]any{}, 0
			for part, p := range fieldsOf(byPart) {
				n := int(x.FieldByIndex(p.Index).Int())
				parts[part] = n
				sum += n
			}
			m[name], m["parts"] = sum, parts
			continue
		}
		m[name] = plainOf(x)
	}
	return m
}

// ShowFor is what a view has to have open so that the lenses show all that expressions read.
func ShowFor(es ...*Expression) []string {
	reads := map[string]bool{}
	for _, e := range es {
		if e == nil {
			continue
		}
		for name := range e.reads {
			_, of, other := strings.Cut(name, ".")
			if !other {
				of = name
			}
			reads[of] = true
		}
	}
	var show []string
	for _, x := range []struct{ lens, panel string }{
		{"letters", "formulas"}, {"sums", "formulas"}, {"modelled", "formulas"}, {"history", "history"}, {"choice", "choice"},
		{"beams", "beams"}, {"schedule", "schedule"}, {"rows", "rows"}, {tensorsName, "table"}, {tensorsName, "heads"}, {tensorsName, "history"},
		{tensorsName, "schedule"}, {tensorsName, "beams"}, {tensorsName, "rows"},
	} {
		if reads[x.lens] && !slices.Contains(show, x.panel) {
			show = append(show, x.panel)
		}
	}
	return show
}
