package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"pgregory.net/rapid"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/recipe"
	"kvstep/sim/sample"
	"kvstep/web/text"
	"kvstep/web/wire"
)

// TestRecipesInEveryNotation: a random recipe, written as JSON, as a link, as flags and as
// the form's message, reads back as itself from each.
func TestRecipesInEveryNotation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRecipe(t)
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for notation, read := range notations {
			back, err := read(t, r)
			got, _ := json.Marshal(back)
			if err != nil || string(got) != string(want) {
				t.Fatalf("%s: %v\n got %s\nwant %s", notation, err, got, want)
			}
		}
		flags := asFlags(r)
		want, _ = json.Marshal(flags)
		back, err := fromFlags(t, flags)
		if got, _ := json.Marshal(back); err != nil || string(got) != string(want) {
			t.Fatalf("flags: %v\n got %s\nwant %s", err, got, want)
		}
	})
}

var notations = map[string]func(t *rapid.T, r sim.Recipe) (sim.Recipe, error){
	"JSON": func(_ *rapid.T, r sim.Recipe) (sim.Recipe, error) {
		data, _ := json.Marshal(r)
		return recipe.Parse(data)
	},
	"Go": func(_ *rapid.T, r sim.Recipe) (back sim.Recipe, err error) { // as frames are read in tests
		data, _ := json.Marshal(r)
		return back, json.Unmarshal(data, &back)
	},
	"link": func(t *rapid.T, r sim.Recipe) (sim.Recipe, error) {
		l, err := wire.ParseLink(wire.Link{Recipe: r, Step: -1}.Query())
		if err == nil && !reflect.DeepEqual(l.Recipe, r) {
			t.Fatalf("link:\n got %+v\nwant %+v", l.Recipe, r)
		}
		return l.Recipe, err
	},
	"form": func(_ *rapid.T, r sim.Recipe) (sim.Recipe, error) {
		data, _ := json.Marshal(map[string]any{"cmd": "run", "recipe": formMessage(r)})
		c, err := wire.ParseCommand(data)
		if err != nil {
			return sim.Recipe{}, err
		}
		return *c.Recipe, nil
	},
}

// formMessage is what static/js/panel/recipe/fields.js makes of fields that hold a recipe:
// every one by its path, also those that do not matter.
func formMessage(r sim.Recipe) map[string]any {
	top := map[string]any{"cache": r.Cache, "tokens": r.Tokens, "forced": r.Forced}
	if r.Batch != nil {
		top["batch"] = map[string]any{"requests": r.Batch.Requests}
	}
	for i := range recipe.Fields {
		f := &recipe.Fields[i]
		outer, name, nested := strings.Cut(f.Path, ".")
		if f.Path == "" || top[f.Path] != nil || outer == "cache" || f.Path == "batch.requests" || !f.Matters(&r) && outer == "batch" {
			continue
		}
		at := top
		if nested {
			if top[outer] == nil {
				top[outer] = map[string]any{}
			}
			at = top[outer].(map[string]any)
		} else {
			name = f.Path
		}
		shown := f.Missing
		if f.Matters(&r) && !f.Many {
			shown = f.Text(&r)
		}
		switch {
		case f.Many:
			at[name] = f.Texts(&r)
		case f.Truth():
			at[name] = shown == "1"
		case f.Number != nil && f.Number.Most < 1<<53:
			at[name] = json.Number(shown)
		default:
			at[name] = shown
		}
	}
	return top
}

// asFlags is a recipe with what flags can say of it: its requests ask for as many tokens
// as itself and are texts, nobody has chosen a token, and its model is another flag's.
func asFlags(r sim.Recipe) sim.Recipe {
	r.Forced, r.Model = nil, ""
	if r.Batch != nil {
		b := *r.Batch
		b.Requests = nil
		for _, q := range r.Batch.Requests {
			b.Requests = append(b.Requests, sim.Request{Prompt: q.Prompt, MaxNew: r.MaxNew, Arrive: q.Arrive})
		}
		r.Batch = &b
	}
	return r
}

func fromFlags(t *rapid.T, r sim.Recipe) (sim.Recipe, error) {
	var flags recipeFlags
	c := &cobra.Command{}
	flags.define(c)
	for i := range recipe.Fields {
		f := &recipe.Fields[i]
		if f.Flag == "" || !f.Matters(&r) {
			continue
		}
		for _, text := range f.Texts(&r) {
			if err := c.Flags().Set(f.Flag, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	return flags.read()
}

// anyRecipe gives every field that matters a value of its range.
func anyRecipe(t *rapid.T) sim.Recipe {
	r := recipe.Default()
	if rapid.Bool().Draw(t, "batch") {
		r.Batch = &sim.Batch{}
	}
	for i := range recipe.Fields {
		f := &recipe.Fields[i]
		if f.Path == "" || !f.Matters(&r) {
			continue
		}
		if err := f.Set(&r, anyTexts(t, f)...); err != nil {
			t.Fatalf("%s: %v", f.Path, err)
		}
	}
	if len(r.Tokens) == 0 && r.Prompt == "" {
		r.Prompt = "a"
	}
	return r
}

func anyTexts(t *rapid.T, f *recipe.Field) []string {
	one := func(of string) []string { return []string{of} }
	switch {
	case f.Path == "stop":
		return rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, f.Path)
	case f.Path == "tokens":
		return one(recipe.WriteInts(rapid.SliceOfN(rapid.IntRange(0, 1<<31-1), 0, 4).Draw(t, f.Path)))
	case f.Path == "forced":
		return rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 99), func(n int) string { return fmt.Sprintf("%d:%d", n, 7*n) }), 0, 3).Draw(t, f.Path)
	case f.Path == "batch.requests":
		return rapid.SliceOfN(rapid.Custom(anyRequest), 0, 3).Draw(t, f.Path)
	case f.Path == "cache":
		return one(anyPolicy(t))
	case f.Words != nil:
		word := rapid.SampledFrom(f.Words).Draw(t, f.Path)
		if before, tail := strings.CutSuffix(word, "N"); tail {
			word = before + anyNumber(t, *f.Tail)
		}
		return one(word)
	case f.Truth():
		return one(rapid.SampledFrom([]string{"0", "1"}).Draw(t, f.Path))
	case f.Path == "sampler.seed":
		return one(strconv.FormatUint(rapid.Uint64().Draw(t, f.Path), 10))
	case f.Path == "sampler.temperature": // 0 is the greedy sampler, and written so
		return one(f.Number.Write(rapid.Float64Range(0.001, f.Number.Most).Draw(t, f.Path)))
	case f.Number != nil:
		return one(anyNumber(t, *f.Number))
	}
	return one(rapid.String().Draw(t, f.Path))
}

func anyNumber(t *rapid.T, n sim.Number) string {
	if n.Whole {
		return n.Write(float64(rapid.Int64Range(int64(n.Least), int64(n.Most)).Draw(t, n.Name)))
	}
	return n.Write(rapid.Float64Range(n.Least, n.Most).Draw(t, n.Name))
}

func anyRequest(t *rapid.T) string {
	how := fmt.Sprintf("%s:%s", anyNumber(t, recipe.Arrive), anyNumber(t, recipe.MaxNew))
	if rapid.Bool().Draw(t, "ids") {
		return how + "#1,2"
	}
	return how + ":" + rapid.String().Draw(t, "prompt")
}

func anyPolicy(t *rapid.T) string {
	x := rapid.SampledFrom(kv.Policies).Draw(t, "policy")
	text := x.Kind
	for _, p := range x.Params {
		if p.Words != nil {
			text += ":" + rapid.SampledFrom(p.Words).Draw(t, p.Name)
			continue
		}
		n := p.Number
		if p.Divides {
			n.Least = 1 // 0, the whole head, is no group along channels
		}
		text += ":" + anyNumber(t, n)
	}
	return text
}

// TestTheTableOfFilters: docs/trace.md has every filter, in order. With -write it is
// written anew.
func TestTheTableOfFilters(t *testing.T) {
	var b strings.Builder
	b.WriteString("| flag | recipe | filter | off |\n|---|---|---|---|\n")
	for _, f := range sample.Filters {
		field := recipe.Find("sampler." + f.Name)
		fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", field.Flag, f.Name, text.In("en").T(field.HelpID(), nil), field.Missing)
	}
	tableInTrace(t, "filters", b.String())
}

// TestTheTableOfPolicies: docs/trace.md has every way in which a cache policy is offered.
// With -write it is written anew.
func TestTheTableOfPolicies(t *testing.T) {
	var b strings.Builder
	b.WriteString("| flag | recipe `cache` | what it does |\n|---|---|---|\n")
	for _, o := range kv.Offers() {
		data, err := json.Marshal(o.Start)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "| `--cache %s` | `%s` | %s |\n", kv.Text(o.Start), data, text.In("en").T("policy.about."+o.Name, nil))
	}
	tableInTrace(t, "policies", b.String())
}

// tableInTrace holds a table of docs/trace.md against what it should be, or writes it.
func tableInTrace(t *testing.T, name, table string) { tableIn(t, "../../docs/trace.md", name, table) }

// tableIn does it in any file.
func tableIn(t *testing.T, file, name, table string) {
	t.Helper()
	const to = "<!-- end -->"
	from := "<!-- " + name + " -->\n"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), from)
	_, after, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	want := before + from + "\n" + table + "\n" + to + after
	switch {
	case want == string(data):
	case !*write:
		t.Errorf("%s is stale: go test ./cmd/kvstep -run TheTable -args -write", file)
	default:
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
