package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kvstep/sim/lesson"
)

// lookAgain is how often the files of --lessons are looked at: who saves one sees it at once.
const lookAgain = 300 * time.Millisecond

// follow adds the lessons of a folder to a case, and puts them there again whenever one of their files has
// changed, until ctx ends. What is wrong with them is told; a lesson that is broken is played as it was before.
func follow(ctx context.Context, c *lesson.Case, dir string, to io.Writer) {
	own := c.Shelf()
	last, shelf := "", &lesson.Shelf{}
	for {
		if now := stateOf(dir); now != last {
			last = now
			next, bad, err := openLessons(dir, besideOf(dir, own))
			if err != nil {
				next, bad = &lesson.Shelf{Reasons: own.Reasons}, nil
			}
			tellFaults(to, bad)
			shelf = next.Keeping(shelf)
			c.Put(own.With(shelf))
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return
		}
	}
}

// stateOf tells whether a folder of lessons is as it was: names, sizes and times of what may be of a lesson.
func stateOf(dir string) string {
	var b strings.Builder
	for _, pattern := range []string{"*.yaml", "*.md", "*/*.yaml", "*/*.md"} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is ours
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.Mode()&fs.ModeType == 0 {
				fmt.Fprintln(&b, name, info.Size(), info.ModTime().UnixNano())
			}
		}
	}
	return b.String()
}
