package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"kvstep/sim"
	"kvstep/sim/library"
)

// watched are the files that one model is read from: their mappings, and what they were
// when they were opened. Programs write over files, and shorten them, while others have
// them mapped; then the model is not the one any more that was checked.
type watched struct {
	mu        sync.Mutex
	files     []*watchedFile
	promoting sync.WaitGroup // files that are being moved
	closing   atomic.Bool    // which they need not be any more
}

// watchedFile is one of them.
type watchedFile struct {
	path string
	was  fs.FileInfo
	open *os.File // kept open where the file is mapped: what bears its name may be another one by now
	view []byte   // nil where it was read
	kept bool     // weights stand in the view
}

// open opens a regular file and remembers what it is.
func (w *watched) open(path string) (*watchedFile, *os.File, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	return w.add(path, info), f, nil
}

// add remembers what an open file is.
func (w *watched) add(path string, info fs.FileInfo) *watchedFile {
	x := &watchedFile{path: path, was: info}
	w.mu.Lock()
	w.files = append(w.files, x)
	w.mu.Unlock()
	return x
}

// mapped maps a file, which then is the watch's to close.
func (w *watched) mapped(x *watchedFile, f *os.File) ([]byte, error) {
	view, err := mapFile(f)
	if err == nil {
		w.mu.Lock()
		x.view, x.open = view, f
		w.mu.Unlock()
	}
	return view, err
}

// promote moves a mapped file to where it is read faster, beside what else is done.
func (w *watched) promote(view []byte) {
	promoting.Add(1)
	w.promoting.Go(func() {
		defer promoting.Done()
		_ = promotePages(view, &w.closing)
	})
}

// promoting are all files that are being moved.
var promoting sync.WaitGroup

// alike reports whether a file is unchanged, by its size and time: every write changes the
// time.
func alike(was, is fs.FileInfo) bool {
	return is.Size() == was.Size() && is.ModTime().Equal(was.ModTime())
}

// same implements Loaded.CheckFiles for the mapped files: what was read has been copied, and
// nobody can change it any more.
func (w *watched) same() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, x := range w.files {
		if x.open == nil {
			continue
		}
		if is, err := x.open.Stat(); err != nil || !alike(x.was, is) {
			return sim.NewProblem("model.changed", "File", filepath.Base(x.path)).Because(err)
		}
	}
	return nil
}

// newer reports whether the names belong to other files by now, or the files have changed.
func (w *watched) newer() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, x := range w.files {
		if is, err := os.Stat(x.path); err != nil || !os.SameFile(x.was, is) || !alike(x.was, is) {
			return true
		}
	}
	return false
}

// close takes the mappings back. Nothing may look at the weights after this.
func (w *watched) close() {
	w.closing.Store(true)
	w.promoting.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, x := range w.files {
		x.unmap()
	}
	w.files = nil
}

func (x *watchedFile) unmap() {
	if x.view != nil {
		_ = unmapFile(x.view)
		_ = x.open.Close()
	}
	x.view, x.open = nil, nil
}

// tidy unmaps the files of which everything has been copied.
func (w *watched) tidy() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, x := range w.files {
		if !x.kept {
			x.unmap()
		}
	}
}

// lingers is how long mappings stay when nobody has the model any more: far longer than
// the product takes in which somebody may still have a row of it.
var lingers = 3 * time.Second

// guard attaches its watch to a model that was opened. It compares the files once more,
// since they may have changed while they were read. The mappings go when the model does.
func (w *watched) guard(m *library.Loaded, err error) (*library.Loaded, error) {
	if err == nil {
		err = w.same()
	}
	if err != nil {
		w.close()
		return nil, err
	}
	w.tidy()
	m.CheckFiles, m.Newer, m.Close = w.same, w.newer, w.close
	wait := lingers
	runtime.AddCleanup(m.Model, func(w *watched) { time.AfterFunc(wait, w.close) }, w)
	return m, nil
}
