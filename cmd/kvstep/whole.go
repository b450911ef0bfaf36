package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"kvstep/sim"
	"kvstep/sim/sheet"
)

// unfinished are the names of files that are being written.
const unfinished = ".kvstep-*.part"

// writing has those of this process, for a signal that cannot wait.
var writing struct {
	sync.Mutex
	names map[string]bool
}

// writeWhole writes a file so that nobody ever sees a part of it.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	if err := notFolder(path); err != nil {
		return err
	}
	sweepUnfinished(filepath.Dir(path))
	f, locked, err := createUnfinished(filepath.Dir(path))
	if err != nil {
		return sim.NewProblem("file.write", "File", path).Because(err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = sim.NewProblem("file.write", "File", path).Because(err)
		}
		forget(f.Name())
	}()
	out := bufio.NewWriter(f)
	if err = write(out); err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if !locked { // some systems rename no open file; where there are locks, it is held until the name is another
		if closed := f.Close(); err == nil {
			err = closed
		}
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if locked {
		f.Close() // all of it is on the disk
	}
	return err
}

// notFolder refuses to write where a folder is.
func notFolder(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return sim.NewProblem("file.write", "File", path).Because(syscall.EISDIR)
	}
	return nil
}

// createUnfinished makes a file that others see is being written, since it is locked.
// One that somebody swept before it was locked is made again.
func createUnfinished(dir string) (f *os.File, locked bool, err error) {
	for {
		f, err := os.CreateTemp(dir, unfinished)
		if err != nil {
			return nil, false, err
		}
		writing.Lock()
		if writing.names == nil {
			writing.names = map[string]bool{}
		}
		writing.names[f.Name()] = true
		writing.Unlock()
		if got := lockFile(f); got != lockTaken {
			mine, err1 := f.Stat()
			there, err2 := os.Stat(f.Name())
			if err1 != nil || err2 == nil && os.SameFile(mine, there) {
				return f, got == lockMine, nil
			}
		}
		f.Close()
		forget(f.Name())
	}
}

func forget(name string) {
	writing.Lock()
	delete(writing.names, name)
	writing.Unlock()
}

// abandonFiles removes what this process is writing, before it ends in the middle.
func abandonFiles() {
	writing.Lock()
	defer writing.Unlock()
	for name := range writing.names {
		os.Remove(name)
	}
}

// sweepUnfinished removes what processes that were killed have left in a folder: files
// that nobody has locked.
func sweepUnfinished(dir string) {
	names, _ := filepath.Glob(filepath.Join(escapeGlob(dir), unfinished))
	for _, name := range names {
		if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		if lockFile(f) == lockMine {
			os.Remove(name)
		}
		f.Close()
	}
}

// escapeGlob returns a folder as filepath.Glob means it.
func escapeGlob(dir string) string {
	var b []byte
	for i := range len(dir) {
		switch dir[i] {
		case '*', '?', '[':
			b = append(b, '[', dir[i], ']')
		default:
			b = append(b, dir[i])
		}
	}
	return string(b)
}

// forPeople begins a table that a person will open.
func forPeople(w io.Writer, format string) io.Writer {
	if format == "csv" {
		_, _ = io.WriteString(w, sheet.BOM) // what fails here fails again with the first row
	}
	return w
}

// lock is what came of locking a file.
type lock int

const (
	lockMine    lock = iota
	lockTaken        // by another process
	lockUnknown      // the file system, or the system, has no locks
)
