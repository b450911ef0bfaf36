package main

import (
	"strings"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/recipe"
)

// recipeFlags are the flags of a recipe, one for every field of sim/recipe that has a
// flag. A flag that is not given leaves its field out, so that a 0 which is given means 0.
type recipeFlags struct{ command *cobra.Command }

// given is a flag's text as it was typed, of a list one for each time.
type given struct {
	texts []string
	kind  string // as help shows it: "int", "float", ...
	many  bool
}

func (g *given) String() string { return strings.Join(g.texts, ",") }
func (g *given) Type() string   { return g.kind }

func (g *given) Set(s string) error {
	if !g.many {
		g.texts = nil // the last one counts
	}
	g.texts = append(g.texts, s)
	return nil
}

func (b *recipeFlags) define(c *cobra.Command) {
	b.command = c
	none := recipe.Default()
	for i := range recipe.Fields {
		x := &recipe.Fields[i]
		if x.Flag == "" {
			continue
		}
		help := message(x.HelpID(), map[string]any{"Policies": strings.Join(kv.Forms(), ", ")})
		if x.Number != nil && x.Number.Most < 1<<20 {
			help = message("recipe.help.range", map[string]any{"Help": help, "Least": x.Number.Write(x.Number.Least), "Most": x.Number.Write(x.Number.Most)})
		}
		value := &given{kind: kindOf(x), many: x.Many}
		if !x.Many {
			value.texts = []string{x.Default(&none)}
		}
		c.Flags().Var(value, x.Flag, help)
		if x.Truth() {
			c.Flags().Lookup(x.Flag).NoOptDefVal = "true"
		}
	}
}

// kindOf returns what help says that a flag takes.
func kindOf(x *recipe.Field) string {
	switch {
	case x.Many:
		return "stringArray"
	case x.Truth():
		return "bool"
	case x.Number == nil || x.Unit():
		return "string"
	case x.Number.Whole:
		return "int"
	}
	return "float"
}

// read returns the recipe that the flags ask for. It is one of a batch where there are
// more requests, or something to schedule.
func (b *recipeFlags) read() (sim.Recipe, error) {
	return recipe.FromFlags(func(f *recipe.Field) []string {
		if f.Flag == "" {
			return nil
		}
		x := b.command.Flags().Lookup(f.Flag)
		if !x.Changed {
			return nil
		}
		return x.Value.(*given).texts
	})
}
