package sim

import (
	"errors"
	"math"
	"testing"
)

// TestSharesAreEqual: who shares what a memory may hold has equal parts, one of which is left for
// who comes next; a part shrinks when one comes and grows when one leaves, never below what each
// has in any case; and what others hold of the whole is nobody's part.
func TestSharesAreEqual(t *testing.T) {
	total := NewMemory(nil, "memory.total", 1200)
	a := NewShare(total, "memory.room", 100)
	if a.Limit() != 600 || a.Room() != 600 {
		t.Fatalf("alone: %d, %d", a.Limit(), a.Room())
	}
	a.Add(500)
	b := NewShare(total, "memory.room", 100)
	model := NewMemory(total, "memory.total", 0)
	model.Add(300)
	if a.Limit() != 300 || b.Limit() != 300 || a.Room() != 300 || b.Room() != 300 {
		t.Fatalf("two beside a model: %d and %d, %d and %d", a.Limit(), b.Limit(), a.Room(), b.Room())
	}
	run := NewMemory(a, "memory.room", 0) // of a room that has more than its part already
	var p *Problem
	if err := run.Take(1); !errors.As(err, &p) || p.ID != "memory.room" || !Short(err) || a.Held() != 500 {
		t.Fatalf("%v, %d held", err, a.Held())
	}
	if err := b.Take(300); err != nil || total.Held() != 1100 {
		t.Fatal(err, total.Held())
	}
	b.SetLimit(450) // in any case; there are 100 left altogether
	if err := b.Take(101); !errors.As(err, &p) || p.ID != "memory.total" || b.Room() != 400 {
		t.Fatal(err, b.Room())
	}
	b.Leave()
	if a.Limit() != 450 || total.Held() != 800 {
		t.Fatalf("one has left: %d, %d held", a.Limit(), total.Held())
	}
	a.Leave()
	model.Close()
	if total.Held() != 0 || NewShare(total, "memory.room", 0).Limit() != 600 {
		t.Fatalf("%d held by nobody", total.Held())
	}
	if free := NewShare(nil, "memory.room", 70); free.Limit() != 70 || free.Room() != 70 || (*Memory)(nil).Limit() != 0 {
		t.Fatal("where nobody says what all may hold, each has a limit of its own")
	}
	if NewMemory(nil, "memory.room", 0).Room() != math.MaxInt64 {
		t.Fatal("no limit is any number")
	}
}
