package recipe

import (
	"kvstep/sim"
	"kvstep/sim/kv"
)

// Read makes a recipe of the fields that are given, as text; given says of a field what
// stands there, and whether anything does. Every other field has its default. r has what
// is no single value: Tokens, Stop, Forced, and Batch where the recipe has one.
func Read(r sim.Recipe, given func(*Field) (string, bool)) (sim.Recipe, error) {
	for i := range Fields {
		f := &Fields[i]
		text, ok := given(f)
		if !ok && !f.Matters(&r) {
			continue
		}
		if !ok {
			text = f.Default(&r)
		}
		if err := f.Set(&r, text); err != nil {
			return r, err
		}
	}
	return canonical(r), nil
}

// Default is the recipe that gives nothing.
func Default() sim.Recipe {
	r, err := Read(sim.Recipe{}, func(*Field) (string, bool) { return "", false })
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
	if r.Batch == nil {
		return nil
	}
	if err := requestsRange.Check(float64(len(r.Batch.Requests) + 1)); err != nil {
		return err
	}
	for _, q := range r.Batch.Requests {
		if err := MaxNew.Check(float64(q.MaxNew)); err != nil {
			return err
		}
		if err := Arrive.Check(float64(q.Arrive)); err != nil {
			return err
		}
	}
	return nil
}
