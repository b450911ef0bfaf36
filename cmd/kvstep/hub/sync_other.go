//go:build !unix && !windows

package hub

import (
	"errors"
	"os"
)

// syncDir: folders cannot be synced here.
func syncDir(string) error { return nil }

// fullDisk and forbidden are why a file could not be written.
func fullDisk(error) bool { return false }

func forbidden(err error) bool { return errors.Is(err, os.ErrPermission) }
