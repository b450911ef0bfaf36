package wire

import (
	"reflect"
	"sync"

	"kvstep/sim/checkpoint"
	"kvstep/sim/lens"
	"kvstep/sim/plain"
)

// Parts are what lenses have written of one moment of a room, as far as other views show the same
// (lens.Reach): each is written once, however many look at what else. Several frames may be encoded
// at once. As soon as anything of the room has changed, others are needed.
type Parts struct {
	mu    sync.Mutex
	known map[partKey]*part
}

// partKey names what a lens shows to all views that are alike as far as it reaches.
type partKey struct {
	lens *lens.Lens
	view string
}

// part is what a lens shows, written down.
type part struct {
	mu      sync.Mutex // held while it is written: another frame waits for it
	written bool       // not, where that panicked: who asks next tries it too
	text    string     // "" for no value
	tensors []checkpoint.Tensor
	crowds  int // bytes that take room from the picture of all heads
}

// at returns the place of a part, which is to be written if it was not.
func (p *Parts) at(key partKey) *part {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[partKey]*part{}
	}
	if p.known[key] == nil {
		p.known[key] = &part{}
	}
	return p.known[key]
}

// writer writes one frame, lens by lens.
type writer struct {
	parts   *Parts
	m       *lens.Moment
	scratch []byte // has the numbers of tensors that no other frame may have
	json    plain.Encoder
	upTo    [lens.OfRun + 1]struct { // by reach
		m    *lens.Moment
		view string
	}
}

// write returns what a lens shows of the frame.
func (w *writer) write(l *lens.Lens) *part {
	at := &w.upTo[l.Of]
	if at.m == nil {
		at.m = w.m.UpTo(l.Of)
	}
	if w.parts == nil || l.Of == lens.OfView {
		x := &part{}
		w.scratch = x.write(l, at.m, &w.json, w.scratch)
		return x
	}
	if at.view == "" {
		at.view = text(at.m.View)
	}
	x := w.parts.at(partKey{l, at.view})
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.written {
		x.write(l, at.m, &w.json, nil)
	}
	return x
}

// write writes what a lens shows, the numbers of its tensors after dst, and returns that.
func (x *part) write(l *lens.Lens, m *lens.Moment, json *plain.Encoder, dst []byte) []byte {
	value, tensors := l.Show.At(m)
	if l.Show.Value != nil && (l.Null || !isNil(value)) {
		x.text = json.Text(value)
	}
	x.tensors, x.crowds = make([]checkpoint.Tensor, len(tensors)), 0
	for i, t := range tensors {
		if x.tensors[i], dst = appendTensor(dst, t); t.Crowds {
			x.crowds += len(x.tensors[i].Data)
		}
	}
	x.written = true
	return dst
}

// isNil reports whether a lens has nothing to say.
func isNil(value any) bool {
	v := reflect.ValueOf(value)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
