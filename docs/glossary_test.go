package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"kvstep/docs"
	"kvstep/sim/explain"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/sample"
)

func glossaryText(t testing.TB) []docs.Term {
	t.Helper()
	terms, err := docs.Glossary()
	if err != nil {
		t.Fatal(err)
	}
	return terms
}

// lists are the lists of the program of which every entry stands under one term.
func lists() map[string][]string {
	all := map[string][]string{"sampler": sample.Kinds}
	for _, op := range explain.Ops {
		all["op"] = append(all["op"], op.ID)
	}
	for _, l := range lens.All {
		all["lens"] = append(all["lens"], l.Name)
	}
	for _, p := range kv.Policies {
		all["cache"] = append(all["cache"], p.Kind)
	}
	for _, f := range sample.Filters {
		all["filter"] = append(all["filter"], f.Name)
	}
	return all
}

// TestEverythingHasATerm: a policy, filter, op or lens that somebody adds is explained, in
// a term of its own or under one that there is; none is explained that is not there.
func TestEverythingHasATerm(t *testing.T) {
	terms, all := glossaryText(t), lists()
	named := map[docs.ID]string{}
	for _, term := range terms {
		for _, id := range term.IDs {
			if !slices.Contains(all[id.List], id.Name) {
				t.Errorf("%s: there is no %s %q", term.Name.En, id.List, id.Name)
			}
			if other := named[id]; other != "" {
				t.Errorf("%s %q stands under %s and under %s", id.List, id.Name, other, term.Name.En)
			}
			named[id] = term.Name.En
		}
	}
	for list, names := range all {
		for _, name := range names {
			if docs.Find(terms, docs.ID{List: list, Name: name}) == nil {
				t.Errorf("%s %q stands under no term: name it in the line \"ids\" of one in docs/glossary.md", list, name)
			}
		}
	}
}

// TestNamesAreUnique: a name, in either language or as another name, means one thing.
func TestNamesAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, term := range glossaryText(t) {
		for _, name := range append([]string{term.Name.En, term.Name.Zh}, term.Also...) {
			if other := seen[strings.ToLower(name)]; other != "" {
				t.Errorf("%q names %s and %s", name, other, term.Name.En)
			}
			seen[strings.ToLower(name)] = term.Name.En
		}
	}
}

// TestCards: every term has an id of its own that a message can mark, and a card in both languages.
func TestCards(t *testing.T) {
	terms, ids := glossaryText(t), map[string]bool{}
	for i := range terms {
		id := terms[i].ID()
		if !regexp.MustCompile(`^[a-z][a-z0-9_-]*$`).MatchString(id) || ids[id] {
			t.Errorf("%s has the id %q", terms[i].Name.En, id)
		}
		ids[id] = true
	}
	for lang, want := range map[string]string{"en": "KV cache", "zh": "KV 缓存"} {
		var all map[string]struct{ Name string }
		if data, err := docs.Cards(lang); err != nil || json.Unmarshal(data, &all) != nil || len(all) != len(ids) || all["kv-cache"].Name != want {
			t.Errorf("%s: %d cards of %d terms: %v", lang, len(all), len(ids), err)
		}
	}
}

// TestOrder: sections stand together, and their terms in alphabetical order.
func TestOrder(t *testing.T) {
	var sections []docs.Text
	terms := glossaryText(t)
	for i, term := range terms {
		if i > 0 && term.Section == terms[i-1].Section {
			if before := terms[i-1].Name.En; strings.ToLower(before) >= strings.ToLower(term.Name.En) {
				t.Errorf("%s stands after %s", term.Name.En, before)
			}
			continue
		}
		if slices.Contains(sections, term.Section) {
			t.Errorf("%s comes twice", term.Section.En)
		}
		sections = append(sections, term.Section)
	}
	if len(sections) < 5 || len(terms) < 60 {
		t.Errorf("%d terms in %d sections", len(terms), len(sections))
	}
}

// englishWords and chineseSigns are the most that a sentence has; a word in Latin letters,
// a formula or a number counts as one sign of a Chinese sentence.
const englishWords, chineseSigns = 15, 30

var latinWord = regexp.MustCompile(`[\p{Latin}0-9][^\p{Han}，。；：、]*`)

func signs(s string) int {
	n := len(latinWord.FindAllString(s, -1))
	for _, r := range latinWord.ReplaceAllString(s, "") {
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}

// TestSentencesAreShort: one sentence in each language, and what more there is in both.
func TestSentencesAreShort(t *testing.T) {
	for _, term := range glossaryText(t) {
		if (term.More.En == "") != (term.More.Zh == "") {
			t.Errorf("%s: more in one language only", term.Name.En)
		}
		for _, s := range []docs.Text{term.Says, term.More} {
			if s == (docs.Text{}) {
				continue
			}
			if n := len(strings.Fields(s.En)); n > englishWords || !strings.HasSuffix(s.En, ".") {
				t.Errorf("%s: %d words: %s", term.Name.En, n, s.En)
			}
			if n := signs(s.Zh); n > chineseSigns || !strings.HasSuffix(s.Zh, "。") {
				t.Errorf("%s: %d signs: %s", term.Name.En, n, s.Zh)
			}
			if strings.ContainsFunc(s.En, func(r rune) bool { return unicode.Is(unicode.Han, r) }) ||
				!strings.ContainsFunc(s.Zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("%s: the languages are mixed up", term.Name.En)
			}
		}
	}
}

// TestPapers: a paper has who wrote it, a year and a title.
func TestPapers(t *testing.T) {
	paper := regexp.MustCompile(`^\p{Lu}[^.]*( et al\.)?, (19|20)\d\d\. .+\.$`)
	for _, term := range glossaryText(t) {
		if term.Paper != "" && !paper.MatchString(term.Paper) {
			t.Errorf("%s: %s", term.Name.En, term.Paper)
		}
	}
}

// TestCodeIsThere: every identifier that a term names is declared in its package.
func TestCodeIsThere(t *testing.T) {
	declared := map[string]map[string]bool{}
	for _, term := range glossaryText(t) {
		for _, ref := range term.Code {
			if declared[ref.Package] == nil {
				declared[ref.Package] = declarations(t, filepath.Join("..", ref.Package))
			}
			if !declared[ref.Package][ref.Name] {
				t.Errorf("%s: %s declares no %s", term.Name.En, ref.Package, ref.Name)
			}
		}
	}
}

// declarations returns what the Go files of a folder declare, tests apart: "Func", "Type",
// "Type.Field", "Type.Method", "Const".
func declarations(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	all := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				all[receiver(d)+d.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					declare(all, spec)
				}
			}
		}
	}
	if len(all) == 0 {
		t.Errorf("%s has no Go files", folder)
	}
	return all
}

func receiver(d *ast.FuncDecl) (name string) {
	if d.Recv == nil {
		return ""
	}
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name + "."
		}
		return true
	})
	return name
}

func declare(all map[string]bool, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, id := range s.Names {
			all[id.Name] = true
		}
	case *ast.TypeSpec:
		all[s.Name.Name] = true
		var fields *ast.FieldList
		switch x := s.Type.(type) {
		case *ast.StructType:
			fields = x.Fields
		case *ast.InterfaceType:
			fields = x.Methods
		default:
			return
		}
		for _, f := range fields.List {
			for _, id := range f.Names {
				all[s.Name.Name+"."+id.Name] = true
			}
		}
	}
}

// TestRefusals: what is no glossary is refused, with its line.
func TestRefusals(t *testing.T) {
	good := "intro\n\n## A · 甲\n\n### b · 乙\n\n- en: E.\n- zh: 中。\n- code: `sim.Step`\n"
	if terms, err := docs.ParseGlossary([]byte(good)); err != nil || len(terms) != 1 || terms[0].Code[0] != (docs.Ref{Package: "sim", Name: "Step"}) {
		t.Fatal(terms, err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"### b · 乙", "### b", "line 5"},
		{"## A · 甲", "## A", "line 3"},
		{"- zh: 中。\n", "", "line 8"},
		{"- code: `sim.Step`\n", "", `no line "code"`},
		{"- en: E.", "- en:", "line 7"},
		{"- en: E.", "en: E.", "line 7"},
		{"`sim.Step`", "sim.Step", "line 9"},
		{"`sim.Step`", "`sim`", "line 9"},
		{"- code: `sim.Step`", "- code: `sim.Step`\n- ids: `op Q`", "line 10"},
		{"- en: E.", "- en: E.\n- en: F.", "line 8"},
		{"- en: E.", "- why: E.", "line 7"},
		{"### b · 乙\n", "", "line 6"},
	} {
		_, err := docs.ParseGlossary([]byte(strings.Replace(good, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q: %v", c.new, c.old, err)
		}
	}
}

// FuzzParseGlossary: whatever is read is written the same way again and read as the same.
func FuzzParseGlossary(f *testing.F) {
	text, err := os.ReadFile("glossary.md")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("## A · 甲\n### b · 乙\n- en: E.\n- zh: 中。\n- formula: f\n- see: cache\n- also: x, y\n- ids: `op Q`, `lens kv`\n- code: `sim.Step.N`\n- paper: P.\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		terms, err := docs.ParseGlossary(text)
		if err != nil {
			return
		}
		again, err := docs.ParseGlossary(written(terms))
		if err != nil || len(terms) != len(again) || len(terms) > 0 && !reflect.DeepEqual(terms, again) {
			t.Fatalf("%v\n%+v\n%+v", err, terms, again)
		}
	})
}

func written(terms []docs.Term) []byte {
	var b bytes.Buffer
	for i, x := range terms {
		if i == 0 || x.Section != terms[i-1].Section {
			fmt.Fprintf(&b, "## %s · %s\n", x.Section.En, x.Section.Zh)
		}
		fmt.Fprintf(&b, "### %s · %s\n- en: %s\n- zh: %s\n", x.Name.En, x.Name.Zh, x.Says.En, x.Says.Zh)
		var ids, code []string
		for _, id := range x.IDs {
			ids = append(ids, "`"+id.List+" "+id.Name+"`")
		}
		for _, ref := range x.Code {
			code = append(code, "`"+ref.Package+"."+ref.Name+"`")
		}
		for _, line := range []struct{ key, value string }{{"en+", x.More.En}, {"zh+", x.More.Zh}, {"formula", x.Formula}, {"see", x.See}, {"also", strings.Join(x.Also, ", ")},
			{"ids", strings.Join(ids, ", ")}, {"code", strings.Join(code, ", ")}, {"paper", x.Paper}} {
			if line.value != "" {
				fmt.Fprintf(&b, "- %s: %s\n", line.key, line.value)
			}
		}
	}
	return b.Bytes()
}
