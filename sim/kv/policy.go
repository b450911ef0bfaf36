package kv

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kvstep/sim"
)

// The axes along which numbers of K share a scale.
const (
	AxisToken   = "token"
	AxisChannel = "channel"
)

var axes = []string{AxisToken, AxisChannel}

func hasCodes(p sim.CachePolicy) bool { return p.Kind == sim.CacheInt8 || p.Kind == sim.CacheInt4 }

// maxBudget keeps bytes x 8 far from the largest number.
const maxBudget = int64(1) << 50

// The numbers of a policy.
var (
	Block  = sim.Number{Name: "block", Least: 1, Most: 64, Whole: true, Step: 1}
	Window = sim.Number{Name: "window", Least: 1, Most: 1 << 20, Whole: true, Step: 1}
	Sinks  = sim.Number{Name: "sinks", Least: 0, Most: 1 << 20, Whole: true, Step: 1}
	Heavy  = sim.Number{Name: "heavy", Least: 0, Most: 1 << 20, Whole: true, Step: 1}
	Group  = sim.Number{Name: "group", Least: 0, Most: 1 << 20, Whole: true, Step: 1} // 0: the whole head
	Budget = sim.Number{Name: "budget", Least: 0, Most: float64(maxBudget), Whole: true, Step: 1024}
)

var numbers = []sim.Number{Block, Window, Sinks, Heavy, Group, Budget}

// Names are the fields of a policy beside its kind, as JSON has them.
func Names() []string {
	names := []string{"axis"}
	for _, n := range numbers {
		names = append(names, n.Name)
	}
	return names
}

// Kinds are the policies.
var Kinds = []string{sim.CacheContiguous, sim.CachePaged, sim.CacheWindow, sim.CacheH2O, sim.CacheInt8, sim.CacheInt4}

// Complete gives a policy that is written in Go, where 0 means that a field was left
// out, the defaults of its kind. What a person wrote is read by Parse and Read, which
// know what was given. Of groups along a head the default is 0: the whole head.
func Complete(p sim.CachePolicy) sim.CachePolicy {
	set := func(field *int, to int) {
		if *field == 0 {
			*field = to
		}
	}
	switch p.Kind {
	case "":
		p.Kind = sim.CacheContiguous
	case sim.CachePaged:
		set(&p.Block, 4)
	case sim.CacheWindow:
		set(&p.Window, 8)
	case sim.CacheH2O:
		set(&p.Window, 4)
		set(&p.Heavy, 4)
	case sim.CacheInt8, sim.CacheInt4:
		if p.Axis == "" {
			p.Axis = AxisToken
		}
		if p.Axis == AxisChannel {
			set(&p.Group, 8)
		}
	}
	return p
}

// Check refuses a policy without a meaning, naming the field: Problem
// "recipe.choice" for a word, "recipe.range" or "recipe.whole" for a number. The policy is complete.
func Check(p sim.CachePolicy, headDim int) error {
	if !slices.Contains(Kinds, p.Kind) {
		return sim.NewProblem("recipe.choice", "Field", "cache", "Have", p.Kind, "Allowed", Kinds)
	}
	if hasCodes(p) && !slices.Contains(axes, p.Axis) {
		return sim.NewProblem("recipe.choice", "Field", "axis", "Have", p.Axis, "Allowed", axes)
	}
	for _, f := range fields(&p) {
		n := f.number
		if f.to == nil {
			continue
		}
		if n.Name == Group.Name { // its range is the head's
			n.Most = float64(headDim)
			if p.Axis == AxisChannel {
				n.Least = 1
			}
		}
		if err := n.Check(float64(*f.to)); err != nil {
			return err
		}
	}
	if hasCodes(p) && p.Group > 0 && headDim%p.Group != 0 { // V's groups divide a head
		return sim.NewProblem("cache.group", "Have", p.Group, "HeadDim", headDim)
	}
	return Budget.Check(float64(p.Budget))
}

// grouped is p with the size of its groups written out.
func (s Spec) grouped(p sim.CachePolicy) sim.CachePolicy {
	if p.Group == 0 && hasCodes(p) {
		p.Group = s.HeadDim
	}
	return p
}

// Fits is how many tokens a budget of bytes has room for under a policy,
// predicted from its shape alone: 0 if none, most if all of them.
func (s Spec) Fits(p sim.CachePolicy, budget int64) int {
	tokens := budget * 8 / s.TokenBits(p)
	switch {
	case bitsOf(p) < 8*floatBytes:
		return s.codedTokens(p, budget)
	case p.Kind == sim.CachePaged:
		tokens = budget / (s.TokenBytes() * int64(p.Block)) * int64(p.Block)
	case p.Evicts():
		if tokens >= int64(min(p.Most(), s.Most)) {
			return s.Most
		}
		return 0
	}
	return int(min(tokens, int64(s.Most)))
}

// Want is how many bytes more a policy takes for n tokens that a full cache has
// no room for: what its refusal says.
func (s Spec) Want(p sim.CachePolicy, n int) int64 {
	if p.Kind == sim.CachePaged {
		return s.TokenBytes() * int64(p.Block)
	}
	return (s.TokenBits(p)*int64(n) + 7) / 8
}

// LayerBytes is what a layer holds with so many tokens, and reads once a pass.
// Where K is quantised along tokens, that of tokens after the first settled ones
// is still in float32.
func (s Spec) LayerBytes(p sim.CachePolicy, tokens, settled int) int64 {
	p = s.grouped(p)
	if p.Evicts() {
		tokens = min(tokens, p.Most())
	}
	n, row := int64(tokens), int64(s.width())
	if p.Group == 0 {
		return n * row * 2 * floatBytes
	}
	one := row*int64(bitsOf(p)) + row*2*8*scaleBytes/int64(p.Group) // bits of K, or of V, of a token
	coded := n
	if p.Axis == AxisChannel {
		coded = min(n, int64(settled))
	}
	return (coded*one + n*one + (n-coded)*row*8*floatBytes + 7) / 8
}

// Settled is how many tokens have their K in codes during a pass that finds so
// many in the cache, where groups run along tokens: whole groups of them.
func (s Spec) Settled(p sim.CachePolicy, cached int) int {
	if p.Axis != AxisChannel {
		return cached
	}
	return cached / p.Group * p.Group
}

// field is one part of a policy's text after its name: a number, or the axis, which is
// a word and has no place in to.
type field struct {
	number sim.Number
	to     *int
}

// fields are what follows a policy's name in its text, in order.
func fields(p *sim.CachePolicy) []field {
	switch p.Kind {
	case sim.CachePaged:
		return []field{{Block, &p.Block}}
	case sim.CacheWindow:
		return []field{{Window, &p.Window}, {Sinks, &p.Sinks}}
	case sim.CacheH2O:
		return []field{{Window, &p.Window}, {Heavy, &p.Heavy}}
	case sim.CacheInt8, sim.CacheInt4:
		return []field{{sim.Number{Name: "axis"}, nil}, {Group, &p.Group}}
	}
	return nil
}

// Text writes a policy as Parse reads it, without its budget:
//
//	contiguous   paged:BLOCK   window:WINDOW:SINKS   h2o:WINDOW:HEAVY
//	int8:AXIS:GROUP   int4:AXIS:GROUP
func Text(p sim.CachePolicy) string {
	text := cmp.Or(p.Kind, sim.CacheContiguous)
	for _, f := range fields(&p) {
		if f.to == nil {
			text += ":" + p.Axis
		} else {
			text += ":" + strconv.Itoa(*f.to)
		}
	}
	return text
}

// Parse reads a policy from its text; what is left out has its default. A text
// without a meaning is Problem "cache.text", a number outside its range "recipe.range".
func Parse(text string) (sim.CachePolicy, error) {
	parts := strings.Split(text, ":")
	p := sim.CachePolicy{Kind: parts[0]}
	known := fields(&p)
	if p.Kind != "" && !slices.Contains(Kinds, p.Kind) {
		return sim.CachePolicy{}, sim.NewProblem("recipe.choice", "Field", "cache", "Have", fmt.Sprintf("%.40s", p.Kind), "Allowed", Kinds)
	}
	if len(parts)-1 > len(known) || len(text) > 100 {
		return sim.CachePolicy{}, sim.NewProblem("cache.text", "Have", text)
	}
	given := map[string]string{}
	for i, part := range parts[1:] {
		given[known[i].number.Name] = part
	}
	return Read(p.Kind, given)
}

// Read makes a policy of what a person gave of it, by the fields' names in JSON; what
// is not given has its default, and what another kind has is checked and left out.
func Read(kind string, given map[string]string) (sim.CachePolicy, error) {
	axis, ok := given["axis"]
	if ok && !slices.Contains(axes, axis) {
		return sim.CachePolicy{}, sim.NewProblem("recipe.choice", "Field", "axis", "Have", axis, "Allowed", axes)
	}
	p := sim.CachePolicy{Kind: kind}
	if hasCodes(p) {
		p.Axis = axis
	}
	p = Complete(p)
	for _, n := range numbers {
		text, ok := given[n.Name]
		if !ok {
			continue
		}
		x, err := n.Read(text)
		if err != nil {
			return sim.CachePolicy{}, err
		}
		if n.Name == Budget.Name {
			p.Budget = int64(x)
		}
		for _, f := range fields(&p) {
			if f.to != nil && f.number.Name == n.Name {
				*f.to = int(x)
			}
		}
	}
	return p, nil
}

// units of a number of bytes.
var units = []struct {
	name string
	size int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}, {"", 1}}

// ParseBytes reads a number of bytes such as "65536", "64 KiB" or "8GB"; "" is 0.
func ParseBytes(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	for _, u := range units {
		number, ok := strings.CutSuffix(strings.TrimSpace(text), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if errors.Is(err, strconv.ErrRange) || err == nil && (n < 0 || n > maxBudget/u.size) {
			return 0, Budget.Refuse(text)
		}
		if err != nil {
			return 0, sim.NewProblem("cache.bytes", "Have", fmt.Sprintf("%.40s", text))
		}
		return n * u.size, nil
	}
	return 0, nil // not reached: every text ends with the last unit
}
