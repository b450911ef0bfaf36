package page

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kvstep/sim/lens"
	"kvstep/static"
	"kvstep/web/text"
)

var write = flag.Bool("write", false, "write static/js/panel/panels.js")

// TestPanelsScript holds static/js/panel/panels.js and later.js against the list.
func TestPanelsScript(t *testing.T) {
	for file, later := range map[string]bool{"panels.js": false, "later.js": true} {
		var imports, names strings.Builder
		for _, p := range Panels() {
			if p.Later != later {
				continue
			}
			words := strings.Split(p.ID, "-")
			for i, w := range words[1:] {
				words[i+1] = strings.ToUpper(w[:1]) + w[1:]
			}
			name := strings.Join(words, "")
			fmt.Fprintf(&imports, "import { panel as %s } from \"./%s/index.js\";\n", name, p.ID)
			fmt.Fprintf(&names, "  %s,\n", name)
		}
		want := "// Code generated from the list of web/page; DO NOT EDIT.\n\n" + imports.String() +
			"\n/** In the order in which they are painted. */\nexport const panels = [\n" + names.String() + "];\n"
		if line := "export const panels = [" + strings.TrimSuffix(strings.NewReplacer("\n  ", " ", "\n", "").Replace(strings.TrimSpace(names.String())), ",") + "];"; len(line) <= 120 { // as prettier has it
			want = want[:strings.Index(want, "export const panels")] + line + "\n"
		}
		if *write {
			if err := os.WriteFile("../../static/js/panel/"+file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if have, err := fs.ReadFile(static.Files, "js/panel/"+file); err != nil || string(have) != want {
			t.Errorf("static/js/panel/%s is not what the list says (%v): run make generate", file, err)
		}
	}
}

// TestPanelFolders holds every folder of static/js/panel against the list: that there is
// one for each panel and no other, and that both say the same of it.
func TestPanelFolders(t *testing.T) {
	folders := map[string]bool{}
	entries, err := fs.ReadDir(static.Files, "js/panel")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			folders[e.Name()] = true
		}
	}
	says := regexp.MustCompile(`(?m)^export const panel = \{[^}]*\};`)
	for _, p := range Panels() {
		if !folders[p.ID] {
			t.Errorf("no folder static/js/panel/%s", p.ID)
			continue
		}
		delete(folders, p.ID)
		source, err := fs.ReadFile(static.Files, "js/panel/"+p.ID+"/index.js")
		if err != nil {
			t.Error(err)
			continue
		}
		said := says.FindString(string(source))
		for what, want := range map[string]bool{
			fmt.Sprintf("id: %q", p.ID): true, "offline: true": p.Offline(), "offline: false": !p.Offline(), "online: false": p.On&onServer == 0,
		} {
			if strings.Contains(said, what) != want {
				t.Errorf("static/js/panel/%s/index.js says %s; of %q the list says %v", p.ID, said, what, want)
			}
		}
		if p.Asks != "" && !strings.Contains(string(source), `"`+p.Asks+`"`) {
			t.Errorf("the panel %s never asks for %q", p.ID, p.Asks)
		}
		if p.Asks != "" && !slices.Contains(lens.Panels, p.Asks) {
			t.Errorf("nobody can have %q open", p.Asks)
		}
	}
	for name := range folders {
		t.Errorf("static/js/panel/%s is not in the list of web/page", name)
	}
}

// TestPanelsOnPage renders a page and a handout and looks for the element of each panel.
func TestPanelsOnPage(t *testing.T) {
	data := HomeData{Lang: "en", Text: text.In("en")}
	var page, handout strings.Builder
	if err := Home(data).Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	data.Recorded = true
	if err := Handout(HandoutData{HomeData: data}).Render(t.Context(), &handout); err != nil {
		t.Fatal(err)
	}
	for _, p := range Panels() {
		id := fmt.Sprintf(" id=%q", p.ID)
		for what, there := range map[on]string{onServer: page.String(), recorded: handout.String()} {
			want := 0
			if p.On&what != 0 {
				want = 1
			}
			if n := strings.Count(there, id); n != want {
				t.Errorf("%d elements%s, not %d (%d)", n, id, want, what)
			}
		}
		if title := p.ID + ".title"; p.Show == nil && text.In("en").T(title, nil) == title {
			t.Errorf("there is no message %s", title)
		}
	}
	for _, name := range []string{page.String(), handout.String()} {
		for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(name, -1) {
			if strings.Count(name, m[0]) > 1 {
				t.Errorf("two elements have the id %s", m[1])
			}
		}
	}
}

// TestStylesheets walks all stylesheets: each belongs to the page, but those of the figures and of printed lessons.
func TestStylesheets(t *testing.T) {
	left := Stylesheets()
	err := fs.WalkDir(static.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".css") || path == "css/plots.css" || path == "css/paper.css" {
			return err
		}
		i := slices.Index(left, path)
		if i < 0 {
			t.Errorf("%s is in no page: a panel's is called as its folder", path)
			return nil
		}
		left = slices.Delete(left, i, i+1)
		return nil
	})
	if err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

// TestPanelsThatAreBroughtUp: the list of keys has a digit for each panel that a presentation can bring up.
func TestPanelsThatAreBroughtUp(t *testing.T) {
	var digits []string
	for _, p := range Panels() {
		if p.Brings != "" {
			digits = append(digits, strconv.Itoa(len(digits)+1))
		}
	}
	for _, group := range shortcuts {
		for _, s := range group.keys {
			if s.id == "present.keys.panel" && s.key != strings.Join(digits, " ") {
				t.Errorf("the keys are %q, the panels %q", s.key, digits)
			}
		}
	}
}
