//go:build !unix

package main

import (
	"errors"
	"os"
)

// mapFile is not built here; files are read instead.
func mapFile(*os.File) ([]byte, error) { return nil, errors.ErrUnsupported }
