//go:build unix

package hub

import (
	"errors"
	"os"
	"syscall"
)

// syncDir sees to it that the disk has a folder's names. Some file systems cannot be
// asked that of a folder; they write names in order anyway, or promise nothing.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// fullDisk and forbidden are why a file could not be written.
func fullDisk(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func forbidden(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS)
}
