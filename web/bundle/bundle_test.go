package bundle

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"kvstep/static"
)

// TestScriptRuns: node runs the bundle of a small program as it runs the modules.
func TestScriptRuns(t *testing.T) {
	files := fstest.MapFS{
		"a.js":    {Data: []byte("// A comment.\n  // Another.\nimport { two as second, Pair } from \"./in/b.js\";\nimport { one } from \"./c.js\";\nconst s = \"a // b\"; // said after one's code\n\nconst t = /** @type {number} */ (one);\nconsole.log(new Pair(one, second()).sum() + s.length + t - 1);\n")},
		"in/b.js": {Data: []byte("import { one } from \"../c.js\";\n/** @param {import(\"../c.js\").One} x */\nexport function two() { return one + 1; }\nexport class Pair {\n  constructor(a, b) { this.a = a; this.b = b; }\n  sum() { return this.a + this.b; }\n}\n")},
		"c.js":    {Data: []byte("export const one = 1;\nexport async function late() {}\n")},
	}
	script, err := Script(files, "a.js")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: no node on this machine")
	}
	file := filepath.Join(t.TempDir(), "bundle.js")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(node, file).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "9" {
		t.Errorf("%v: %s\n%s", err, out, script)
	}
	for _, gone := range []string{"A comment", "Another", "said after", "@param", "\n\n", "  "} {
		if strings.Contains(script, gone) {
			t.Errorf("a reader's %q is in the bundle: %s", gone, script)
		}
	}
	for name, bad := range map[string]string{
		"default": "export default 1;\n", "late": "a();\nexport default 1;\n", "meta": "const x = import.meta.url;\n", "broken": "const x = ;\n", "star": "import * as x from \"./c.js\";\n", "dynamic": "const x = import(\"./c.js\");\n",
		"missing": "import { x } from \"./d.js\";\n", "circle": "import { x } from \"./a.js\";\n",
	} {
		files["a.js"] = &fstest.MapFile{Data: []byte(bad)}
		if _, err := Script(files, "a.js"); err == nil {
			t.Errorf("%s was bundled", name)
		}
	}
}

// TestMinified: what a browser does not read is gone, and nothing that it reads; words are no module syntax.
func TestMinified(t *testing.T) {
	for source, want := range map[string]string{
		"const a = 1; // one\nlet b = d + c; /* half */":        "const a=1;let b=d+c;\n",
		"const s = \"a // b  /* c */\"; // d":                   "const s=\"a // b  /* c */\";\n",
		"const r = /[/\"`]\\/ \\s/g.test(x) ? y / 2 : a;":       "const r=/[/\"`]\\/ \\s/g.test(x)?y/2:a;\n",
		"const t = `a  ${b ? `c ${d} // e` : \"}\"}`;":          "const t=`a  ${b?`c ${d} // e`:\"}\"}`;\n",
		"f(\"import\"); /* export */":                           "f(\"import\");\n",
		"/** @param {import(\"./x.js\").X} a */ f(a + +b);":     "f(a+ +b);\n",
		"function f(long) { const name = long; g(name, name) }": "function f(c){const n=c;g(n,n)}\n",
	} {
		if got, err := minified(source); got != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", source, got, err, want)
		}
	}
}

// TestEntries: what the pages are made of can be joined.
func TestEntries(t *testing.T) {
	for _, entry := range []string{"js/main.js", "js/handout.js"} {
		if s, err := Script(static.Files, entry); err != nil || len(s) < 1000 {
			t.Errorf("%s: %v", entry, err)
		}
	}
	if _, err := Styles(static.Files, "css/kvstep.css", "css/none.css"); err == nil {
		t.Error("a stylesheet that is not there was joined")
	}
}
