package kv

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"kvstep/sim"
)

// The axes along which numbers of K share a scale.
const (
	AxisToken   = "token"
	AxisChannel = "channel"
)

// maxBudget keeps bytes x 8 far from the largest number.
const maxBudget = int64(1) << 50

// MaxBlock is the most tokens a block may have.
const MaxBlock = 64

// Complete gives every field that a policy needs and lacks its default. Of
// groups along a head the default is 0: the whole head.
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
// "recipe.choice" for a word, "cache.range" for a number. The policy is complete.
func Check(p sim.CachePolicy, headDim int) error {
	kinds := []string{sim.CacheContiguous, sim.CachePaged, sim.CacheWindow, sim.CacheH2O, sim.CacheInt8, sim.CacheInt4}
	known := false
	for _, k := range kinds {
		known = known || k == p.Kind
	}
	if !known {
		return sim.NewProblem("recipe.choice", "Field", "cache", "Have", p.Kind, "Allowed", kinds)
	}
	quantised := p.Kind == sim.CacheInt8 || p.Kind == sim.CacheInt4
	if quantised && p.Axis != AxisToken && p.Axis != AxisChannel {
		return sim.NewProblem("recipe.choice", "Field", "axis", "Have", p.Axis, "Allowed", []string{AxisToken, AxisChannel})
	}
	for _, f := range []struct {
		name       string
		matters    bool
		have       int
		least, max int
	}{
		{"block", p.Kind == sim.CachePaged, p.Block, 1, MaxBlock},
		{"window", p.Evicts(), p.Window, 1, 1 << 20},
		{"sinks", p.Kind == sim.CacheWindow, p.Sinks, 0, 1 << 20},
		{"heavy", p.Kind == sim.CacheH2O, p.Heavy, 0, 1 << 20},
		{"group", quantised, p.Group, map[bool]int{false: 0, true: 1}[p.Axis == AxisChannel], headDim},
	} {
		if f.matters && (f.have < f.least || f.have > f.max) {
			return sim.NewProblem("cache.range", "Field", f.name, "Have", f.have, "Least", f.least, "Most", f.max)
		}
	}
	if quantised && p.Group > 0 && headDim%p.Group != 0 { // V's groups divide a head
		return sim.NewProblem("cache.group", "Have", p.Group, "HeadDim", headDim)
	}
	if p.Budget < 0 || p.Budget > maxBudget {
		return sim.NewProblem("cache.range", "Field", "budget", "Have", p.Budget, "Least", 0, "Most", maxBudget)
	}
	return nil
}

// grouped is p with the size of its groups written out.
func (s Spec) grouped(p sim.CachePolicy) sim.CachePolicy {
	if p.Group == 0 && (p.Kind == sim.CacheInt8 || p.Kind == sim.CacheInt4) {
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

// fields are the numbers that follow a policy's name in its text, in order.
func fields(p *sim.CachePolicy) []*int {
	switch p.Kind {
	case sim.CachePaged:
		return []*int{&p.Block}
	case sim.CacheWindow:
		return []*int{&p.Window, &p.Sinks}
	case sim.CacheH2O:
		return []*int{&p.Window, &p.Heavy}
	case sim.CacheInt8, sim.CacheInt4:
		return []*int{nil, &p.Group} // the axis is a word
	}
	return nil
}

// Text writes a policy as Parse reads it, without its budget:
//
//	contiguous   paged:BLOCK   window:WINDOW:SINKS   h2o:WINDOW:HEAVY
//	int8:AXIS:GROUP   int4:AXIS:GROUP
func Text(p sim.CachePolicy) string {
	text := cmp.Or(p.Kind, sim.CacheContiguous)
	for _, n := range fields(&p) {
		if n == nil {
			text += ":" + p.Axis
		} else {
			text += ":" + strconv.Itoa(*n)
		}
	}
	return text
}

// Parse reads a policy from its text; what is left out has its default. A text
// without a meaning is Problem "cache.text".
func Parse(text string) (sim.CachePolicy, error) {
	name, rest, more := strings.Cut(text, ":")
	p := sim.CachePolicy{Kind: name}
	bad := sim.NewProblem("cache.text", "Have", text)
	for _, to := range fields(&p) {
		if !more {
			break
		}
		var field string
		field, rest, more = strings.Cut(rest, ":")
		if to == nil {
			p.Axis = field
			continue
		}
		n, err := strconv.ParseInt(field, 10, 32)
		if err != nil {
			return sim.CachePolicy{}, bad.Because(err)
		}
		*to = int(n)
	}
	if more || len(text) > 100 {
		return sim.CachePolicy{}, bad
	}
	return Complete(p), nil
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
		if err != nil || n < 0 || n > maxBudget/u.size {
			return 0, sim.NewProblem("cache.bytes", "Have", fmt.Sprintf("%.40s", text))
		}
		return n * u.size, nil
	}
	return 0, nil // not reached: every text ends with the last unit
}
