package recipe

import (
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/sample"
)

var write = flag.Bool("write", false, "write the table of docs/protocol.md")

// around are texts at the edges of a number's range and beyond them.
func around(n *sim.Number) (good, bad []string) {
	good = []string{n.Write(n.Least), n.Write(n.Most)}
	bad = []string{"NaN", "Inf", "-Inf", "1e400", "", "x", "0x1p4x", n.Write(n.Least - 1), "99999999999999999999999"}
	if n.Name != Seed.Name {
		bad = append(bad, strconv.FormatInt(math.MaxInt64, 10), n.Write(n.Most*2+1))
	}
	if n.Least <= 0 && n.Most >= 0 {
		good = append(good, "0")
	} else {
		bad = append(bad, "0")
	}
	return good, bad
}

// matters is a recipe to which every field matters that can.
func matters(f *Field) sim.Recipe {
	r := Default()
	switch {
	case f.Path == "propose":
		r.Draft = "small"
	case strings.HasPrefix(f.Path, "batch."):
		r.Batch = &sim.Batch{}
	case f.Path == "sampler.width" || f.Path == "sampler.length_penalty":
		r.Sampler.Kind = "beam"
	}
	return r
}

// TestEveryNumberMeansWhatItSays: every number of a recipe at its edges, at 0, beyond,
// and what is no number. It is taken as it is or refused by name with its range, also
// where it does not matter.
func TestEveryNumberMeansWhatItSays(t *testing.T) {
	for i := range Fields {
		f := &Fields[i]
		if f.Number == nil {
			continue
		}
		good, bad := around(f.Number)
		for _, text := range good {
			r := matters(f)
			if err := f.Set(&r, text); err != nil || f.Text(&r) != text {
				t.Errorf("%s: %q became %q (%v)", f.Path, text, f.Text(&r), err)
			}
			if err := Check(Complete(r)); err != nil {
				t.Errorf("%s %s: %v", f.Path, text, err)
			}
		}
		for _, text := range bad {
			for _, r := range []sim.Recipe{matters(f), Default()} {
				if strings.HasPrefix(f.Path, "batch.") && r.Batch == nil || f.Path == "cache.budget" && text == "" {
					continue
				}
				err := f.Set(&r, text)
				var p *sim.Problem
				if !errors.As(err, &p) || (p.ID != "cache.bytes" || text == f.Number.Write(f.Number.Most*2+1)) && (p.Args["Field"] != f.Number.Name || p.Args["Least"] == nil) {
					t.Errorf("%s: %q: %v", f.Path, text, err)
				}
			}
		}
	}
}

// TestFieldsAreTheRecipe: every part of sim.Recipe that JSON has is a field, and no field
// is of another part. A cache's parts are its policy's (sim/kv), a request's its list's.
func TestFieldsAreTheRecipe(t *testing.T) {
	parts := map[string]bool{}
	var walk func(prefix string, of reflect.Type)
	walk = func(prefix string, of reflect.Type) {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			inner := of.Field(i).Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			switch {
			case name == "-": // the filters', beside
			case inner.Kind() == reflect.Struct && name != "cache":
				walk(prefix+name+".", inner)
			default:
				parts[prefix+name] = true
			}
		}
	}
	walk("", reflect.TypeFor[sim.Recipe]())
	parts["cache.budget"] = true
	for _, f := range sample.Filters {
		parts["sampler."+f.Name] = true
	}
	for path := range parts {
		if Find(path) == nil {
			t.Errorf("%s of a recipe is no field: no link, flag or form has it", path)
		}
	}
	for i := range Fields {
		if f := &Fields[i]; f.Path != "" && !parts[f.Path] {
			t.Errorf("%s is a field of no recipe", f.Path)
		} else if f.Path == "" && f.Flag == "" {
			t.Errorf("field %d cannot be given", i)
		}
	}
}

// TestRequestsAreWhole: a request is read and written by hand (readRequest, writeRequest,
// readRequests), so one more part of it is to be put there.
func TestRequestsAreWhole(t *testing.T) {
	want := sim.Request{Tokens: []int{1, 2}, MaxNew: 3, Arrive: 4}
	if n := reflect.TypeFor[sim.Request]().NumField(); n != 4 {
		t.Errorf("a request has %d parts, and its notations 4: a prompt or tokens, max_new, arrive", n)
	}
	f := Find("batch.requests")
	if got, err := f.readRequest(writeRequest(want)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v (%v), want %+v", got, err, want)
	}
}

// TestNamesAreOnes: no two fields share a path, a key, a flag or a name.
func TestNamesAreOnes(t *testing.T) {
	seen := map[string]string{}
	for i := range Fields {
		f := &Fields[i]
		for _, name := range []string{"path " + f.Path, "key " + f.Key, "flag " + f.Flag, "name " + f.Name()} {
			if other, twice := seen[name]; twice && !strings.HasSuffix(name, " ") {
				t.Errorf("%s is %s's and %s's", name, other, f.Name())
			}
			seen[name] = f.Name()
		}
	}
}

// TestDefaultsAreGood: what is left out is a value that could be given.
func TestDefaultsAreGood(t *testing.T) {
	for i := range Fields {
		f := &Fields[i]
		r := matters(f)
		if d := f.Default(&r); f.Number != nil || f.Words != nil {
			if err := f.Set(&r, d); err != nil || f.Text(&r) != d {
				t.Errorf("%s: default %q: %v", f.Path, d, err)
			}
		}
	}
	if err := Check(Default()); err != nil {
		t.Error(err)
	}
}

// TestJSONRoundTrip: a recipe that was read from JSON is written as JSON that reads back
// as the same, zeros that were given included.
func TestJSONRoundTrip(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"max_new":0,"sampler":{"temperature":0,"seed":"18446744073709551615"}}`,
		`{"sampler":{"kind":"beam","width":8,"length_penalty":0}}`,
		`{"cache":{"kind":"h2o","heavy":0,"window":1}}`,
		`{"cache":{"kind":"window","sinks":0}}`,
		`{"cache":{"kind":"int4","axis":"channel","group":4,"budget":100}}`,
		`{"cache":{"budget":7},"draft":"x"}`,
		`{"tokens":[0,1],"stop":["a"],"forced":[{"pass":0,"token":3}],"max_new":null}`,
		`{"batch":{"slots":1,"share":true,"requests":[{"prompt":"a"},{"tokens":[3],"max_new":0,"arrive":2}]},"cache":{"kind":"paged"},"max_new":5}`,
	} {
		r, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		out, _ := json.Marshal(r)
		back, err := Parse(out)
		if err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("%s\nwrote %s\n got %+v (%v)\nwant %+v", text, out, back, err, r)
		}
	}
}

// TestGivenIsNotLeftOut: what a 0 means where it is given, and where it is not.
func TestGivenIsNotLeftOut(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                            "greedy 1 32",
		`{"max_new":0}`:                 "greedy 1 0",
		`{"sampler":{"kind":"sample"}}`: "sample 1 32",
		`{"sampler":{"kind":"sample","temperature":0}}`:       "greedy 0 32", // the likeliest, always
		`{"sampler":{"top_p":0}}`:                             "recipe.range top_p",
		`{"sampler":{"repetition_penalty":0}}`:                "recipe.range repetition_penalty",
		`{"sampler":{"width":0}}`:                             "recipe.whole width",
		`{"propose":0}`:                                       "recipe.whole propose",
		`{"draft":"x","propose":0}`:                           "recipe.whole propose",
		`{"cache":{"kind":"window","window":0}}`:              "recipe.whole window",
		`{"cache":{"kind":"paged","block":0}}`:                "recipe.whole block",
		`{"cache":{"block":0}}`:                               "recipe.whole block",
		`{"cache":{"kind":""}}`:                               "greedy 1 32",
		`{"cache":{"kind":"sieve"}}`:                          "recipe.choice cache",
		`{"batch":{"slots":0}}`:                               "recipe.whole slots",
		`{"batch":{"requests":[{"prompt":"a","arrive":-1}]}}`: "recipe.whole arrive",
		`{"max_new":9223372036854775807}`:                     "recipe.whole max_new",
		`{"max_new":1e400}`:                                   "recipe.whole max_new",
		`{"max_new":2.5}`:                                     "recipe.whole max_new",
		`{"max_new":"5"}`:                                     "recipe.json max_new",
		`{"prompt":5}`:                                        "recipe.json prompt",
		`{"lanes":""}`:                                        "recipe.choice lanes",
		`{"sampler":{"seed":-1}}`:                             "recipe.whole seed",
		`{"sampler":{"warmth":1}}`:                            "recipe.json sampler.warmth",
		`{"cache":{"warmth":1}}`:                              "recipe.json cache.warmth",
		`{"max_new":1,"max_new":2}`:                           "recipe.json max_new",
		`[]`:                                                  "recipe.json recipe",
		`{} {}`:                                               "recipe.json recipe",
	} {
		r, err := Parse([]byte(text))
		got := r.Sampler.Kind + " " + strconv.FormatFloat(r.Sampler.Temperature, 'g', -1, 64) + " " + strconv.Itoa(r.MaxNew)
		var p *sim.Problem
		if errors.As(err, &p) {
			name, _ := p.Args["Field"].(string)
			if key, ok := p.Args["Key"].(string); ok {
				name = key
			}
			got = p.ID + " " + name
		}
		if got != want {
			t.Errorf("%s: %s, want %s (%v)", text, got, want, err)
		}
	}
}

// FuzzParse: any bytes are a recipe that reads back as itself, or a Problem.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"model":"story","sampler":{"kind":"beam"},"cache":{"kind":"paged","block":4},"batch":{"requests":[{"tokens":[1]}]}}`))
	f.Add([]byte(`{"max_new":0,"forced":[{"pass":1}],"cache":{"kind":"h2o","heavy":0}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse(data)
		if err != nil {
			if p := (*sim.Problem)(nil); !errors.As(err, &p) {
				t.Fatalf("%v is no Problem", err)
			}
			return
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(out)
		if err != nil || kv.Text(back.Cache) != kv.Text(r.Cache) || back.MaxNew != r.MaxNew || !reflect.DeepEqual(back.Sampler, r.Sampler) || back.Propose != r.Propose {
			t.Fatalf("%s\nwrote %s\n got %+v (%v)\nwant %+v", data, out, back, err, r)
		}
	})
}

// TestTheTableOfFields: docs/protocol.md has every field with its names, range and
// default. With -write it is written anew.
func TestTheTableOfFields(t *testing.T) {
	var b strings.Builder
	b.WriteString("| field | link | flag | what it may be | default |\n|---|---|---|---|---|\n")
	for i := range Fields {
		f := &Fields[i]
		if f.Path == "" {
			continue
		}
		may, missing := "any text", "`"+f.Missing+"`"
		switch {
		case f.Words != nil:
			may = "`" + strings.Join(f.Words, "`, `") + "`"
			if f.Tail != nil {
				may += ", N from " + f.Tail.Write(f.Tail.Least) + " to " + f.Tail.Write(f.Tail.Most)
			}
		case f.Path == "cache":
			may, missing = "a policy: `"+strings.Join(kv.Forms(), "`, `")+"`", "`contiguous`, of beams `paged`"
		case f.Number != nil:
			may = f.Number.Write(f.Number.Least) + " to " + f.Number.Write(f.Number.Most)
			if f.Number.Whole {
				may += ", whole"
			}
		case f.Truth():
			may = "`0`, `1`"
		case f.Many || f.Path == "tokens":
			continue // the text beside the table has the lists
		}
		if missing == "``" {
			missing = "none"
		}
		flag := "none"
		if f.Flag != "" {
			flag = "`--" + f.Flag + "`"
		}
		b.WriteString("| `" + f.Path + "` | `" + f.Key + "` | " + flag + " | " + may + " | " + missing + " |\n")
	}
	const file, mark = "../../docs/protocol.md", "<!-- fields -->\n"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), mark)
	_, after, ok2 := strings.Cut(rest, "Beside these")
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	want := before + mark + "\n" + b.String() + "\nBeside these" + after
	if want == string(data) {
		return
	}
	if !*write {
		t.Fatalf("%s is stale: go test ./sim/recipe -run TheTable -args -write", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
