// Package checkpoint reads model files into weights: safetensors folders in
// Hugging Face's layout, llama2.c's .bin, and the models embedded in kvstep.
//
// Files come from strangers. Every length, offset and product is checked
// before anything is allocated from it, so memory stays proportional to the
// file; what is wrong comes back as a *sim.Problem that names the file, the
// tensor and the value.
package checkpoint

import (
	"strconv"
	"strings"

	"kvstep/sim"
)

// problem makes a Problem whose first argument is the file it is about.
func problem(id, file string, pairs ...any) *sim.Problem {
	p := sim.NewProblem(id, pairs...)
	p.Args["File"] = file
	return p
}

// shapeText writes a shape as people do: "512 x 64", and "scalar" for none.
func shapeText(shape []int) string {
	if len(shape) == 0 {
		return "scalar"
	}
	words := make([]string, len(shape))
	for i, n := range shape {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, " x ")
}
