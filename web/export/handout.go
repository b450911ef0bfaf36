package export

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"

	"kvstep/static"
	"kvstep/web/bundle"
	"kvstep/web/page"
	"kvstep/web/text"
)

// pack returns records as the handout's script reads them (static/js/handout/records.js):
// gzip of, for each, step (or layer), head (or kind) and length as little-endian
// int32, then the file.
func pack(records []handoutEntry, left func() error) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if err := left(); err != nil {
			return nil, err
		}
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

// tries is how often a handout that turned out larger than told is made with fewer steps.
const tries = 3

// handout returns one HTML file that replays the chosen steps: the page's own modules,
// styles and words, and every frame, under a policy that allows no request. Where that is
// more than a handout may have, against what their shapes told, it holds fewer steps.
func (r *rerun) handout(version string) (*File, error) {
	limit := r.within.Handout
	for aim, try := limit, 1; ; try++ {
		f, err := r.page(version)
		if err != nil || int64(len(f.Data)) <= limit {
			return f, err
		}
		if try == tries {
			return nil, tooLarge(r.To, -1, int(limit))
		}
		aim = aim * limit / int64(len(f.Data)) * 9 / 10
		r.chosen = r.choose(aim)
	}
}

// page writes the handout of the chosen steps.
func (r *rerun) page(version string) (*File, error) {
	at, lang := r.Link.Step, text.Match(cmp.Or(r.Lang, "en"))
	name := r.handoutName()
	frames, err := pack(r.handoutEntries(usual), r.stillWanted)
	if err != nil {
		return nil, err
	}
	script, err := bundle.Script(static.Files, "js/handout.js", page.Served()...)
	if err != nil {
		return nil, err
	}
	early, err := fs.ReadFile(static.Files, "js/early.js")
	if err != nil {
		return nil, err
	}
	css, err := bundle.Styles(static.Files, page.Stylesheets()...)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Handout(page.HandoutData{
		HomeData: page.HomeData{Recorded: true, Lang: lang, Text: text.In(lang), Recipe: r.Recipe, Version: version},
		Prompt:   cmp.Or(r.Recipe.Prompt, strings.Trim(fmt.Sprint(r.Recipe.Tokens), "[]")), Model: r.model.Name, Step: at,
		First: r.chosen.first, Last: r.chosen.last,
		CSS: css, Early: string(early), Script: script, Frames: base85(frames),
	}).Render(context.Background(), &out)
	return &File{name, "text/html; charset=utf-8", out.Bytes()}, err
}
