// Package walltest listens to the log in tests that make panics on purpose: what stands there
// is thousands of characters long, and would hide what a test that fails says.
package walltest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
)

// Log collects what is logged in a test, a line a record.
type Log struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
}

// Listen collects what is logged from now to the end of the test, instead of printing it.
func Listen(t testing.TB) *Log {
	l, before := &Log{}, slog.Default()
	slog.SetDefault(slog.New(l))
	t.Cleanup(func() { slog.SetDefault(before) })
	return l
}

// Enabled reports that every level is collected.
func (l *Log) Enabled(context.Context, slog.Level) bool { return true }

// Handle collects a record.
func (l *Log) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += fmt.Sprintf(" %s=%v", a.Key, a.Value); return true })
	l.mu.Lock()
	l.lines = append(l.lines, line)
	l.mu.Unlock()
	return nil
}

// Take returns what was logged since it was last asked.
func (l *Log) Take() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines, l.lines = l.lines, nil
	return lines
}
