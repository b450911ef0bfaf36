package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestInsideScreenshots writes pictures of ops and explanations to look at.
func TestInsideScreenshots(t *testing.T) {
	dir := os.Getenv("KVSTEP_SCREENSHOTS")
	if dir == "" {
		t.Skip("skipped: set KVSTEP_SCREENSHOTS to a folder to write pictures there")
	}
	base := serve(t)
	for name, q := range map[string]string{
		"scores": "step=21&cell=scores.0.5&trail=21.scores.0.0.5",
		"dots":   "step=2&op=dots&trail=2.dots.0.9.4",
		"q":      "step=2&op=q&trail=2.q.0.9.4",
		"down":   "step=21&op=down&trail=21.down.0.0.40",
		"probs":  "step=2&op=probs&trail=2.probs.0.9.4",
		"norm":   "step=2&op=norm1&trail=2.norm1.0.9.4",
		"rope":   "step=2&op=Q&trail=2.Q.0.9.4",
		"K":      "step=21&op=K&trail=21.dots.0.0.5~21.K.0.5.3",
		"out":    "step=21&op=out&trail=21.out.0.0.5",
		"attn":   "step=2&op=attn&head=2&trail=2.attn.2.3.70",
		"act":    "step=2&op=act&trail=2.act.0.9.4",
		"logits": "step=23&op=logits&trail=23.logits.0.0.500",
		"mask":   "step=2&op=mask",
		"embed":  "step=0&op=x&trail=0.x.0.3.4~0.embed.0.300.4",
	} {
		for _, variant := range [][3]any{{"en", "light", 1440}, {"zh", "dark", 1440}, {"zh", "light", 390}} {
			if len(os.Getenv("KVSTEP_SHOT")) > 0 && os.Getenv("KVSTEP_SHOT") != name {
				continue
			}
			if variant[0] == "zh" && name != "scores" && name != "q" && name != "probs" {
				continue
			}
			p := openOn(t, base, fmt.Sprintf("/?lang=%s&%s", variant[0], q))
			p.until(`window.kvstepFrame()?.meta.step`)
			p.theme(variant[1].(string))
			p.do(chromedp.EmulateViewport(int64(variant[2].(int)), 900))
			p.js(`window.dispatchEvent(new Event("resize"))`)
			p.do(chromedp.Sleep(600 * 1e6))
			png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			file := fmt.Sprintf("inside-%s-%s-%s-%d.png", name, variant[0], variant[1], variant[2])
			if err := os.WriteFile(filepath.Join(dir, file), png, 0o644); err != nil {
				t.Fatal(err)
			}
			p.clean()
		}
	}
}
