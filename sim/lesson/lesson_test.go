package lesson

import (
	"context"
	"io/fs"
	"maps"
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

// own returns the lessons of docs/lessons as files that a test may change.
func own(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(docs.Lessons(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(docs.Lessons(), name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// check reads and plays lessons, and returns all that is wrong.
func check(ctx context.Context, files fs.FS, p *Player) ([]Report, []*Fault) {
	shelf, bad := Open(files, "lessons", nil)
	var reports []Report
	if len(bad) == 0 {
		for _, l := range shelf.Lessons {
			r, more := l.Check(ctx, p)
			bad = append(bad, more...)
			reports = append(reports, r)
		}
	}
	return reports, bad
}

// TestLessons: every beat of every lesson can be played on the real engine in both languages, every right
// answer is right, every wrong one wrong with its own reply.
func TestLessons(t *testing.T) {
	reports, bad := check(t.Context(), docs.Lessons(), NewPlayer(library.New()))
	for _, f := range bad {
		t.Error(f)
	}
	kinds, questions := map[string]bool{}, 0
	for _, r := range reports {
		questions += r.Questions
		for _, k := range r.Kinds {
			kinds[k] = true
		}
		if !slices.Equal(r.Languages, Languages) {
			t.Errorf("%s speaks %v", r.Name, r.Languages)
		}
	}
	t.Logf("%d lessons, %d questions, kinds %v", len(reports), questions, slices.Sorted(maps.Keys(kinds)))
}

// mutation is one thing that somebody may do to a lesson by mistake.
type mutation struct {
	name string
	do   func(files fstest.MapFS, lesson string, r *rand.Rand) bool // false: there is nothing to do it to
}

func edit(files fstest.MapFS, name string, re *regexp.Regexp, r *rand.Rand, to func(match string) string) bool {
	data := string(files[name].Data)
	all := re.FindAllStringIndex(data, -1)
	if len(all) == 0 {
		return false
	}
	at := all[r.Intn(len(all))]
	files[name] = &fstest.MapFile{Data: []byte(data[:at[0]] + to(data[at[0]:at[1]]) + data[at[1]:])}
	return true
}

var (
	heads    = regexp.MustCompile(`(?ms)^## .*?(?:\n(?:##)|\z)`)
	beatOf   = regexp.MustCompile(`(?ms)^  - id: .*?(?:\n  - id|\z)`)
	lensName = regexp.MustCompile(`\b(?:ledger|step|run|kv|tokens|choice)\.[a-z_]+`)
	held     = regexp.MustCompile(`\{\{[^}]*\}\}`)
	answered = regexp.MustCompile(`(?m)^      answer: (.*)$`)
	mistaken = regexp.MustCompile(`- \{id: [a-z-]+, answer: ([^{}]*?), why`)
)

var mutations = []mutation{
	{"a beat is removed from the words", func(f fstest.MapFS, l string, r *rand.Rand) bool {
		return edit(f, path.Join(l, Languages[r.Intn(2)]+".md"), heads, r, func(m string) string {
			if strings.HasSuffix(m, "\n##") {
				return "##"
			}
			return ""
		})
	}},
	{"a beat is removed from the structure", func(f fstest.MapFS, l string, r *rand.Rand) bool {
		return edit(f, path.Join(l, structureFile), beatOf, r, func(m string) string {
			if strings.HasSuffix(m, "\n  - id") {
				return "  - id"
			}
			return ""
		})
	}},
	{"a lens value is renamed", func(f fstest.MapFS, l string, r *rand.Rand) bool {
		name := []string{structureFile, "en.md", "zh.md"}[r.Intn(3)]
		return edit(f, path.Join(l, name), lensName, r, func(m string) string { return m + "x" })
	}},
	{"a placeholder is broken", func(f fstest.MapFS, l string, r *rand.Rand) bool {
		return edit(f, path.Join(l, Languages[r.Intn(2)]+".md"), held, r, func(m string) string {
			return []string{"{{" + m[2:len(m)-2] + " +}}", "{{}}", m[:len(m)-2]}[r.Intn(3)]
		})
	}},
	{"a language is dropped", func(f fstest.MapFS, l string, r *rand.Rand) bool {
		delete(f, path.Join(l, Languages[r.Intn(2)]+".md"))
		return true
	}},
	{"an answer is swapped", func(f fstest.MapFS, l string, r *rand.Rand) bool {
		name := path.Join(l, structureFile)
		data := string(f[name].Data)
		for _, at := range r.Perm(len(answered.FindAllStringIndex(data, -1))) {
			right := answered.FindAllStringSubmatchIndex(data, -1)[at]
			wrong := mistaken.FindStringSubmatchIndex(data[right[1]:])
			if wrong == nil || strings.Contains(data[right[1]:right[1]+wrong[0]], "\n  - id") {
				continue
			}
			a, b := data[right[2]:right[3]], data[right[1]+wrong[2]:right[1]+wrong[3]]
			f[name] = &fstest.MapFile{Data: []byte(data[:right[2]] + b + data[right[3]:right[1]+wrong[2]] + a + data[right[1]+wrong[3]:])}
			return true
		}
		return false
	}},
	{"a choice is turned round", func(f fstest.MapFS, l string, r *rand.Rand) bool {
		return edit(f, path.Join(l, structureFile), regexp.MustCompile(`right: "?[^,"}]+`), r, func(m string) string {
			if rest, ok := strings.CutPrefix(m, `right: "`); ok {
				return `right: "not (` + rest + ")"
			}
			return "right: not (" + strings.TrimPrefix(m, "right: ") + ")"
		})
	}},
}

// TestMutationsAreFound: whatever somebody breaks in a lesson, the check is red, with a file and a line.
func TestMutationsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: other processors check the lessons, not the check")
	}
	r := rand.New(rand.NewSource(18))
	player := NewPlayer(library.New())
	shelf, _ := Open(docs.Lessons(), "lessons", nil)
	times := 1
	if os.Getenv("KVSTEP_ALL") != "" {
		times = 2
	}
	for _, m := range mutations {
		done := 0
		for _, l := range shelf.Lessons {
			for range times {
				files := own(t)
				for name := range files { // the other lessons are not changed
					if !strings.HasPrefix(name, l.Name+"/") && name != reasonsFile {
						delete(files, name)
					}
				}
				before := maps.Clone(files)
				if !m.do(files, l.Name, r) {
					continue
				}
				done++
				_, bad := check(t.Context(), files, player)
				if len(bad) == 0 {
					for name := range before {
						if files[name] != nil && string(files[name].Data) != string(before[name].Data) {
							t.Logf("%s:\n%s", name, files[name].Data)
						}
					}
					t.Fatalf("%s: %s, and nobody has noticed", l.Name, m.name)
				}
				if f := bad[0]; !strings.HasPrefix(f.File, "lessons/") || f.Line < 1 || f.Col < 1 {
					t.Errorf("%s: %s: %v", l.Name, m.name, f)
				}
			}
		}
		if done == 0 {
			t.Errorf("%s: never done", m.name)
		}
	}
}
