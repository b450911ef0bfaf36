package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"kvstep/sim"
)

// openRegular opens a file that a person named, or that lies where they pointed. Only
// regular files are files here: a pipe would wait for its other end, a device has no end.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	fail := func(err error) (*os.File, fs.FileInfo, error) {
		return nil, nil, sim.NewProblem("file.open", "File", path).Because(err)
	}
	// Asked before it is opened, since opening alone does things to some devices.
	info, err := os.Stat(path)
	if err != nil {
		return fail(err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, sim.NewProblem("file.regular", "File", path)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|withoutWaiting, 0)
	if err != nil {
		return fail(err)
	}
	// Another one may have taken its name meanwhile.
	if info, err = f.Stat(); err != nil {
		f.Close()
		return fail(err)
	}
	if !info.Mode().IsRegular() {
		f.Close()
		return nil, nil, sim.NewProblem("file.regular", "File", path)
	}
	return f, info, nil
}

// readRegular reads a regular file of at most limit bytes. Its size is asked first; one
// that does not tell it, as those of /proc, is read to the limit and no further.
func readRegular(path string, limit int64) ([]byte, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readAtMost(f, info, path, limit)
	return data, err
}

// readAtMost reads like readRegular, from an open file.
func readAtMost(f io.Reader, info fs.FileInfo, path string, limit int64) ([]byte, error) {
	large := sim.NewProblem("file.large", "File", path, "Max", limit)
	if info.Size() > limit {
		return nil, large
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, sim.NewProblem("file.open", "File", path).Because(err)
	}
	if int64(len(data)) > limit {
		return nil, large
	}
	return data, nil
}

// regularDir is a folder whose files are all opened with openRegular. Folders themselves
// can be listed.
type regularDir string

// Open implements fs.FS.
func (d regularDir) Open(name string) (fs.File, error) {
	f, err := d.openFile(name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d regularDir) openFile(name string) (*os.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	f, _, err := openRegular(d.path(name))
	var p *sim.Problem
	if errors.As(err, &p) && p.Cause != nil { // who reads a folder asks what kind of error it is
		return nil, p.Cause
	}
	return f, err
}

// Stat implements fs.StatFS: it does not open the file.
func (d regularDir) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrInvalid}
	}
	return os.Stat(d.path(name))
}

func (d regularDir) path(name string) string {
	return filepath.Join(string(d), filepath.FromSlash(name))
}
