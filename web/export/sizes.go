package export

import (
	"context"

	"kvstep/sim/library"
	"kvstep/web/limits"
)

// Size is what a file of a run will be, known before anything is run.
type Size struct {
	First int `json:"first"` // step that it holds
	Last  int `json:"last"`
	Bytes int `json:"bytes"` // about; of a handout at most
	Limit int `json:"limit"` // bytes that such a file may have
	// Fits is null where it can be made; else the last step up to which it could.
	Fits *int `json:"fits"`
}

// lineBytes is what a line of a trace has, about.
const lineBytes = 1300

// size returns how large the file of a kind will be.
func (r *rerun) size(kind string) Size {
	x := Size{Last: r.To, Limit: int(r.within.File)}
	switch kind {
	case "jsonl":
		x.Bytes = lineBytes * (r.To + 1)
		return x
	case "html":
		c := r.choose(r.within.Handout)
		x.First, x.Last, x.Bytes, x.Limit = c.first, c.last, c.bytes, int(r.within.Handout)
	case "safetensors":
		var fits int
		if fits, x.Bytes = r.shapes.fits(r.To, x.Limit, r.shapes.numbersBytes); fits < r.To {
			x.Fits = &fits
			return x
		}
	}
	if fits, _ := r.shapes.fits(r.To, maxRows, r.shapes.rowBytes); fits < r.To {
		x.Fits, x.Limit = &fits, maxRows
	}
	return x
}

// Sizes returns how large the files of a run would be that is asked for, by kind.
func Sizes(ctx context.Context, models *library.Library, q Request, within limits.Limits) (map[string]Size, error) {
	ctx, cancel := context.WithTimeout(ctx, within.Patience())
	defer cancel()
	r, err := prepare(ctx, models, q, within)
	if err != nil {
		return nil, err
	}
	defer r.close()
	all := map[string]Size{}
	for _, kind := range []string{"html", "jsonl", "safetensors"} {
		all[kind] = r.size(kind)
	}
	return all, nil
}
