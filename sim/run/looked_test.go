package run

import (
	"context"

	"kvstep/sim"
	"kvstep/sim/library"
)

// PlanCost is how often the planning of a pass of a recipe has asked a sequence for its
// room, at most, and how many requests there are. It does what Steps does.
func PlanCost(m *library.Loaded, r sim.Recipe) (most, requests int) {
	e, err := newEngine(context.Background(), nil, m, r, noClock, false, nil)
	if err != nil {
		return 0, 0
	}
	requests = len(e.all)
	_ = e.run(func(sim.Step, error) bool {
		most, requests = max(most, e.looked), max(requests, len(e.all))
		return true
	})
	return max(most, e.looked), requests
}
