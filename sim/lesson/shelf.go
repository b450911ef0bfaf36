package lesson

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Languages are those that a lesson speaks, unless it names some of them.
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
	Terms   []string // of the glossary, by id; none: nobody has said
	Broken  []string // names of folders whose lesson cannot be played: something is wrong with its files
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
	both := &Shelf{Reasons: other.Reasons, Terms: s.Terms, Broken: other.Broken}
	for _, l := range s.Lessons {
		if other.Find(l.Name) == nil {
			both.Lessons = append(both.Lessons, l)
		}
	}
	both.Lessons = append(both.Lessons, other.Lessons...)
	return both
}

// Keeping returns the shelf with what it had before of lessons that are broken now.
func (s *Shelf) Keeping(before *Shelf) *Shelf {
	for _, name := range s.Broken {
		if l := before.Find(name); l != nil {
			s.Lessons = append(s.Lessons, l)
		}
	}
	s.sort()
	return s
}

func (s *Shelf) sort() {
	slices.SortStableFunc(s.Lessons, func(a, b *Lesson) int { return cmp.Compare(a.Order, b.Order) })
}

// Open reads a folder of lessons, or one lesson's folder, and tells all that is wrong with them without a run; a
// lesson that has nothing wrong is there all the same. Misconceptions of the folder stand beside those of another
// shelf, whose lessons these may name; nil is none. Names of faults begin with root.
func Open(fsys fs.FS, root string, beside *Shelf) (*Shelf, []*Fault) {
	s, told := beside.Beside(fsys, root)
	bad := faults(told)
	names, one := folders(fsys, root, &bad)
	known := &Known{Lessons: names, Terms: s.Terms}
	if beside != nil {
		for _, l := range beside.Lessons {
			known.Lessons = append(known.Lessons, l.Name)
		}
	}
	for _, name := range names {
		dir := name
		if one {
			dir = "."
		}
		l, more := readLesson(fsys, dir, path.Join(root, dir), name)
		if l != nil && len(more) == 0 {
			l.Reasons, l.known = s.Reasons, known
			more = l.inspect()
		}
		if bad = append(bad, more...); len(more) > 0 {
			s.Broken = append(s.Broken, name)
			continue
		}
		s.Lessons = append(s.Lessons, l)
	}
	s.sort()
	return s, bad.sorted()
}

// Beside returns an empty shelf that has the misconceptions of a folder beside those of this one, which may be nil.
func (s *Shelf) Beside(fsys fs.FS, root string) (*Shelf, []*Fault) {
	own := &Shelf{Reasons: Reasons{}}
	if s != nil {
		own.Terms = s.Terms
		maps.Copy(own.Reasons, s.Reasons)
	}
	var bad faults
	own.readReasons(fsys, root, &bad)
	return own, bad
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
	return asText(shown, data)
}

// asText returns a text file as all editors write it: without a mark of its encoding, with one kind of line end. What
// is not UTF-8 is refused where it is not.
func asText(shown string, data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	for i := 0; !utf8.Valid(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return nil, faultAt(placeIn(shown, data, i), "lesson.utf8")
		}
		i += size
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
	for _, lang := range l.Speaks {
		file := path.Join(shown, lang+".md")
		data, err := readFile(fsys, path.Join(dir, lang+".md"), file, maxWords)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				err = faultAt(Place{file, 1, 1}, "lesson.language", "Lang", lang, "Other", otherThan(lang))
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
	s.addReasons(tree, bad)
}

// addReasons takes the misconceptions of a list, each in one language at least.
func (s *Shelf) addReasons(tree *node, bad *faults) {
	r, own := &reader{}, map[string]bool{}
	if tree.kind != listNode {
		r.add(tree.Place, "lesson.list")
	}
	for _, n := range tree.list {
		f := r.fields(n, append([]string{"id"}, Languages...)...)
		reason := Reason{n.Place, map[string]string{}}
		for _, lang := range Languages {
			reason.Texts[lang] = r.word(f[lang], "")
		}
		if f[Languages[0]] == nil && f[Languages[1]] == nil {
			r.add(n.Place, "lesson.missing", "Field", Languages[0])
		}
		id := r.id(f["id"], n.Place)
		if own[id] {
			r.add(n.Place, "lesson.twice", "Field", id)
		}
		own[id], s.Reasons[id] = true, reason
	}
	*bad = append(*bad, r.faults...)
}

// otherThan returns the first language that is another one.
func otherThan(lang string) string {
	if lang == Languages[0] {
		return Languages[1]
	}
	return Languages[0]
}
