package take

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// The page's modules are written so that these few forms are all of their
// module syntax; bundle refuses any other.
var (
	importLine = regexp.MustCompile(`(?m)^import \{([^}]*)\} from "(\.[^"]+)";\n?`)
	exportWord = regexp.MustCompile(`(?m)^export (async function|function|const|class) (\w+)`)
	leftover   = regexp.MustCompile(`(?m)^(import|export)\b.*|\bimport\(["'].*|\bimport\.meta\b.*`)
	indent     = regexp.MustCompile(`(?m)^ +`) // templates go on in another line only inside ${}
	// After code only where no quote follows: elsewhere it may stand in a string.
	comment = regexp.MustCompile(`(?s)/\*\*.*?\*/|(?m:^[ \t]*// [^\n]*\n)|(?m:[ \t]+// [^"'\x60\n]*$)`)
)

// bundle joins an ES module and all it imports into one classic script, each
// module a function of its own, in the order of their imports: a page that is
// opened from a file cannot load modules.
func bundle(files fs.FS, entry string) (string, error) {
	var out strings.Builder
	out.WriteString("\"use strict\";\n")
	count := 0
	done := map[string]string{} // path -> the constant that holds its exports
	var add func(file string, from []string) (string, error)
	add = func(file string, from []string) (string, error) {
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
		text := indent.ReplaceAllString(comment.ReplaceAllString(string(source), ""), "")
		var failed error
		text = importLine.ReplaceAllStringFunc(text, func(line string) string {
			m := importLine.FindStringSubmatch(line)
			name, err := add(path.Join(path.Dir(file), m[2]), append(from, file))
			if err != nil && failed == nil {
				failed = err
			}
			return "const {" + strings.ReplaceAll(m[1], " as ", ": ") + "} = " + name + ";\n"
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
		if bad := leftover.FindString(text); bad != "" {
			return "", fmt.Errorf("bundle: %s has %q, which a bundle cannot say", file, bad)
		}
		count++
		name := fmt.Sprintf("m%d", count)
		done[file] = name
		fmt.Fprintf(&out, "// %s\nconst %s = (() => {\n%sreturn { %s };\n})();\n", file, name, text, strings.Join(exports, ", "))
		return name, nil
	}
	if _, err := add(entry, nil); err != nil {
		return "", err
	}
	return out.String(), nil
}
