package page

import (
	"maps"

	"github.com/a-h/templ"

	"kvstep/sim/library"
	schema "kvstep/sim/recipe" // this package has a component of that name
)

// fieldAttrs makes an element of a form a field of the recipe: it is called as in links, and
// panel/recipe/fields.js reads and fills it by its path. A problem about it finds it by
// data-field.
func fieldAttrs(path string) templ.Attributes {
	f := schema.Find(path)
	if f == nil {
		panic("page: no field is at " + path)
	}
	a := templ.Attributes{}
	if f.Number != nil {
		maps.Copy(a, number(f.Number.Name))
	}
	a["name"], a["data-path"], a["data-field"] = f.Key, f.Path, f.Name()
	if f.Sampler != "" {
		a["data-sampler"] = f.Sampler
	}
	if f.Many {
		a["data-many"] = true
	}
	if f.Optional {
		a["data-default"] = f.Missing
	}
	return a
}

// fits returns what the form reads of a model when it is chosen (panel/recipe/fit.js).
func (m ModelInfo) fits() templ.Attributes {
	return templ.Attributes{
		"data-context": itoa(m.Config.Context), "data-new": itoa(library.DefaultNew(m.Config)),
		"data-lanes": library.DefaultLanes(m.Config), "data-dim": itoa(m.Config.HeadDim),
	}
}

// settings returns the numbers of a sampler, in the order of the form.
func settings() (list []*schema.Field) {
	for i := range schema.Fields {
		if f := &schema.Fields[i]; f.Number != nil && f.OfSampler() {
			list = append(list, f)
		}
	}
	return list
}

// given returns what the form shows of a field at first.
func (d HomeData) given(f *schema.Field) string {
	if r := d.Recipe; f.Matters(&r) {
		return f.Text(&r)
	}
	return f.Missing
}
