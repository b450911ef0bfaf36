package room

import (
	"cmp"
	"net/url"
	"time"

	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/web/wall"
	"kvstep/web/wire"
)

// loadingPause is how often viewers are sent how far a model is. One that is open sooner
// is not spoken of.
const loadingPause = 100 * time.Millisecond

// loading is a model that is being opened for a run, beside the room: the run on
// screen goes on meanwhile.
type loading struct {
	model     string
	announced bool
	then      []func(err error)
}

// whenOpen calls then when the models of a recipe are open: at once, or as soon as
// they are. What waited for another model before waits no longer, and never begins:
// the newest wish counts.
func (s *state) whenOpen(r sim.Recipe, then func(err error)) {
	s.loaded()
	for _, name := range []string{r.Model, r.Draft} {
		if name == "" && r.Model != "" || !s.models.Waits(name) {
			continue
		}
		l := &loading{model: name, then: []func(error){func(err error) {
			if err != nil {
				then(err)
				return
			}
			s.whenOpen(r, then) // the other one
		}}}
		s.loading = l
		s.load(l)
		return
	}
	then(nil)
}

// load opens the model in a goroutine of its own and comes back to the room.
func (s *state) load(l *loading) {
	opened := make(chan error, 1)
	go func() {
		opened <- wall.Try("model", "?"+url.Values{"model": {l.model}}.Encode(), func() error {
			_, err := s.models.Get(l.model)
			return err
		})
	}()
	go func() {
		tick := time.NewTicker(loadingPause)
		defer tick.Stop()
		for {
			select {
			case <-s.ctx.Done():
				return
			case <-tick.C:
				s.send(func(s *state) { s.sendLoading(l) })
			case err := <-opened:
				s.send(func(s *state) {
					if s.loading != l { // nobody waits for it any more
						return
					}
					s.loaded()
					for _, then := range l.then {
						then(err)
					}
				})
				return
			}
		}
	}()
}

// sendLoading sends every viewer how far it is.
func (s *state) sendLoading(l *loading) {
	if s.loading != l {
		return
	}
	l.announced = true
	done, total := s.models.Progress(l.model)
	s.sendToAll(wire.LoadingMessage(&wire.Loading{Model: l.model, Done: done, Total: total}))
}

// loaded takes the loading back, and what viewers were told of it.
func (s *state) loaded() {
	if l := s.loading; l != nil && l.announced {
		s.sendToAll(wire.LoadingMessage(nil))
	}
	s.loading = nil
}

func (s *state) sendToAll(data []byte) {
	for v := range s.seats {
		v.Loading(data)
	}
}

// run starts a recipe in place of the run on screen, when its model is open.
func (s *state) run(v Viewer, r sim.Recipe) {
	s.whenOpen(r, func(err error) {
		s.wish = func() string { return wire.Link{Recipe: r, Step: -1}.Query() }
		s.goal, s.walker, s.length, s.stopped = noGoal, v, 0, false
		for _, seat := range s.seats {
			pick := seat.pick
			pick.Seq = 0 // the next run has other sequences
			seat.look(pick)
		}
		if err == nil {
			err = s.start(r)
		}
		if err != nil {
			s.refuse(v, err)
		}
		s.show()
	})
}

// join carries out the first command of a viewer: it shows the run that the room has or is
// about to have, or starts the one that the link names.
func (s *state) join(v Viewer, query string) {
	seat := s.seats[v]
	if seat == nil { // gone meanwhile
		return
	}
	s.wish = func() string { return query }
	if s.tape == nil && s.loading != nil {
		s.loading.then = append(s.loading.then, func(error) { s.join(v, query) })
		return
	}
	link, unread := wire.ParseLink(query)
	seat.lang = link.Lang
	seat.look(link.View)
	if s.tape != nil { // the room's breakpoints are everyone's and stay
		if !wire.Holds(unread) { // what it looks at may be nothing that can be looked at
			seat.look(lens.View{})
		}
		if err := cmp.Or(unread, s.marks(seat, link.Marks), s.looks(seat.pick)); err != nil {
			s.refuse(v, err)
		}
		s.showTo(seat)
		return
	}
	begin := func(err error) {
		s.wish = func() string { return query }
		if err := s.open(v, seat, link, err); err != nil || unread != nil {
			s.refuse(v, cmp.Or(err, unread))
		} else {
			s.begins(v, seat, query)
		}
	}
	if !wire.Holds(unread) {
		begin(unread)
		return
	}
	s.whenOpen(link.Recipe, begin)
}
