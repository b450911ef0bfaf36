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
	"time"

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

const (
	// maxRows bounds the memory of a run's rows, as a room's tape does.
	maxRows = 64 << 20
	// maxFile bounds one file; a handout must also open well in a browser.
	maxFile, maxHandout = 256 << 20, 16 << 20
)

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
	model     *library.Loaded
	prompt    []int
	plan      *run.Plan
	steps     []sim.Step
	memory    *sim.Memory  // what they take
	abandoned func() error // passes the turn on, and tells why nobody waits for the file any more
	turn      turn
}

// Step returns one of them, for wire and sim/breakpoint.
func (r *rerun) Step(n int) *sim.Step { return &r.steps[n] }

// rerunSteps runs a request's recipe up to its last step. What takes too long or
// grows too large is a Problem.
func rerunSteps(ctx context.Context, models *library.Library, q Request, within limits.Limits) (*rerun, error) {
	memory := sim.NewMemory(models.Memory(), "memory.room", 0)
	r := &rerun{Request: q, memory: memory, turn: turn{pool: workers}}
	whole := ctx
	r.abandoned = func() error { return r.turn.pass(whole) }
	well := false
	defer func() {
		if !well { // a panic too
			r.close()
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, within.Patience())
	defer cancel()
	m, err := models.GetWhile(ctx, q.Recipe.Model)
	if err != nil {
		return nil, err
	}
	if q.Recipe.Prompt == "" && len(q.Recipe.Tokens) == 0 {
		d := m.Default(q.Lang)
		q.Recipe.Prompt, q.Recipe.Tokens = d.Prompt, d.Tokens
	}
	q.Recipe.Model = m.Name
	r.Request, r.model = q, m
	if q.Recipe.Draft != "" { // Prepare would wait for it whatever ctx says; what is wrong with it Prepare tells
		if _, err := models.GetWhile(ctx, q.Recipe.Draft); err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if r.prompt, err = m.Prepare(q.Recipe); err != nil {
		return nil, err
	}
	r.plan = run.NewPlan(m, q.Recipe, r.prompt)
	started := time.Now()
	rows := int64(0)
	if err := r.turn.begin(ctx); err != nil {
		return nil, late(err, len(r.steps), within)
	}
	if q.To < 0 {
		well = true
		return r, nil
	}
	for s, err := range run.StepsWithin(ctx, r.memory, m, q.Recipe, func() float64 { return time.Since(started).Seconds() }) {
		if err != nil {
			return nil, late(err, len(r.steps), within)
		}
		size := tape.MemoryOf(&s)
		if rows += size; rows > maxRows {
			return nil, sim.NewProblem("take.large", "Step", s.N, "Max", maxRows>>20)
		}
		r.memory.Add(size)
		if r.steps = append(r.steps, s); s.N == q.To {
			break
		}
		if err := r.turn.pass(ctx); err != nil {
			return nil, late(err, len(r.steps), within)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	well = true
	r.To, r.Link.Step = len(r.steps)-1, min(q.Step, len(r.steps)-1)
	return r, nil
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
func Make(ctx context.Context, models *library.Library, kind string, q Request, version string, within limits.Limits) (*File, error) {
	if kind == "schedules" {
		return schedules(ctx, models, q, within)
	}
	ctx, cancel := context.WithTimeout(ctx, within.Answer())
	defer cancel()
	r, err := rerunSteps(ctx, models, q, within)
	if errors.Is(err, context.DeadlineExceeded) && !errors.As(err, new(*sim.Problem)) { // not even its model is open
		return nil, sim.NewProblem("take.time", "Seconds", int(within.Wait), "Step", 0)
	}
	if err != nil {
		return nil, err
	}
	defer r.close()
	// A handout shows what waits; other files have nothing to say of no step.
	if len(r.steps) == 0 && kind != "html" || kind == "csv" && r.Link.Step < 0 {
		return nil, sim.NewProblem("take.empty")
	}
	var f *File
	limit := maxFile
	switch kind {
	case "jsonl":
		f, err = r.jsonl()
	case "safetensors":
		f, err = r.safetensors()
	case "csv":
		f, err = r.csv()
	case "html":
		limit = maxHandout
		f, err = r.handout(version)
	default:
		return nil, fmt.Errorf("take: no kind %q", kind)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, sim.NewProblem("take.time", "Seconds", int(within.Answer()/time.Second), "Step", len(r.steps))
	}
	if err == nil && len(f.Data) > limit {
		return nil, sim.NewProblem("take.large", "Step", r.To, "Max", limit>>20)
	}
	return f, err
}

// stillWanted passes the turn on, and returns why nobody waits for the file any more, nil while somebody does.
func (r *rerun) stillWanted() error {
	if r.abandoned == nil {
		return nil
	}
	return r.abandoned()
}

func (r *rerun) all() iter.Seq2[*sim.Step, error] {
	return func(yield func(*sim.Step, error) bool) {
		for i := range r.steps {
			if !yield(&r.steps[i], r.stillWanted()) {
				return
			}
		}
	}
}

// jsonl returns what kvstep trace --format jsonl prints.
func (r *rerun) jsonl() (*File, error) {
	var b bytes.Buffer
	err := export.WriteTrace(&b, r.all())
	return &File{r.runName(".jsonl"), "application/jsonl", b.Bytes()}, err
}

// safetensors returns every number of the run.
func (r *rerun) safetensors() (*File, error) {
	if size := r.exported(); size > maxFile {
		return nil, sim.NewProblem("take.large", "Step", r.To, "Max", maxFile>>20)
	}
	f, err := export.Safetensors(r.model, r.Recipe, r.steps)
	if err != nil {
		return nil, err
	}
	return &File{r.runName(".safetensors"), "application/octet-stream", checkpoint.AppendSafetensors(nil, f)}, nil
}

// exported estimates how large export.Safetensors will be: scores and probabilities of
// every head are most of it.
func (r *rerun) exported() int {
	size, c := 0, r.model.Model.Config
	for i := range r.steps {
		s := &r.steps[i]
		if s.Part == sim.LayerPart {
			size += 4 * s.Rows * (2*c.Dim + 2*c.QDim() + 2*c.KVDim() + 2*c.Heads*(s.Cached+s.Rows))
		}
	}
	return size
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
		View: link.View, Marks: link.Marks, Recorded: len(r.steps), Ended: sim.FinishStop,
	}}
	if last := len(r.steps) - 1; last >= 0 {
		m.Ended = cmp.Or(r.steps[last].RunFinishReason, sim.FinishStop) // what is not recorded cannot be gone to
	}
	m.Place(n, r.Step)
	return m
}

var unsafe = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// runName names a file of all steps: "kvstep-story-steps0-5.jsonl" of six.
func (r *rerun) runName(end string) string {
	steps := "start"
	if n := len(r.steps); n > 0 {
		steps = fmt.Sprintf("steps0-%d", n-1)
	}
	return fmt.Sprintf("kvstep-%s-%s%s", unsafe.ReplaceAllString(r.model.Name, "_"), steps, end)
}

// momentName names a file of one moment.
func (r *rerun) momentName(m *wire.Frame, ext string) string {
	return fmt.Sprintf("kvstep-%s-step%d-layer%d-head%d.%s", unsafe.ReplaceAllString(r.model.Name, "_"),
		r.Link.Step, m.Layer(), m.Head(), ext)
}
