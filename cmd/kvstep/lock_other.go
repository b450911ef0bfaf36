//go:build !unix || solaris || illumos || aix

package main

import "os"

// lockFile locks nothing here.
func lockFile(*os.File) lock { return lockUnknown }
