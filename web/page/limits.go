package page

import (
	"strconv"

	"github.com/a-h/templ"

	"kvstep/sim"
	"kvstep/sim/kv"
	schema "kvstep/sim/recipe" // this package has a component of that name
)

// Numbers of the page's forms that are no field of a recipe.
var (
	// PlotTokens are the lengths of a figure.
	PlotTokens = sim.Number{Name: "plot_tokens", Least: 1, Most: 4096, Whole: true, Step: 1}

	budgetKB = sim.Number{Name: "budget_kb", Least: 0.001, Most: kv.Budget.Most / 1000, Step: 1} // a thousandth is a byte
	breakKB  = sim.Number{Name: "break_kb", Least: 1, Most: 1 << 20, Whole: true, Step: 1}
)

// numbers are the numbers of all forms, by name: those of sim/recipe, which problems
// have in Field, and the page's own.
var numbers = byName()

func byName() map[string]sim.Number {
	all := map[string]sim.Number{}
	for _, n := range []sim.Number{PlotTokens, budgetKB, breakKB, schema.Arrive, schema.UncachedTokens} {
		all[n.Name] = n
	}
	for _, p := range kv.Params() {
		all[p.Name] = p.Number
	}
	for _, f := range schema.Fields {
		if f.Number != nil {
			all[f.Number.Name] = *f.Number
		}
	}
	return all
}

// number makes an input a number of a form, where ui/refusal.js reads its range. Of
// numbers that are not whole the browser knows no step: every one is as good as another.
func number(name string) templ.Attributes {
	n, ok := numbers[name]
	if !ok {
		panic("page: no number is called " + name)
	}
	by := strconv.FormatFloat(n.Step, 'f', -1, 64)
	step, keyboard := "any", "decimal"
	if n.Whole {
		step, keyboard = by, "numeric"
	}
	return templ.Attributes{
		"type": "number", "min": n.Write(n.Least), "max": n.Write(n.Most), "step": step, "inputmode": keyboard,
		"data-field": name, "data-step": by,
	}
}
