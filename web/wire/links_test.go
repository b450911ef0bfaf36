package wire

import (
	"context"
	"errors"
	"testing"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/run"
)

// links have once ended the server, or are siblings of such. problem is why a run ends
// early or does not begin, "" where it goes to its end.
var links = []struct{ name, query, problem string }{
	{"nobody in the pass", "?budget=1&cache=paged:8&schedule=static&req=0:4:cat&prompt=Once&step=0", "kv.memory"},
	{"nobody in the pass, continuous", "?budget=1&cache=paged:8&schedule=continuous&chunk=1&req=0:4:cat&req=1048576:4:cat&prompt=Once", "kv.memory"},
	{"room for one block", "?budget=65536&cache=paged:4&schedule=static&slots=3&share=1&prompt=Once+upon+a+time&new=4&req=0:4:Once+upon+a+time+there&req=0:4:cat&req=9:4:Once+upon", ""},
	{"beyond float32", "?rp=1e-300&show=choice&prompt=Once+upon+a+time&step=5", "recipe.range"},
	{"beyond float32 downwards", "?rp=1e300&show=choice&prompt=Once+upon+a+time&step=5", "recipe.range"},
	{"the least penalty", "?rp=0.01&sampler=sample&t=5e-324&p=0.0001&show=choice&prompt=Once+upon+a+time&new=9", ""},
	{"the hottest", "?rp=100&sampler=sample&t=100&minp=1&show=choice&prompt=Once+upon+a+time&new=9", ""},
	{"prefill alone", "?new=0&schedule=continuous&chunk=2&req=0:0:cat&req=1:3:Once+upon+a+time&show=choice&prompt=Once+upon+a+time&break=top", ""},
	{"beams with the least length penalty", "?sampler=beam&lp=-10&w=8&show=beams&prompt=Once+upon+a+time&new=9", ""},
	{"nothing chosen before", "?break=top&chunk=4&schedule=continuous&step=30&prompt=Once+upon+a+time", ""},
	{"nothing chosen before, of another request", "?break=top&chunk=3&schedule=continuous&seq=1&prompt=Once&req=0:9:Once+upon+a+time+there+was+a+little+cat", ""},
	{"rejected rows beyond the cache", "?cache=int8:token&draft=story-draft&show=rows&prompt=Once+upon+a+time&step=14", ""},
	{"rejected rows beyond the cache, provenance", "?cache=paged:2&draft=story-draft&propose=16&show=rows&prompt=Once+upon+a+time", ""},
	{"a row that another request stored", "?schedule=static&slots=1&share=1&cache=paged:4&prompt=Once+upon+a+time&req=0:4:Once+upon+a+time&new=2&step=13&seq=1&op=scores&trail=10.scores.0.0.0", ""},
	{"a trail through nowhere", "?prompt=Once+upon+a+time&new=3&op=scores&trail=3.scores.0.0.0~999.K.0.0.0~3.Q.0.0.0", ""},
	{"memory ends in the prompt of a beam search", "?sampler=beam&cache=paged:1&budget=9000&show=beams&prompt=Once+upon+a+time", ""},
	{"groups along tokens under a budget", "?cache=int8:channel:4&budget=24000&prompt=Once+upon+a+time+there+was+a+little+cat&new=9&show=rows", ""},
	{"a request longer than any run", "?schedule=static&req=0:1048576:cat&prompt=Once", "recipe.whole"},
	{"a request of less than nothing", "?schedule=continuous&chunk=1&req=0:-5:cat&prompt=Once", "recipe.whole"},
	{"a request without a prompt", "?schedule=continuous&req=0:5:&prompt=Once", "prompt.empty"},
	{"a prompt of spaces", "?prompt=+&new=2", ""},
	{"evicting requests", "?schedule=continuous&slots=2&cache=h2o:2:1&show=rows&seq=1&prompt=Once+upon+a+time&req=0:6:cat&req=2:6:Once&new=7", ""},
	{"channels of a batch in pieces", "?schedule=continuous&chunk=3&cache=int4:channel:8&show=rows&seq=1&prompt=Once+upon+a+time&req=1:6:Once+upon+a+time+there&new=5", ""},
}

// TestLinksThatMustRun: every step of these runs is a frame, with everything open.
func TestLinksThatMustRun(t *testing.T) {
	models := library.New()
	for _, x := range links {
		t.Run(x.name, func(t *testing.T) {
			m, err := models.Get("")
			if err != nil {
				t.Fatal(err)
			}
			var steps recorded
			var prompt []int
			l, err := ParseLink(x.query)
			if err == nil {
				prompt, err = m.Prepare(l.Recipe)
			}
			if err == nil {
				for s, e := range run.Steps(context.Background(), m, l.Recipe, func() float64 { return 0 }) {
					if err = e; err == nil {
						steps = append(steps, s)
					}
				}
			}
			var p *sim.Problem
			if errors.As(err, &p); (p == nil) != (x.problem == "") || p != nil && p.ID != x.problem {
				t.Errorf("ended with %v, want %q", err, x.problem)
			}
			l.View.Show = lens.Panels
			for n := -1; n < len(steps); n++ {
				showAll(t, models, m, l, prompt, steps, n)
			}
		})
	}
}

// showAll shows a step with every op in turn, as sequence 0 and as the link's.
func showAll(t *testing.T, models *library.Library, m *library.Loaded, l Link, prompt []int, steps recorded, n int) {
	t.Helper()
	x := Frame{Link: l, Moment: lens.Moment{Model: m, Recipe: l.Recipe, Prompt: len(prompt), Waiting: prompt, Recorded: len(steps), View: l.View, Breaks: l.Breaks, Marks: l.Marks, Models: models}}
	for at := range n + 1 {
		for _, p := range l.Breaks {
			if h, ok := p.Hit(m.Model, steps, at); ok {
				x.Hits, x.HitsAt = append(x.Hits, h), append(x.HitsAt, at)
			}
		}
	}
	ops := []string{"", l.View.Op}
	if n%7 == 6 {
		for _, op := range explain.Ops {
			if !op.Constant() {
				ops = append(ops, op.ID)
			}
		}
	}
	for _, op := range ops {
		y := x
		y.Link.Step, y.View.Op = n, op
		y.Place(n, steps.Step)
		if _, err := readable(Encode(nil, &y)); err != nil {
			t.Fatalf("step %d, op %q: %v", n, op, err)
		}
	}
}

// TestPlanOfAnyLink: what a page asks of a recipe before anybody has checked it takes no
// longer for large numbers.
func TestPlanOfAnyLink(t *testing.T) {
	l, err := ParseLink("?schedule=continuous&chunk=1&req=1048576:1048576:cat&prompt=Once&new=1048576")
	if err != nil {
		t.Fatal(err)
	}
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	plan := run.NewPlan(m, l.Recipe, nil)
	if plan.Steps < 2*1048576 || plan.MostTokens < 1048575 {
		t.Errorf("%+v", plan)
	}
}
