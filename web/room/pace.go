package room

import "time"

const (
	// framePause is how long a walk goes on before everyone is owed another frame.
	framePause = 40 * time.Millisecond
	// walkFactor is how much longer a walk goes on than a piece of showing before it took: however
	// many look at whatever, showing takes at most a tenth of a walk.
	walkFactor = 9
)

// pace says when a walk shows where it has come to. What is owed meanwhile is shown piece by
// piece between its steps, so that no cost has to be known before.
type pace struct {
	asked       time.Time // when everyone was last owed a frame
	since       time.Time // since when anybody has been
	undisturbed time.Time // a walk goes on until then
}

// ask notes that frames are owed: to everyone, or to one; first says that none was.
func (p *pace) ask(everyone, first bool) {
	now := time.Now()
	if everyone {
		p.asked = now
	}
	if first {
		p.since = now
	}
}

// shown notes that a piece of showing, which began then, is over.
func (p *pace) shown(began time.Time) {
	now := time.Now()
	p.undisturbed = now.Add(walkFactor * now.Sub(began))
}

// due reports whether a walk owes everyone a frame.
func (p *pace) due() bool { return time.Since(p.asked) >= framePause }

// rests reports whether a walk goes on before anything is shown.
func (p *pace) rests() bool { return time.Now().Before(p.undisturbed) }

// late reports whether frames have been owed for so long that no search goes first.
func (p *pace) late() bool { return time.Since(p.since) >= framePause }
