package lens

import (
	"reflect"
	"sync"

	"kvstep/sim"
)

// Kept is what lenses have worked out of the passes of one run. It stands beside the run's
// tape, so that a frame asks for the steps of its own pass alone, however long the run is:
// every viewer, going back, and any choice of what is counted finds here what an
// earlier frame has summed. What it has of a pass never changes, since the pass is over. Several
// frames may use it at once.
type Kept struct {
	mu     sync.Mutex
	lines  map[any]keptLine // a line of passes by its key
	asked  map[any]any      // single values by their key, see once
	heads  headPictures
	wholes wholePasses

	within *sim.Memory // counts what is held
	held   *sim.Memory // which is so much
	single int64       // of asked, bytes
}

// NewKept has nothing yet. What it comes to hold is counted within memory, nil for nobody's, until Close.
func NewKept(within *sim.Memory) *Kept {
	return &Kept{within: within, held: sim.NewMemory(within, "memory.room", 0)}
}

// Close says that nobody asks any more.
func (k *Kept) Close() { k.held.Close() }

// keptLine is a line of any type.
type keptLine interface{ first(passes int) keptLine }

// line has what was made of each pass, from the first on without a gap.
type line[T any] struct {
	mu     sync.Mutex
	passes []T
	bytes  int64 // of the list; 0 where it is another run's
}

// first returns a line of the first n passes, which shares them.
func (l *line[T]) first(n int) keptLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = min(n, len(l.passes))
	return &line[T]{passes: l.passes[:n:n]}
}

// Fork returns what is kept of the first so many passes, for a run that shares them.
func (k *Kept) Fork(passes int) *Kept {
	if k == nil {
		return &Kept{}
	}
	f := NewKept(k.within)
	k.mu.Lock()
	defer k.mu.Unlock()
	f.lines = make(map[any]keptLine, len(k.lines))
	for key, l := range k.lines {
		f.lines[key] = l.first(passes)
	}
	return f
}

// perPass returns what next makes of each of the first so many passes, all of which are over:
// of those that are kept under the key already it is not made again. next has what
// was made of the passes before.
func perPass[T any](k *Kept, key any, passes int, next func(pass int, before []T) T) []T {
	l := lineAt[T](k, key)
	l.mu.Lock()
	defer l.mu.Unlock()
	var lists int64
	before := len(l.passes)
	for pass := before; pass < passes; pass++ {
		x := next(pass, l.passes)
		l.passes, lists = append(l.passes, x), lists+listsOf(reflect.ValueOf(x))
	}
	if passes > before { // then the list is this run's
		bytes := int64(cap(l.passes)) * int64(reflect.TypeFor[T]().Size())
		k.held.Add(bytes - l.bytes + lists)
		l.bytes = bytes
	}
	return l.passes[:passes:passes]
}

// running returns the last of the sums that next continues from pass to pass, of zero for no pass.
func running[T any](k *Kept, key any, passes int, next func(pass int, sum T) T) (sum T) {
	if passes <= 0 {
		return sum
	}
	return perPass(k, key, passes, func(pass int, before []T) (sum T) {
		if pass > 0 {
			sum = before[pass-1]
		}
		return next(pass, sum)
	})[passes-1]
}

func lineAt[T any](k *Kept, key any) *line[T] {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l, ok := k.lines[key].(*line[T]); ok {
		return l
	}
	if k.lines == nil {
		k.lines = map[any]keptLine{}
	}
	l := &line[T]{}
	k.lines[key] = l
	return l
}

// mostAsked is how many single values are kept; then they are made again as they are asked for.
const mostAsked = 32

// once returns the value of a key, which two frames at once may both make.
func once[T any](k *Kept, key any, value func() T) T {
	k.mu.Lock()
	known, ok := k.asked[key].(T)
	k.mu.Unlock()
	if ok {
		return known
	}
	known = value()
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.asked[key]; ok { // another frame has made it too
		return known
	}
	if k.asked == nil || len(k.asked) >= mostAsked {
		k.held.Give(k.single)
		k.asked, k.single = map[any]any{}, 0
	}
	bytes := listsOf(reflect.ValueOf(known))
	k.asked[key], k.single = known, k.single+bytes
	k.held.Add(bytes)
	return known
}

// listsOf returns the bytes of the lists and tables that a value has of its own. What these point to is the steps'.
func listsOf(v reflect.Value) (bytes int64) {
	switch v.Kind() {
	case reflect.Slice:
		bytes = int64(v.Cap()) * int64(v.Type().Elem().Size())
		for i := 0; i < v.Len() && v.Type().Elem().Kind() == reflect.Slice; i++ {
			bytes += listsOf(v.Index(i))
		}
	case reflect.Map:
		for at := v.MapRange(); at.Next(); {
			bytes += int64(v.Type().Key().Size()+v.Type().Elem().Size()) + listsOf(at.Value())
		}
	case reflect.Array:
		for i := range v.Len() {
			bytes += listsOf(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			bytes += listsOf(v.Field(i))
		}
	}
	return bytes
}

// kept returns what is kept of the run; a moment that nobody gave any has its own.
func (m *Moment) kept() *Kept {
	if m.Kept == nil {
		m.Kept = &Kept{}
	}
	return m.Kept
}

// stepsOf returns the numbers of the first and the last step of a pass, of the cursor's own only those up
// to the cursor.
func (m *Moment) stepsOf(pass int) (first, last int) {
	first = pass * m.perPass()
	return first, min(first+m.perPass()-1, m.Step.N)
}
