// Package bundle joins the page's modules and stylesheets into one file each: a
// browser then asks for two files instead of a hundred, and a page that is opened
// from a file can have them inside.
package bundle

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// The page's modules are written so that these few forms are all of their
// module syntax; Script refuses any other.
var (
	importLine = regexp.MustCompile(`(?m)^import \{([^}]*)\} from "(\.[^"]+)";\n?`)
	exportWord = regexp.MustCompile(`(?m)^export (async function|function|const|class) (\w+)`)
)

// Script joins an ES module and all it imports into one script, each module a
// function of its own, in the order of their imports, which gives what it exports
// by number, since names weigh; the entry is a block after them. It is a module if the entry awaits something, else it may be a classic script.
// Files that without names are left out: what is imported from them is undefined.
func Script(files fs.FS, entry string, without ...string) (string, error) {
	j := joiner{files: files, without: without}
	block, err := j.entry(entry)
	if err != nil {
		return "", err
	}
	return j.script(entry, "", "", block)
}

// Scripts joins two entries, of which the second runs when the first has: modules that both import are
// in the first alone, and are the same for both.
func Scripts(files fs.FS, entry, later string) (first, second string, err error) {
	j := joiner{files: files}
	block, err := j.entry(entry)
	if err != nil {
		return "", "", err
	}
	k := joiner{files: files, done: j.done, exported: j.exported, count: j.count, first: maps.Clone(j.done)}
	more, err := k.entry(later)
	if err != nil {
		return "", "", err
	}
	names := "{" + strings.Join(slices.Sorted(maps.Keys(k.shared)), ", ") + "}"
	if first, err = j.script(entry, "globalThis.kvstepModules = "+names+";\n", "", block); err != nil {
		return "", "", err
	}
	second, err = k.script(later, "", "const "+names+" = globalThis.kvstepModules;\n", more)
	return first, second, err
}

// joiner joins modules into a script.
type joiner struct {
	files    fs.FS
	without  []string
	out      strings.Builder
	count    int
	done     map[string]string // path -> the constant that holds its exports
	exported map[string][]string
	first    map[string]string // those that an earlier script has
	shared   map[string]bool   // and of them, what this one needs
}

// script returns what comes first, the modules, what they leave for others, and the entry's block, small.
func (j *joiner) script(entry, leaves, begins, block string) (string, error) {
	code, err := smaller("\"use strict\";\n"+begins+j.out.String()+leaves+block, api.LoaderJS) // a module's own names are a function's now
	if err != nil {
		return "", fmt.Errorf("bundle: %s: %w", entry, err)
	}
	return code, nil
}

// entry adds all that an entry imports, and returns its block.
func (j *joiner) entry(file string) (string, error) {
	if j.done == nil {
		j.done, j.exported = map[string]string{}, map[string][]string{}
	}
	text, _, err := j.text(file, nil)
	return fmt.Sprintf("// %s\n{\n%s}\n", file, text), err
}

// add adds a module, once, and returns the constant that holds its exports.
func (j *joiner) add(file string, from []string) (string, error) {
	if slices.Contains(j.without, file) {
		return "{}", nil
	}
	if name, ok := j.done[file]; ok {
		if name == "" {
			return "", fmt.Errorf("bundle: %s imports itself: %s", file, strings.Join(from, " > "))
		}
		if j.first[file] != "" {
			if j.shared == nil {
				j.shared = map[string]bool{}
			}
			j.shared[name] = true
		}
		return name, nil
	}
	text, exports, err := j.text(file, from)
	if err != nil {
		return "", err
	}
	j.count++
	name := fmt.Sprintf("m%d", j.count)
	j.done[file], j.exported[file] = name, exports
	fmt.Fprintf(&j.out, "// %s\nconst %s = (() => {\n%sreturn [%s];\n})();\n", file, name, text, strings.Join(exports, ", "))
	return name, nil
}

// text returns a module's code with what it imports taken from constants, and what it exports.
func (j *joiner) text(file string, from []string) (text string, exports []string, err error) {
	j.done[file] = ""
	source, err := fs.ReadFile(j.files, file)
	if err != nil {
		return "", nil, fmt.Errorf("bundle: %w", err)
	}
	var failed error
	text = importLine.ReplaceAllStringFunc(string(source), func(line string) string {
		m := importLine.FindStringSubmatch(line)
		at := path.Join(path.Dir(file), m[2])
		name, err := j.add(at, append(from, file))
		if err != nil && failed == nil {
			failed = err
		}
		return "const {" + numbered(m[1], j.exported[at]) + "} = " + name + ";\n"
	})
	if failed != nil {
		return "", nil, failed
	}
	text = exportWord.ReplaceAllStringFunc(text, func(word string) string {
		m := exportWord.FindStringSubmatch(word)
		exports = append(exports, m[2])
		return m[1] + " " + m[2]
	})
	if text, err = minified(text); err != nil {
		return "", nil, fmt.Errorf("bundle: %s: %w", file, err)
	}
	return text, exports, nil
}

// numbered says what is between the braces of an import by the numbers of what is exported: "a, b as c" -> "1: a, 0: c".
// What is not there keeps its name, and is undefined.
func numbered(imports string, exports []string) string {
	var parts []string
	for item := range strings.SplitSeq(imports, ",") {
		name, local, renamed := strings.Cut(strings.TrimSpace(item), " as ")
		if name == "" {
			continue
		}
		if !renamed {
			local = name
		}
		if i := slices.Index(exports, name); i >= 0 {
			name = strconv.Itoa(i)
		}
		parts = append(parts, name+": "+local)
	}
	return strings.Join(parts, ", ")
}

// Styles joins stylesheets in their order.
func Styles(files fs.FS, names ...string) (string, error) {
	var out strings.Builder
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return "", fmt.Errorf("bundle: %w", err)
		}
		out.Write(data)
	}
	code, err := smaller(out.String(), api.LoaderCSS)
	if err != nil {
		return "", fmt.Errorf("bundle: styles: %w", err)
	}
	return code, nil
}
