package web

import (
	"net/http"
	"sync"
	"time"

	"kvstep/sim"
)

const (
	// unreadWait is how long a file may lie still while others want its place.
	unreadWait = 2 * time.Second
	// sendWait is how long a file may take to be read.
	sendWait = 30 * time.Second
	// chunk is how much is written at a time.
	chunk = 256 << 10
)

// outbox has the files that were made and are being written. Making one and writing it
// are two things: somebody who does not read holds up nobody else, and where memory
// ends the file goes that has lain still longest.
type outbox struct {
	most int
	wait time.Duration

	mu     sync.Mutex
	unread int // bytes
	files  map[*parcel]struct{}
}

// parcel is one file on its way.
type parcel struct {
	size  int
	moved time.Time // when somebody took some of it last
	stop  func()
}

// newOutbox lets so many bytes of files lie ready for those who asked for them.
func newOutbox(most int) *outbox {
	return &outbox{most: most, wait: unreadWait, files: map[*parcel]struct{}{}}
}

// send writes data to whoever asked for it. Without room for it, it is Problem
// "take.busy", and nothing has been written.
func (o *outbox) send(w http.ResponseWriter, data []byte, head func()) error {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(sendWait)) // not that of the time it took to make
	p := &parcel{size: len(data), moved: time.Now(), stop: func() { _ = control.SetWriteDeadline(time.Now()) }}
	if !o.enter(p) {
		return sim.NewProblem("take.busy")
	}
	defer o.leave(p)
	head()
	for len(data) > 0 {
		n, err := w.Write(data[:min(chunk, len(data))])
		if err != nil {
			return nil // nobody is there to be told
		}
		data = data[n:]
		o.mu.Lock()
		p.moved = time.Now()
		o.mu.Unlock()
	}
	return nil
}

// enter finds room for a file, at the cost of those that nobody reads.
func (o *outbox) enter(p *parcel) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.unread+p.size > o.most {
		var still *parcel
		for f := range o.files {
			if time.Since(f.moved) >= o.wait && (still == nil || f.moved.Before(still.moved)) {
				still = f
			}
		}
		if still == nil {
			return false
		}
		still.stop()
		o.remove(still)
	}
	o.files[p] = struct{}{}
	o.unread += p.size
	return true
}

func (o *outbox) leave(p *parcel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.remove(p)
}

func (o *outbox) remove(p *parcel) {
	if _, here := o.files[p]; here {
		delete(o.files, p)
		o.unread -= p.size
	}
}
