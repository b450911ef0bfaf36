package lesson

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Languages are those that every lesson speaks.
var Languages = []string{"en", "zh"}

// Reasons are misconceptions, what wrong answers come from, by id.
type Reasons map[string]Reason

// Reason is one misconception in all languages.
type Reason struct {
	Place
	Texts map[string]string
}

const (
	structureFile = "lesson.yaml"
	reasonsFile   = "misconceptions.yaml"
	maxLessons    = 200
)

// Shelf is a folder of lessons.
type Shelf struct {
	Lessons []*Lesson // in their order, then by name
	Reasons Reasons
}

// Find returns a lesson, nil where there is none of that name.
func (s *Shelf) Find(name string) *Lesson {
	if s == nil {
		return nil
	}
	if i := slices.IndexFunc(s.Lessons, func(l *Lesson) bool { return l.Name == name }); i >= 0 {
		return s.Lessons[i]
	}
	return nil
}

// First returns the name of the lesson that is played to who has never been here, a teacher's own before others; of
// a name given it tells whether that one is such a lesson. "" where there is none.
func (s *Shelf) First(name string) string {
	if s == nil {
		return ""
	}
	for _, l := range slices.Backward(s.Lessons) {
		if l.First && (name == "" || name == l.Name) {
			return l.Name
		}
	}
	return ""
}

// With returns the lessons of both shelves; of two that have one name the other's.
func (s *Shelf) With(other *Shelf) *Shelf {
	both := &Shelf{Reasons: other.Reasons}
	for _, l := range s.Lessons {
		if other.Find(l.Name) == nil {
			both.Lessons = append(both.Lessons, l)
		}
	}
	both.Lessons = append(both.Lessons, other.Lessons...)
	return both
}

// Open reads a folder of lessons, or one lesson's folder, and tells all that is wrong with them; what
// could be read is there all the same. Misconceptions of the folder stand beside those given.
// Names of faults begin with root.
func Open(fsys fs.FS, root string, known Reasons) (*Shelf, []*Fault) {
	s := &Shelf{Reasons: Reasons{}}
	for id, r := range known {
		s.Reasons[id] = r
	}
	var bad faults
	s.readReasons(fsys, root, &bad)
	names, one := folders(fsys, root, &bad)
	for _, name := range names {
		dir := name
		if one {
			dir = "."
		}
		l, more := readLesson(fsys, dir, path.Join(root, dir), name)
		bad = append(bad, more...)
		if l != nil {
			l.Reasons = s.Reasons
			s.Lessons = append(s.Lessons, l)
		}
	}
	slices.SortStableFunc(s.Lessons, func(a, b *Lesson) int { return cmp.Compare(a.Order, b.Order) })
	return s, bad.sorted()
}

// folders returns the names of the lessons in a folder; one tells that the folder is a lesson itself.
func folders(fsys fs.FS, root string, bad *faults) (names []string, one bool) {
	if exists(fsys, structureFile) {
		return []string{path.Base(strings.TrimRight(root, "/"))}, true
	}
	entries, err := readDir(fsys)
	if err != nil {
		bad.add(Place{root, 1, 1}, "lesson.folder")
		return nil, false
	}
	for _, name := range entries {
		switch {
		case !exists(fsys, path.Join(name, structureFile)):
		case !shelfName.MatchString(name):
			bad.add(Place{path.Join(root, name), 1, 1}, "lesson.id", "Have", name)
		case len(names) == maxLessons:
			bad.add(Place{path.Join(root, name), 1, 1}, "lesson.many", "Most", maxLessons)
			return names, false
		default:
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		bad.add(Place{root, 1, 1}, "lesson.folder")
	}
	return names, false
}

func readDir(fsys fs.FS) (names []string, err error) {
	entries, err := fs.ReadDir(fsys, ".")
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func exists(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.Mode().IsRegular()
}

// readFile reads a file that is not too large: it is refused before it is read.
func readFile(fsys fs.FS, name, shown string, most int) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, faultAt(Place{shown, 1, 1}, "lesson.nofile").because(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, faultAt(Place{shown, 1, 1}, "lesson.nofile").because(err)
	}
	if info.Size() > int64(most) {
		return nil, faultAt(Place{shown, 1, 1}, "lesson.long", "Have", info.Size(), "Most", most)
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, faultAt(Place{shown, 1, 1}, "lesson.nofile").because(err)
	}
	return data, nil
}

func (f *Fault) because(err error) *Fault {
	if err != nil {
		_ = f.Problem.Because(err)
	}
	return f
}

// readLesson reads one lesson's files.
func readLesson(fsys fs.FS, dir, shown, name string) (*Lesson, faults) {
	var bad faults
	sum := sha256.New()
	file := path.Join(shown, structureFile)
	data, err := readFile(fsys, path.Join(dir, structureFile), file, maxStructure)
	if err != nil {
		bad.because(Place{file, 1, 1}, err)
		return nil, bad
	}
	sum.Write(data)
	l, more := parseStructure(file, name, data)
	if bad = append(bad, more...); l == nil {
		return nil, bad
	}
	l.Words = map[string]*Words{}
	for _, lang := range Languages {
		file := path.Join(shown, lang+".md")
		data, err := readFile(fsys, path.Join(dir, lang+".md"), file, maxWords)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				err = faultAt(Place{file, 1, 1}, "lesson.language", "Lang", lang)
			}
			bad.because(Place{file, 1, 1}, err)
			continue
		}
		sum.Write(data)
		w, more := parseWords(file, data, l.scope())
		bad = append(bad, more...)
		l.Words[lang] = w
	}
	l.Version = hex.EncodeToString(sum.Sum(nil))[:8]
	return l, bad
}

// scope is what expressions of the lesson may name.
func (l *Lesson) scope() (s scope) {
	for _, m := range l.Moments {
		s.moments = append(s.moments, m.Name)
	}
	return s
}

// readReasons reads the misconceptions of a folder, if it has any.
func (s *Shelf) readReasons(fsys fs.FS, root string, bad *faults) {
	if !exists(fsys, reasonsFile) {
		return
	}
	file := path.Join(root, reasonsFile)
	data, err := readFile(fsys, reasonsFile, file, maxStructure)
	if err != nil {
		bad.because(Place{file, 1, 1}, err)
		return
	}
	tree, err := parseTree(file, data)
	if err != nil {
		bad.because(Place{file, 1, 1}, err)
		return
	}
	r, own := &reader{}, map[string]bool{}
	if tree.kind != listNode {
		r.add(tree.Place, "lesson.list")
	}
	for _, n := range tree.list {
		f := r.fields(n, append([]string{"id"}, Languages...)...)
		reason := Reason{n.Place, map[string]string{}}
		for _, lang := range Languages {
			if f[lang] == nil {
				r.add(n.Place, "lesson.missing", "Field", lang)
			}
			reason.Texts[lang] = r.word(f[lang], "")
		}
		id := r.id(f["id"], n.Place)
		if own[id] {
			r.add(n.Place, "lesson.twice", "Field", id)
		}
		own[id], s.Reasons[id] = true, reason
	}
	*bad = append(*bad, r.faults...)
}
