package wire

import (
	"testing"

	"kvstep/sim/lens"
)

// TestRealSizeInLinks: a link names a model and a device that are known.
func TestRealSizeInLinks(t *testing.T) {
	for _, bad := range []string{"Llama-3-8B", "x@H100", "Llama-3-8B@abacus", "@"} {
		if field, _ := (lens.View{Real: bad}).Check(); field != "real" {
			t.Errorf("%q is accepted", bad)
		}
	}
	l, err := ParseLink("?real=gpt2%40Phone")
	if err != nil || l.View.Real != "gpt2@Phone" {
		t.Fatal(l.View.Real, err)
	}
	if again, err := ParseLink(l.Query()); err != nil || again.View.Real != "gpt2@Phone" {
		t.Errorf("%q: %v", l.Query(), err)
	}
}
