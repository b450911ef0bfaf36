package lens

import (
	"kvstep/sim"
	"kvstep/sim/cost"
)

// modelledLens is the least time of this step, and of all so far, on a device.
var modelledLens = Lens{Name: "modelled", Of: OfCounts, Needs: []Need{open("formulas", "roofline"), aStep}, Show: value(showModelled)}

// device is what the page models times for: a machine as many readers have one.
var device, devicePeak = mustDevice("Classroom PC")

// mustDevice returns a preset and its rate of float32 FLOPs a second. That there is
// none would be a mistake of the program.
func mustDevice(name string) (cost.Hardware, float64) {
	h, err := cost.HardwarePreset(name)
	if err != nil {
		panic("lens: " + err.Error())
	}
	d, err := cost.ParseDType("dtype", "fp32")
	if err != nil {
		panic("lens: " + err.Error())
	}
	peak, _, err := h.Peak(d)
	if err != nil {
		panic("lens: " + err.Error())
	}
	return h, peak
}

// ModelledInfo is the least time that the steps can take on a device.
type ModelledInfo struct {
	Device    string                 `json:"device"`
	Peak      float64                `json:"peak"`      // FLOPs a second
	Bandwidth float64                `json:"bandwidth"` // bytes a second
	Step      map[LaneName]LeastInfo `json:"step"`      // this step, by lane
	Total     map[LaneName]float64   `json:"total"`     // seconds of all steps so far, by lane
}

// LeastInfo is the least time of one step (sim/cost/least.go).
type LeastInfo struct {
	Flops   Integer `json:"flops"`
	Bytes   Integer `json:"bytes"`
	Compute float64 `json:"compute"` // seconds
	Memory  float64 `json:"memory"`  // seconds
	Seconds float64 `json:"seconds"` // the larger of the two
	Bound   string  `json:"bound"`   // which one that is
}

// showModelled counts pairs and logits as the viewer does, and always FLOPs.
func showModelled(m *Moment) ModelledInfo {
	info := ModelledInfo{device.Name, devicePeak, device.Bandwidth, map[LaneName]LeastInfo{}, map[LaneName]float64{}}
	sw := m.switches()
	sw.Unit = "flop"
	sums := running(m.kept(), modelledKey{sw}, m.Step.Pass, func(pass int, sum [2]float64) [2]float64 {
		first, last := m.stepsOf(pass)
		return addLeast(m, first, last, sum, sw)
	})
	first, last := m.stepsOf(m.Step.Pass)
	sums = addLeast(m, first, last, sums, sw)
	for lane, name := range laneNames {
		if m.Step.Counted[lane] {
			l := leastOf(m, m.Step, sim.Lane(lane), sw)
			info.Step[name] = LeastInfo{Integer(l.Flops), Integer(l.Bytes), l.Compute, l.Memory, l.Seconds, l.Bound}
			info.Total[name] = sums[lane]
		}
	}
	return info
}

// modelledKey names the least times of all passes by some switches.
type modelledKey struct{ cost.Switches }

// addLeast adds the least seconds of steps [first, last] to the sums of both lanes.
func addLeast(m *Moment, first, last int, sums [2]float64, sw cost.Switches) [2]float64 {
	for n := first; n <= last; n++ {
		for lane := range sums {
			sums[lane] += leastOf(m, m.At(n), sim.Lane(lane), sw).Seconds
		}
	}
	return sums
}

// leastOf returns the least time of a step in a lane.
func leastOf(m *Moment, s *sim.Step, lane sim.Lane, sw cost.Switches) cost.Least {
	return device.Least(asKept(countStep(m, s, lane, sw), s.Lanes[lane]), devicePeak)
}
