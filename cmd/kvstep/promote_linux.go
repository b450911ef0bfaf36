package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A processor reads weights a third faster from pages of 2 MB than from those of
// 4 KB, and files are mapped in small ones.
const (
	hugePage     = 2 << 20
	promoteChunk = 16 * hugePage // moved at a time
)

// promotePages moves a file that mapFile has mapped into memory of large pages, at the same addresses: who
// reads meanwhile reads the same. It stops where the system does not go along; what
// has not moved stays mapped. It stops too when it is told that it is enough. Afterwards nobody else's write to the file matters.
func promotePages(data []byte, enough *atomic.Bool) (err error) {
	// A file that becomes shorter meanwhile ends the moving, and not the process.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		value := recover()
		if _, ok := value.(interface{ Addr() uintptr }); !ok && value != nil {
			panic(value)
		}
	}()
	if len(data) < promoteChunk || uint64(len(data)) > available()/4 {
		return nil
	}
	base := unsafe.Pointer(unsafe.SliceData(data))
	first := int(-uintptr(base) % hugePage)
	for at := first; at+hugePage <= len(data) && !enough.Load(); at += promoteChunk {
		n := min(promoteChunk, (len(data)-at)/hugePage*hugePage)
		if err := moveHuge(unsafe.Add(base, at), data[at:at+n]); err != nil {
			return err
		}
	}
	return nil
}

// moveHuge replaces data, whole large pages at address at, by a copy in large pages.
func moveHuge(at unsafe.Pointer, data []byte) error {
	n := uintptr(len(data))
	room, err := unix.MmapPtr(-1, 0, nil, n+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return fmt.Errorf("large pages: %w", err)
	}
	before := -uintptr(room) % hugePage // so that the copy begins with a page
	to := unsafe.Add(room, before)
	defer func() {
		if err != nil {
			unix.MunmapPtr(to, n)
		}
		if before > 0 {
			unix.MunmapPtr(room, before)
		}
		unix.MunmapPtr(unsafe.Add(to, n), hugePage-before)
	}()
	pages := unsafe.Slice((*byte)(to), n)
	if err = unix.Madvise(pages, unix.MADV_HUGEPAGE); err != nil {
		return fmt.Errorf("large pages: %w", err)
	}
	err = errors.New("large pages: the file became shorter") // if copying goes wrong
	copy(pages, data)
	if err = unix.Mprotect(pages, unix.PROT_READ); err != nil {
		return fmt.Errorf("large pages: %w", err)
	}
	if _, err = unix.MremapPtr(to, n, at, n, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED); err != nil {
		return fmt.Errorf("large pages: %w", err)
	}
	return nil
}

// available returns how many bytes of memory the system can give without hardship.
func available() (bytesLeft uint64) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "MemAvailable: %d kB", &bytesLeft); err == nil {
			return bytesLeft << 10
		}
	}
	return 0
}
