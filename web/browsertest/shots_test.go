package browsertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
)

// TestPictures writes the picture of one moment, to look at while working:
// KVSTEP_SCREENSHOTS says where to, KVSTEP_SHOT which ("name width height theme
// query js", one a line). KVSTEP_BENCH_MODEL may name a folder, the model "given".
func TestPictures(t *testing.T) {
	t.Parallel()
	dir, shots := os.Getenv("KVSTEP_SCREENSHOTS"), os.Getenv("KVSTEP_SHOT")
	if dir == "" || shots == "" {
		t.Skip("skipped: set KVSTEP_SCREENSHOTS and KVSTEP_SHOT")
	}
	lib, _ := foreign("gpt2", "qwen3")
	if folder := os.Getenv("KVSTEP_BENCH_MODEL"); folder != "" {
		lib.Add(library.Source{
			Name:   "given",
			Config: func() (sim.Config, error) { return checkpoint.ReadConfig(os.DirFS(folder)) },
			Open: func(heard checkpoint.Progress) (*library.Loaded, error) {
				return library.OpenFolder("given", os.DirFS(folder), heard)
			},
		})
	}
	base := serveModels(t, lib)
	p := openOn(t, base, "/")
	for line := range strings.Lines(shots) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 6)
		if len(f) < 5 {
			continue
		}
		w, h := int64(0), int64(0)
		for _, c := range f[1] {
			w = w*10 + int64(c-'0')
		}
		for _, c := range f[2] {
			h = h*10 + int64(c-'0')
		}
		p.do(chromedp.EmulateViewport(w, max(h, 100)), chromedp.Navigate(base+"/"+f[4]))
		p.until(`window.kvstepFrame?.()`)
		p.theme(f[3])
		if len(f) == 6 {
			p.js(f[5])
		}
		p.do(chromedp.Sleep(700e6))
		var png []byte
		var err error
		if h == 0 {
			png, err = chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
		} else {
			png, err = chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f[0]+".png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.clean()
}
