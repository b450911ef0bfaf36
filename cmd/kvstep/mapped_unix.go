//go:build unix

package main

import (
	"errors"
	"math"
	"os"
	"syscall"
)

// withoutWaiting opens a pipe that took the place of a file without waiting for its other
// end.
const withoutWaiting = syscall.O_NONBLOCK

// mapFile sees a whole file in place, until unmapFile: the system reads its pages when
// they are first looked at, and may drop them again. A file that another program shortens
// or writes over meanwhile is noticed (watched); one that is replaced by a new file of its
// name, as downloads are, stays as it was.
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

func unmapFile(view []byte) error { return syscall.Munmap(view) }
