package take

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/static"
	"kvstep/web/page"
	"kvstep/web/text"
	"kvstep/web/wire"
)

// record is one frame of a handout: a whole one for every step, with head 0,
// and for every other head of every layer only its matrices.
type record struct {
	n, layer, head int
	data           []byte
}

// records are all frames that a handout needs for every step, layer and head.
// Their K and V hold the new rows only. Those of one layer and head stand
// together, so that what they repeat is near enough for gzip to find.
func (r *made) records() []record {
	var all []record
	add := func(n, head int) {
		r.Link.Pick = wire.Pick{Head: head}
		if head == 0 { // what panels show, should a reader open them
			r.Link.Pick.Show = []string{"formulas", "heads", "history", "rows", "choice"}
		}
		m := r.moment(n)
		f := wire.File(m)
		layer := -1
		if m.Step != nil {
			layer = m.Step.Layer
		}
		if head > 0 {
			for key := range f.Meta {
				if key != "kvstep" && key != "pick" && key != "pick_step" {
					delete(f.Meta, key)
				}
			}
			f.Tensors = slices.DeleteFunc(f.Tensors, func(t checkpoint.Tensor) bool { return strings.HasPrefix(t.Name, "cache_") }) // every head's
		}
		for i := range f.Tensors {
			if x := &f.Tensors[i]; x.Name == "K" || x.Name == "V" { // earlier rows are in the records of earlier passes
				row := len(x.Data) / max(x.Shape[0], 1)
				x.Data, x.Shape = x.Data[len(x.Data)-row*m.From.Rows:], []int{m.From.Rows, x.Shape[1]}
			}
		}
		all = append(all, record{n, layer, head, checkpoint.AppendSafetensors(nil, f)})
	}
	for n := -1; n < len(r.steps); n++ {
		add(n, 0)
		if n >= 0 && r.steps[n].Part == sim.LayerPart {
			for head := 1; head < r.model.Model.Config.Heads; head++ {
				add(n, head)
			}
		}
	}
	slices.SortFunc(all, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.layer, b.layer), cmp.Compare(a.head, b.head), cmp.Compare(a.n, b.n))
	})
	return all
}

// pack is records as the handout's script reads them (static/js/handout/replay.js):
// gzip of, for each, step, head and length as little-endian int32, then the frame.
func pack(records []record) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		head := binary.LittleEndian.AppendUint32(nil, uint32(int32(r.n)))
		head = binary.LittleEndian.AppendUint32(head, uint32(r.head))
		head = binary.LittleEndian.AppendUint32(head, uint32(len(r.data)))
		if _, err := z.Write(append(head, r.data...)); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return b.Bytes(), err
}

// handout is one HTML file that replays the steps: the page's own modules,
// styles and words, and every frame, under a policy that allows no request.
func (r *made) handout(version string) (*File, error) {
	at, lang := r.Link.Step, text.Match(cmp.Or(r.Lang, "en"))
	name := fmt.Sprintf("kvstep-%s-steps1-%d-handout.html", unsafe.ReplaceAllString(r.model.Name, "_"), len(r.steps))
	size := r.exported() / 2 // frames are float16
	if size > 4*maxHandout {
		return nil, sim.NewProblem("take.large", "Step", r.To, "Max", maxHandout>>20)
	}
	frames, err := pack(r.records())
	if err != nil {
		return nil, err
	}
	script, err := bundle(static.Files, "js/handout.js")
	if err != nil {
		return nil, err
	}
	early, err := fs.ReadFile(static.Files, "js/early.js")
	if err != nil {
		return nil, err
	}
	var css strings.Builder
	for _, file := range page.Stylesheets {
		data, err := fs.ReadFile(static.Files, file)
		if err != nil {
			return nil, err
		}
		css.Write(data)
	}
	words := map[string]string{}
	for _, l := range text.Langs() {
		words[l] = string(text.JSON(l))
	}
	var out bytes.Buffer
	err = page.Handout(page.HandoutData{
		HomeData: page.HomeData{Lang: lang, Text: text.In(lang), Recipe: r.Recipe, Version: version},
		Prompt:   cmp.Or(r.Recipe.Prompt, strings.Trim(fmt.Sprint(r.Recipe.Tokens), "[]")), Model: r.model.Name, Step: at,
		CSS: css.String(), Early: string(early), Script: script, Words: words, Frames: base64.StdEncoding.EncodeToString(frames),
	}).Render(context.Background(), &out)
	return &File{name, "text/html; charset=utf-8", out.Bytes()}, err
}
