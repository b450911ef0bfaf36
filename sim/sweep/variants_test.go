package sweep

import (
	"context"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
)

// TestVariants: the family side by side keeps a quarter and a half as many bytes
// a token, policies keep what they say, and exact ways have no difference.
func TestVariants(t *testing.T) {
	lib := library.New()
	var models []*library.Loaded
	for _, name := range lib.Names() {
		m, err := lib.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	story, err := lib.Get("story")
	if err != nil {
		t.Fatal(err)
	}
	r := story.Default("en")
	perToken := map[string]int64{}
	for _, v := range Variants(story, models) {
		m, err := lib.Get(v.Model)
		if err != nil {
			t.Fatal(err)
		}
		o, err := Try(context.Background(), m, r, v)
		if err != nil {
			t.Fatal(err)
		}
		if o.Text == "" || len(o.Generated) == 0 || o.Usage.Used == 0 || o.Total.Flops.Total() == 0 {
			t.Errorf("%+v: %+v", v, o)
		}
		if exact := kv.TraitsOf(v.Cache).Exact; exact != (o.MaxDelta == 0) {
			t.Errorf("%+v: exact %v, but logits differ by %v", v, exact, o.MaxDelta)
		}
		if v.Cache.Kind == sim.CacheContiguous || v.Cache.Kind == sim.CacheInt8 {
			perToken[v.Model+" "+v.Cache.Kind] = o.PerToken
		}
	}
	for name, want := range map[string]int64{"story contiguous": 5120, "story-gqa contiguous": 2560, "story-mqa contiguous": 1280, "story int8": 1440} {
		if perToken[name] != want {
			t.Errorf("%s: %d bytes a token, want %d", name, perToken[name], want)
		}
	}
}
