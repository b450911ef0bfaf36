package mat

import (
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// Large jobs are done by several threads: helper goroutines spin and wait for one. (Waking a
// parked one costs more than a small product.) A job is cut into pieces, and all take piece after
// piece. Who does a piece changes no bit of it.
//
// The machine may have better things to do than to run a helper. So a helper writes into memory of
// its own, and copies a piece to its place only when it has sealed it; a piece that does not come
// is sealed by who shares the job, and done again. How many threads a job had better have is
// measured (pays.go).

// Job is work in pieces that do not depend on each other.
type Job interface {
	// Cut cuts the job for so many threads, into MaxPieces at most, and returns how many pieces
	// there are.
	Cut(threads int) int
	// Results returns where the results of piece p belong; empty matrices where it has fewer.
	Results(p int) [3]Matrix
	// Do writes the results of piece p to matrices of the size of those. Other goroutines do other
	// pieces meanwhile; room gives memory that only this one writes to, until Do returns.
	Do(p int, to [3]Matrix, room func(n int) []float32)
	// Free says that nobody looks at the job any more, so that its memory can be used again.
	Free()
}

// MaxPieces is how many pieces a job can have.
const MaxPieces = 64

// ShareFrom is how many multiplications a job must have to be shared, about ten microseconds: a
// helper that is kept spinning for less costs others more than it saves. It too is for the start, of a
// test.
var ShareFrom = 1 << 20

// readingWork is what a multiplication costs, in multiplications, where a single row meets each
// number of a matrix that comes from memory.
const readingWork = 16

// MaxThreads is how many threads a job may have; 0 stands for as many as there are processors. Like
// Select it is for the start of a command.
var MaxThreads = 0

// Crowded says that others wait for the processors: as long as it does, jobs that begin are not shared.
var Crowded atomic.Bool

// MostThreads returns how many threads a job may have now.
func MostThreads() int {
	if Crowded.Load() {
		return 1
	}
	most := runtime.GOMAXPROCS(0)
	if MaxThreads > 0 {
		most = min(most, MaxThreads)
	}
	return min(most, MaxPieces)
}

var team struct {
	held   atomic.Bool // by who shares a job: one at a time, others go alone
	posted atomic.Pointer[task]
	alive  atomic.Int32 // helpers

	// Of who holds the team.
	pays pays
	late []*task // those that are over, and at which helpers that come late may still look
}

// task is a job that is shared.
type task struct {
	job      Job
	pieces   int32
	next     atomic.Int32  // the first piece that nobody has taken
	places   atomic.Int32  // for helpers
	sealed   atomic.Uint64 // pieces of which it is settled who writes their results, a bit each
	finished atomic.Uint64 // the helpers' pieces whose results stand in their place
	users    atomic.Int32  // helpers that look at the task
}

// take returns a piece that nobody has taken; false: there is none left.
func (t *task) take() (int, bool) {
	p := t.next.Add(1) - 1
	return int(p), p < t.pieces
}

// thread is the memory that a thread works in.
type thread struct{ results, scratch []float32 }

// room returns memory for n numbers.
func (t *thread) room(n int) []float32 { return grown(&t.scratch, n) }

func grown(memory *[]float32, n int) []float32 {
	if n > len(*memory) {
		*memory = make([]float32, RoundToLine(n+n/4))
	}
	return (*memory)[:n]
}

// like returns matrices of the size of those in memory of the thread's own.
func (t *thread) like(places [3]Matrix) (own [3]Matrix) {
	size := 0
	for _, m := range places {
		size += RoundToLine(m.rows * m.cols)
	}
	all := grown(&t.results, size)
	for i, m := range places {
		n := m.rows * m.cols
		own[i], all = Of(m.rows, m.cols, all[:n:n]), all[RoundToLine(n):]
	}
	return own
}

// worker is a thread with its room as a function, which would else be made anew for each piece.
type worker struct {
	thread
	room func(n int) []float32
}

var (
	workers = sync.Pool{New: func() any {
		w := &worker{}
		w.room = w.thread.room
		return w
	}}
	tasks = sync.Pool{New: func() any { return &task{} }}
)

// Share does a job of so many multiplications, about, of a kind. The job is freed when Share returns,
// or where a helper comes late, with another job or when the helper leaves; of the kind Attending always at once.
func Share(j Job, kind Kind, work int) {
	w := workers.Get().(*worker)
	defer workers.Put(w)
	most := MostThreads()
	if work < ShareFrom || most == 1 || !team.held.CompareAndSwap(false, true) {
		alone(j, w)
		j.Free()
		return
	}
	defer team.held.Store(false)
	freeLate()
	c := team.pays.of(kind, work)
	threads, start := c.threads(most), now()
	if threads == 1 {
		alone(j, w)
		j.Free()
	} else {
		late := call(threads-1) < threads-1
		if shareAmong(threads, j, kind, work, w); late { // which says nothing of what pays
			return
		}
	}
	c.note(threads, most, float64(now()-start)/float64(work))
}

// freeLate frees the jobs at which nobody looks any more.
func freeLate() {
	team.late = slices.DeleteFunc(team.late, func(t *task) bool {
		if t.users.Load() != 0 {
			return false
		}
		t.free()
		return true
	})
}

func (t *task) free() {
	t.job.Free()
	t.job = nil
	tasks.Put(t)
}

func alone(j Job, w *worker) {
	for p := range j.Cut(1) {
		j.Do(p, j.Results(p), w.room)
	}
}

// shareAmong does a job by so many threads. A helper that comes late may still read what the job
// read, while it is written anew: numbers, and what it makes of them is thrown away. Of caches it
// reads tables too, which must not change under it; and the race detector knows of no late helpers.
func shareAmong(threads int, j Job, kind Kind, work int, w *worker) {
	t := tasks.Get().(*task)
	t.job, t.pieces = j, int32(j.Cut(threads))
	t.next.Store(0)
	t.sealed.Store(0)
	t.finished.Store(0)
	t.places.Store(int32(threads - 1))
	team.posted.Store(t)
	defer func() { // also where a piece panics, as where a file has become shorter
		team.posted.Store(nil)
		t.sealed.Or(^uint64(0))
		// Who looked for a piece and found none is gone at once.
		for i := 0; t.users.Load() != 0 && (i < spins || kind == Attending); i++ {
			if i >= spins {
				runtime.Gosched()
			}
		}
		if team.late = append(team.late, t); t.users.Load() == 0 {
			freeLate()
		}
	}()
	left := ^uint64(0) >> (MaxPieces - t.pieces)
	for p, ok := t.take(); ok; p, ok = t.take() {
		j.Do(p, j.Results(p), w.room)
		left &^= 1 << p
	}
	team.posted.Store(nil)
	await(t, left, work/4/int(t.pieces)+1<<12)
	for raceDetector && t.users.Load() != 0 {
		runtime.Gosched()
	}
	for p := range int(t.pieces) {
		if bit := uint64(1) << p; left&bit != 0 && t.sealed.Or(bit)&bit == 0 {
			j.Do(p, j.Results(p), w.room)
			left &^= bit
		}
	}
	for t.finished.Load()&left != left { // those are being copied
		runtime.Gosched()
	}
}

// await waits until the helpers have finished their pieces. A look takes as long as some
// multiplications; after so many, and some for handing over, waiting is no longer worth it.
func await(t *task, pieces uint64, looks int) {
	for i := 0; i < looks && t.finished.Load()&pieces != pieces; i++ {
	}
}

// call has helpers come, and returns how many of them are there already; others join a job when they are.
func call(helpers int) int {
	there := int(team.alive.Load())
	for i := there; i < helpers; i++ {
		team.alive.Add(1)
		go help()
	}
	return min(there, helpers)
}

// Spins between two looks at what else wants the processor, and without work until a helper
// goes: some hundred microseconds.
const (
	spins = 1 << 10
	stays = 1 << 17
)

func help() {
	defer leave()
	debug.SetPanicOnFault(true)
	w := workers.Get().(*worker)
	defer workers.Put(w)
	for idle, pieces := 1, 0; idle < stays; idle++ {
		if t := team.posted.Load(); t != nil {
			if helped := t.help(w); helped > 0 {
				idle, pieces = 1, pieces+helped
			}
		}
		if idle%spins == 0 || pieces >= MaxPieces {
			runtime.Gosched()
			pieces = 0
		}
	}
}

// leave frees the jobs that the helper came late to, where no other job follows that would: a run that
// is over is kept by none of its products.
func leave() {
	team.alive.Add(-1)
	if team.held.CompareAndSwap(false, true) {
		freeLate()
		team.held.Store(false)
	}
}

// help takes pieces of a task and returns how many.
func (t *task) help(w *worker) (helped int) {
	t.users.Add(1)
	defer t.users.Add(-1)
	if team.posted.Load() != t || t.places.Add(-1) < 0 { // while it is posted, it is not used again
		return 0
	}
	// Weights of a file that has become shorter panic here as they do in who shares the job
	// (debug.SetPanicOnFault), who then does the piece again and meets the fault itself.
	defer func() { _ = recover() }()
	for p, ok := t.take(); ok; p, ok = t.take() {
		helped++
		places := t.job.Results(p)
		own := w.like(places)
		t.job.Do(p, own, w.room)
		if bit := uint64(1) << p; t.sealed.Or(bit)&bit == 0 {
			for i, m := range places {
				for r := range m.rows {
					copy(m.Row(r), own[i].Row(r))
				}
			}
			t.finished.Or(bit)
		}
	}
	return helped
}
