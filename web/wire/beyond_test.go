package wire

import (
	"errors"
	"strings"
	"testing"

	"kvstep/sim"
)

// TestLinksSayWhatLiesBeyond: what is recorded after the step, a person's end, and how
// many other runs there were go through a link, and are left out where there is nothing
// to say.
func TestLinksSayWhatLiesBeyond(t *testing.T) {
	plain, err := ParseLink("?model=story&step=3")
	if err != nil || plain.Recorded != 0 || plain.Over || plain.Others != 0 {
		t.Fatalf("%+v, %v", plain, err)
	}
	if q := plain.Query(); strings.Contains(q, "to=") || strings.Contains(q, "ended") || strings.Contains(q, "others") {
		t.Errorf("%s", q)
	}
	for _, recorded := range []int{1, 12} {
		l := plain
		l.Recorded, l.Over, l.Others = recorded, true, 7
		back, err := ParseLink(l.Query())
		if err != nil || back.Recorded != recorded || !back.Over || back.Others != 7 {
			t.Errorf("%s: %+v, %v", l.Query(), back, err)
		}
		if back.Alone().Query() != plain.Query() {
			t.Errorf("alone %s", back.Alone().Query())
		}
	}
	for field, query := range map[string]string{"to": "?to=-2", "ended": "?ended=eos", "others": "?others=16"} {
		var p *sim.Problem
		if _, err := ParseLink(query); !errors.As(err, &p) || p.Args["Field"] != field {
			t.Errorf("%s: %v", query, err)
		}
	}
	for _, query := range []string{"?to=soon", "?others=-1"} {
		if _, err := ParseLink(query); err == nil {
			t.Errorf("%s is taken", query)
		}
	}
}
