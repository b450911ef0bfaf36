// Package export makes the files that people take away: a run, or what is on
// screen at one moment of it, named by a link. The recipe of a link determines
// every number, so a file is made by running it again, and no file needs a room.
package export

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/export"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/run"
	"kvstep/sim/sheet"
	"kvstep/sim/tape"
	"kvstep/web/limits"
	"kvstep/web/wire"
)

// maxRows bounds the memory of a run's rows, as a room's tape does.
const maxRows = 64 << 20

// File is one file to take away.
type File struct {
	Name string // says model, step, layer and head; plain ASCII
	Type string // media type
	Data []byte
}

// Request is a link and how far its run has gone: steps 0 to To.
type Request struct {
	wire.Link
	To int
}

// Parse reads the query of a request: a link, and "to" (the link's step, if it
// is left out).
func Parse(query string) (Request, error) {
	link, err := wire.ParseLink(query)
	return Request{link, max(link.Recorded-1, link.Step)}, err
}

// rerun are the steps of a request, run again.
type rerun struct {
	Request
	within    limits.Limits
	model     *library.Loaded
	prompt    []int
	plan      *run.Plan
	shapes    shapes
	chosen    choice // what a handout holds
	steps     []sim.Step
	kept      *lens.Kept   // what frames have worked out of them
	memory    *sim.Memory  // what they take
	abandoned func() error // passes the turn on, and tells why nobody waits for the file any more
	turn      turn
}

// Step returns one of them, for wire and sim/breakpoint.
func (r *rerun) Step(n int) *sim.Step { return &r.steps[n] }

// prepare opens the model of a request and plans its run, of which no step is computed yet.
func prepare(ctx context.Context, models *library.Library, q Request, within limits.Limits) (*rerun, error) {
	m, err := models.GetWhile(ctx, q.Recipe.Model)
	if err != nil {
		return nil, err
	}
	q.Recipe = m.Filled(q.Recipe, q.Lang)
	q.Recipe.Model = m.Name
	if q.Recipe.Draft != "" { // Prepare would wait for it whatever ctx says; what is wrong with it Prepare tells
		if _, err := models.GetWhile(ctx, q.Recipe.Draft); err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	r := &rerun{Request: q, within: within, model: m, turn: turn{pool: workers}}
	if r.prompt, err = m.Prepare(q.Recipe); err != nil {
		return nil, err
	}
	r.plan = run.NewPlan(m, q.Recipe, r.prompt)
	r.shapes = shapesOf(m, q.Recipe, r.prompt, r.plan)
	r.To = min(r.To, r.plan.MostSteps-1) // links name steps that no run has
	r.memory = sim.NewMemory(models.Memory(), "memory.room", 0)
	r.kept = lens.NewKept(r.memory)
	whole := ctx
	r.abandoned = func() error { return r.turn.pass(whole) }
	return r, nil
}

// run computes the steps of a request, up to its last; memory counts what the run itself holds.
// What takes too long is a Problem that says how far it came.
func (r *rerun) run(ctx context.Context) iter.Seq2[*sim.Step, error] {
	return func(yield func(*sim.Step, error) bool) {
		ctx, cancel := context.WithTimeout(ctx, r.within.Patience())
		defer cancel()
		started, n := time.Now(), 0
		if err := r.turn.begin(ctx); err != nil {
			yield(nil, late(err, n, r.within))
			return
		}
		if r.To < 0 {
			return
		}
		clock := func() float64 { return time.Since(started).Seconds() }
		for s, err := range run.StepsWithin(ctx, r.memory, r.model, r.Recipe, clock) {
			if err != nil {
				yield(nil, late(err, n, r.within))
				return
			}
			if n++; !yield(&s, nil) || s.N == r.To {
				return
			}
			if err := r.turn.pass(ctx); err != nil {
				yield(nil, late(err, n, r.within))
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, late(err, n, r.within))
		}
	}
}

// keep runs a request and keeps its steps. What grows too large is a Problem.
func (r *rerun) keep(ctx context.Context) error {
	rows := int64(0)
	for s, err := range r.run(ctx) {
		if err != nil {
			return err
		}
		size := tape.MemoryOf(s)
		if rows += size; rows > maxRows {
			return tooLarge(s.N, s.N-1, maxRows)
		}
		r.memory.Add(size)
		r.steps = append(r.steps, *s)
	}
	r.To, r.Link.Step = len(r.steps)-1, min(r.Link.Step, len(r.steps)-1)
	r.chosen = r.choose(r.within.Handout)
	return nil
}

// choose returns what a handout of at most limit bytes holds of the steps that there are, or are asked for.
func (r *rerun) choose(limit int64) choice {
	return r.shapes.choose(max(min(r.Link.Step, r.To), 0), r.To, min(r.Link.View.Head, r.shapes.c.Heads-1), int(limit))
}

// tooLarge is the Problem of a file that would hold more than limit bytes with steps 0 to step;
// up to step fits it would not.
func tooLarge(step, fits, limit int) error {
	return sim.NewProblem("take.large", "Step", step, "Fits", max(fits, 0), "Max", limit/1e6)
}

// late turns the deadline of a run into a Problem that says how far it came.
func late(err error, step int, within limits.Limits) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return sim.NewProblem("take.time", "Seconds", int(within.Wait), "Step", step)
	}
	return err
}

// close gives back what a file was made with.
func (r *rerun) close() {
	r.turn.end()
	r.memory.Close()
}

// Make makes, within limits, the file of a kind: "jsonl", "safetensors", "csv", "html" or "schedules".
func Make(
	ctx context.Context, models *library.Library, kind string, q Request, version string, within limits.Limits,
) (*File, error) {
	if kind == "schedules" {
		return schedules(ctx, models, q, within)
	}
	ctx, cancel := context.WithTimeout(ctx, within.Answer())
	defer cancel()
	var f *File
	r, err := prepare(ctx, models, q, within)
	if err == nil {
		defer r.close()
		f, err = r.make(ctx, kind, version)
	}
	if errors.Is(err, context.DeadlineExceeded) && !errors.As(err, new(*sim.Problem)) {
		steps := 0
		if r != nil {
			steps = len(r.steps)
		}
		return nil, sim.NewProblem("take.time", "Seconds", int(within.Answer()/time.Second), "Step", steps)
	}
	return f, err
}

// make makes the file of a kind. One that would be too large is refused before anything is run.
func (r *rerun) make(ctx context.Context, kind, version string) (*File, error) {
	// A handout shows what waits; other files have nothing to say of no step.
	if r.To < 0 && kind != "html" || kind == "csv" && r.Link.Step < 0 {
		return nil, sim.NewProblem("take.empty")
	}
	if size := r.size(kind); size.Fits != nil {
		return nil, tooLarge(r.To, *size.Fits, size.Limit)
	}
	if kind == "jsonl" { // needs no step twice
		return r.jsonl(ctx)
	}
	if err := r.keep(ctx); err != nil {
		return nil, err
	}
	switch kind {
	case "safetensors":
		return r.safetensors()
	case "csv":
		return r.csv()
	case "html":
		return r.handout(version)
	}
	return nil, fmt.Errorf("take: no kind %q", kind)
}

// stillWanted passes the turn on, and returns why nobody waits for the file any more, nil while somebody does.
func (r *rerun) stillWanted() error {
	if r.abandoned == nil {
		return nil
	}
	return r.abandoned()
}

// jsonl returns what kvstep trace --format jsonl prints. It keeps no step.
func (r *rerun) jsonl(ctx context.Context) (*File, error) {
	var b bytes.Buffer
	steps := 0
	err := export.WriteTrace(&b, func(yield func(*sim.Step, error) bool) {
		for s, err := range r.run(ctx) {
			if err == nil {
				steps++
			}
			if !yield(s, err) {
				return
			}
		}
	})
	return &File{r.runName(steps, ".jsonl"), "application/jsonl", b.Bytes()}, err
}

// safetensors returns every number of the run.
func (r *rerun) safetensors() (*File, error) {
	f, err := export.Safetensors(r.model, r.Recipe, r.steps)
	if err != nil {
		return nil, err
	}
	name := r.runName(len(r.steps), ".safetensors")
	return &File{name, "application/octet-stream", checkpoint.AppendSafetensors(nil, f)}, nil
}

// csv returns what is on screen at the link's step.
func (r *rerun) csv() (*File, error) {
	m := r.moment(r.Link.Step)
	b := bytes.NewBufferString(sheet.BOM) // a person will open it
	err := writeCSV(b, &m.Moment)
	return &File{r.momentName(m, "csv"), "text/csv; charset=utf-8", b.Bytes()}, err
}

// moment returns step n as the link looks at it.
func (r *rerun) moment(n int) *wire.Frame {
	link := r.Link.Alone()
	link.Step, link.Breaks = n, nil
	m := &wire.Frame{Seq: n + 2, Link: link, Moment: lens.Moment{
		Model: r.model, Recipe: r.Recipe, Prompt: len(r.prompt), Waiting: r.prompt, Plan: r.plan,
		View: link.View, Marks: link.Marks, Recorded: len(r.steps), Ended: sim.FinishStop, Kept: r.kept,
	}}
	if last := len(r.steps) - 1; last >= 0 {
		m.Ended = cmp.Or(r.steps[last].RunFinishReason, sim.FinishStop) // what is not recorded cannot be gone to
	}
	m.Place(n, r.Step)
	return m
}

var unsafe = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// runName names a file of all steps: "kvstep-story-steps0-5.jsonl" of six.
func (r *rerun) runName(n int, end string) string {
	return r.spanName(0, n-1, end)
}

// spanName names a file of steps first to last.
func (r *rerun) spanName(first, last int, end string) string {
	steps := "start"
	if last >= first {
		steps = fmt.Sprintf("steps%d-%d", first, last)
	}
	return fmt.Sprintf("kvstep-%s-%s%s", unsafe.ReplaceAllString(r.model.Name, "_"), steps, end)
}

// handoutName names a handout by what it shows: "kvstep-story-Tom-has-a-red-ball-step9-handout.html".
func (r *rerun) handoutName() string {
	step := "start"
	if r.Link.Step >= 0 {
		step = fmt.Sprintf("step%d", r.Link.Step)
	}
	parts := []string{"kvstep", unsafe.ReplaceAllString(r.model.Name, "_"), slug(r.Recipe.Prompt), step}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "-") + "-handout.html"
}

// maxSlug is how many letters of a prompt a name has.
const maxSlug = 40

// slug writes a text as a part of a file's name that every system takes: letters and digits of any
// script, and hyphens between them.
func slug(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	s := []rune(strings.Join(words, "-"))
	return strings.Trim(string(s[:min(len(s), maxSlug)]), "-")
}

// momentName names a file of one moment.
func (r *rerun) momentName(m *wire.Frame, ext string) string {
	return fmt.Sprintf("kvstep-%s-step%d-layer%d-head%d.%s", unsafe.ReplaceAllString(r.model.Name, "_"),
		r.Link.Step, m.Layer(), m.Head(), ext)
}
