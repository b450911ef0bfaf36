package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	quoted = regexp.MustCompile("`([^`\n]+)`")
	// fenced are blocks that show files, with names of their own.
	fenced = regexp.MustCompile("(?ms)^```.*?^```$")
	// place is a file or a folder of the tree, and testName a test of it.
	place    = regexp.MustCompile(`^(cmd|docs|notebooks|sim|static|web)(/\w[\w.-]*)+$`)
	testName = regexp.MustCompile(`^(Test|Fuzz|Benchmark)[A-Z]\w*$`)
)

// TestPlacesAreThere: every file, folder and test that a guide names exists.
func TestPlacesAreThere(t *testing.T) {
	tests := testNames(t)
	guides, _ := filepath.Glob("*.md")
	for _, guide := range append(guides, "../README.md") {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		made := madeByExamples(t, string(text))
		for _, m := range quoted.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			name := m[1]
			if made[name] {
				continue
			}
			switch pkg, member, _ := strings.Cut(name, "."); {
			case testName.MatchString(name) && !tests[name]:
				t.Errorf("%s: there is no test %s", guide, name)
			case !place.MatchString(name):
			case exists(name), member != "" && !strings.Contains(member, "/") && declared(t, pkg, member):
			default:
				t.Errorf("%s: there is no %s", guide, name)
			}
		}
	}
}

// madeByExamples are the files that the examples of a guide write, and their folders.
func madeByExamples(t *testing.T, guide string) map[string]bool {
	t.Helper()
	examples, err := parseExamples(guide)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, x := range examples {
		for _, e := range x.edits {
			if e.kind == "new" {
				made[e.path] = true
				made[filepath.Dir(e.path)] = true
			}
		}
	}
	return made
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join("..", name))
	return err == nil
}

// declared reports whether a package declares a name: "sim/sweep.Try".
func declared(t *testing.T, pkg, name string) bool {
	return exists(pkg) && declarations(t, filepath.Join("..", pkg))[name]
}

// testNames returns the tests, fuzz targets and benchmarks of all packages.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	decl := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	all := map[string]bool{}
	for _, root := range []string{"../cmd", "../docs", "../sim", "../web"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "/runtest/") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range decl.FindAllSubmatch(text, -1) {
				all[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
