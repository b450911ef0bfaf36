package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	simrun "kvstep/sim/run"
	"kvstep/web/wire"
)

// edges are the ways in which a person gives a field of a recipe. given has the fields
// by path; each edge writes them as it does.
var edges = map[string]func(t *testing.T, given map[string]string) (sim.Recipe, error){
	"flag": func(t *testing.T, given map[string]string) (sim.Recipe, error) {
		var flags recipeFlags
		c := &cobra.Command{}
		flags.define(c)
		for path, text := range given {
			if err := c.Flags().Set(recipe.Find(path).Flag, text); err != nil {
				t.Fatal(err)
			}
		}
		return flags.read()
	},
	"link": func(_ *testing.T, given map[string]string) (sim.Recipe, error) {
		v := url.Values{}
		for path, text := range given {
			v.Set(recipe.Find(path).Key, text)
		}
		l, err := wire.ParseLink(v.Encode())
		return l.Recipe, err
	},
	"socket": func(t *testing.T, given map[string]string) (sim.Recipe, error) {
		c, err := wire.ParseCommand(messageOf(t, given))
		if err != nil {
			return sim.Recipe{}, err
		}
		return *c.Recipe, nil
	},
}

// messageOf is the message of a page that gives these fields and no others.
func messageOf(t *testing.T, given map[string]string) []byte {
	t.Helper()
	top := map[string]any{}
	for path, text := range given {
		f, in, name := recipe.Find(path), top, path
		if outer, inner, nested := strings.Cut(path, "."); nested {
			if _, ok := top[outer]; !ok {
				top[outer] = map[string]any{}
			}
			in, name = top[outer].(map[string]any), inner
		}
		var value any = text
		if f.Number != nil && f.Path != "sampler.seed" {
			value = json.RawMessage(text)
		}
		if path == "cache" {
			top["cache"] = cacheObject(text)
			continue
		}
		in[name] = value
	}
	data, err := json.Marshal(map[string]any{"cmd": "run", "recipe": top})
	if err != nil { // NaN and Inf are no JSON: no page can send them
		return nil
	}
	return data
}

// with are the fields that make another one matter.
func with(f *recipe.Field) map[string]string {
	given := map[string]string{"max_new": "2"}
	switch {
	case f.Path == "max_new":
		return map[string]string{}
	case f.Path == "propose":
		given["draft"] = "story-draft"
	case f.Path == "sampler.width", f.Path == "sampler.length_penalty":
		given["sampler.kind"] = "beam"
	case strings.HasPrefix(f.Path, "batch."):
		given["batch.schedule"], given["batch.chunk"] = "continuous", "3"
	case strings.HasPrefix(f.Path, "sampler."):
		given["sampler.kind"] = "sample"
	}
	return given
}

// TestEveryFieldAtEveryEdge: every number of a recipe, absent, 0, least, most, beyond,
// no number, infinite and 2^63-1, by flag, link and message: all of them take it for the
// same, or refuse it with the same range. What is taken runs.
func TestEveryFieldAtEveryEdge(t *testing.T) {
	m, err := library.New().Get("story")
	if err != nil {
		t.Fatal(err)
	}
	taken, refused := 0, 0
	for i := range recipe.Fields {
		f := &recipe.Fields[i]
		if f.Number == nil || f.Flag == "" {
			continue
		}
		n := f.Number
		for _, text := range []string{"absent", "0", n.Write(n.Least), n.Write(n.Most), n.Write(n.Least - 1), n.Write(n.Most*2 + 1), "NaN", "Infinity", "-1", "9223372036854775807", "0.72"} {
			given := with(f)
			delete(given, f.Path)
			if text != "absent" {
				given[f.Path] = text
			}
			name := fmt.Sprintf("%s=%s", f.Path, text)
			want, wantErr := edges["link"](t, given)
			for edge, read := range edges {
				if edge == "socket" && messageOf(t, given) == nil {
					continue
				}
				if edge == "flag" && f.Path == "batch.chunk" && text == "absent" {
					continue // without a chunk and a request flags ask for no batch
				}
				got, err := read(t, given)
				if problemOf(err) != problemOf(wantErr) || err == nil && !reflect.DeepEqual(got, want) {
					t.Errorf("%s by %s:\n got %+v (%v)\nwant %+v (%v)", name, edge, got, err, want, wantErr)
				}
			}
			if wantErr != nil {
				refused++
				if p := problemOf(wantErr); !strings.Contains(p, n.Name) && !strings.HasPrefix(p, "cache.bytes") {
					t.Errorf("%s: refused with %s, which does not name the field", name, p)
				}
				continue
			}
			taken++
			if text != "absent" && !strings.HasPrefix(f.Path, "batch.") && f.Text(&want) != text {
				t.Errorf("%s became %s", name, f.Text(&want))
			}
			runs(t, name, m, want)
		}
	}
	for _, policy := range []string{"paged:%s", "window:%s", "window:8:%s", "h2o:%s", "h2o:4:%s", "int8:token:%s", "int4:channel:%s"} {
		for _, text := range []string{"0", "1", "64", "1048576", "-1", "1048577", "NaN", "9223372036854775807", "0.5"} {
			given := map[string]string{"cache": fmt.Sprintf(policy, text), "max_new": "2"}
			want, wantErr := edges["link"](t, given)
			for edge, read := range edges {
				if edge == "socket" && messageOf(t, given) == nil {
					continue
				}
				if got, err := read(t, given); problemOf(err) != problemOf(wantErr) || err == nil && !reflect.DeepEqual(got, want) {
					t.Errorf("%s by %s:\n got %+v (%v)\nwant %+v (%v)", given["cache"], edge, got, err, want, wantErr)
				}
			}
			if wantErr != nil {
				refused++
				continue
			}
			taken++
			if kv.Text(want.Cache) != given["cache"] && !strings.HasPrefix(kv.Text(want.Cache), given["cache"]+":") {
				t.Errorf("%s became %s", given["cache"], kv.Text(want.Cache))
			}
			runs(t, given["cache"], m, want)
		}
	}
	if taken < 70 || refused < 120 {
		t.Errorf("%d values taken, %d refused", taken, refused)
	}
	t.Logf("%d values taken and run, %d refused", taken, refused)
}

// cacheObject is a policy's text as a message has it.
func cacheObject(text string) map[string]any {
	parts := strings.Split(text, ":")
	names := map[string][]string{"paged": {"block"}, "window": {"window", "sinks"}, "h2o": {"window", "heavy"}, "int8": {"axis", "group"}, "int4": {"axis", "group"}}[parts[0]]
	x := map[string]any{"kind": parts[0]}
	for i, part := range parts[1:] {
		if x[names[i]] = any(json.RawMessage(part)); names[i] == "axis" {
			x[names[i]] = part
		}
	}
	return x
}

func problemOf(err error) string {
	var p *sim.Problem
	if !errors.As(err, &p) {
		return fmt.Sprint(err)
	}
	return fmt.Sprint(p.ID, " ", p.Args["Field"], " ", p.Args["Have"], " ", p.Args["Least"], " ", p.Args["Most"])
}

// runs checks that an accepted recipe runs to its end, or is refused for what the model
// cannot hold.
func runs(t *testing.T, name string, m *library.Loaded, r sim.Recipe) {
	t.Helper()
	r.Prompt, r.Lanes = "Once upon a time", "cached"
	last := ""
	for s, err := range simrun.Steps(context.Background(), m, r, func() float64 { return 0 }) {
		var p *sim.Problem
		if errors.As(err, &p) && (p.Args["Field"] == "group" || p.ID == "cache.group" || p.ID == "recipe.whole" && p.Args["Field"] == "max_new" || p.ID == "memory" || p.ID == "cache.memory") {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		last = s.RunFinishReason
	}
	if last == "" {
		t.Errorf("%s: the run has no end", name)
	}
}
