package sample

import (
	"math"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// Locally typical sampling (Meister et al., 2022; Hugging Face's TypicalLogitsWarper)
// leaves the tokens whose surprise, -ln p, lies nearest to the mean surprise, the
// entropy: the fewest whose share of the sum reaches its setting. It may drop the
// likeliest. Of tokens that lie equally near, the likelier stays, then the lower id.
var typical = Filter{
	Number: sim.Number{Name: "typical_p", Least: 0.0001, Most: 1, Step: 0.05},
	Key:    "typ", Off: 1,
	Apply: func(d *Dist, mass float64) {
		stays := nearest(distances(d), mass*d.Total())
		at := -1
		d.Keep(func(int, float32) bool { at++; return stays(at) })
	},
}

// far is a token that is left: how far its surprise lies from the entropy, in nats.
type far struct {
	weight   float64
	distance float64
}

// distances returns those of the tokens that are left, in the order of ranks: they fall as
// long as tokens are likelier than typical ones, and rise after that.
func distances(d *Dist) []far {
	sum := d.Total()
	log := mat.Ln(sum)
	list, entropy := make([]far, 0, d.end), 0.0
	for rank, w := range d.Left() {
		surprise := log - d.LogWeight(rank)
		entropy += float64(float64(w) / sum * surprise) // rounded before it is added, everywhere
		list = append(list, far{float64(w), surprise})
	}
	for i := range list {
		list[i].distance = math.Abs(list[i].distance - entropy)
	}
	return list
}

// nearest takes tokens from the least distance outwards until their weights reach enough,
// and returns which it took. One walk does: a vocabulary is long, and need not be sorted
// a second time.
func nearest(list []far, enough float64) (took func(int) bool) {
	least := 0
	for i := range list {
		if list[i].distance < list[least].distance {
			least = i
		}
	}
	taken := make([]bool, len(list))
	reached, left, right := 0.0, least, least+1 // list[left+1:right] is taken; least is the first on the left
	for reached < enough && (left >= 0 || right < len(list)) {
		from, to := right, right+1
		if right == len(list) || left >= 0 && list[left].distance <= list[right].distance {
			for from, to = left, left+1; from > 0 && list[from-1].distance == list[left].distance; from-- {
			}
			left = from - 1 // of equal ones the first rank is taken first
		} else {
			right++
		}
		for i := from; i < to && reached < enough; i++ {
			taken[i] = true
			reached += list[i].weight
		}
	}
	return func(i int) bool { return taken[i] }
}
