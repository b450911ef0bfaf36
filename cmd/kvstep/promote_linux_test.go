package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// TestSettle: the bytes of a mapped file are the same at every moment while they
// move, and afterwards, when the file is written over.
func TestSettle(t *testing.T) {
	want := make([]byte, 2*promoteChunk+3*hugePage+12345)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(want)
	path := filepath.Join(t.TempDir(), "weights")
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := mapFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if available()/4 < uint64(len(want)) {
		t.Skipf("%d bytes of memory are available", available())
	}
	var over atomic.Bool
	same := make(chan bool)
	go func() {
		ok := true
		for ok && !over.Load() {
			ok = bytes.Equal(data, want)
		}
		same <- ok
	}()
	err = promotePages(data, new(atomic.Bool))
	over.Store(true)
	if !<-same || !bytes.Equal(data, want) {
		t.Fatal("other bytes")
	}
	if err != nil {
		t.Skip(err) // a kernel without large pages
	}
	if err := os.WriteFile(path, make([]byte, len(want)), 0o600); err != nil {
		t.Fatal(err)
	}
	middle := len(want) / 2
	if !bytes.Equal(data[middle:middle+hugePage], want[middle:middle+hugePage]) {
		t.Error("who writes to the file writes to what has moved")
	}
}
