package sample

import "kvstep/sim"

// Verification is what the target model made of a draft's proposals.
type Verification struct {
	Verdicts []sim.Verdict // one for each proposal that was tested: none after a rejection
	Accepted int           // how many proposals stay
	Next     int           // the token after them: one for every pass of the target
	Random   float64       // the number that chose it
}

// Verify decides which of a draft's proposals stay (Leviathan, Kalman, Matias,
// 2022, algorithm 1; arXiv:2211.17192). For i < gamma, q[i] [vocab] is the
// draft's distribution and proposed[i] a token drawn from it with Draw; p[i] is
// the target's for the same place, and p[gamma] for the place after them all.
// Both are those of Probs with the same sampler.
//
//	accept x_i with probability min(1, p_i(x_i) / q_i(x_i)), until the first rejection
//	rejected at i: draw from max(0, p_i - q_i), divided by its sum
//	all accepted:  draw from p_gamma
//
// The tokens are then distributed as if the target had drawn them itself,
// whatever the draft is. Of greedy distributions, which have all on one token,
// a proposal is accepted exactly if it is the target's argmax.
//
// at is the place of proposed[0]: how many tokens were generated before it.
// Random numbers belong to places and purposes, so one that decided whether a
// token stays never decides anything else.
func Verify(p, q [][]float64, proposed []int, seed, at uint64) (Verification, error) {
	var v Verification
	if err := checkProposals(p, q, proposed); err != nil {
		return v, err
	}
	for i, x := range proposed {
		verdict := sim.Verdict{Token: x, P: p[i][x], Q: q[i][x], Random: Random(seed, at+uint64(i), ForAccept)}
		verdict.Accepted = float64(verdict.Random*verdict.Q) < verdict.P
		v.Verdicts = append(v.Verdicts, verdict)
		if !verdict.Accepted {
			v.Random = Random(seed, at+uint64(i), ForResidual)
			v.Next = Draw(Residual(p[i], q[i]), v.Random)
			return v, nil
		}
		v.Accepted++
	}
	v.Random = Random(seed, at+uint64(v.Accepted), ForToken)
	v.Next = Draw(p[v.Accepted], v.Random)
	return v, nil
}

// Draw is the token of a distribution [vocab] on which r in [0, 1) falls, when
// the tokens lie side by side by id. One of probability 0 never comes.
func Draw(probs []float64, r float64) int {
	id := pickByWeight(probs, r)
	for id > 0 && probs[id] == 0 { // rounding carried r past the last one
		id--
	}
	return id
}

// Residual is max(0, p - q) divided by its sum: what the target still owes
// after the draft's proposals. Where rounding leaves nothing of it, p.
func Residual(p, q []float64) []float64 {
	rest := make([]float64, len(p))
	for id := range p {
		rest[id] = max(0, p[id]-q[id])
	}
	sum := total(rest)
	if sum == 0 {
		return p
	}
	for id := range rest {
		rest[id] /= sum
	}
	return rest
}

// checkProposals refuses models with different vocabularies, and a token that
// the draft's distribution cannot have given: then the rule would not hold.
func checkProposals(p, q [][]float64, proposed []int) error {
	vocab := len(p[len(proposed)])
	for i, x := range proposed {
		if len(p[i]) != vocab || len(q[i]) != vocab {
			return sim.NewProblem("speculative.vocab", "Target", vocab, "Draft", len(q[i]))
		}
		if x < 0 || x >= vocab || !(q[i][x] > 0) {
			return sim.NewProblem("speculative.proposal", "Index", i, "Token", x)
		}
	}
	return nil
}
