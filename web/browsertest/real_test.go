package browsertest

import (
	"strings"
	"testing"
)

// The switch shows what sim/cost says of Llama-3-8B on an H100.
func TestRealSizeOnThePage(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		p := open(t, "/?lang="+lang+"&step=4")
		p.at(4)
		if eval[bool](p, `"real" in kvstepFrame().meta`) {
			t.Error("it is sent to someone who has not asked")
		}
		p.js(`const s = document.querySelector("[data-testid=real-model]"); s.value = "Llama-3-8B"; s.dispatchEvent(new Event("change", {bubbles: true}))`)
		p.until(`document.querySelector("[data-testid=real-says]").textContent`)
		if s := p.text("real-says"); !strings.Contains(s, "131 kB") || !strings.Contains(s, "5.12 kB") || !strings.Contains(s, "314") {
			t.Errorf("%s: %q", lang, s)
		}
		// A layer writes K and V of every prompt token: 2 x 8 x 128 x 2 bytes each.
		if !eval[bool](p, `Number(document.querySelectorAll("[data-testid=real-rows] tr")[1].dataset.value) === kvstepFrame().meta.run.prompt_tokens * 4096`) {
			t.Errorf("%s: %s", lang, p.text("real-rows"))
		}
		p.axe("real size in " + lang)
		p.clean()
	}
}
