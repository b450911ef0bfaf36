package mat

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
)

// A large MulT is done by two threads: between StartTeam and StopTeam a helper
// goroutine spins and waits for one. (Waking a parked one costs more than a small
// product.) The rows of the weights are cut into pieces, and both take piece after
// piece, so that no bit of any row changes.
//
// The machine may have better things to do than to run the helper. So it writes
// into a place of its own, from which the caller copies; a piece that does not come
// is done again by the caller, and then the helper goes for a while.

const (
	// shared is how many multiplications a product must have to be shared: handing
	// over costs about as much as some thousand.
	shared = 1 << 16
	// A piece has at least so many, and a product at most maxPieces.
	piece     = 1 << 15
	maxPieces = 16
)

// The helper's state.
const (
	absent  int32 = iota
	ready         // waits for a task; who holds the team may write one
	posted        // there is one
	working       // on it: only the helper may leave this state
)

var team struct {
	passes atomic.Int32 // StartTeams without StopTeam
	lives  atomic.Bool  // the helper, or soon
	held   atomic.Bool  // by a MulT
	state  atomic.Int32
	rest   atomic.Int32 // products that are still done alone

	// The task. A piece of the helper goes to the same columns of out as of dst.
	x, w, out   Matrix
	rows, count int // rows of w in a piece, pieces
	next        atomic.Int32
	finished    atomic.Uint32 // the helper's pieces, a bit each

	// Of who holds the team.
	outBuf []float32 // out's memory
	waste  int       // products in which the helper was no help, less those in which it was
	rests  int32     // times that it was sent away
}

// MaxThreads is how many threads a product may have, 1 or 2. Like Select it is for
// the start of a command.
var MaxThreads = 2

// StartTeam asks for a helper until StopTeam. Without a second processor there is
// none. Several passes may run at a time: who finds the helper at work goes alone.
func StartTeam() {
	team.passes.Add(1)
	if min(MaxThreads, runtime.GOMAXPROCS(0)) > 1 && team.rest.Load() <= 0 && team.lives.CompareAndSwap(false, true) {
		go help()
	}
}

// StopTeam ends what StartTeam began. The helper stays a little while longer, for
// the next layer.
func StopTeam() { team.passes.Add(-1) }

// Spins between two looks at what else wants the processor, and without work
// until a helper goes that no pass needs: some hundred microseconds.
const (
	spins = 1 << 10
	stays = 1 << 18
)

func help() {
	debug.SetPanicOnFault(true)
	team.state.Store(ready)
	for idle := 1; ; idle++ {
		if team.state.CompareAndSwap(posted, working) {
			helpOut()
			team.state.Store(ready)
			idle = 0
		}
		if idle%spins == 0 {
			runtime.Gosched()
		}
		unwanted := team.rest.Load() > 0 || idle >= stays && team.passes.Load() <= 0
		if unwanted && team.state.CompareAndSwap(ready, absent) {
			team.lives.Store(false)
			return
		}
	}
}

// helpOut takes pieces. Weights of a file that has become shorter panic here as they do
// in the caller (debug.SetPanicOnFault); the piece then does not come, so that the caller
// does it again and meets the fault itself.
func helpOut() {
	defer func() { _ = recover() }()
	for p := takePiece(); p < team.count; p = takePiece() {
		from, to := pieceRows(p)
		mulTRows(team.out.Cols(from, to), team.x, team.w.Rows(from, to))
		team.finished.Or(1 << p)
	}
}

func takePiece() int { return int(team.next.Add(1)) - 1 }

// pieceRows returns the rows [from, to) of w in piece p.
func pieceRows(p int) (from, to int) {
	return p * team.rows, min((p+1)*team.rows, team.w.rows)
}

// shareMulT does MulT by two threads, or reports that one has to do it.
func shareMulT(dst, x, w Matrix) bool {
	work := x.rows * w.rows * w.cols
	if work < shared || team.passes.Load() <= 0 || !team.held.CompareAndSwap(false, true) {
		return false
	}
	defer team.held.Store(false)
	if team.rest.Load() > 0 {
		team.rest.Add(-1)
		return false
	}
	if team.state.Load() != ready {
		return false
	}
	post(x, w, work)
	var mine uint32
	for p := takePiece(); p < team.count; p = takePiece() {
		from, to := pieceRows(p)
		mulTRows(dst.Cols(from, to), x, w.Rows(from, to))
		mine |= 1 << p
	}
	team.state.CompareAndSwap(posted, ready) // it did not come at all
	theirs := (uint32(1)<<team.count - 1) &^ mine
	finished := await(theirs, 2*work/team.count)
	for p := range team.count {
		from, to := pieceRows(p)
		switch {
		case theirs>>p&1 == 0:
		case finished>>p&1 == 1:
			for i := range x.rows {
				copy(dst.Row(i)[from:to], team.out.Row(i)[from:to])
			}
		default:
			mulTRows(dst.Cols(from, to), x, w.Rows(from, to))
		}
	}
	judge(theirs != 0, finished == theirs)
	return true
}

// post writes the task.
func post(x, w Matrix, work int) {
	team.rows = (w.rows/min(work/piece, maxPieces) + 15) / 16 * 16
	team.count = (w.rows + team.rows - 1) / team.rows
	if n := x.rows * w.rows; n > len(team.outBuf) {
		team.outBuf = make([]float32, n)
	}
	team.x, team.w, team.out = x, w, Of(x.rows, w.rows, team.outBuf[:x.rows*w.rows])
	team.next.Store(0)
	team.finished.Store(0)
	team.state.Store(posted)
}

// await waits for pieces of the helper and gives those that are finished. A look
// takes as long as some multiplications; after so many, and some for handing over,
// waiting is no longer worth it.
func await(pieces uint32, looks int) (finished uint32) {
	for i := 0; i < looks+1<<14; i++ {
		if finished = team.finished.Load() & pieces; finished == pieces {
			break
		}
	}
	return finished
}

// judge sends a helper away that was no help too often: for longer each time.
func judge(came, inTime bool) {
	switch {
	case !inTime:
		team.waste += 8
	case !came:
		team.waste++
	case team.waste > -64:
		if team.waste--; team.waste == -64 {
			team.rests = 0
		}
	}
	if team.waste >= 16 {
		team.waste = 0
		team.rest.Store(256 << team.rests)
		team.rests = min(team.rests+1, 8)
	}
}
