package checkpoint

import (
	"bytes"
	"io"
	"io/fs"
	"math"
)

// Viewer is a file whose bytes can be seen where they stand, as those of a
// memory-mapped file can: float32 numbers are then used in place. The bytes must
// stay as they are for as long as the process runs; they are never written to.
type Viewer interface {
	View() ([]byte, error)
}

// Keeper is a Viewer that is told, once the weights of a model have been found right,
// how many of its bytes they are: those stay in use where they stand.
type Keeper interface {
	Viewer
	Keep(used int64)
}

// Progress is called with how many bytes of the weights were read, and how many there are.
type Progress func(done, total int64)

// maxWeights bounds the files of a model, and its numbers as float32, in bytes.
// Every position of 16 GiB fits an int where that has 64 bits.
const maxWeights = min(1<<34, math.MaxInt>>1)

// chunk is how much is read or looked at in one go, bytes.
const chunk = 1 << 20

// source is an open file of weights.
type source struct {
	name string
	size int64
	view []byte      // all of it, where it can be seen in place
	from io.ReaderAt // what is copied is read: looking at a mapped file would keep its pages in memory; nil: from view
	file fs.File
	used int64 // bytes of view that are weights where they stand
}

// open opens a file of at most limit bytes. Where it can be neither seen in place
// nor read from any position it is read into memory.
func open(fsys fs.FS, name string, limit int64) (*source, error) {
	fail := func(err error) (*source, error) { return nil, problem("checkpoint.file", name).Because(err) }
	// Asked before it is opened: opening a pipe would wait for its other end.
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return fail(err)
	}
	if !info.Mode().IsRegular() {
		return nil, problem("file.regular", name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return fail(err)
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return fail(err)
	}
	s := &source{name: name, size: info.Size(), file: f}
	if s.size > limit {
		f.Close()
		return nil, problem("checkpoint.large", name, "Have", s.size, "Max", limit)
	}
	if v, ok := f.(Viewer); ok {
		if data, err := v.View(); err == nil && int64(len(data)) == s.size {
			s.view = data
		}
	}
	if s.from, _ = f.(io.ReaderAt); s.from != nil || s.view != nil {
		return s, nil
	}
	data := make([]byte, s.size)
	if _, err := io.ReadFull(f, data); err != nil {
		f.Close()
		return fail(err)
	}
	s.from = bytes.NewReader(data)
	return s, nil
}

// close gives the file back; what was seen in place stays.
func (s *source) close() { _ = s.file.Close() }

// at returns n bytes from byte begin on, read into buf, which grows if it is too small. A
// file that has become shorter meanwhile is an error.
func (s *source) at(begin int64, n int, buf *[]byte) ([]byte, error) {
	if s.from == nil {
		return s.view[begin : begin+int64(n) : begin+int64(n)], nil
	}
	if len(*buf) < n {
		*buf = make([]byte, n)
	}
	if got, err := s.from.ReadAt((*buf)[:n], begin); got < n {
		return nil, problem("checkpoint.file", s.name).Because(err)
	}
	return (*buf)[:n], nil
}

// ReadFile reads a small regular file of at most limit bytes, allocating what it has.
// Errors are Problems "checkpoint.file" and "checkpoint.large".
func ReadFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	return readLimited(fsys, name, limit)
}

func readLimited(fsys fs.FS, name string, limit int64) ([]byte, error) {
	s, err := open(fsys, name, limit)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var buf []byte
	return s.at(0, int(s.size), &buf)
}
