package checkpoint

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"slices"
	"testing"
)

// TestLlama2cOrder: the tiny file counts upward in eighths, so each tensor
// begins where the sizes of those before it say.
func TestLlama2cOrder(t *testing.T) {
	for _, tied := range []bool{true, false} {
		c, w, err := LoadLlama2c(tinyLlama2c(tied))
		if err != nil {
			t.Fatal(err)
		}
		if c.Tied != tied || c.Vocab != 5 || c.HeadDim != 2 || !c.RopeInterleaved || c.NormEps != 1e-5 || c.BOS != 1 || c.EOS != 2 {
			t.Errorf("config %+v", c)
		}
		l0, l1 := w.Layers[0], w.Layers[1]
		for _, x := range []struct {
			name string
			have float32
			at   int // index in the file, in floats
		}{
			{"embedding", w.Embed.At(1, 0), 4}, {"attention norm 1", l1.AttnNorm[0], 24},
			{"wq 0", l0.Q.At(0, 0), 28}, {"wq 1", l1.Q.At(0, 0), 44}, {"wk 0", l0.K.At(0, 0), 60},
			{"wk 1, last", l1.K.At(1, 3), 75}, {"wv 0", l0.V.At(0, 0), 76}, {"wo 0", l0.O.At(0, 0), 92},
			{"MLP norm 0", l0.MLPNorm[0], 124}, {"w1 0", l0.Gate.At(0, 0), 132}, {"w2 0", l0.Down.At(0, 0), 180},
			{"w2 0, row 1", l0.Down.At(1, 0), 186}, {"w3 0", l0.Up.At(0, 0), 228}, {"final norm", w.FinalNorm[0], 276},
		} {
			if x.have != float32(x.at)/8 {
				t.Errorf("%s is number %v of the file, want %d", x.name, 8*x.have, x.at)
			}
		}
		head := 0 // tied: the embedding
		if !tied {
			head = 280 + 3*2 // after the angles that are skipped
		}
		if got := w.Unembed.At(0, 0); got != float32(head)/8 {
			t.Errorf("head is number %v, want %d", 8*got, head)
		}
	}
}

// TestLlama2cTruncated: every truncation is a Problem naming a tensor.
func TestLlama2cTruncated(t *testing.T) {
	for _, tied := range []bool{true, false} {
		data := tinyLlama2c(tied)
		for n := range data {
			_, _, err := LoadLlama2c(data[:n])
			p := wantProblem(t, err, "checkpoint.truncated")
			if n >= headerV0Size && p.Args["Want"] != int64(len(data)) || p.Args["Have"] != n || p.Args["Tensor"] == "" {
				t.Fatalf("cut at %d: %v", n, p)
			}
		}
		_, _, err := LoadLlama2c(append(data, 0))
		wantProblem(t, err, "checkpoint.long")
	}
}

func TestLlama2cWrong(t *testing.T) {
	set := func(i int, v int32) []byte {
		data := tinyLlama2c(true)
		binary.LittleEndian.PutUint32(data[4*i:], uint32(v))
		return data
	}
	for _, c := range []struct {
		name string
		data []byte
		id   string
	}{
		{"dim 0", set(0, 0), "config.range"},
		{"dim negative", set(0, -4), "config.range"},
		{"dim huge", set(0, math.MaxInt32-1), "config.range"},
		{"dim not heads x width", set(0, 5), "config.divide"},
		{"head width odd", set(0, 6), "config.divide"},
		{"hidden 0", set(1, 0), "config.range"},
		{"hidden huge", set(1, math.MaxInt32), "config.range"},
		{"hidden larger", set(1, 1<<20), "checkpoint.truncated"},
		{"layers 0", set(2, 0), "config.range"},
		{"layers huge", set(2, 1<<30), "config.range"},
		{"heads 0", set(3, 0), "config.range"},
		{"heads negative", set(3, -2), "config.range"},
		{"kv heads 0", set(4, 0), "config.range"},
		{"kv heads do not divide heads", set(4, 3), "config.divide"},
		{"vocab 0", set(5, 0), "config.range"},
		{"vocab without EOS", set(5, 2), "config.range"},
		{"vocab smallest", set(5, math.MinInt32), "config.range"},
		{"vocab larger", set(5, 1<<24), "checkpoint.truncated"},
		{"positions 0", set(6, 0), "config.range"},
		{"version 4", append([]byte("24ka"), append(tinyLlama2c(true), make([]byte, 200)...)...), "config.unsupported"},
		{"not a model", bytes.Repeat([]byte("hello "), 99), "config.range"},
		{"wq NaN", set(7+60-1, 0x7fc00000), "checkpoint.nan"},
		{"wq infinite", set(7+60-1, 0x7f800000), "checkpoint.nan"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := LoadLlama2c(c.data)
			p := wantProblem(t, err, c.id)
			if c.id == "checkpoint.nan" && (p.Args["Tensor"] != "wq" || p.Args["Index"] != 31) {
				t.Error(p)
			}
		})
	}
}

// TestLlama2cFlipped: a flipped bit in the header never makes the file load as
// another model, except for bits that leave the size as it is.
func TestLlama2cFlipped(t *testing.T) {
	data := tinyLlama2c(true)
	for i := range 8 * headerV0Size {
		flipped := slices.Clone(data)
		flipped[i/8] ^= 1 << (i % 8)
		if _, _, err := LoadLlama2c(flipped); err != nil {
			wantProblem(t, err, "")
		} else {
			t.Errorf("bit %d of the header flipped, and it loads", i)
		}
	}
}

const shared = "../../../shared/"

// stories260K is the real file, which lies beside the checkout.
func stories260K(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(shared + "models/stories260K.bin")
	if err != nil {
		t.Skipf("needs %smodels/stories260K.bin, which is not part of the repository", shared)
	}
	return data
}

func TestStories260K(t *testing.T) {
	data := stories260K(t)
	c, w, err := LoadLlama2c(data)
	if err != nil {
		t.Fatal(err)
	}
	if c.Dim != 64 || c.FFN != 172 || c.Layers != 5 || c.Heads != 8 || c.KVHeads != 4 || c.Vocab != 512 || c.Context != 512 || !c.Tied {
		t.Errorf("config %+v", c)
	}
	if len(w.Layers) != 5 || w.Layers[4].Down.NumRows() != 64 || w.Layers[4].Down.NumCols() != 172 {
		t.Error("weights have the wrong shape")
	}
	_, _, err = LoadLlama2c(data[:len(data)-1])
	wantProblem(t, err, "checkpoint.truncated")
}
