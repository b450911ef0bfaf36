//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package hub

import (
	"errors"
	"os"
)

// openLocked knows no lock here that would end with its process, and one that does not
// is none: better no download than two in one folder.
func openLocked(path string) (*os.File, error) {
	return nil, &os.PathError{Op: "lock", Path: path, Err: errors.ErrUnsupported}
}
