package checkpoint

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// keepHalves has models of any size keep their weights in 16 bits, during a test.
func keepHalves(t testing.TB) {
	was := minHalvesBytes
	minHalvesBytes = 0
	t.Cleanup(func() { minHalvesBytes = was })
}

func matrices(w sim.Weights) map[string]mat.Matrix {
	all := map[string]mat.Matrix{"embed": w.Embed, "head": w.Unembed, "positions": w.Positions}
	for i, l := range w.Layers {
		for name, m := range map[string]mat.Matrix{"q": l.Q, "k": l.K, "v": l.V, "o": l.O, "gate": l.Gate, "up": l.Up, "down": l.Down} {
			all[fmt.Sprint(name, i)] = m
		}
	}
	return all
}

// sameWeights compares every number of every matrix.
func sameWeights(t *testing.T, got, want sim.Weights) {
	t.Helper()
	all := matrices(got)
	for name, m := range matrices(want) {
		if all[name].NumRows() != m.NumRows() {
			t.Fatalf("%s has %d rows, want %d", name, all[name].NumRows(), m.NumRows())
		}
		for i := range m.NumRows() {
			if !slices.Equal(all[name].Row(i), m.Row(i)) {
				t.Fatalf("row %d of %s: %v, want %v", i, name, all[name].Row(i), m.Row(i))
			}
		}
	}
}

// TestHalvesStay: what can be seen in place in 16 bits stays there, all or nothing, with
// the same numbers as widened.
func TestHalvesStay(t *testing.T) {
	keepHalves(t)
	bits := 16
	if !mat.KeepsHalves() {
		bits = 32
	}
	for _, dtype := range []string{"F16", "BF16", "F32"} {
		files := folder(t, tinyConfig(), tinyTensors(dtype))
		wide, err := Load(files, nil)
		if err != nil {
			t.Fatal(err)
		}
		var read, total int64
		kept, err := Load(seen{files}, func(done, all int64) { read, total = done, all })
		if err != nil {
			t.Fatal(err)
		}
		sameWeights(t, kept.Weights, wide.Weights)
		want := bits
		if dtype == "F32" {
			want = 32
		}
		if got := kept.Weights.Layers[1].Up.Bits(); got != want || wide.Weights.Embed.Bits() != 32 {
			t.Errorf("%s: %d bits, want %d; widened: %d", dtype, got, want, wide.Weights.Embed.Bits())
		}
		if read != total || total == 0 {
			t.Errorf("%s: progress ended at %d of %d", dtype, read, total)
		}
	}

	mixed := tinyTensors("F16")
	mixed[4] = tinyTensors("F32")[4]
	m, err := Load(seen{folder(t, tinyConfig(), mixed)}, nil)
	if err != nil || m.Weights.Embed.Bits() != 32 || m.Weights.Unembed.Bits() != 32 {
		t.Errorf("%v; of two kinds: %d bits", err, m.Weights.Embed.Bits())
	}
}

// TestHalvesAreFinite: an infinite or undefined number is named, at its place.
func TestHalvesAreFinite(t *testing.T) {
	keepHalves(t)
	for dtype, words := range map[string][]uint16{"F16": {0x7c00, 0xfc00, 0x7e00}, "BF16": {0x7f80, 0xff80, 0x7fc1}} {
		for _, word := range words {
			tensors := tinyTensors(dtype)
			data := slices.Clone(tensors[3].Data)
			data[10], data[11] = byte(word), byte(word>>8)
			tensors[3].Data = data
			_, err := Load(seen{folder(t, tinyConfig(), tensors)}, nil)
			p, ok := errors.AsType[*sim.Problem](err)
			if !ok || p.ID != "checkpoint.nan" || p.Args["Tensor"] != tensors[3].Name || p.Args["Index"] != 5 {
				t.Errorf("%s %#x: %v", dtype, word, err)
			}
		}
	}
}

// TestGPT2Halves: Conv1D's weights are turned in 16 bits too.
func TestGPT2Halves(t *testing.T) {
	keepHalves(t)
	c, data := smallGPT2()
	for i := len(data) - 60; i < len(data); i++ {
		data[i] = byte(i % 0x70)
	}
	files := fstest.MapFS{weightsFile: {Data: data}}
	wide, err := weights(files, c)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := weights(seen{files}, c)
	if err != nil {
		t.Fatal(err)
	}
	sameWeights(t, kept, wide)
	if mat.KeepsHalves() && (kept.Layers[0].K.Bits() != 16 || kept.Positions.Bits() != 32) {
		t.Errorf("K has %d bits, positions %d", kept.Layers[0].K.Bits(), kept.Positions.Bits())
	}
}
