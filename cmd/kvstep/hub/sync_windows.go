package hub

import (
	"errors"
	"os"
	"syscall"
)

// syncDir: folders cannot be synced here.
func syncDir(string) error { return nil }

// fullDisk and forbidden are why a file could not be written: ERROR_HANDLE_DISK_FULL
// and ERROR_DISK_FULL.
func fullDisk(err error) bool {
	return errors.Is(err, syscall.Errno(39)) || errors.Is(err, syscall.Errno(112))
}

func forbidden(err error) bool { return errors.Is(err, os.ErrPermission) }
