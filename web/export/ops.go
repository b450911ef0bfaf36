package export

import (
	"bytes"
	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/plain"
	"kvstep/web/wire"
	"slices"
)

// stepOps returns every op of a moment's own step that all heads share, with what frames say
// of each op ("ops" in the metadata, by name). A frame of one op repeats the results
// of others as its inputs; here each is there once, in float16. Without x, which is
// what left the layer before, it is for a reader who has that too.
func stepOps(m *lens.Moment, x bool) checkpoint.File {
	r := m.Explained()
	here := *m
	infos, f := map[string]*lens.OpInfo{}, checkpoint.File{Meta: map[string]string{"kvstep": "1"}}
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
		f.Tensors = append(f.Tensors, wire.Tensor(lens.Floats("op."+id, lens.F16, x)))
	}
	for _, op := range explain.Ops {
		if op.Part != m.Step.Part {
			continue
		}
		here.View.Op = op.ID
		info, _ := lens.ShowOp(&here)
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
	f.Meta["ops"] = jsonText(infos)
	return f
}

// headOps returns the ops of the picked head that the overview does not show, nor has as
// the newest rows of K or V.
func headOps(m *lens.Moment) (tensors []checkpoint.Tensor) {
	r := m.Explained()
	for _, op := range explain.Ops {
		if op.Part != sim.LayerPart || !op.PerHead() || slices.Contains(shown, op.ID) {
			continue
		}
		x, ok := r.Tensor(m.From.N, op.ID, m.Head())
		if !ok {
			continue
		}
		t := wire.Tensor(lens.Floats("op."+op.ID, lens.F16, x))
		if op.Pairs() {
			t = wire.Tensor(lens.Triangle("op."+op.ID, m.From, x))
		}
		if cache := map[string]string{"k_rope": "K", "v": "V"}[op.ID]; cache != "" { // its newest rows, if it keeps them as they are
			kept, _ := r.Tensor(m.From.N, cache, m.Head())
			if bytes.HasSuffix(wire.Tensor(lens.Floats(cache, lens.F16, kept)).Data, t.Data) {
				continue
			}
		}
		tensors = append(tensors, t)
	}
	return tensors
}

// shown are the ops that the overview shows.
var shown = []string{"Q", "K", "V", "scores", "mask", "probs", "out"}

// weightPictures returns the weight matrices of a layer that have a picture, coarse;
// "weights" in the metadata has what 255 stands for in each.
func weightPictures(m *library.Loaded, layer int) checkpoint.File {
	f, most := checkpoint.File{Meta: map[string]string{"kvstep": "1"}}, map[string]float32{}
	for _, op := range explain.Ops {
		if op.Kind != explain.Weight || op.ID == "embed" || op.ID == "w_head" || op.ID == "w_norm3" {
			continue
		}
		if w := explain.Weights(m.Model, layer, op.ID); w.NumRows() > 1 {
			picture := lens.Pictured(op.ID, w)
			t := wire.Tensor(picture)
			for i, b := range t.Data { // every eighth level: a picture of noise looks the same, and packs to half
				if t.DType == "U8" {
					t.Data[i] = byte(min(max(8, (int(b)+4)/8*8), 248))
				}
			}
			f.Tensors, most[op.ID] = append(f.Tensors, t), picture.Max
		}
	}
	f.Meta["weights"] = jsonText(most)
	return f
}

// jsonText returns v as JSON, in which every number has a word.
func jsonText(v any) string { return string(plain.JSON(v)) }
