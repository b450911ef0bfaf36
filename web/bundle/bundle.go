// Package bundle joins the page's modules and stylesheets into one file each: a
// browser then asks for two files instead of a hundred, and a page that is opened
// from a file can have them inside.
package bundle

import (
	"fmt"
	"io/fs"
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
	var out strings.Builder
	out.WriteString("\"use strict\";\n")
	count := 0
	done := map[string]string{} // path -> the constant that holds its exports
	exported := map[string][]string{}
	var add func(file string, from []string) (string, error)
	add = func(file string, from []string) (string, error) {
		if slices.Contains(without, file) {
			return "{}", nil
		}
		if name, ok := done[file]; ok {
			if name == "" {
				return "", fmt.Errorf("bundle: %s imports itself: %s", file, strings.Join(from, " > "))
			}
			return name, nil
		}
		done[file] = ""
		source, err := fs.ReadFile(files, file)
		if err != nil {
			return "", fmt.Errorf("bundle: %w", err)
		}
		var failed error
		text := importLine.ReplaceAllStringFunc(string(source), func(line string) string {
			m := importLine.FindStringSubmatch(line)
			name, err := add(path.Join(path.Dir(file), m[2]), append(from, file))
			if err != nil && failed == nil {
				failed = err
			}
			return "const {" + numbered(m[1], exported[path.Join(path.Dir(file), m[2])]) + "} = " + name + ";\n"
		})
		if failed != nil {
			return "", failed
		}
		var exports []string
		text = exportWord.ReplaceAllStringFunc(text, func(word string) string {
			m := exportWord.FindStringSubmatch(word)
			exports = append(exports, m[2])
			return m[1] + " " + m[2]
		})
		if text, err = minified(text); err != nil {
			return "", fmt.Errorf("bundle: %s: %w", file, err)
		}
		if file == entry {
			fmt.Fprintf(&out, "// %s\n{\n%s}\n", file, text)
			return "", nil
		}
		count++
		name := fmt.Sprintf("m%d", count)
		done[file], exported[file] = name, exports
		fmt.Fprintf(&out, "// %s\nconst %s = (() => {\n%sreturn [%s];\n})();\n", file, name, text, strings.Join(exports, ", "))
		return name, nil
	}
	if _, err := add(entry, nil); err != nil {
		return "", err
	}
	code, err := smaller(out.String(), api.LoaderJS) // a module's own names are a function's now
	if err != nil {
		return "", fmt.Errorf("bundle: %s: %w", entry, err)
	}
	return code, nil
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
