// Package breakpoint says where a walk through a run stops by itself. Every
// breakpoint is a pure question about recorded steps; the room asks it after
// each step that it takes.
package breakpoint

import (
	"slices"
	"strconv"
	"strings"

	"kvstep/sim"
	"kvstep/sim/model"
)

// Kind is what a breakpoint waits for.
type Kind string

const (
	Token  Kind = "token"  // a generated token is chosen
	Layer  Kind = "layer"  // layer N is done
	Cache  Kind = "cache"  // the cache passes N KiB (1024 bytes), or N kB (1000)
	Top    Kind = "top"    // the likeliest token is another one than in the pass before
	Attend Kind = "attend" // a later token gives position N more than half of its attention
	Differ Kind = "differ" // the lanes, identical so far, differ
)

// Kinds are all of them, in the order in which people are offered them.
var Kinds = []Kind{Token, Layer, Cache, Top, Attend, Differ}

// Half is what attention must exceed for Attend.
const Half = 0.5

// Max is how many breakpoints one run may have.
const Max = 16

// maxCache is the largest cache that can be waited for, in KiB or kB: 1 GiB.
const maxCache = 1 << 20

// Point is one breakpoint. N is a layer (from 0), a size in KiB or a position
// (from 0), and 0 for the kinds that need no number.
type Point struct {
	Kind Kind
	N    int
	KB   bool // N is in kB, the unit of what people read
}

// kB follows a size in units of 1000 bytes.
const kB = "kB"

// bytes returns the size that a cache must pass.
func (p Point) bytes() int64 {
	if p.KB {
		return int64(p.N) * 1000
	}
	return int64(p.N) << 10
}

// numbered reports whether a kind needs its N.
func (k Kind) numbered() bool { return k == Layer || k == Cache || k == Attend }

// String writes the point as links and commands spell it: "token", "layer:2".
func (p Point) String() string {
	if !p.Kind.numbered() {
		return string(p.Kind)
	}
	s := string(p.Kind) + ":" + strconv.Itoa(p.N)
	if p.KB {
		s += kB
	}
	return s
}

// Parse reads what String writes. Problem "break.kind" names the kinds,
// "break.number" the point whose number makes no sense.
func Parse(s string) (Point, error) {
	name, number, given := strings.Cut(s, ":")
	p := Point{Kind: Kind(name)}
	if !slices.Contains(Kinds, p.Kind) || given && !p.Kind.numbered() {
		known := make([]string, len(Kinds))
		for i, k := range Kinds {
			if known[i] = string(k); k.numbered() {
				known[i] += ":N"
			}
		}
		return Point{}, sim.NewProblem("break.kind", "Have", clip(s), "Known", known)
	}
	if !p.Kind.numbered() {
		return p, nil
	}
	if p.Kind == Cache {
		number, p.KB = strings.CutSuffix(number, kB)
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if low := map[Kind]int64{Cache: 1}[p.Kind]; err != nil || n < low || p.Kind == Cache && n > maxCache {
		return Point{}, sim.NewProblem("break.number", "Have", clip(s))
	}
	p.N = int(n)
	return p, nil
}

// ParseList reads several points and leaves out what is named twice.
func ParseList(names []string) ([]Point, error) {
	if len(names) > Max {
		return nil, sim.NewProblem("break.many", "Have", len(names), "Max", Max)
	}
	var points []Point
	for _, name := range names {
		p, err := Parse(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(points, p) {
			points = append(points, p)
		}
	}
	return points, nil
}

// Check refuses a point that can never be reached in a run of at most
// positions tokens: a layer that the model has not got, a position beyond the end.
func (p Point) Check(c sim.Config, positions int) error {
	switch {
	case p.Kind == Layer && p.N >= c.Layers:
		return sim.NewProblem("break.layer", "Layer", p.N, "Layers", c.Layers)
	case p.Kind == Attend && p.N >= positions:
		return sim.NewProblem("break.position", "Position", p.N, "Positions", positions)
	}
	return nil
}

// Steps is a recorded run; sim/tape is one. Step numbers count from 0.
type Steps interface{ Step(n int) *sim.Step }

// Hit says that a point was reached, and by what.
type Hit struct {
	Point
	// Attend: head and query position that looked, and how much of it went to N.
	Head, Query int
	Prob        float32
	// Top: the likeliest token, and that of the choice before; Cache: bytes held now.
	Before, Now int
	Bytes       int64
}

// Hit reports whether step n of a run reaches the point. It reads step n and,
// for Top and Differ, the steps before it, and changes nothing. Cache, Differ
// and Top are about a change: they hit in the step that makes it and not again.
func (p Point) Hit(m *model.Model, run Steps, n int) (Hit, bool) {
	s, h := run.Step(n), Hit{Point: p}
	switch p.Kind {
	case Token:
		return h, s.Part == sim.HeadPart
	case Layer:
		return h, s.Part == sim.LayerPart && s.Layer == p.N
	case Cache:
		return h.cache(run, s, n)
	case Top:
		return h.top(m.Config, run, s)
	case Attend:
		return h.attend(m, s)
	case Differ:
		return h, !s.Identical && (n == 0 || run.Step(n-1).Identical)
	}
	return h, false
}

// cache looks for more than its size now, in all sequences, and not in the step before. (What a
// step wrote does not tell: a policy may have let as much go.)
func (h Hit) cache(run Steps, s *sim.Step, n int) (Hit, bool) {
	if s.KV == nil {
		return h, false
	}
	line, before := h.bytes(), int64(0)
	if n > 0 {
		before = run.Step(n - 1).Lanes[sim.Cached].KVBytes
	}
	h.Bytes = s.Lanes[sim.Cached].KVBytes
	return h, h.Bytes > line && before <= line
}

// top compares two heads of one sequence: this one and the last before it that chose.
// A pass that feeds a piece of a prompt chooses nothing, nor does one without the sequence.
func (h Hit) top(c sim.Config, run Steps, s *sim.Step) (Hit, bool) {
	if s.Output == nil {
		return h, false
	}
	for n := s.N - c.Layers - 1; n >= 0; n -= c.Layers + 1 {
		if before := run.Step(n).ForSequence(s.Seq); before.Seq == s.Seq && before.Output != nil {
			h.Before, h.Now = before.Top()[0].ID, s.Top()[0].ID
			return h, h.Before != h.Now
		}
	}
	return h, false
}

// attend looks for the largest probability that a query of this step, later
// than position N itself, gives N in any head. (The first token can see
// nothing but itself, and would always hit.)
func (h Hit) attend(m *model.Model, s *sim.Step) (Hit, bool) {
	if s.Part != sim.LayerPart || s.KV == nil || h.N >= s.Cached+s.Rows {
		return h, false
	}
	h.Prob = Half
	hit := false
	for head := range m.Config.Heads {
		a := m.Attention(s, head)
		for i := max(0, h.N+1-s.Cached); i < s.Rows; i++ {
			if p := a.Probs.At(i, h.N); p > h.Prob {
				h.Head, h.Query, h.Prob, hit = head, s.Cached+i, p, true
			}
		}
	}
	return h, hit
}

// clip keeps a quoted value short enough for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
