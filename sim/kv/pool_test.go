package kv

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"kvstep/sim"
)

// shadow is a sequence and what it ought to hold: one number for each token.
type shadow struct {
	q      *Paged
	tokens []float32
}

// check reads every token of a sequence back from its blocks.
func (x *shadow) check(t *testing.T, s Spec) {
	t.Helper()
	for l := range s.Layers {
		for h := range s.KVHeads {
			k, v, at := x.q.Sees(l, h)
			if k.NumRows() != len(x.tokens) || at != nil {
				t.Fatalf("%d rows, %d appended", k.NumRows(), len(x.tokens))
			}
			for p, want := range x.tokens {
				want += float32(1000*l + 100*h)
				if k.At(p, 0) != want || v.At(p, 0) != -want {
					t.Fatalf("layer %d head %d position %d: %v %v, want %v", l, h, p, k.At(p, 0), v.At(p, 0), want)
				}
			}
		}
	}
}

// TestPoolUnderRandomOperations: a million appends, forks, shared blocks,
// truncations and frees. No block leaks or is freed twice, reference counts are
// those of the tables, no sequence sees what another wrote, waste is less than
// a block, and the arena holds exactly the blocks in use.
func TestPoolUnderRandomOperations(t *testing.T) {
	operations := 1_000_000
	if testing.Short() {
		operations = 50_000
	}
	r := rand.New(rand.NewPCG(7, 1))
	s := Spec{Layers: 2, KVHeads: 2, HeadDim: 1}
	block := 1 + r.IntN(7)
	arena := NewArena(0)
	p := NewPool(s, block, arena)
	arena.budget = 60 * p.BlockBytes()
	live := []*shadow{{q: p.Sequence()}}
	refused, told := 0, &heard{}
	live[0].q.Report(told)
	for i := range operations {
		x := live[r.IntN(len(live))]
		switch n := r.IntN(100); {
		case n < 70:
			before := len(x.q.table)
			if room, err := x.q.Reserve(1); room == 0 {
				var problem *sim.Problem
				if !errors.As(err, &problem) || problem.ID != "kv.memory" {
					t.Fatal(err)
				}
				if arena.held+p.BlockBytes() <= arena.budget {
					t.Fatalf("refused with %d of %d bytes held", arena.held, arena.budget)
				}
				refused++
				if before != len(x.q.table) {
					t.Fatal("a refusal changed the table")
				}
				break
			}
			token := float32(i % 90)
			for l := range s.Layers {
				k := []float32{token + float32(1000*l), token + float32(1000*l+100)}
				x.q.Append(l, k, []float32{-k[0], -k[1]})
			}
			x.tokens = append(x.tokens, token)
		case n < 80 && len(live) < 40:
			at := r.IntN(len(x.tokens) + 1)
			live = append(live, &shadow{x.q.Fork(at).(*Paged), slices.Clone(x.tokens[:at])})
			live[len(live)-1].q.Report(told)
		case n < 90:
			at := r.IntN(len(x.tokens) + 1)
			x.q.Truncate(at)
			x.tokens = x.tokens[:at]
		case len(live) > 1:
			x.q.Free()
			live = slices.DeleteFunc(live, func(y *shadow) bool { return y == x })
		}
		if i%97 == 0 || i == operations-1 {
			x := live[r.IntN(len(live))]
			x.check(t, s)
			books(t, p, live)
			if have := len(told.taken) - len(told.freed); have != p.InUse() {
				t.Fatalf("%d blocks taken and %d freed, %d are in use", len(told.taken), len(told.freed), p.InUse())
			}
		}
	}
	for _, x := range live {
		x.check(t, s)
		x.q.Free()
	}
	if arena.Held() != 0 || p.InUse() != 0 {
		t.Errorf("%d bytes, %d blocks are still held", arena.Held(), p.InUse())
	}
	if refused == 0 || told.copies == 0 {
		t.Errorf("%d refusals, %d copies: too few to prove anything", refused, told.copies)
	}
	t.Logf("block %d: %d refusals, %d copies on write", block, refused, told.copies)
}

// books compares the pool's books with the tables of all sequences.
func books(t *testing.T, p *Pool, live []*shadow) {
	t.Helper()
	refs := make([]int, len(p.pages))
	for _, x := range live {
		for i, b := range x.q.table {
			refs[b]++
			if &x.q.pages[i][0] != &p.pages[b][0] {
				t.Fatalf("block %d is elsewhere", b)
			}
		}
		u := x.q.Usage()
		if waste := u.Wasted(); waste < 0 || waste >= p.BlockBytes() {
			t.Fatalf("%d bytes of %d tokens are wasted, a block has %d", waste, len(x.tokens), p.BlockBytes())
		}
		if len(x.q.table) != blocks(len(x.tokens), p.block) {
			t.Fatalf("%d blocks for %d tokens", len(x.q.table), len(x.tokens))
		}
	}
	if !slices.Equal(refs, p.refs) {
		t.Fatalf("reference counts %v, tables say %v", p.refs, refs)
	}
	held, free := int64(0), 0
	for b, page := range p.pages {
		held += int64(len(page)) * floatBytes
		if page == nil {
			free++
			if !slices.Contains(p.free, b) {
				t.Fatalf("block %d is neither used nor free", b)
			}
		}
	}
	if held != p.arena.Held() || free != len(p.free) || held != int64(p.InUse())*p.BlockBytes() {
		t.Fatalf("the arena says %d bytes, the blocks have %d; %d free, %d listed", p.arena.Held(), held, free, len(p.free))
	}
}

// TestBytesAreWhatACacheTakes: what is asked for before a cache is made is what it then
// holds, whatever its policy.
func TestBytesAreWhatACacheTakes(t *testing.T) {
	s := Spec{Layers: 3, KVHeads: 2, HeadDim: 8, Most: 21}
	for _, text := range []string{"contiguous", "window:6:2", "h2o:4:4", "int8", "int8:token:4", "int8:channel:5", "int4:channel:8"} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		memory := sim.NewMemory(nil, "memory.room", 0)
		arena := NewArena(0)
		arena.memory = memory
		if _, err := New(s, p, arena); err != nil {
			t.Fatal(err)
		}
		if want, have := s.Bytes(p), memory.Held(); want != have {
			t.Errorf("%s: %d bytes are asked for, %d are held", text, want, have)
		}
	}
}
