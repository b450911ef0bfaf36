package lens

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/library"
	"kvstep/sim/plain"
)

// What a copy of a run holds beside frames of the overview (web/take): every op of
// a step once, and explanations packed close.

// Ops is every op of a moment's own step that all heads share, with what frames say
// of each op ("ops" in the metadata, by name). A frame of one op repeats the results
// of others as its inputs; here each is there once, in float16. Without x, which is
// what left the layer before, it is for a reader who has that too.
func Ops(m *Moment, x bool) checkpoint.File {
	r := m.Explained()
	here := *m
	infos, f := map[string]*OpInfo{}, checkpoint.File{Meta: map[string]string{"kvstep": "1"}}
	kept := map[string]bool{"x": !x && m.Step.Layer != 0}
	add := func(id string, own bool) {
		if op := explain.Find(id); kept[id] || own && op.PerHead() || !own && op.Part == m.Step.Part {
			return // of a head, or its turn comes
		}
		x, ok := r.Tensor(m.Step.N, id, 0)
		if !ok {
			return
		}
		kept[id] = true
		if explain.Find(id).Kind == explain.Table {
			x = x.Rows(m.Step.Cached, m.Step.Cached+m.Step.Rows)
		}
		f.Tensors = append(f.Tensors, f16("op."+id, x))
	}
	for _, op := range explain.Ops {
		if op.Part != m.Step.Part {
			continue
		}
		here.View.Op = op.ID
		info, _ := ShowOp(&here)
		if info == nil {
			continue
		}
		infos[op.ID] = info
		add(op.ID, true)
		for i, in := range info.Inputs {
			info.Inputs[i].Max = 0 // nothing is coarse here
			if !in.Weight {
				add(in.Op, false)
			}
		}
	}
	f.Meta["ops"] = text(infos)
	return f
}

// HeadOps are the ops of the picked head that the overview does not show, nor has as
// the newest rows of K or V.
func HeadOps(m *Moment) (tensors []checkpoint.Tensor) {
	r := m.Explained()
	for _, op := range explain.Ops {
		if op.Part != sim.LayerPart || !op.PerHead() || slices.Contains(shown, op.ID) {
			continue
		}
		x, ok := r.Tensor(m.From.N, op.ID, m.Head())
		if !ok {
			continue
		}
		t := f16("op."+op.ID, x)
		if cache := map[string]string{"k_rope": "K", "v": "V"}[op.ID]; cache != "" { // its newest rows, if it keeps them as they are
			kept, _ := r.Tensor(m.From.N, cache, m.Head())
			if bytes.HasSuffix(f16(cache, kept).Data, t.Data) {
				continue
			}
		}
		tensors = append(tensors, t)
	}
	return tensors
}

// shown are the ops that the overview shows.
var shown = []string{"Q", "K", "V", "scores", "mask", "probs", "out"}

// WeightPictures are the weight matrices of a layer that have a picture, coarse;
// "weights" in the metadata has what 255 stands for in each.
func WeightPictures(m *library.Loaded, layer int) checkpoint.File {
	f, most := checkpoint.File{Meta: map[string]string{"kvstep": "1"}}, map[string]float32{}
	for _, op := range explain.Ops {
		if op.Kind != explain.Weight || op.ID == "embed" || op.ID == "w_head" || op.ID == "w_norm3" {
			continue
		}
		if w := explain.Weights(m.Model, layer, op.ID); w.NumRows() > 1 {
			t, largest := coarse(op.ID, w)
			for i, b := range t.Data { // every eighth level: a picture of noise looks the same, and packs to half
				if t.DType == "U8" {
					t.Data[i] = byte(min(max(8, (int(b)+4)/8*8), 248))
				}
			}
			f.Tensors, most[op.ID] = append(f.Tensors, t), largest
		}
	}
	f.Meta["weights"] = text(most)
	return f
}

// Answers are explanations of many cells as one file: "cells" in the metadata are
// [ref, explanation without its trail] in order. The terms of all sums stand one
// after the other in the columns a, b, t and lane, and the trees in tree.
//
// t, lane and tree are the difference (exclusive or of the bits) from what the
// numbers before them predict: for a product a x b, for a lane the sum of what it
// held and t, for the tree its lanes and the sums of pairs. A prediction that
// comes true leaves zeros, which take no room; one that does not is put right.
type Answers struct {
	cells               []any
	a, b, t, lane, tree []byte
}

// Size is about how many bytes it all takes.
func (x *Answers) Size() int { return 700*len(x.cells) + 4*len(x.a) + len(x.tree) }

// AnswerSize is about how many bytes it takes to explain cells of one op.
func AnswerSize(m *Moment, refs []explain.Ref) int {
	if len(refs) == 0 {
		return 0
	}
	var one Answers
	one.Add(m, refs[:1])
	return len(refs) * one.Size()
}

// Add explains cells of the steps up to a moment's. It leaves out what does not exist.
func (x *Answers) Add(m *Moment, refs []explain.Ref) (added int) {
	m.Explained() // once for all
	here := *m
	for _, ref := range refs {
		here.View.Trail = []explain.Ref{ref}
		info, _ := ShowExplain(&here)
		if info == nil {
			continue
		}
		info.Trail = nil // a reader's own
		x.cells = append(x.cells, info)
		if info.Sum != nil {
			x.sum(info.Sum)
		}
		added++
	}
	return added
}

func put(to *[]byte, x, predicted float32) {
	*to = binary.LittleEndian.AppendUint32(*to, math.Float32bits(x)^math.Float32bits(predicted))
}

func (x *Answers) sum(s *explain.Sum) {
	var lanes [16]float32
	for i, term := range s.Terms {
		put(&x.a, term.A, 0)
		put(&x.b, term.B, 0)
		product := float32(0)
		if s.Fn == "mul" {
			product = float32(term.A * term.B)
		}
		put(&x.t, term.T, product)
		put(&x.lane, term.Lane, float32(lanes[i%16]+term.T))
		lanes[i%16] = term.Lane
	}
	for i, v := range s.Tree {
		switch {
		case i < len(lanes):
			put(&x.tree, v, lanes[i])
		default: // 16 lanes, then 8, 4, 2 and 1 sums of the halves before
			size := 16
			from := 0
			for i >= from+size {
				from, size = from+size, size/2
			}
			before := from - 2*size
			put(&x.tree, v, float32(s.Tree[before+i-from]+s.Tree[before+i-from+size]))
		}
	}
}

// File is all of it.
func (x *Answers) File() checkpoint.File {
	f := checkpoint.File{Meta: map[string]string{"kvstep": "1", "cells": text(x.cells)}}
	for _, column := range []struct {
		name, dtype string
		data        []byte
	}{{"a", "F32", x.a}, {"b", "F32", x.b}, {"t", "U32", x.t}, {"lane", "U32", x.lane}, {"tree", "U32", x.tree}} {
		f.Tensors = append(f.Tensors, checkpoint.Tensor{Name: column.name, DType: column.dtype, Shape: []int{1, len(column.data) / 4}, Data: column.data})
	}
	return f
}

// Newest are the cells of the newest row of an op in a step, for one head: all of
// them, or, of logits, those of the likeliest tokens.
func Newest(m *library.Loaded, s *sim.Step, id string, head int) (refs []explain.Ref) {
	r := &explain.Run{Model: m.Model}
	rows, cols := r.Shape(s, explain.Find(id))
	ref := explain.Ref{Step: s.N, Op: id, Head: head, Row: rows - 1}
	if id == "logits" {
		for _, c := range s.Top() {
			ref.Col = c.ID
			refs = append(refs, ref)
		}
		return refs
	}
	for ref.Col = range cols {
		refs = append(refs, ref)
	}
	return refs
}

// text is v as JSON, in which every number has a word.
func text(v any) string { return string(plain.JSON(v)) }
