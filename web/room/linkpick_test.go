package room

import (
	"strings"
	"testing"

	"kvstep/web/wire"
)

// TestALinkIsToldWhatItHasTooMuch: a key that no link has, and a layer, head or sequence
// that the run does not have, are told by name; the rest of the link is on screen, with
// the nearest of what there is, and so is the link of its frame.
func TestALinkIsToldWhatItHasTooMuch(t *testing.T) {
	for _, x := range []struct{ more, problem, field string }{
		{"&utm_source=mail", "link.unknown", "utm_source"},
		{"&layer=99", "link.none", "layer"}, {"&layer=-1", "link.none", "layer"},
		{"&head=99", "link.none", "head"}, {"&seq=1", "link.none", "seq"}, {"&head=99&utm_source=mail", "link.none", "head"},
	} {
		r, v := start(t), newViewer(t)
		r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=2" + x.more})
		if p := v.problem(x.problem); p["Field"] != x.field {
			t.Errorf("%s: %v", x.more, p)
		}
		var at string
		f := v.until(2)
		get(t, f, "link", &at)
		if l, err := wire.ParseLink(at); err != nil || l.Step != 2 || strings.Contains(at, "99") || strings.Contains(at, "seq") {
			t.Errorf("%s: the link of its frame is %s (%v)", x.more, at, err)
		}
	}
}
