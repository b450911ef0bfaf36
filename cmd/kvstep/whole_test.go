package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kvstep/sim"
)

// TestFilesLeftByKillsAreSwept: those that nobody writes any more, and no others.
func TestFilesLeftByKillsAreSwept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a [folder]*") // whose name means something to a pattern
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(name string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	left, other := put(".kvstep-123.part"), put("growth.csv.part")
	mine, locked, err := createUnfinished(dir) // somebody else is writing
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	if !locked {
		t.Skip("skipped: this system has no locks")
	}
	path := filepath.Join(dir, "a.csv")
	if err := writeWhole(path, func(w io.Writer) error { _, err := io.WriteString(w, "all"); return err }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{mine.Name(), other, path} {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what a kill has left is still there")
	}
	abandonFiles()
	forget(mine.Name())
	if _, err := os.Stat(mine.Name()); err == nil {
		t.Error("what a signal interrupts is still there")
	}
	if len(writing.names) != 0 {
		t.Errorf("%v", writing.names)
	}
}

// TestCannotBeWrittenSaysWhy: in both languages, for what a person can do something about
// and for what nobody thought of.
func TestCannotBeWrittenSaysWhy(t *testing.T) {
	for err, want := range map[error][2]string{
		syscall.ENOSPC: {"disk is full", "磁盘已满"}, syscall.EDQUOT: {"share", "配额"}, syscall.EROFS: {"read-only", "只读"}, syscall.EISDIR: {"folder", "文件夹"},
		syscall.EACCES: {"Permission", "权限"}, syscall.EPERM: {"Permission", "权限"}, syscall.ENOENT: {"not exist", "不存在"}, syscall.ENAMETOOLONG: {"too long", "太长"},
		syscall.EMFILE: {"Too many", "太多"}, syscall.EFBIG: {"larger", "大小"}, syscall.EIO: {"error", "错误"}, syscall.ENOTDIR: {"not a folder", "不是文件夹"},
		syscall.ENOTCONN: {"The system says: ", "系统的说明："}, errors.New("something"): {"Cannot write a.csv.", "无法写入"},
	} {
		for i, lang := range []string{"en_GB.UTF-8", "zh_CN.UTF-8"} {
			t.Setenv("LC_ALL", lang)
			said := say(sim.NewProblem("file.write", "File", "a.csv").Because(fmt.Errorf("wrapped: %w", &os.PathError{Op: "write", Path: "a.csv", Err: err})))
			if !strings.Contains(said, want[i]) || !strings.Contains(said, "a.csv") || strings.Contains(said, "reason.") {
				t.Errorf("%v in %s: %q", err, lang, said)
			}
		}
	}
	t.Setenv("LC_ALL", "C")
	dir := t.TempDir()
	for path, want := range map[string]string{dir: "folder", filepath.Join(dir, "none", "a.csv"): "not exist", filepath.Join(dir, strings.Repeat("x", 300)): "too long"} {
		if err := writeWhole(path, func(io.Writer) error { return nil }); err == nil || !strings.Contains(say(err), want) {
			t.Errorf("%s: %q", path, say(err))
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("%v are left", files)
	}
	// A sweep says so before its first run.
	if code, _, stderr := command(t, "sweep", "--out", dir, "--format", "csv", "--lengths", "1,2"); code != 1 || !strings.Contains(stderr, "folder") {
		t.Errorf("sweep into a folder: %d %s", code, stderr)
	}
	if os.Getuid() > 0 {
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		if err := writeWhole(filepath.Join(dir, "a.csv"), func(io.Writer) error { return nil }); err == nil || !strings.Contains(say(err), "Permission") {
			t.Errorf("without permission: %q", say(err))
		}
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("skipped: no full disk here")
	}
	defer full.Close()
	var said strings.Builder
	if err := run(t.Context(), []string{"trace", "--tokens", "0,5", "--max-new", "2", "--format", "jsonl"}, strings.NewReader(""), full, &said); err == nil || !strings.Contains(said.String(), "disk is full") {
		t.Errorf("onto a full disk: %v %q", err, said.String())
	}
}
