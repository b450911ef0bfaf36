package room

import (
	"context"
	"fmt"
	"testing"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/web/wire"
)

// silent is a viewer who drops what they get.
type silent struct{ frames int }

func (v *silent) Frame(*Encoded)         { v.frames++ }
func (v *silent) Problem(p *sim.Problem) { panic(p) }
func (v *silent) Loading([]byte)         {}

// BenchmarkShow is what a room does for a moment of the default run that all its viewers see: equal
// views, and four heads in two languages.
func BenchmarkShow(b *testing.B) {
	for _, n := range []int{1, 300} {
		for _, x := range []struct {
			name string
			link func(i int) string
		}{
			{"equal", func(int) string { return "?step=20" }},
			{"heads", func(i int) string { return fmt.Sprintf("?step=20&head=%d&lang=%s", i%4, []string{"en", "zh"}[i/4%2]) }},
		} {
			b.Run(fmt.Sprintf("%d/%s", n, x.name), func(b *testing.B) {
				s := newState(context.Background(), library.New(), func() float64 { return 0 })
				defer s.closeAll()
				rest := func() {
					for s.busy() {
						s.turn(nil)
					}
				}
				for i := range n {
					s.command(&silent{}, wire.Command{Cmd: "open", Link: x.link(i)})
					rest()
				}
				for b.Loop() {
					s.show()
					rest()
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "us/viewer")
			})
		}
	}
}
