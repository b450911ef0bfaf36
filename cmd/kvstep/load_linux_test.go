package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal is a new terminal: what is written to its inner end is read from the outer.
func terminal(t *testing.T) (outer, inner *os.File) {
	t.Helper()
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("skipped: no terminals here:", err)
	}
	t.Cleanup(func() { outer.Close() })
	control := func(request uintptr, value *uint32) {
		if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, outer.Fd(), request, uintptr(unsafe.Pointer(value))); e != 0 {
			t.Skip("skipped: no terminals here:", e)
		}
	}
	var locked, number uint32
	control(syscall.TIOCSPTLCK, &locked)
	control(syscall.TIOCGPTN, &number)
	inner, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("skipped: no terminals here:", err)
	}
	t.Cleanup(func() { inner.Close() })
	return outer, inner
}

// TestLoadingBar: a large model has a bar on a terminal, which goes when it is loaded;
// a small one has none, and neither has a file. Somebody else hears of all the same.
func TestLoadingBar(t *testing.T) {
	outer, inner := terminal(t)
	shown := func(total int64) (text string, heard int64) {
		hear, done := progress(inner, "someone/big", func(n, _ int64) { heard = n })
		for n := int64(0); n < total; n += total / 4 {
			hear(n, total)
			time.Sleep(110 * time.Millisecond) // the bar is painted ten times a second
		}
		done()
		fmt.Fprintln(inner, "end")
		buf := make([]byte, 64<<10)
		for !strings.Contains(text, "end") {
			n, err := outer.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			text += string(buf[:n])
		}
		return text, heard
	}
	text, heard := shown(40 << 20)
	if !strings.Contains(text, "someone/big  25%") || !strings.Contains(text, "75%") || heard != 30<<20 {
		t.Errorf("%q, heard %d", text, heard)
	}
	before, _, _ := strings.Cut(text, "end")
	if lines := strings.Split(before, "\r"); strings.TrimSpace(lines[len(lines)-1]) != "" {
		t.Errorf("something stays: %q", before)
	}
	if text, heard = shown(4 << 20); strings.Contains(text, "%") || heard != 3<<20 {
		t.Errorf("%q, heard %d", text, heard)
	}
	file, err := os.Create(t.TempDir() + "/stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if hear, _ := progress(file, "x", nil); hear != nil {
		t.Error("a bar in a file")
	}
}
