package kv

import (
	"errors"
	"fmt"
	"testing"

	"kvstep/sim"
)

// counted is n numbers from, from+1, ...
func counted(n int, from float32) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = from + float32(i)
	}
	return x
}

func contiguous(t *testing.T, s Spec, budget int64) *Contiguous {
	t.Helper()
	c, err := NewContiguous(s, NewArena(budget))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAppendKeepsHeadsApart(t *testing.T) {
	c := contiguous(t, Spec{2, 2, 3, 4}, 0)
	c.Append(1, counted(6, 0), counted(6, 100))
	c.Append(1, counted(6, 6), counted(6, 106))
	if c.Len(0) != 0 || c.Len(1) != 2 {
		t.Fatalf("lengths %d, %d", c.Len(0), c.Len(1))
	}
	k, v, at := c.Sees(1, 1)
	if got := k.At(1, 0); got != 9 || at != nil { // row 1, head 1 starts at 6+3
		t.Errorf("key %v, want 9; positions %v", got, at)
	}
	if _, v0, _ := c.Sees(1, 0); v0.At(0, 2) != 102 || v.At(0, 0) != 103 {
		t.Errorf("values %v, %v", v0.At(0, 2), v.At(0, 0))
	}
	if got, want := c.Usage().Used, int64(2*2*6*4); got != want { // K and V, 2 rows, 6 numbers, 4 bytes
		t.Errorf("%d bytes, want %d", got, want)
	}
}

// TestBudget: an arena that is too small is used as far as it goes and then
// refuses, and what is held stays.
func TestBudget(t *testing.T) {
	s := Spec{1, 1, 2, 9}
	c := contiguous(t, s, 3*s.TokenBytes()+5)
	c.Append(0, counted(2, 0), counted(2, 0))
	var p *sim.Problem
	if room, err := c.Reserve(4); room != 2 || !errors.As(err, &p) || p.ID != "kv.memory" {
		t.Fatalf("room %d, error %v", room, err)
	}
	if room, err := c.Reserve(2); room != 2 || err != nil {
		t.Fatalf("room %d, error %v", room, err)
	}
	if u := c.Usage(); u.Allocated != 3*s.TokenBytes() || u.Used != s.TokenBytes() {
		t.Errorf("%+v", u)
	}
	if _, err := NewContiguous(s, NewArena(s.TokenBytes()-1)); !errors.As(err, &p) || p.ID != "kv.memory" {
		t.Errorf("error %v", err)
	}
}

func ExampleParseBytes() {
	for _, text := range []string{"", "0", "65536", " 64 KiB", "3MiB", "2GiB", "8GB", "5MB", "7KB", "7 kB", "9 B", "-1", "1TB", "many", "1048576GiB", "1048577GiB"} {
		fmt.Println(ParseBytes(text))
	}
	// Output:
	// 0 <nil>
	// 0 <nil>
	// 65536 <nil>
	// 65536 <nil>
	// 3145728 <nil>
	// 2147483648 <nil>
	// 8000000000 <nil>
	// 5000000 <nil>
	// 7000 <nil>
	// 7000 <nil>
	// 9 <nil>
	// 0 recipe.whole: Field=budget Have=-1 Least=0 Most=1125899906842624
	// 0 cache.bytes: Have=1TB
	// 0 cache.bytes: Have=many
	// 1125899906842624 <nil>
	// 0 recipe.whole: Field=budget Have=1048577GiB Least=0 Most=1125899906842624
}

func ExampleParse() {
	for _, text := range []string{"", "paged:16", "window:8:2", "h2o", "int8", "int4:channel", "paged:x"} {
		p, err := Parse(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(Text(p))
	}
	// Output:
	// contiguous
	// paged:16
	// window:8:2
	// h2o:4:4
	// int8:token:0
	// int4:channel:8
	// recipe.whole: Field=block Have=x Least=1 Most=64
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "paged:4", "window:8:2", "h2o:4:4", "int8:token:32", "int4:channel:8", "paged:", ":", "int8::3"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, text, bytes string) {
		if p, err := Parse(text); err == nil {
			if again, err := Parse(Text(p)); err != nil || again != p {
				t.Fatalf("%q is %+v, written %q, read %+v (%v)", text, p, Text(p), again, err)
			}
			_ = Check(p, 32)
		}
		if n, err := ParseBytes(bytes); err == nil && (n < 0 || n > maxBudget) {
			t.Fatalf("%q is %d bytes", bytes, n)
		}
	})
}
