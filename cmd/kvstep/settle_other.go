//go:build !linux

package main

import "sync/atomic"

// settle does nothing where large pages are not for the asking.
func settle([]byte, *atomic.Bool) error { return nil }
