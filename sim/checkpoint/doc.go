// Package checkpoint reads model files into weights: safetensors folders in
// Hugging Face's layout, llama2.c's .bin, and the models embedded in kvstep.
//
// Files come from strangers. Every length, offset and product is checked
// before anything is allocated from it, so memory stays proportional to the
// file; what is wrong comes back as a *sim.Problem that names the file, the
// tensor and the value. All of them have the argument File:
//
//	checkpoint.file        the file is missing or unreadable (Cause says why)
//	file.regular           it is a folder, a pipe or a device
//	checkpoint.large       Have, Max: bytes, more than is read into memory
//	checkpoint.truncated   Tensor, Want, Have: bytes the file should have, and has
//	checkpoint.long        Want, Have: bytes after the last tensor
//	checkpoint.headersize  Have, Max: bytes of JSON announced by safetensors
//	checkpoint.header      Offset: byte of the file where the JSON goes wrong
//	checkpoint.entries     Max: tensors in one file
//	checkpoint.duplicate   Tensor
//	checkpoint.dtype       Tensor, Have, Want
//	checkpoint.range       Tensor, Begin, End: a range that ends before it begins
//	checkpoint.size        Tensor, Shape, DType, Have: bytes that do not fit the shape
//	checkpoint.overlap     Tensor, Other
//	checkpoint.hole        Tensor, Begin, End: bytes before it that nothing uses
//	checkpoint.missing     Tensor: the config asks for it
//	checkpoint.extra       Tensor: the config has no place for it
//	checkpoint.shape       Tensor, Have, Want
//	checkpoint.pickle      Want: the file that should be there instead
//	checkpoint.path        Tensor, Path: an index leads out of the folder
//	checkpoint.shards      Max: files that an index may name
//	checkpoint.shard       Tensor, Index, Other: the index places it in another file
//	checkpoint.unlisted    Tensor, Index: the index does not list it
//	checkpoint.absent      Tensor, Index: the index places it here
//	checkpoint.nan         Tensor, Index, Value: NaN or infinity
//	config.json            not JSON (Cause says where)
//	config.missing         Field
//	config.type            Field, Have: a number wanted, or such
//	config.range           Field, Have, Min, Max
//	config.divide          Field, Have, By, ByHave: Have is no multiple of ByHave
//	config.unsupported     Field, Have: kvstep would compute it wrongly
//	model.world            world.json is not what it should be
//
// and model.unknown with Name and Known.
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
