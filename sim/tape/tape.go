// Package tape records a run and moves a cursor over it: forward, back, seek,
// fork. It knows nothing of models; its tests use ten hand-made steps.
package tape

import (
	"iter"
	"slices"
	"unsafe"

	"kvstep/sim"
)

// Source continues a run after the steps in prefix (none: from the start).
type Source func(prefix []sim.Step) iter.Seq2[sim.Step, error]

// Tape owns the only pull on a run. It is not safe for concurrent use; one
// goroutine owns it (web/room).
type Tape struct {
	next         func() (sim.Step, error, bool)
	stop         func()
	steps        list
	has          []*int      // how many tapes have each step
	memory       *sim.Memory // counts the steps, those that several tapes have once
	cursor       int         // index of the current step, -1 before the first
	bytes        []int64     // of the rows up to each step, that one's included
	finishReason string      // why the run is over, "" while it goes on
	err          error       // the error that ended it
}

// New starts a tape whose steps memory counts; past its limit the tape records no more.
func New(source Source, memory *sim.Memory) *Tape {
	t := &Tape{cursor: -1, memory: memory}
	t.next, t.stop = iter.Pull2(source(nil))
	return t
}

// Cursor returns the index of the current step, -1 before the first.
func (t *Tape) Cursor() int { return t.cursor }

// Len returns the number of steps recorded.
func (t *Tape) Len() int { return t.steps.len }

// FinishReason says why there are no more steps to record, "" if there may be.
func (t *Tape) FinishReason() string { return t.finishReason }

// Bytes returns the memory of the rows recorded.
func (t *Tape) Bytes() int64 { return t.BytesOf(0, t.Len()) }

// BytesOf returns the memory of the rows of steps [from, to).
func (t *Tape) BytesOf(from, to int) int64 {
	upTo := func(n int) int64 {
		if n = min(n, t.Len()); n <= 0 {
			return 0
		}
		return t.bytes[n-1]
	}
	return max(upTo(to)-upTo(from), 0)
}

// Step returns step n, which must be recorded. The pointer stays good and must not
// be written through.
func (t *Tape) Step(n int) *sim.Step { return t.steps.at(n) }

// Forward moves one step, recording it if it is new. It reports false at the
// end of the run. After an error the tape stays where it was, and every
// recorded step can still be visited. Where memory was short (sim.Short), the next
// Forward asks again.
func (t *Tape) Forward() (bool, error) {
	if t.cursor+1 == t.Len() {
		if more, err := t.Record(); !more || err != nil || t.cursor+1 == t.Len() {
			return more, err
		}
	}
	t.cursor++
	return true, nil
}

// Record takes one step of the run and leaves the cursor where it is. It reports
// false at the end of the run. A run that cannot be taken up in the middle makes
// the steps again that the tape has: that is work too, but none of them is new.
func (t *Tape) Record() (bool, error) {
	if t.finishReason != "" || t.err != nil {
		return false, t.err
	}
	if err := t.memory.Fits(0); err != nil {
		return false, err
	}
	s, err, ok := t.next()
	if sim.Short(err) {
		return false, err
	}
	if err != nil {
		t.err = err
		t.stop()
		return false, err
	}
	if !ok {
		return false, nil
	}
	if s.N < t.Len() {
		return true, nil
	}
	t.bytes = append(t.bytes, t.Bytes()+rowBytes(&s))
	t.steps.add(s)
	t.has = append(t.has, new(1))
	t.memory.Add(MemoryOf(&s))
	t.finishReason = s.RunFinishReason
	return true, nil
}

// list has steps in pieces, so that one that is added moves no other, and so that lists that
// begin alike share full pieces.
type list struct {
	pieces [][]sim.Step
	len    int
}

const piece = 64 // steps

func (l *list) at(n int) *sim.Step { return &l.pieces[n/piece][n%piece] }

func (l *list) add(s sim.Step) {
	if l.len%piece == 0 {
		l.pieces = append(l.pieces, make([]sim.Step, 0, piece))
	}
	last := &l.pieces[len(l.pieces)-1]
	*last = append(*last, s)
	l.len++
}

// first returns a list of the first n steps that goes on by itself.
func (l *list) first(n int) list {
	f := list{pieces: slices.Clone(l.pieces[:n/piece]), len: n}
	if n%piece > 0 {
		f.pieces = append(f.pieces, append(make([]sim.Step, 0, piece), l.pieces[n/piece][:n%piece]...))
	}
	return f
}

// all returns the steps side by side.
func (l *list) all() []sim.Step { return slices.Concat(l.pieces...) }

// Back moves one step back, to -1 at most.
func (t *Tape) Back() bool {
	if t.cursor < 0 {
		return false
	}
	t.cursor--
	return true
}

// SeekTo puts the cursor on a recorded step, or on -1; others are refused.
func (t *Tape) SeekTo(n int) bool {
	if n < -1 || n >= t.Len() {
		return false
	}
	t.cursor = n
	return true
}

// End stops the run at what is recorded; the cursor may still move.
func (t *Tape) End(why string) {
	if t.finishReason == "" {
		t.finishReason = why
	}
	t.stop()
}

// Fork starts another tape that shares all steps before the current pass and
// runs on from source, with the cursor at the last shared step. The tape
// itself is left as it is.
func (t *Tape) Fork(source Source) *Tape {
	n := t.cursor + 1
	for n > 0 && t.Step(n-1).Pass == t.Step(t.cursor).Pass {
		n--
	}
	f := &Tape{cursor: n - 1, memory: t.memory, steps: t.steps.first(n), has: slices.Clone(t.has[:n]), bytes: t.bytes[:n:n]}
	for i := range n {
		*f.has[i]++
	}
	f.next, f.stop = iter.Pull2(source(f.steps.all()))
	return f
}

// Close ends the run, frees its goroutine and gives back the steps that no other tape
// has. It may be called twice; afterwards the steps may still be read, but are not counted.
func (t *Tape) Close() {
	t.stop()
	for i, n := range t.has {
		if *n--; *n == 0 {
			t.memory.Give(MemoryOf(t.Step(i)))
		}
	}
	t.has = nil
}

// MemoryOf returns the bytes that keeping s takes: its rows, the history of its cache, and the step
// itself.
func MemoryOf(s *sim.Step) int64 {
	n := rowBytes(s) + besideRows(s)
	for _, p := range s.PassSteps {
		n += besideRows(p)
	}
	if s.Schedule != nil {
		n += int64(len(s.Schedule.Requests)) * int64(unsafe.Sizeof(sim.RequestState{}))
	}
	return n
}

// besideRows returns the bytes that one step takes without its rows.
func besideRows(s *sim.Step) int64 {
	n := sim.StepBytes
	if v, ok := s.KV.(interface{ Held(rows int) int64 }); ok {
		rows := s.Rows
		if s.Part == sim.HeadPart {
			rows = 0
		}
		n += v.Held(rows)
	}
	return n
}

// rowBytes returns the bytes of the rows of s, 4 a number: X, Out, K and V. X counts in layer 0
// only: elsewhere it is the previous layer's Out.
func rowBytes(s *sim.Step) int64 {
	if len(s.PassSteps) > 1 { // s is one of them
		var n int64
		for _, p := range s.PassSteps {
			single := *p
			single.PassSteps = nil
			n += rowBytes(&single)
		}
		return n
	}
	n := 0
	if s.Part == sim.LayerPart {
		n += s.Rows * s.Out.NumCols()
		if s.Layer == 0 {
			n += s.Rows * s.X.NumCols()
		}
	}
	if v, ok := s.KV.(interface{ RowBytes(rows int) int64 }); ok && s.Part == sim.LayerPart {
		return int64(n)*4 + v.RowBytes(s.Rows)
	}
	return int64(n) * 4
}
