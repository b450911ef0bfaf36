package wire

import (
	"strconv"
	"sync"

	"kvstep/sim/checkpoint"
	"kvstep/sim/lens"
	"kvstep/sim/lesson"
	"kvstep/sim/plain"
)

// Frame is a moment as it goes to one viewer.
type Frame struct {
	lens.Moment
	Seq     int           // number of the frame in its room, from 1: equal for those who see the same
	Link    Link          // its recipe, view, breakpoints and bookmarks are the moment's
	Parts   *Parts        // what other frames of the moment have written already; nil: nobody asks
	Lessons *lesson.Shelf // among which is the one that the view names; nil: none
}

// numbers are where frames write their tensors before they are copied into place.
var numbers = sync.Pool{New: func() any { return new([]byte) }}

// Encode writes the frame after dst and returns it.
func Encode(dst []byte, f *Frame) []byte {
	scratch := numbers.Get().(*[]byte)
	file, link, written := fileOf(f, (*scratch)[:0])
	file.Meta["link"] = text(link.Query())
	f.teach(file.Meta, link.Lang)
	dst = checkpoint.AppendSafetensors(dst, file)
	*scratch = written
	numbers.Put(scratch)
	return dst
}

// EncodeEach writes the frame once for each language. What it shows is derived once: only
// its link tells the languages apart.
func EncodeEach(f *Frame, langs []string) (each [][]byte) {
	scratch := numbers.Get().(*[]byte)
	file, link, written := fileOf(f, (*scratch)[:0])
	for _, link.Lang = range langs {
		file.Meta["link"] = text(link.Query())
		f.teach(file.Meta, link.Lang)
		each = append(each, checkpoint.AppendSafetensors(nil, file))
	}
	*scratch = written
	numbers.Put(scratch)
	return each
}

// File returns the frame before it is written down.
func File(f *Frame) checkpoint.File {
	file, link, _ := fileOf(f, nil)
	file.Meta["link"] = text(link.Query())
	f.teach(file.Meta, link.Lang)
	return file
}

// teach adds what the viewer's lesson says at its beat, in a language.
func (f *Frame) teach(meta map[string]string, lang string) {
	if l := f.Lessons.Find(f.View.Lesson); l != nil {
		meta[LessonPart] = text(l.Play(lang, f.View.Beat, f.View.Answers, &f.Moment))
	}
}

// LessonPart is the name under which a frame has what a lesson says; every other one is a lens's.
const LessonPart = "lesson"

// fileOf writes the numbers of tensors after scratch, and returns that too, and the link, which
// the file does not have yet.
func fileOf(frame *Frame, scratch []byte) (checkpoint.File, Link, []byte) {
	m := frame.Moment
	m.FollowTrail()
	link := frame.Link
	link.Recipe, link.View, link.Breaks, link.Marks = m.Recipe, m.View, m.Breaks, m.Marks
	f := checkpoint.File{Meta: make(map[string]string, len(lens.All)), Tensors: make([]checkpoint.Tensor, 0, 12)}
	f.Meta["kvstep"], f.Meta["seq"] = "1", strconv.Itoa(frame.Seq)
	w := writer{parts: frame.Parts, m: &m, scratch: scratch}
	for i := range lens.All {
		l := &lens.All[i]
		if !l.Seen(&m) {
			continue
		}
		x := w.write(l)
		if x.text != "" {
			f.Meta[l.Name] = x.text
		}
		if l.Crowds {
			m.Beside += len(x.text)
		}
		m.Beside += x.crowds
		f.Tensors = append(f.Tensors, x.tensors...)
	}
	return f, link, w.scratch
}

// text returns v as JSON, in which every number has a word; "<" in a label is one byte.
func text(v any) string { return string(plain.JSON(v)) }
