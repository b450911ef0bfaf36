package hub

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A model's folder has one lock: a file beside it, called so that no model and no
// download can have its name. The system holds it for a process and lets go of it when
// that process ends, however it ends, so nobody ever has to guess whether a lock that
// lies about still means something. The file itself means nothing; it stays while there
// is a download to go on with (sweep knows those by it) and goes with its last use.
type lock struct {
	file *os.File
	path string
}

// errHeld is a lock that somebody else has.
var errHeld = errors.New("locked")

// lockOf returns the path of the lock of a model's folder, stagingOf that of the folder where
// its files lie until all are there.
func lockOf(place string) string { return stagingOf(place) + "~lock" }
func stagingOf(place string) string {
	return filepath.Join(filepath.Dir(place), "."+filepath.Base(place))
}

// tryLock takes the lock of a model's folder, or fails with errHeld.
func tryLock(place string) (*lock, error) {
	path := lockOf(place)
	for {
		f, err := openLocked(path)
		if err != nil {
			return nil, err
		}
		// Who had it before may have taken the file away: then this one is nobody's.
		have, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, err
		}
		if there, err := os.Stat(path); err == nil && os.SameFile(have, there) {
			return &lock{f, path}, nil
		}
		f.Close()
	}
}

// release lets go, and takes the file away if nothing is left to go on with.
func (l *lock) release() {
	if _, err := os.Lstat(l.path[:len(l.path)-len("~lock")]); errors.Is(err, fs.ErrNotExist) {
		_ = os.Remove(l.path)
	}
	l.file.Close()
}

// beat is how often a lock that somebody has is tried again.
const beat = 100 * time.Millisecond

// wait takes the lock of a model's folder, when whoever has it is done.
func (c *Client) wait(ctx context.Context, place string) (*lock, error) {
	for tries := 0; ; tries++ {
		err := os.MkdirAll(filepath.Dir(place), 0o755)
		if err != nil {
			return nil, unwritten(place, err)
		}
		l, err := tryLock(place)
		switch {
		case err == nil:
			return l, nil
		case errors.Is(err, fs.ErrNotExist): // the folder of the owner went meanwhile
		case !errors.Is(err, errHeld):
			return nil, unlocked(place, err)
		case tries == 1 && c.OnWait != nil: // at once it may be one who only looks (sweep)
			c.OnWait(place)
		}
		select {
		case <-time.After(beat):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
