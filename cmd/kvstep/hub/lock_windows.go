package hub

import (
	"errors"
	"os"
	"syscall"
)

// openLocked opens a file so that nobody else can, until this process closes it or
// ends; or fails with errHeld.
func openLocked(path string) (*os.File, error) {
	const (
		sharingViolation = syscall.Errno(32)
		deletePending    = syscall.Errno(303)
		shareDelete      = 4 // so that it can be taken away while it is held
	)
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, shareDelete, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case err == nil:
		return os.NewFile(uintptr(h), path), nil
	case errors.Is(err, sharingViolation), errors.Is(err, deletePending), errors.Is(err, syscall.ERROR_ACCESS_DENIED) && exists(path):
		return nil, errHeld
	}
	return nil, &os.PathError{Op: "lock", Path: path, Err: err}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
