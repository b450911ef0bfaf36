package lesson

import (
	"fmt"
	"math/rand"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"kvstep/docs"
	"kvstep/sim/library"
)

// mutation is one thing that somebody may do to a lesson by mistake. Each of its ways is a file, and what becomes of it.
type mutation struct {
	name string
	ways func(files map[string]string) []mutated
}

type mutated struct {
	what  string
	files map[string]string // the files that change; "" is removed
}

var languageFiles = []string{"en.md", "zh.md"}

// each makes a mutation that replaces every match of a pattern, one at a time, by what to returns for it.
func each(name string, in []string, pattern string, to func(match []string, n int) string) mutation {
	re := regexp.MustCompile(pattern)
	return mutation{name, func(files map[string]string) (ways []mutated) {
		for _, file := range in {
			text := files[file]
			for n, at := range re.FindAllStringSubmatchIndex(text, -1) {
				match := make([]string, len(at)/2)
				for i := range match {
					if at[2*i] >= 0 {
						match[i] = text[at[2*i]:at[2*i+1]]
					}
				}
				if now := to(match, n); now != match[0] {
					ways = append(ways, mutated{
						fmt.Sprintf("%s: %.60q becomes %.60q", file, match[0], now),
						map[string]string{file: text[:at[0]] + now + text[at[1]:]},
					})
				}
			}
		}
		return ways
	}}
}

// parts cuts a text before each line that begins with a sign.
func parts(text, sign string) (list []string) {
	for i, part := range strings.Split(text, "\n"+sign) {
		if i > 0 {
			part = "\n" + sign + part
		}
		list = append(list, part)
	}
	return list
}

// pieces makes a mutation of a text's parts: those before each sign, of which the first is what stands before them.
func pieces(name string, in []string, sign string, do func(list []string, i int) []string) mutation {
	return mutation{name, func(files map[string]string) (ways []mutated) {
		for _, file := range in {
			list := parts(strings.TrimRight(files[file], "\n"), sign)
			for i := 1; i < len(list); i++ {
				if now := do(slices.Clone(list), i); now != nil {
					ways = append(ways, mutated{fmt.Sprintf("%s: %.50q", file, list[i]), map[string]string{file: strings.Join(now, "") + "\n"}})
				}
			}
		}
		return ways
	}}
}

func without(list []string, i int) []string { return slices.Delete(list, i, i+1) }

func exchanged(list []string, i int) []string {
	if i+1 >= len(list) {
		return nil
	}
	list[i], list[i+1] = list[i+1], list[i]
	return list
}

var (
	replyText = regexp.MustCompile(`(?s)^(\n- \x60[a-z0-9-]+\x60)(.*)$`)
	answerOf  = regexp.MustCompile(`(?m)^      answer: (.*)$`)
	wrongOf   = regexp.MustCompile(`- \{id: [a-z-]+, answer: ("[^"]*"|[^{}",]*(?:\([^)]*\)[^{}",]*)*), why`)
)

var mutations = []mutation{
	pieces("a beat is removed from the words", languageFiles, "## ", without),
	pieces("a beat is removed from the structure", []string{structureFile}, "  - id: ", without),
	pieces("two beats of the structure are exchanged", []string{structureFile}, "  - id: ", exchanged),
	pieces("two beats of the words are exchanged", languageFiles, "## ", exchanged),
	pieces("an answer is removed from the words", languageFiles, "- `", without),
	pieces("two replies are exchanged", languageFiles, "- `", func(list []string, i int) []string {
		if i+1 >= len(list) || strings.Contains(list[i], "\n## ") {
			return nil
		}
		after := ""
		if at := strings.Index(list[i+1], "\n## "); at >= 0 {
			list[i+1], after = list[i+1][:at], list[i+1][at:]
		}
		a, b := replyText.FindStringSubmatch(list[i]), replyText.FindStringSubmatch(list[i+1])
		list[i], list[i+1] = a[1]+b[2], b[1]+a[2]+after
		return list
	}),
	each("a lens value is renamed", []string{structureFile, "en.md", "zh.md"}, `\b(?:ledger|step|run|kv|tokens|choice|use|peers|schedule|real|effect|speculation|tensors)\.[a-z_]+`,
		func(m []string, _ int) string { return m[0] + "x" }),
	each("a placeholder is broken", languageFiles, `\{\{([^}]*)\}\}`, func(m []string, n int) string {
		return []string{"{{" + m[1] + " +}}", "{{}}", "{{" + m[1], m[1] + "}}"}[n%4]
	}),
	each("words of one language say another number", languageFiles, `\{\{([^}]*)\}\}`, func(m []string, n int) string {
		return []string{"{{run.config.context}}", "{{" + m[1] + " + 1}}", "7"}[n%3]
	}),
	each("a term or a link is another one", languageFiles, `\[\[[a-z_-]+\||\]\([a-z]+:[^)]+\)`, func(m []string, _ int) string {
		if strings.HasPrefix(m[0], "[[") {
			return "[[nothing|"
		}
		return "](light:out)"
	}),
	{"a language is dropped", func(files map[string]string) (ways []mutated) {
		for _, file := range languageFiles {
			ways = append(ways, mutated{file, map[string]string{file: ""}})
		}
		return ways
	}},
	{"an answer is exchanged with a wrong one", func(files map[string]string) (ways []mutated) {
		text := files[structureFile]
		for _, right := range answerOf.FindAllStringSubmatchIndex(text, -1) {
			rest := text[right[1]:]
			if end := strings.Index(rest, "\n  - id: "); end >= 0 {
				rest = rest[:end]
			}
			for _, wrong := range wrongOf.FindAllStringSubmatchIndex(rest, -1) {
				a, b := text[right[2]:right[3]], rest[wrong[2]:wrong[3]]
				ways = append(ways, mutated{b + " for " + a, map[string]string{
					structureFile: text[:right[2]] + b + text[right[3]:right[1]+wrong[2]] + a + text[right[1]+wrong[3]:],
				}})
			}
		}
		return ways
	}},
	each("a choice is turned round", []string{structureFile}, `right: ("[^"]*"|'[^']*'|[^,}]+)`, func(m []string, _ int) string {
		return `right: "not (` + strings.ReplaceAll(strings.Trim(m[1], `"'`), `"`, `'`) + `)"`
	}),
	each("a condition is turned round", []string{structureFile}, `holds: (.+)`, func(m []string, _ int) string {
		return `holds: "not (` + strings.ReplaceAll(strings.Trim(m[1], `"'`), `"`, `'`) + `)"`
	}),
	each("a question is graded before it is asked", []string{structureFile}, `(?m)(at: pass (?:.*\n)(?:    .*\n)*?      )reveal: pass .*`, func(m []string, _ int) string { return m[1] + "reveal: start" }),
	each("a question is graded at no moment", []string{structureFile}, `reveal: .*`, func([]string, int) string { return "reveal: pass 900 head" }),
	each("a moment is none", []string{structureFile}, ` at: .*`, func(_ []string, n int) string {
		return []string{" at: pass 900 head", " at: pass 0 layer 77", " at: later"}[n%3]
	}),
	each("a tolerance lets a wrong answer pass", []string{structureFile}, `within: .*`, func([]string, int) string { return "within: 0.999" }),
	each("a light is nowhere", []string{structureFile}, `light: \[.*\]`, func(_ []string, n int) string {
		return []string{"light: [w_v]", "light: [lamp]"}[n%2]
	}),
	each("a panel is nowhere", []string{structureFile}, `open: \[.*\]`, func([]string, int) string { return "open: [window]" }),
	each("a misconception is none", []string{structureFile}, `why: [a-z-]+`, func(_ []string, n int) string {
		return []string{"why: nothing", "y: cache-makes-text"}[n%2]
	}),
	each("a unit is another one", []string{structureFile}, `unit: [a-z]+`, func(m []string, _ int) string {
		if m[0] == "unit: flop" {
			return "unit: bytes"
		}
		return "unit: flop"
	}),
	each("a look is at nothing", []string{structureFile}, `look: \{.*\}`, func(_ []string, n int) string {
		return []string{"look: {head: 99}", "look: {layer: 99}", "look: {op: nothing}", "look: {cell: [0, 0]}"}[n%4]
	}),
	each("an id is another one", []string{structureFile, "en.md", "zh.md"}, `\{id: "?[a-z0-9-]+|\n- \x60[a-z0-9-]+`, func(m []string, _ int) string { return m[0] + "-x" }),
	each("a lesson is needed that is none", []string{structureFile}, `needs: \[.*\]`, func([]string, int) string { return "needs: [nothing]" }),
	each("a prompt has one language", []string{structureFile}, `\{en: .*, zh: .*\}`, func(m []string, _ int) string {
		return m[0][:strings.Index(m[0], ", zh: ")] + "}"
	}),
	each("a run is none", []string{structureFile}, `(model|draft): [a-z-]+`, func(m []string, _ int) string { return m[1] + ": nobody" }),
	each("rows are not those of the picture", []string{structureFile}, `      (rows|cols): .*`, func(m []string, _ int) string { return "      " + m[1] + ": 1" }),
}

// TestMutationsAreFound: whatever somebody breaks in a lesson, the check is red, with a file and a line.
func TestMutationsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: other processors check the lessons, not the check")
	}
	all := os.Getenv("KVSTEP_ALL") != ""
	r := rand.New(rand.NewSource(18))
	player := NewPlayer(library.New())
	shelf, _ := Open(docs.Lessons(), "lessons", nil)
	source := own(t)
	done := map[string]int{}
	for _, l := range shelf.Lessons {
		files := map[string]string{}
		for _, file := range []string{structureFile, "en.md", "zh.md"} {
			files[file] = string(source[path.Join(l.Name, file)].Data)
		}
		for _, m := range mutations {
			ways := m.ways(files)
			if !all && len(ways) > 1 {
				n := r.Intn(len(ways))
				ways = ways[n : n+1]
			}
			for _, w := range ways {
				done[m.name]++
				now := fstest.MapFS{reasonsFile: source[reasonsFile]}
				for file, text := range files {
					if changed, is := w.files[file]; is {
						text = changed
					}
					if text != "" {
						now[path.Join(l.Name, file)] = &fstest.MapFile{Data: []byte(text)}
					}
				}
				bad := checkBeside(t, now, shelf, player)
				if len(bad) == 0 {
					t.Errorf("%s: %s, and nobody has noticed: %s", l.Name, m.name, w.what)
				} else if f := bad[0]; !strings.HasPrefix(f.File, "lessons/") || f.Line < 1 || f.Col < 1 {
					t.Errorf("%s: %s: %v", l.Name, m.name, f)
				}
			}
		}
	}
	for _, m := range mutations {
		if done[m.name] == 0 {
			t.Errorf("%s: never done", m.name)
		}
	}
	t.Log(done)
}

// checkBeside reads and plays one lesson that may name others.
func checkBeside(t *testing.T, files fstest.MapFS, others *Shelf, p *Player) []*Fault {
	shelf, bad := Open(files, "lessons", &Shelf{Lessons: others.Lessons, Terms: glossary(t)})
	if len(bad) == 0 {
		for _, l := range shelf.Lessons {
			_, bad = l.Check(t.Context(), p)
		}
	}
	return bad
}

// glossary are the ids of all terms.
func glossary(t *testing.T) (ids []string) {
	terms, err := docs.Glossary()
	if err != nil {
		t.Fatal(err)
	}
	for _, term := range terms {
		ids = append(ids, term.ID())
	}
	return ids
}
