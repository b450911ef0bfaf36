//go:build !unix

package main

import (
	"errors"
	"os"
)

// withoutWaiting is not needed here.
const withoutWaiting = 0

// mapFile reports that nothing can be mapped here; files are read instead.
func mapFile(*os.File) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }
