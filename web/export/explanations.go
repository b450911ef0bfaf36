package export

import (
	"encoding/binary"
	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"math"
)

// explanations are those of many cells as one file: "cells" in the metadata are
// [ref, explanation without its trail] in order. The terms of all sums stand one
// after the other in the columns a, b, t and lane, and the trees in tree.
//
// t, lane and tree are the difference (exclusive or of the bits) from what the
// numbers before them predict: for a product a x b, for a lane the sum of what it
// held and t, for the tree its lanes and the sums of pairs. A prediction that
// comes true leaves zeros, which take no room; one that does not is put right.
type explanations struct {
	cells               []*lens.ExplainInfo
	a, b, t, lane, tree []byte
}

// size estimates how many bytes it all takes.
func (x *explanations) size() int { return 700*len(x.cells) + 4*len(x.a) + len(x.tree) }

// answerSize estimates how many bytes it takes to explain cells of one op.
func answerSize(m *lens.Moment, refs []explain.Ref) int {
	if len(refs) == 0 {
		return 0
	}
	var one explanations
	one.add(m, refs[:1])
	return len(refs) * one.size()
}

// add explains cells of the steps up to a moment's. It leaves out what does not exist.
func (x *explanations) add(m *lens.Moment, refs []explain.Ref) (added int) {
	m.Explained() // once for all
	here := *m
	for _, ref := range refs {
		here.View.Trail = []explain.Ref{ref}
		info, _ := lens.ShowExplain(&here)
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

func (x *explanations) sum(s *explain.Sum) {
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

// file returns them as one file.
func (x *explanations) file() checkpoint.File {
	f := checkpoint.File{Meta: map[string]string{"kvstep": "1", "cells": jsonText(x.cells)}}
	for _, column := range []struct {
		name, dtype string
		data        []byte
	}{{"a", "F32", x.a}, {"b", "F32", x.b}, {"t", "U32", x.t}, {"lane", "U32", x.lane}, {"tree", "U32", x.tree}} {
		f.Tensors = append(f.Tensors, checkpoint.Tensor{Name: column.name, DType: column.dtype, Shape: []int{1, len(column.data) / 4}, Data: column.data})
	}
	return f
}

// newestCells returns the cells of the newest row of an op in a step, for one head: all of
// them, or, of logits and chances, those of the likeliest tokens.
func newestCells(m *library.Loaded, s *sim.Step, id string, head int) (refs []explain.Ref) {
	r := &explain.Run{Model: m.Model}
	rows, cols := r.Shape(s, explain.Find(id))
	ref := explain.Ref{Step: s.N, Op: id, Head: head, Row: rows - 1}
	if explain.Find(id).OfVocab() {
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
