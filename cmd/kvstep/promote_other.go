//go:build !linux

package main

import "sync/atomic"

// promotePages does nothing where large pages are not for the asking.
func promotePages([]byte, *atomic.Bool) error { return nil }
