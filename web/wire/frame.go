package wire

import (
	"strconv"
	"sync"

	"kvstep/sim/checkpoint"
	"kvstep/sim/lens"
	"kvstep/sim/plain"
)

// Frame is a moment as it goes to one viewer.
type Frame struct {
	lens.Moment
	Seq  int  // number of the frame for this viewer, from 1
	Link Link // its recipe, view, breakpoints and bookmarks are the moment's
}

// numbers are where frames write their tensors before they are copied into place.
var numbers = sync.Pool{New: func() any { return new([]byte) }}

// Encode writes the frame after dst and returns it.
func Encode(dst []byte, f *Frame) []byte {
	scratch := numbers.Get().(*[]byte)
	file, written := fileOf(f, (*scratch)[:0])
	dst = checkpoint.AppendSafetensors(dst, file)
	*scratch = written
	numbers.Put(scratch)
	return dst
}

// File returns the frame before it is written down.
func File(f *Frame) checkpoint.File {
	file, _ := fileOf(f, nil)
	return file
}

// fileOf writes the numbers of tensors after scratch, and returns that too.
func fileOf(frame *Frame, scratch []byte) (checkpoint.File, []byte) {
	m := frame.Moment
	m.FollowTrail()
	link := frame.Link
	link.Recipe, link.View, link.Breaks, link.Marks = m.Recipe, m.View, m.Breaks, m.Marks
	f := checkpoint.File{Meta: make(map[string]string, len(lens.All)), Tensors: make([]checkpoint.Tensor, 0, 12)}
	f.Meta["kvstep"], f.Meta["seq"], f.Meta["link"] = "1", strconv.Itoa(frame.Seq), text(link.Query())
	var json plain.Encoder
	for i := range lens.All {
		l := &lens.All[i]
		if !l.Seen(&m) {
			continue
		}
		value, tensors := l.Show.At(&m)
		if l.Show.Value != nil {
			f.Meta[l.Name] = json.Text(value)
		}
		if l.Crowds {
			m.Beside += len(f.Meta[l.Name])
		}
		for _, t := range tensors {
			var written checkpoint.Tensor
			written, scratch = appendTensor(scratch, t)
			if t.Crowds {
				m.Beside += len(written.Data)
			}
			f.Tensors = append(f.Tensors, written)
		}
	}
	return f, scratch
}

// text returns v as JSON, in which every number has a word; "<" in a label is one byte.
func text(v any) string { return string(plain.JSON(v)) }
