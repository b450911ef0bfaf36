package kv

import (
	"errors"
	"testing"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// numbered is [rows, cols] filled with from, from+1, ...
func numbered(rows, cols int, from float32) mat.Matrix {
	data := make([]float32, rows*cols)
	for i := range data {
		data[i] = from + float32(i)
	}
	return mat.Of(rows, cols, data)
}

func TestAppendKeepsHeadsApart(t *testing.T) {
	c := New(2, 2, 3, 4)
	if err := c.Append(1, numbered(2, 6, 0), numbered(2, 6, 100)); err != nil {
		t.Fatal(err)
	}
	if c.Len(0) != 0 || c.Len(1) != 2 {
		t.Fatalf("lengths %d, %d", c.Len(0), c.Len(1))
	}
	if got := c.Keys(1, 1).At(1, 0); got != 9 { // row 1, head 1 starts at 6+3
		t.Errorf("key %v, want 9", got)
	}
	if got := c.Values(1, 0).At(0, 2); got != 102 {
		t.Errorf("value %v, want 102", got)
	}
	if got, want := c.Bytes(), int64(2*2*6*4); got != want { // K and V, 2 rows, 6 numbers, 4 bytes
		t.Errorf("%d bytes, want %d", got, want)
	}
}

func TestFullCacheRefusesAndKeeps(t *testing.T) {
	c := New(1, 1, 2, 3)
	if err := c.Append(0, numbered(2, 2, 0), numbered(2, 2, 0)); err != nil {
		t.Fatal(err)
	}
	var p *sim.Problem
	if err := c.Append(0, numbered(2, 2, 9), numbered(2, 2, 9)); !errors.As(err, &p) || p.ID != "kv.full" {
		t.Fatalf("error %v", err)
	}
	if c.Len(0) != 2 || c.Keys(0, 0).At(1, 1) != 3 {
		t.Error("the refusal changed the cache")
	}
}

func TestViewsOfThePastStayTrue(t *testing.T) {
	c := New(2, 1, 2, 8)
	appendAll := func(rows int, from float32) {
		for l := range 2 {
			if err := c.Append(l, numbered(rows, 2, from), numbered(rows, 2, -from)); err != nil {
				t.Fatal(err)
			}
		}
	}
	appendAll(3, 10)
	past := c.At(0, 0, 3) // layer 0 has appended, layer 1 not yet
	appendAll(2, 50)
	if past.Len(0) != 3 || past.Len(1) != 0 {
		t.Errorf("lengths %d, %d", past.Len(0), past.Len(1))
	}
	if k := past.Keys(0, 0); k.NumRows() != 3 || k.At(2, 1) != 15 {
		t.Errorf("keys %v rows", k.NumRows())
	}
	if past.Bytes() != 3*2*2*4 {
		t.Errorf("bytes %d", past.Bytes())
	}
}

func TestForkSharesNothing(t *testing.T) {
	c := New(1, 1, 2, 8)
	if err := c.Append(0, numbered(3, 2, 0), numbered(3, 2, 10)); err != nil {
		t.Fatal(err)
	}
	f := Fork(c, 2, 1, 1, 2, 8)
	if err := f.Append(0, numbered(1, 2, 77), numbered(1, 2, 88)); err != nil {
		t.Fatal(err)
	}
	if c.Keys(0, 0).At(2, 0) != 4 || f.Keys(0, 0).At(2, 0) != 77 || f.Keys(0, 0).At(1, 1) != 3 {
		t.Error("a fork writes into its parent")
	}
}
