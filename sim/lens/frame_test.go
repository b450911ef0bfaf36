package lens_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kvstep/sim/lens"
	"kvstep/sim/lens/lenstest"
)

var write = flag.Bool("write", false, "write frame.d.ts and the tables of docs/protocol.md")

// TestWhatThePageIsTold: the page's types and the tables of the protocol are what the
// lenses are. A lens that is no more in All, and a field that has another name, is in
// neither. Nor may it be gone: who reads frames knows the names that the protocol has.
func TestWhatThePageIsTold(t *testing.T) {
	s, err := lenstest.New()
	if err != nil {
		t.Fatal(err)
	}
	types, err := s.TypeScript()
	if err != nil {
		t.Fatal(err)
	}
	fresh(t, filepath.Join(lenstest.Root, "static/js/wire/frame.d.ts"), func(string) string { return types })
	tables, err := s.Tables()
	if err != nil {
		t.Fatal(err)
	}
	fresh(t, filepath.Join(lenstest.Root, "docs/protocol.md"), func(old string) string {
		doc := old
		for name, table := range tables {
			from, to := "<!-- "+name+" of the lenses: make generate -->\n\n", "\n<!-- end of "+name+" -->"
			before, rest, ok := strings.Cut(doc, from)
			_, after, there := strings.Cut(rest, to)
			if !ok || !there {
				t.Fatalf("no place for %s in docs/protocol.md", name)
			}
			doc = before + from + table + to + after
		}
		if gone := lenstest.Gone(old, doc); len(gone) > 0 {
			t.Fatalf("%v: gone, or renamed. Pages, handouts and notebooks may ask for it. If that is meant, strike it from docs/protocol.md by hand", gone)
		}
		return doc
	})
}

// TestNamesStay: a key, a tensor and a field that have another name are gone; what is new is not.
func TestNamesStay(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(lenstest.Root, "docs/protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	doc := string(data)
	for old, gone := range map[string]string{"| `ledger` |": "keys", "| `explain.terms` |": "tensors", "| `evicted` | `op`": "tensors", "| `identical` |": "Step", "| `prob`": "Candidate"} {
		if got := lenstest.Gone(doc, strings.Replace(doc, old, "| `sky` |", 1)); len(got) != 1 || !strings.HasPrefix(got[0], gone) {
			t.Errorf("without %s: %v, want one of %s", old, got, gone)
		}
		if got := lenstest.Gone(strings.Replace(doc, old, "", 1), doc); len(got) > 0 {
			t.Errorf("%s is new: %v", old, got)
		}
	}
}

// unread are fields that no script of the page reads, so that its compiler would not miss
// them (.ci/rename.mjs finds them): they are there for who reads frames otherwise,
// as docs/protocol.md tells them. Those of a recipe are filled in by the names that the form
// has of sim/recipe. A field with another name is missed here.
var unread = map[string][]string{
	"Config":          {"family", "dim", "ffn", "context", "norm_eps", "rope_base", "rope_interleaved", "rope_scaling", "nope", "tied", "weight_bits", "bos", "eos"},
	"RopeScaling":     {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"},
	"Recipe":          {"stop", "propose", "pairs", "logits", "forced"},
	"Sampler":         {"temperature", "top_k", "top_p", "min_p", "repetition_penalty", "length_penalty"},
	"CachePolicy":     {"block", "window", "sinks", "heavy", "axis", "group"},
	"Forced":          {"pass", "token"},
	"Candidate":       {"logit"},
	"Speculation":     {"flops"},
	"SoFar":           {"proposed"},
	"Effect":          {"pass", "token"},
	"Schedule":        {"rows", "padded", "idle"},
	"RequestProgress": {"rows", "recomputing"},
	"Branch":          {"step", "cursor"},
	"Compare":         {"steps"},
	"Side":            {"step"},
	"Rival":           {"id"},
	"Explain":         {"rows", "cols"},
	"Arg":             {"name"},
	"Crumb":           {"value"},
	"Use":             {"policy"},
	"History":         {"total"},
}

// TestUnreadFieldsKeepTheirNames: see unread.
func TestUnreadFieldsKeepTheirNames(t *testing.T) {
	s, err := lenstest.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range unread {
		there := s.Keys(name)
		for _, key := range keys {
			if !slices.Contains(there, key) {
				t.Errorf("%s has no field %s any more, but %v", name, key, there)
			}
		}
	}
}

// fresh writes a file, or reports that it is not what it would be.
func fresh(t *testing.T, path string, make func(old string) string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil && !*write {
		t.Fatal(err)
	}
	want := make(string(old))
	if *write {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(old) {
		t.Errorf("%s is stale: run make generate", path)
	}
}

// TestEveryLensIsInTheList: a file declares one lens, and it is in All once, by its name.
func TestEveryLensIsInTheList(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared, listed := map[string]bool{}, map[string]int{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		here := 0
		ast.Inspect(file, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			lit, ok := v.Values[0].(*ast.CompositeLit)
			if !ok {
				return true
			}
			if kind, ok := lit.Type.(*ast.Ident); ok && kind.Name == "Lens" {
				declared[v.Names[0].Name], here = true, here+1
			}
			if v.Names[0].Name == "All" {
				for _, x := range lit.Elts {
					listed[x.(*ast.Ident).Name]++
				}
			}
			return true
		})
		if here > 1 {
			t.Errorf("%s has %d lenses", path, here)
		}
	}
	for name := range declared {
		if listed[name] != 1 {
			t.Errorf("%s is %d times in All", name, listed[name])
		}
	}
	names := map[string]bool{}
	for _, l := range lens.All {
		if names[l.Name] {
			t.Errorf("two lenses are called %s", l.Name)
		}
		names[l.Name] = true
	}
	if len(declared) < 30 || len(lens.All) != len(declared) {
		t.Errorf("%d lenses are declared, %d in All", len(declared), len(lens.All))
	}
}
