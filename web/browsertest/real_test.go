package browsertest

import (
	"strconv"
	"strings"
	"testing"
)

// The switch shows what sim/cost says of Llama-3-8B on an H100.
func TestRealSizeOnThePage(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "zh"} {
		p := open(t, "/lab?lang="+lang+"&step=4")
		p.at(4)
		if eval[bool](p, `"real" in kvstepFrame().meta`) {
			t.Error("it is sent to someone who has not asked")
		}
		p.reveal("[data-testid=real-model]")
		const counters = `Math.round(document.getElementById("counters").getBoundingClientRect().top + scrollY)`
		at := eval[int](p, counters)
		p.js(`const s = document.querySelector("[data-testid=real-model]"); s.value = "Llama-3-8B"; s.dispatchEvent(new Event("change", {bubbles: true}))`)
		p.until(`document.querySelector("[data-testid=real-says]").textContent`)
		if s := p.text("real-says"); !strings.Contains(s, "131 kB") || !strings.Contains(s, "5.12 kB") || !strings.Contains(s, "314") {
			t.Errorf("%s: %q", lang, s)
		}
		// A layer writes K and V of every prompt token: 2 x 8 x 128 x 2 bytes each.
		if !eval[bool](p, `Number(document.querySelectorAll("[data-testid=real-rows] tr")[1].dataset.value) === kvstepFrame().meta.run.prompt_tokens * 4096`) {
			t.Errorf("%s: %s", lang, p.text("real-rows"))
		}
		if s := p.text("real-wall"); !strings.Contains(s, "16.1 GB") || !strings.Contains(s, "80.0 GB") || !strings.Contains(s, "8,192") {
			t.Errorf("%s: %q", lang, s)
		}
		// On a smaller card the context of a longer-winded model does not fit.
		p.js(`for (const [name, value] of [["model", "Qwen2.5-7B"], ["device", "T4-16GB"]]) document.querySelector("[data-testid=real-" + name + "]").value = value; document.querySelector("[data-testid=real-device]").dispatchEvent(new Event("change", {bubbles: true}))`)
		p.until(`kvstepFrame().meta.real?.room.full`)
		full := eval[int](p, `kvstepFrame().meta.real.room.full`)
		p.until(`document.querySelector("[data-testid=real-wall]").textContent.includes((` + strconv.Itoa(full) + `).toLocaleString("en"))`)
		if now := eval[int](p, counters); now != at || now == 0 {
			t.Errorf("%s: the counters stand at %d, before at %d", lang, now, at)
		}
		p.axe("real size in " + lang)
		p.clean()
	}
}
