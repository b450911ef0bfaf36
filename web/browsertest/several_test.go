package browsertest

import (
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
)

const (
	rosa = "Sam gave a green book to Rosa. Rosa gave the book to Leo."
	kite = "Sam gave a green book to Rosa. Rosa has a kite."
	tom  = "Tom has a red ball."
)

// three requests, the second of which begins like the first.
func three(schedule string) sim.Recipe {
	return sim.Recipe{Prompt: rosa, MaxNew: 6, Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 4}, Batch: &sim.Batch{
		Schedule: schedule, Slots: 2, Chunk: 8, Share: true,
		Requests: []sim.Request{{Prompt: kite, MaxNew: 5, Arrive: 2}, {Prompt: tom, MaxNew: 4, Arrive: 3}},
	}}
}

// threeLink is the same as a link.
func threeLink(lang, schedule string) string {
	v := url.Values{"lang": {lang}, "prompt": {rosa}, "new": {"6"}, "cache": {"paged:4"}, "schedule": {schedule}, "slots": {"2"}, "chunk": {"8"}, "share": {"1"},
		"req": {"2:5:" + kite, "3:4:" + tom}}
	return "/lab?" + v.Encode()
}

// TestABatchOnScreen: the grid, the waits and the strips say what the trace says,
// pass by pass, in both languages; the picked request is the one that is shown.
func TestABatchOnScreen(t *testing.T) {
	t.Parallel()
	perPass := stepsPerPass(t)
	for _, c := range []struct{ lang, schedule string }{{"en", sim.ScheduleContinuous}, {"zh", sim.ScheduleStatic}} {
		want := steps(t, three(c.schedule))
		p := open(t, threeLink(c.lang, c.schedule))
		p.at(-1)
		for n := perPass - 1; n < len(want); n += perPass {
			p.click("do-token")
			p.at(n)
			p.compareGrid(want[:n+1])
		}
		p.compareStrips(&want[len(want)-1])
		if n := eval[int](p, `Number(document.querySelector("[data-testid=timeline]").getAttribute("aria-valuemax"))`); n != len(want)-1 {
			t.Errorf("%s: the timeline ends at %d, the run at %d", c.schedule, n, len(want)-1)
		}
		p.compareWaits(want[len(want)-1].Schedule)
		p.axe("a batch in " + c.lang)
		p.clean()
	}
}

// tight is the same without blocks for all of it, at once.
func tight(schedule string) sim.Recipe {
	r := three(schedule)
	r.Cache.Budget = 8 * 4 * 5120
	r.Batch.Slots, r.Batch.Chunk, r.Batch.Share = 3, 0, false
	r.Batch.Requests[0].Arrive, r.Batch.Requests[1].Arrive = 0, 0
	return r
}

func tightLink(lang, schedule string) string {
	v := url.Values{"lang": {lang}, "prompt": {rosa}, "new": {"6"}, "cache": {"paged:4"}, "budget": {"163840"}, "schedule": {schedule}, "slots": {"3"},
		"req": {"0:5:" + kite, "0:4:" + tom}}
	return "/lab?" + v.Encode()
}

// TestAPreemptedBatchOnScreen: who gives its blocks back is drawn as the trace has it, with
// what it recomputes, and told in words.
func TestAPreemptedBatchOnScreen(t *testing.T) {
	t.Parallel()
	perPass := stepsPerPass(t)
	for _, c := range []struct{ lang, schedule, gives, again string }{
		{"en", sim.ScheduleContinuous, "gives its blocks back", "recomputed"}, {"zh", sim.ScheduleStatic, "归还它的块", "重算"},
	} {
		want := steps(t, tight(c.schedule))
		p := open(t, tightLink(c.lang, c.schedule))
		p.at(-1)
		preempted, recomputed := 0, 0
		for n := 0; n < len(want); n += perPass {
			p.click("do-layer")
			p.at(n)
			text := eval[string](p, `document.querySelector("[data-testid=details] [data-says]").textContent`)
			before := sim.Schedule{Requests: make([]sim.RequestState, 3)}
			if n > 0 {
				before = *want[n-1].Schedule
			}
			gives, again := false, false
			for seq, q := range want[n].Schedule.Requests {
				gives, again = gives || q.Preempted > before.Requests[seq].Preempted, again || q.Recomputing > 0
			}
			if strings.Contains(text, c.gives) != gives || strings.Contains(text, c.again) != again {
				t.Errorf("step %d: somebody is preempted: %v, recomputed: %v; the page says %q", n, gives, again, text)
			}
			if gives {
				preempted++
				p.axe("a request is preempted, in " + c.lang)
			}
			if again {
				recomputed++
			}
			p.click("do-token")
			p.at(n + perPass - 1)
			p.compareGrid(want[:n+perPass])
		}
		if preempted == 0 || recomputed == 0 {
			t.Errorf("%s: preempted %d times, recomputed %d times", c.schedule, preempted, recomputed)
		}
		p.compareWaits(want[len(want)-1].Schedule)
		p.axe("a preempted batch, in " + c.lang)
		p.clean()
	}
}

// compareGrid checks the columns of the schedule against the passes.
func (p *page) compareGrid(steps []sim.Step) {
	p.t.Helper()
	last := steps[len(steps)-1]
	p.until(fmt.Sprintf(`document.querySelectorAll("[data-testid=schedule-grid] thead button[data-pass]").length === %d`, last.Pass+1))
	got := eval[[][][3]string](p, `[...document.querySelectorAll("[data-testid=schedule-grid] tbody tr")].map((tr) => [...tr.querySelectorAll("td")].map((td) => [td.dataset.kind, td.dataset.rows, td.dataset.again]))`)
	lines := eval[map[string][]string](p, `Object.fromEntries([...document.querySelectorAll("[data-testid=schedule-grid] tfoot tr")].map((tr) => [tr.dataset.line, [...tr.querySelectorAll("td")].map((td) => td.textContent)]))`)
	padded := eval[[]int](p, `[...document.querySelectorAll("[data-testid=schedule-grid] thead button[data-pass]")].map((_, i) => [...document.querySelectorAll("[data-testid=schedule-grid] tbody tr")].reduce((n, tr) => n + Number(tr.querySelectorAll("td")[i].dataset.padded), 0))`)
	for _, s := range steps {
		if s.Part != sim.HeadPart {
			continue
		}
		for seq, q := range s.Schedule.Requests {
			if got[seq][s.Pass][1] != strconv.Itoa(q.Rows) {
				p.t.Errorf("pass %d of request %d: %v on the page, %d rows in the trace", s.Pass, seq, got[seq][s.Pass], q.Rows)
			}
			if got[seq][s.Pass][2] != strconv.Itoa(q.Recomputing) || (got[seq][s.Pass][0] == "preempted") != (q.State == sim.RequestPreempted) {
				p.t.Errorf("pass %d of request %d: %v on the page, %+v in the trace", s.Pass, seq, got[seq][s.Pass], q)
			}
			waits := q.State == sim.RequestWaiting && q.Arrive <= s.Pass
			if waits != (got[seq][s.Pass][0] == "waiting") {
				p.t.Errorf("pass %d of request %d: %s on the page, %s in the trace", s.Pass, seq, got[seq][s.Pass][0], q.State)
			}
		}
		if lines["rows"][s.Pass] != strconv.Itoa(s.Schedule.Rows) || lines["idle"][s.Pass] != strconv.Itoa(s.Schedule.Idle) || padded[s.Pass] != s.Schedule.Padded {
			p.t.Errorf("pass %d: %s rows, %s idle, %d padded on the page; the trace has %+v", s.Pass, lines["rows"][s.Pass], lines["idle"][s.Pass], padded[s.Pass], s.Schedule)
		}
	}
}

// compareWaits checks the table of what each request waited for.
func (p *page) compareWaits(s *sim.Schedule) {
	p.t.Helper()
	got := eval[[][2]string](p, `[...document.querySelectorAll("[data-testid=schedule-requests] tbody tr")].map((tr) => [tr.dataset.ttft, tr.dataset.tpot])`)
	for seq, q := range s.Requests {
		first, each := q.First-min(q.Arrive, q.Started)+1, float64(q.Ended-q.First)/float64(q.NumGenerated-1)
		if x, _ := strconv.ParseFloat(got[seq][1], 64); got[seq][0] != strconv.Itoa(first) || math.Abs(x-each) > 1e-9 {
			p.t.Errorf("request %d waited %v on the page; %d and %v in the trace", seq, got[seq], first, each)
		}
	}
}

// compareStrips checks the caches of a pass, block by block.
func (p *page) compareStrips(s *sim.Step) {
	p.t.Helper()
	got := eval[map[string][][2]int](p, `Object.fromEntries([...document.querySelectorAll("[data-strip]")].map((li) => [li.dataset.strip, [...li.querySelectorAll("[data-block]")].map((b) => [Number(b.dataset.block), Number(b.dataset.refs)])]))`)
	peers := s.PassSteps
	if peers == nil {
		peers = []*sim.Step{s}
	}
	if len(got) != len(peers) {
		p.t.Fatalf("%d strips for %d sequences", len(got), len(peers))
	}
	for _, peer := range peers {
		use := peer.KV.Usage()
		for i, b := range use.Table {
			if g := got[strconv.Itoa(peer.Seq)]; len(g) != len(use.Table) || g[i] != [2]int{b, use.Refs[i]} {
				p.t.Errorf("sequence %d: blocks %v on the page, %v used by %v in the trace", peer.Seq, g, use.Table, use.Refs)
				break
			}
		}
	}
}

// TestLookingAtARequest: the picker, the grid's own buttons and the q key choose
// whose attention, cache and text are on screen.
func TestLookingAtARequest(t *testing.T) {
	t.Parallel()
	want := steps(t, three(sim.ScheduleContinuous))
	n := 0 // the first head step at which two requests have tokens
	for i, s := range want {
		if s.Part == sim.HeadPart && len(s.PassSteps) == 2 && s.PassSteps[0].Token >= 0 && s.PassSteps[1].Token >= 0 {
			n = i
			break
		}
	}
	p := open(t, threeLink("en", sim.ScheduleContinuous)+"&step="+strconv.Itoa(n))
	p.at(n)
	for _, way := range []string{`document.querySelector("[name=pick-seq][value='1']").click()`, `document.querySelector("[data-testid=schedule-grid] [data-seq='0']").click()`, "q"} {
		if seq := 1; way == "q" {
			p.js(`document.activeElement.blur()`)
			p.press("q")
			p.looksAt(&want[n], seq)
		} else {
			if strings.Contains(way, "'0'") {
				seq = 0
			}
			p.js(way)
			p.looksAt(&want[n], seq)
		}
	}
	if q := eval[string](p, `kvstepFrame().meta.link`); !strings.Contains(q, "seq=1") {
		t.Errorf("link %s", q)
	}
	if s := p.text("text"); !strings.Contains(s, "has a kite") {
		t.Errorf("the text of request 1 is %q", s)
	}
	// Another token can be chosen for request 0 only.
	if eval[bool](p, `!!document.querySelector("[data-testid=top] [role=option]")`) {
		t.Error("request 1 offers other tokens")
	}
	p.clean()
}

// looksAt checks that a sequence's own cache and token are shown.
func (p *page) looksAt(s *sim.Step, seq int) {
	p.t.Helper()
	p.until(fmt.Sprintf(`kvstepFrame().meta.peers.seq === %d && document.querySelector("[name=pick-seq][value='%d']").checked`, seq, seq))
	peer := s.ForSequence(seq)
	p.until(fmt.Sprintf(`document.querySelector("[data-testid=kv-bytes]").dataset.value === "%d"`, peer.KV.Bytes()))
	if id := eval[string](p, `document.querySelector("[data-testid=top] li.chosen").dataset.id`); id != strconv.Itoa(peer.Token) {
		p.t.Errorf("sequence %d: token %s is chosen on the page, %d in the trace", seq, id, peer.Token)
	}
}

// TestBothSchedules: one press runs the other schedule too, and the totals are
// those of the traces; another makes it the run on screen.
func TestBothSchedules(t *testing.T) {
	t.Parallel()
	perPass := stepsPerPass(t)
	p := open(t, threeLink("en", sim.ScheduleContinuous)+"&step="+strconv.Itoa(perPass-1))
	p.at(perPass - 1)
	p.click("versus-ask")
	p.until(`!document.querySelector("[data-testid=versus-table]").hidden`)
	rows := eval[map[string][]string](p, `Object.fromEntries([...document.querySelectorAll("[data-testid=versus-table] tbody tr")].map((tr) => [tr.dataset.row, [...tr.querySelectorAll("td")].map((td) => td.textContent)]))`)
	for i, schedule := range []string{sim.ScheduleStatic, sim.ScheduleContinuous} {
		all := steps(t, three(schedule))
		last, computed, padded, first := all[len(all)-1], 0, 0, 0
		for _, s := range all {
			if s.Part == sim.HeadPart {
				computed, padded = computed+s.Schedule.Rows, padded+s.Schedule.Padded
			}
		}
		for _, q := range last.Schedule.Requests {
			first += q.First - min(q.Arrive, q.Started) + 1
		}
		for row, want := range map[string]string{"passes": strconv.Itoa(last.Pass + 1), "rows": strconv.Itoa(computed), "ttft": fmt.Sprintf("%.2f", float64(first)/3)} {
			if rows[row][i] != want {
				t.Errorf("%s, %s: %s on the page, %s in the trace", schedule, row, rows[row][i], want)
			}
		}
		if got, _, _ := strings.Cut(rows["padded"][i], " "); got != strconv.Itoa(padded) {
			t.Errorf("%s: %s rows of padding on the page, %d in the trace", schedule, got, padded)
		}
	}
	p.click("versus-go")
	p.until(`kvstepFrame().meta.run.recipe.batch.schedule === "static" && !kvstepFrame().meta.step`)
	p.clean()
}

// TestAskingForSeveral: the form's own fields make the batch; beam search is one
// of the ways to choose a token.
func TestAskingForSeveral(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en")
	p.fill("prompt", tom)
	p.fill("new", "4")
	p.js(`document.querySelector("[data-testid=several]").open = true`)
	p.click("several-add")
	p.js(`const f = document.querySelector("[data-testid=several-prompt]"); f.value = "Anna has a kite."`)
	p.js(`document.querySelector("[data-testid=several-arrive]").value = "1"; document.querySelector("[data-testid=several-new]").value = "3"; document.querySelector("[data-testid=several-share]").checked = true`)
	p.fill("several-slots", "2")
	p.js(`document.querySelector("[data-testid=several]").open = false`)
	p.click("run")
	p.until(`kvstepFrame().meta.schedule?.requests.length === 2`)
	got := eval[sim.Recipe](p, `kvstepFrame().meta.run.recipe`)
	if b := got.Batch; b.Slots != 2 || !b.Share || got.Cache.Kind != sim.CachePaged || b.Requests[0].Prompt != "Anna has a kite." || b.Requests[0].Arrive != 1 || b.Requests[0].MaxNew != 3 {
		t.Errorf("the recipe is %+v, %+v", got, b)
	}
	// Without the second prompt it is a plain run again.
	p.js(`document.querySelector("[data-testid=several]").open = true`)
	p.click("several-remove")
	p.js(`document.querySelector("[data-testid=several]").open = false; document.querySelector("[data-testid=settings]").open = true`)
	p.js(`const s = document.querySelector("[data-testid=sampler]"); s.value = "beam"; s.dispatchEvent(new Event("change", {bubbles: true}))`)
	p.fill("set-w", "3")
	p.js(`document.querySelector("[data-testid=settings]").open = false`)
	p.click("run")
	p.until(`kvstepFrame().meta.peers?.kind === "beam" && !kvstepFrame().meta.schedule`)
	if s := eval[sim.Recipe](p, `kvstepFrame().meta.run.recipe`).Sampler; s.Kind != "beam" || s.Width != 3 || s.Length != 1 {
		t.Errorf("the sampler is %+v", s)
	}
	p.clean()
}

// TestABeamSearchOnScreen: the tree's numbers are the trace's, keys walk it, and
// the finished texts stand in order with the answer marked.
func TestABeamSearchOnScreen(t *testing.T) {
	t.Parallel()
	perPass := stepsPerPass(t)
	r := sim.Recipe{Prompt: tom, MaxNew: 8, Sampler: sim.Sampler{Kind: "beam", Width: 3, Length: 1}, Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 4}}
	want := steps(t, r)
	p := open(t, "/lab?"+url.Values{"lang": {"en"}, "prompt": {tom}, "new": {"8"}, "sampler": {"beam"}, "w": {"3"}, "cache": {"paged:4"}}.Encode())
	p.at(-1)
	nodes := 0
	for n := perPass - 1; n < len(want); n += perPass {
		p.click("do-token")
		p.at(n)
		live := want[n].Beams.Live
		nodes += len(live)
		p.until(fmt.Sprintf(`document.querySelectorAll("[data-testid=beam-tree] [data-node]").length === %d`, nodes))
		said := eval[[]string](p, `[...document.querySelectorAll("[data-testid=beam-tree] [data-node]")].map((b) => b.querySelector(".spoken").textContent)`)[nodes-len(live):]
		for i, b := range live {
			for _, number := range []string{fmt.Sprintf("beam %d", i), fmt.Sprintf("%.4f (", b.LogProb), fmt.Sprintf("sum of the text %.4f", b.Sum)} {
				if number == "-0.0000 (" || number == "0.0000 (" {
					continue
				}
				if !strings.Contains(said[i], number) {
					t.Errorf("step %d: %q does not say %s", n, said[i], number)
				}
			}
		}
		p.compareStrips(&want[n])
	}
	finished := eval[[][2]string](p, `[...document.querySelectorAll("[data-testid=beams-finished] tbody tr")].map((tr) => [tr.dataset.score, tr.className])`)
	for i, f := range want[len(want)-1].Beams.Finished {
		if x, _ := strconv.ParseFloat(finished[i][0], 32); float32(x) != float32(f.Score) || (finished[i][1] == "answer") != (i == 0) {
			t.Errorf("finished %d: %v on the page, %v in the trace", i, finished[i], f.Score)
		}
	}
	p.focus(`[data-testid=beam-tree] [tabindex="0"]`)
	p.press(kb.Home)
	p.press(kb.ArrowDown)
	if s := p.text("beams-says"); !strings.Contains(s, "beam 1 after pass 0") {
		t.Errorf("the readout says %q", s)
	}
	p.js(`document.querySelector("[data-testid=beams-table]").open = true`)
	p.until(fmt.Sprintf(`document.querySelectorAll("[data-testid=beams-table] tbody tr").length === %d`, nodes))
	p.axe("a beam search")
	p.clean()
}

// TestHandoutsOfSeveral: a copy in one file has the schedule, and the tree, as
// the run on the server had them, and nothing in it that cannot be done there.
func TestHandoutsOfSeveral(t *testing.T) {
	t.Parallel()
	beam := "/lab?" + url.Values{"lang": {"en"}, "prompt": {tom}, "new": {"4"}, "sampler": {"beam"}, "w": {"2"}, "cache": {"paged:4"}}.Encode()
	for name, c := range map[string]struct {
		link   string
		recipe sim.Recipe
	}{
		"batch":           {threeLink("en", sim.ScheduleContinuous), three(sim.ScheduleContinuous)},
		"preempted batch": {tightLink("en", sim.ScheduleContinuous), tight(sim.ScheduleContinuous)},
		"beam":            {beam, sim.Recipe{Prompt: tom, MaxNew: 4, Sampler: sim.Sampler{Kind: "beam", Width: 2, Length: 1}, Cache: sim.CachePolicy{Kind: sim.CachePaged, Block: 4}}},
	} {
		all := steps(t, c.recipe)
		last := len(all) - 1
		p := open(t, c.link+"&step="+strconv.Itoa(last))
		p.at(last)
		file, data := p.take("html")
		p.clean()
		path := filepath.Join(t.TempDir(), file)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		h := openFile(t, path)
		h.at(last)
		if name != "beam" {
			h.compareGrid(all)
			if eval[bool](h, `!!document.querySelector("[data-testid=schedule-grid] [data-seq], [data-strip] button") || !!document.querySelector("[data-testid=versus]")`) {
				t.Error("the copy offers what it cannot do")
			}
			h.click("do-back-token")
			h.at(last - stepsPerPass(t))
			h.compareGrid(all[:last-stepsPerPass(t)+1])
		} else {
			nodes := 0
			for _, s := range all {
				if s.Beams != nil {
					nodes += len(s.Beams.Live)
				}
			}
			h.until(fmt.Sprintf(`document.querySelectorAll("[data-testid=beam-tree] [data-node]").length === %d`, nodes))
			h.compareStrips(&all[last])
		}
		h.axe("a handout of a " + name)
		h.clean()
	}
}
