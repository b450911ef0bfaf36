//go:build unix && !solaris && !illumos && !aix

package main

import (
	"errors"
	"os"
	"syscall"
)

// lockFile locks a file until it is closed, or its process ends in whatever way.
func lockFile(f *os.File) lock {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case err == nil:
		return lockMine
	case errors.Is(err, syscall.EWOULDBLOCK):
		return lockTaken
	}
	return lockUnknown
}
