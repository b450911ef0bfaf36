//go:build unix

package main

import (
	"errors"
	"math"
	"os"
	"syscall"
)

// mapFile sees a whole file in place, for as long as the process runs: the system
// reads its pages when they are first looked at, and may drop them again. A file
// that another program shortens meanwhile kills the process (SIGBUS); one that is
// replaced by a new file of its name, as downloads are, does not.
func mapFile(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > math.MaxInt {
		return nil, errors.ErrUnsupported
	}
	return syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
}
