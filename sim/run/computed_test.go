package run

import (
	"context"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/mat"
)

// Computed runs a recipe as Steps does, and yields beside each layer step of a sequence copies of
// what the lane computed in it: X, Q, K, V and Out.
func Computed(m *library.Loaded, r sim.Recipe, yield func(s *sim.Step, computed [5]mat.Matrix)) error {
	e, err := newEngine(context.Background(), nil, m, r, noClock, false, nil)
	if err != nil {
		return err
	}
	return e.run(func(step sim.Step, err error) bool {
		if err != nil || step.Part == sim.HeadPart {
			return err == nil
		}
		lane := sim.Cached
		if e.lanes[lane] == nil {
			lane = sim.Uncached
		}
		steps := step.PassSteps
		if len(steps) == 0 {
			steps = []*sim.Step{&step}
		}
		for i, s := range steps {
			a, at := e.lanes[lane].acts, e.live[i].at[lane]
			var computed [5]mat.Matrix
			for j, x := range []mat.Matrix{a.X, a.Q, a.K, a.V, a.Out} {
				computed[j] = mat.New(at.m, x.NumCols())
				for row := range at.m {
					copy(computed[j].Row(row), x.Row(at.from+row))
				}
			}
			yield(s, computed)
		}
		return true
	})
}
