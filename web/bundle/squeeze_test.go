package bundle

import "testing"

// TestSqueeze: what a browser does not read is gone, and nothing that it reads.
func TestSqueeze(t *testing.T) {
	for source, want := range map[string]string{
		"const a = 1; // one\nconst b = a / 2; /* half */ const c = b / a;\n":                     "const a=1;const b=a/2;const c=b/a;",
		"/** Adds. @param {import(\"./x.js\").X} a */\nfunction f(a) {\n  return a + +a - -a;\n}": "function f(a){return a+ +a- -a;}",
		"const s = \"a // b  /* c */\" + 'it\\'s  \"x\"';":                                        "const s=\"a // b  /* c */\"+'it\\'s  \"x\"';",
		"const r = /[/\"`]\\/ \\s/g.test(x) ? 1 / 2 : y.replace(/  /g, \"\");":                    "const r=/[/\"`]\\/ \\s/g.test(x)?1/2:y.replace(/  /g,\"\");",
		"const t = `a  ${b ? `c ${{ d: 1 }.d} // e` : \"}\"}  f`;\nlet u = {};":                   "const t=`a  ${b?`c ${{d:1}.d} // e`:\"}\"}  f`;let u={};",
		"if (a) b();\nelse c();\nreturn /x y/.exec(s);":                                           "if(a)b();else c();return/x y/.exec(s);",
		"let a = b\nlet c = d++\n+e":                                                              "let a=b\nlet c=d++\n+e",
		"x = a[0] / 2 / (b) / c; y = `z` / 1;":                                                    "x=a[0]/2/(b)/c;y=`z`/1;",
		"const é = \"ü\";\nclass A { #b = 1; static c = 2; }":                                     "const é=\"ü\";class A{#b=1;static c=2;}",
		"a = 1 / /x/.y; b = i++ + j; c = k-- - l;":                                                "a=1/ /x/.y;b=i++ +j;c=k-- -l;",
		"s = `${a}${b}`; t = `\\`${`x`}`; /* end":                                                 "s=`${a}${b}`;t=`\\`${`x`}`;",
	} {
		if got, module := squeeze(source); got != want || module != "" {
			t.Errorf("%q:\n%q, want\n%q (%q)", source, got, want, module)
		}
	}
	for source, want := range map[string]string{
		"a();\nexport default 1;": "export default 1;", "const x = import(\"./c.js\");\nb": "import(\"./c.js\");", "import.meta.url": "import.meta.url",
		"\"import\"; a.import; /* export */ b": "", "`${import(\"x\")}`": "import(\"x\")}`",
	} {
		if _, got := squeeze(source); got != want {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}

// FuzzSqueeze: whatever is written, it ends, and what was squeezed is not squeezed further.
func FuzzSqueeze(f *testing.F) {
	f.Add("const t = `a  ${b ? `c` : /[/]/}`; // x\n'\\''")
	f.Fuzz(func(t *testing.T, source string) {
		once, _ := squeeze(source)
		if len(once) > len(source) {
			t.Errorf("%q became longer: %q", source, once)
		}
	})
}
