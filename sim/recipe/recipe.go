package recipe

import (
	"kvstep/sim"
	"kvstep/sim/kv"
)

// FromLink and FromFlags make a recipe of the fields that are given, as text; given says
// of a field what stands there, nil where nothing does. Every other field has its
// default. Of a field that is no list and is given twice Problem "recipe.twice".
func FromLink(given func(*Field) []string) (sim.Recipe, error)  { return fromTexts(links, given) }
func FromFlags(given func(*Field) []string) (sim.Recipe, error) { return fromTexts(flags, given) }

func fromTexts(n Notation, given func(*Field) []string) (r sim.Recipe, err error) {
	for i := range Fields {
		if Fields[i].begins == n && given(&Fields[i]) != nil {
			r.Batch = &sim.Batch{}
		}
	}
	return read(r, given)
}

// read reads what is given into r; what r has already and is not given stays.
func read(r sim.Recipe, given func(*Field) []string) (sim.Recipe, error) {
	for i := range Fields {
		f := &Fields[i]
		texts := given(f)
		switch {
		case len(texts) > 1 && !f.Many:
			return r, sim.NewProblem("recipe.twice", "Field", f.Name())
		case texts == nil && (f.list() || !f.Matters(&r)):
			continue
		case texts == nil:
			texts = []string{f.Default(&r)}
		}
		if err := f.Set(&r, texts...); err != nil {
			return r, err
		}
	}
	return canonical(r), nil
}

// list tells whether the field is a list, which is empty where nobody gives it.
func (f *Field) list() bool { return f.Many || is[*[]int](f) }

// Default is the recipe that gives nothing.
func Default() sim.Recipe {
	r, err := read(sim.Recipe{}, func(*Field) []string { return nil })
	if err != nil {
		panic(err) // a default that is none
	}
	return r
}

// canonical writes in one way what means the same: at temperature 0 the likeliest token
// is chosen, which is the greedy sampler.
func canonical(r sim.Recipe) sim.Recipe {
	if r.Sampler.Kind == "sample" && r.Sampler.Temperature == 0 {
		r.Sampler.Kind = "greedy"
	}
	return r
}

// Complete gives a recipe that is written in Go, where 0 means that a field was left
// out, the defaults of what it lacks. What a person gives is never read by it.
func Complete(r sim.Recipe) sim.Recipe {
	for i := range Fields {
		f := &Fields[i]
		if !f.Matters(&r) {
			continue
		}
		zero := false
		switch x := f.at(&r).(type) {
		case *string:
			zero = *x == ""
		case *int:
			zero = *x == 0
		case *float64:
			zero = *x == 0 && f.Path != "sampler.length_penalty"
		case real:
			zero = x.Get() == 0
		case *sim.CachePolicy:
			if zero = x.Kind == "" || beam(&r) && x.Kind == kv.Default().Kind; !zero {
				*x = kv.Complete(*x)
			}
		}
		if zero {
			_ = f.Set(&r, f.Default(&r))
		}
	}
	return r
}

// Check refuses a recipe with a value that nobody could give: Problem "recipe.range" or
// "recipe.choice" with the field's name. It asks every request of a batch too. What
// depends on the model is checked by its Prepare.
func Check(r sim.Recipe) error {
	for i := range Fields {
		if err := Fields[i].check(&r); err != nil {
			return err
		}
	}
	return nil
}
