package browsertest

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// traceEvent is one thing that the browser noted while it was traced. Times are
// microseconds; Own is the time that the thread had a processor.
type traceEvent struct {
	Name string
	PID  int
	TID  int
	At   float64 `json:"ts"`
	Long float64 `json:"dur"`
	Own  float64 `json:"tdur"`
	Args struct {
		Name string // of a thread
		Data struct{ Type string }
	}
}

// trace is what the page's main thread did while do ran, in the order in which it began.
func (p *page) trace(do func()) []traceEvent {
	p.t.Helper()
	var noted []traceEvent
	done := make(chan error, 1)
	err := chromedp.Listen(p.ctx, func(event any) {
		switch e := event.(type) {
		case *tracing.EventDataCollected:
			for _, v := range e.Value {
				var n traceEvent
				if err := json.Unmarshal(v, &n); err == nil { // arguments of other events are of other kinds
					noted = append(noted, n)
				}
			}
		case *tracing.EventTracingComplete:
			done <- nil
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	config := tracing.TraceConfig{IncludedCategories: []string{"devtools.timeline", "disabled-by-default-devtools.timeline", "v8"}}
	if _, err := chromedp.Call(p.ctx, tracing.Start, tracing.StartParams{TraceConfig: &config}); err != nil {
		p.t.Fatal(err)
	}
	do()
	if _, err := chromedp.Call(p.ctx, tracing.End, cdp.Empty{}); err != nil {
		p.t.Fatal(err)
	}
	<-done
	// The page's is the busiest of the main threads.
	type thread struct{ pid, tid int }
	main, spent := map[thread]bool{}, map[thread]float64{}
	for _, n := range noted {
		at := thread{n.PID, n.TID}
		main[at] = main[at] || n.Name == "thread_name" && n.Args.Name == "CrRendererMain"
		spent[at] += n.Own
	}
	var page thread
	for at := range main {
		if main[at] && spent[at] > spent[page] {
			page = at
		}
	}
	noted = slices.DeleteFunc(noted, func(n traceEvent) bool { return thread{n.PID, n.TID} != page || n.At == 0 })
	slices.SortStableFunc(noted, func(a, b traceEvent) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(b.Long, a.Long)) })
	return noted
}

// scripts are what the browser calls script: whatever runs below them (style,
// layout, collecting garbage) delays the frame as they do, and is theirs.
var scripts = map[string]bool{
	"EvaluateScript": true, "EventDispatch": true, "FireAnimationFrame": true, "FireIdleCallback": true, "FunctionCall": true,
	"RunMicrotasks": true, "TimerFire": true, "v8.callFunction": true, "v8.compile": true, "v8.evaluateModule": true,
}

// script sums up the milliseconds of script by step, which begins with a pressed
// key, and by frame: all since the frame before was handed on to be drawn, so that
// a key, a message and what they paint count as one.
func script(noted []traceEvent) (steps, frames []float64) {
	end, outer, frame := 0.0, 0.0, 0.0
	close := func() {
		frame += outer
		if len(steps) > 0 {
			steps[len(steps)-1] += outer
		}
		outer = 0
	}
	for _, n := range noted {
		switch {
		case n.Name == "BeginCommitCompositorFrame":
			close()
			frames, frame = append(frames, frame), 0
		case scripts[n.Name] && n.At >= end:
			close()
			end, outer = n.At+n.Long, n.Own/1000
		}
		if n.Name == "EventDispatch" && n.Args.Data.Type == "keydown" {
			steps = append(steps, 0) // the script that pressed the key belongs to it
		}
	}
	close()
	return steps, append(frames, frame)
}
