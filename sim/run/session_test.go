package run

import (
	"math/rand/v2"
	"testing"

	"kvstep/sim"
)

// TestSessionIsTheRun: without steps the logits are the same, bit for bit.
func TestSessionIsTheRun(t *testing.T) {
	r := rand.New(rand.NewPCG(95, 1))
	for range rounds(30) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		rec.Lanes = "cached"
		s, err := NewSession(m, len(rec.Tokens)+rec.MaxNew)
		if err != nil {
			t.Fatal(err)
		}
		next := rec.Tokens
		for _, step := range collect(t, m, rec) {
			if step.Part != sim.HeadPart {
				continue
			}
			if !sameBits(s.Feed(next...), step.Logits) {
				t.Fatalf("pass %d differs", step.Pass)
			}
			next = []int{step.Token}
		}
	}
}

// TestDecodeAllocatesNothing: a decode step of a session takes no memory.
func TestDecodeAllocatesNothing(t *testing.T) {
	m, err := Open("story")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSession(m, 400)
	if err != nil {
		t.Fatal(err)
	}
	s.Feed(1, 2, 3, 4)
	s.Feed(5)
	token := []int{6}
	if n := testing.AllocsPerRun(100, func() { s.Feed(token...) }); n != 0 {
		t.Errorf("%v allocations a decode step", n)
	}
}
