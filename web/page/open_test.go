package page

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kvstep/sim/lens"
	"kvstep/static"
)

// opens finds what modules have open, or ask whether it is.
var opens = regexp.MustCompile(`create(?:Open|Optional)\(\w+, [^)]*\)|createChoice\(\w+, "[^"]*", ([^)]*)\)|show\??\.includes\([^)]*\)|act\.show\([^)]*\)|asks: "[^"]*"`)

// TestWhatModulesOpenMayBeOpen: the names that the page's modules say are those that a viewer
// may have open, and each of these is said.
func TestWhatModulesOpenMayBeOpen(t *testing.T) {
	said := map[string]bool{}
	err := fs.WalkDir(static.Files, "js/panel", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".js") {
			return err
		}
		source, err := fs.ReadFile(static.Files, path)
		for _, call := range opens.FindAllStringSubmatch(string(source), -1) {
			text := call[0]
			if call[1] != "" { // a choice has a name of its own
				text = call[1]
			}
			for _, m := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(text, -1) {
				if said[m[1]] = true; !slices.Contains(lens.Panels, m[1]) {
					t.Errorf("%s has %q open, which nobody can: sim/lens/view.go", path, m[1])
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range lens.Panels {
		if !said[name] {
			t.Errorf("no module has %q open", name)
		}
	}
}
