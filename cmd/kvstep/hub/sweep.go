package hub

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// keepFor is how long a download that broke off waits to be gone on with.
const keepFor = 7 * 24 * time.Hour

// sweep clears a models folder of what pulls left that were killed: locks of nobody,
// and downloads that are of no use any more, because their model is there, or that
// nobody went on with for a week. What somebody has the lock of is left alone, and so
// is what is not a download. It does what it can and says nothing.
func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if inner := filepath.Join(dir, e.Name()); e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			within, err := os.ReadDir(inner)
			if err != nil {
				continue
			}
			for _, e := range within {
				sweepOne(inner, e)
			}
		}
		sweepOne(dir, e)
	}
}

// sweepOne clears what one lock or one download belongs to. Downloads of older versions
// have no lock, and a file .commit.
func sweepOne(dir string, e fs.DirEntry) {
	name, isLock := strings.CutSuffix(e.Name(), "~lock")
	name, isOurs := strings.CutPrefix(name, ".")
	if !isOurs || name == "" {
		return
	}
	place := filepath.Join(dir, name)
	staging := stagingOf(place)
	if !isLock {
		if info, err := os.Lstat(filepath.Join(staging, ".commit")); err != nil || !info.Mode().IsRegular() {
			return
		}
	}
	if !isDownload(staging) {
		return
	}
	l, err := tryLock(place)
	if err != nil {
		return
	}
	defer l.release()
	if isDownload(staging) && (isModel(place) || abandoned(staging)) {
		_ = os.RemoveAll(staging)
	}
}

// isDownload reports whether a folder is not there, or holds nothing but what pulls put
// into it: whatever its name, what else somebody has is not taken away.
func isDownload(staging string) bool {
	if info, err := os.Lstat(staging); errors.Is(err, fs.ErrNotExist) {
		return true
	} else if err != nil || !info.IsDir() {
		return false
	}
	entries, err := os.ReadDir(staging)
	return err == nil && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		name := partName.ReplaceAllString(e.Name(), "")
		return !e.Type().IsRegular() || !slices.Contains(append(small, weights, index, ".commit"), name) && !shardName.MatchString(name)
	})
}

// partName is what a part has behind its name, with or without a checksum.
var partName = regexp.MustCompile(`(\.[0-9a-f]{16})?\.part$`)

// abandoned reports whether a download is empty, or nothing in it is of the last week.
func abandoned(staging string) bool {
	entries, err := os.ReadDir(staging)
	if err != nil {
		return false
	}
	last := time.Time{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return time.Since(last) > keepFor
}
