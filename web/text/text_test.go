package text

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var placeholder = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

// messages are one language's messages as people read them: id -> all its forms joined.
func messages(t *testing.T, lang string) map[string]string {
	t.Helper()
	all := raw(t, lang)
	for id, message := range all {
		all[id] = termMark.ReplaceAllString(message, "$2")
	}
	return all
}

// raw returns messages with the marks of their terms.
func raw(t *testing.T, lang string) map[string]string {
	t.Helper()
	var raw map[string]any
	if err := json.Unmarshal(JSON(lang), &raw); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for id, v := range raw {
		switch v := v.(type) {
		case string:
			all[id] = v
		case map[string]any:
			for _, form := range v {
				all[id] += form.(string) + "\n"
			}
		}
	}
	return all
}

func names(message string) []string {
	var found []string
	for _, m := range placeholder.FindAllStringSubmatch(message, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestBothLanguagesSayTheSame(t *testing.T) {
	en, zh := messages(t, "en"), messages(t, "zh")
	for id, message := range en {
		if zh[id] == "" {
			t.Errorf("%s has no Chinese", id)
		} else if a, b := names(message), names(zh[id]); !slices.Equal(a, b) {
			t.Errorf("%s: placeholders %v in English, %v in Chinese", id, a, b)
		}
	}
	for id := range zh {
		if en[id] == "" {
			t.Errorf("%s has no English", id)
		}
	}
}

// asked finds every message id that Go, templ and JavaScript name.
var asked = []*regexp.Regexp{
	regexp.MustCompile(`NewProblem\(\s*"([^"]+)"`),
	regexp.MustCompile(`\.T\("([^"]+)"`),
	regexp.MustCompile(`\bwords\("([^"]+)"`),
	regexp.MustCompile(`\bd\.t\("([^"]+)"`),
	regexp.MustCompile(`@word\(d, "([^"]+)"\)`),
	regexp.MustCompile(`data-text(?:-label|-title)?="([^"]+)"`),
	regexp.MustCompile(`\bt\("([^"]+)"`),
}

func TestEveryMessageAskedForExists(t *testing.T) {
	en := messages(t, "en")
	found := 0
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "node_modules" || d.Name() == "notebooks") {
			return fs.SkipDir
		}
		ext := filepath.Ext(path)
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".test.js") || !slices.Contains([]string{".go", ".templ", ".js"}, ext) {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, re := range asked {
			for _, m := range re.FindAllStringSubmatch(string(source), -1) {
				id := m[1]
				if i == 0 {
					id = "problem." + id
				}
				if found++; strings.HasSuffix(id, ".") { // the rest is chosen at run time
					id = anyWith(en, id)
				}
				if en[id] == "" {
					t.Errorf("%s asks for %s, which does not exist", path, id)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 150 {
		t.Errorf("only %d ids found: the patterns no longer match the sources", found)
	}
}

// TestEveryProblemIsRaised: the name of each message about a problem stands somewhere in the
// sources.
func TestEveryProblemIsRaised(t *testing.T) {
	var sources strings.Builder
	for _, room := range []string{"cmd", "sim", "static/js", "web"} {
		err := filepath.WalkDir(filepath.Join("..", "..", room), func(path string, d fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || ext != ".go" && ext != ".js" {
				return err
			}
			source, err := os.ReadFile(path)
			sources.Write(source)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	named := func(name string) bool { return strings.Contains(sources.String(), `"`+name+`"`) }
	for id := range messages(t, "en") {
		name, ok := strings.CutPrefix(id, "problem.")
		first, rest, _ := strings.Cut(name, ".") // "hub." + id
		if ok && !named(name) && !(named(first+".") && named(rest)) {
			t.Errorf("nobody raises %s", id)
		}
	}
}

// TestPagesHaveWhatTheySay: pages get every message but those that no script and no part of
// the page that follows its language asks for; and such problems are raised beside the rooms alone.
func TestPagesHaveWhatTheySay(t *testing.T) {
	var said map[string]any
	for _, lang := range Langs() {
		data, err := ForPages(lang)
		if err != nil || json.Unmarshal(data, &said) != nil || strings.Contains(string(data), `\u00`) {
			t.Fatal(lang, err)
		}
	}
	left := 0
	for id := range messages(t, "en") {
		if said[id] == nil {
			left++
		}
	}
	if left < 80 || left > len(said)/4 {
		t.Errorf("%d messages are left out, %d are not", left, len(said))
	}
	follows := regexp.MustCompile(`data-text(?:-label|-title)?=(?:"|\{ ")([^"]+)"|@word\(d, "([^"]+)"`)
	raised := regexp.MustCompile(`NewProblem\(\s*"((?:hub|cli|addr)\.)`)
	root, files := filepath.Join("..", ".."), 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".git")) {
			return fs.SkipDir
		}
		room, _ := filepath.Rel(root, path)
		script, page := strings.HasPrefix(room, filepath.Join("static", "js")) && filepath.Ext(path) == ".js", filepath.Ext(path) == ".templ"
		code := filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go") && room != filepath.Join("web", "server.go") && !strings.HasPrefix(room, "cmd")
		if err != nil || d.IsDir() || !script && !page && !code {
			return err
		}
		files++
		source, err := os.ReadFile(path)
		var ids [][]byte
		switch {
		case script:
			for _, m := range regexp.MustCompile("[\"'`]([a-z_]+\\.[\\w.-]*)").FindAllSubmatch(source, -1) {
				ids = append(ids, m[1])
			}
		case page:
			for _, m := range follows.FindAllSubmatch(source, -1) {
				ids = append(ids, m[1], m[2])
			}
		default:
			if m := raised.FindSubmatch(source); m != nil {
				t.Errorf("%s raises %s…, which a page could not say", path, m[1])
			}
		}
		for _, id := range ids {
			if slices.ContainsFunc(unseen, func(begin string) bool { return strings.HasPrefix(string(id), begin) }) {
				t.Errorf("%s says %s, which pages do not get", path, id)
			}
		}
		return err
	})
	if err != nil || files < 300 {
		t.Fatal(files, err)
	}
}

// anyWith is some id that begins with prefix, or prefix if none does.
func anyWith(all map[string]string, prefix string) string {
	for id := range all {
		if strings.HasPrefix(id, prefix) {
			return id
		}
	}
	return prefix
}

func TestMatch(t *testing.T) {
	for wanted, want := range map[string]string{
		"": "en", "en": "en", "en-GB,en;q=0.8": "en", "zh": "zh", "zh-CN": "zh", "zh-TW": "zh", "zh-Hans": "zh",
		"zh-CN,zh;q=0.9,en;q=0.8": "zh", "fr": "en", "de,zh;q=0.5": "zh", "nonsense!!": "en",
	} {
		if got := Match(wanted); got != want {
			t.Errorf("%q: %s, want %s", wanted, got, want)
		}
	}
}

func TestT(t *testing.T) {
	en, zh := In("en"), In("zh")
	if got := en.T("say.start", map[string]any{"Count": 1, "Layers": 5}); !strings.HasPrefix(got, "Ready: 1 token waits") {
		t.Errorf("singular: %s", got)
	}
	if got := en.T("say.start", map[string]any{"Count": 7, "Layers": 5}); !strings.HasPrefix(got, "Ready: 7 tokens wait") {
		t.Errorf("plural: %s", got)
	}
	known := map[string]any{"Name": "x", "Known": []string{"story", "paper"}}
	if got := en.T("problem.model.unknown", known); !strings.Contains(got, "story, paper") {
		t.Errorf("list: %s", got)
	}
	if got := zh.T("problem.model.unknown", known); !strings.Contains(got, "story、paper") {
		t.Errorf("list: %s", got)
	}
	if got := zh.T("no.such.message", nil); got != "no.such.message" {
		t.Errorf("unknown: %s", got)
	}
}

// TestIsolate: text of another direction, and marks that turn writing round, end with
// themselves. static/test/text.test.js reads the same examples.
func TestIsolate(t *testing.T) {
	data, err := os.ReadFile("../../static/test/isolated.json")
	if err != nil {
		t.Fatal(err)
	}
	var examples [][2]string
	if err := json.Unmarshal(data, &examples); err != nil || len(examples) < 10 {
		t.Fatal(len(examples), err)
	}
	for _, x := range examples {
		if got := Isolate(x[0]); got != x[1] {
			t.Errorf("%q: %q, want %q", x[0], got, x[1])
		}
	}
	type kind string
	for _, v := range []any{"\u202eb", kind("\u202eb"), errors.New("\u202eb"), []string{"\u202eb"}} {
		if got := In("en").T("problem.model.unknown", map[string]any{"Name": v, "Known": []string{"story"}}); !strings.Contains(got, "“\u2068\u202eb\u2069”") {
			t.Errorf("%T: %q", v, got)
		}
	}
}

// FuzzIsolate: whatever the text, nothing that follows it is turned: what is opened in a
// line is closed in it, and text without marks stays.
func FuzzIsolate(f *testing.F) {
	f.Add("a\u202eb\nc\u2069d\u2067e\u2029f")
	f.Fuzz(func(t *testing.T, s string) {
		got := Isolate(s)
		open := 0
		for _, r := range got {
			switch {
			case r >= lri && r <= fsi:
				open++
			case r == pdi:
				open--
			case paragraphEnd(r) && open != 0, got != s && open == 0 && !paragraphEnd(r):
				t.Fatalf("%q: %q: %d open before %q", s, got, open, r)
			}
			if open < 0 {
				t.Fatalf("%q: %q closes what it did not open", s, got)
			}
		}
		if open != 0 {
			t.Fatalf("%q: %q leaves %d open", s, got, open)
		}
	})
}
