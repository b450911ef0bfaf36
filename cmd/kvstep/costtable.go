package main

import (
	"fmt"
	"io"
	"math/big"
	"strings"

	"kvstep/sim/cost"
	"kvstep/web/text"
)

// grid is lines of cells, all columns but the first set to the right. A line of
// one cell is a heading, and does not widen the column.
type grid struct {
	lines [][]string
	spans map[int][]span // by line: headings over several columns
	left  int            // the column that is set to the left too, 0 for none
}

// span is a heading over columns from..to, or a rule where there is no text.
type span struct {
	from, to int
	text     string
}

func (g *grid) add(cells ...string) { g.lines = append(g.lines, cells) }

// over puts headings into the line that comes next, whose first cell is given.
func (g *grid) over(first string, spans ...span) {
	if g.spans == nil {
		g.spans = map[int][]span{}
	}
	g.spans[len(g.lines)] = spans
	g.add(first)
}

const gap = 2 // spaces between columns

func (g *grid) write(w io.Writer) error {
	var widths []int
	for _, line := range g.lines {
		for i, c := range line {
			if len(line) > 1 {
				for len(widths) <= i {
					widths = append(widths, 0)
				}
				widths[i] = max(widths[i], cells(c))
			}
		}
	}
	for n, line := range g.lines {
		var b strings.Builder
		for i, c := range line {
			if i > 0 {
				b.WriteString(strings.Repeat(" ", gap))
			}
			if len(line) > 1 {
				c = pad(c, widths[i], i > 0 && i != g.left)
			}
			b.WriteString(c)
		}
		out := b.String()
		for _, s := range g.spans[n] {
			out = s.draw(out, widths)
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(out, " ")); err != nil {
			return err
		}
	}
	return nil
}

// draw adds the span to a line: its text between thin rules.
func (s span) draw(line string, widths []int) string {
	start := 0
	for i := range s.from {
		start += widths[i] + gap
	}
	width := -gap
	for i := s.from; i <= s.to; i++ {
		width += widths[i] + gap
	}
	words := s.text
	if words != "" {
		words = " " + words + " "
	}
	rule := max(0, width-cells(words))
	return pad(line, start, false) + strings.Repeat("─", rule/2) + words + strings.Repeat("─", rule-rule/2)
}

// writeTable writes the report for people.
func (r *costReport) writeTable(w io.Writer, c *text.Catalogue) error {
	t := costTable{r, c}
	sections := []func() *grid{t.heading, t.model, t.counted}
	if r.Modelled != nil {
		sections = append(sections, t.time, t.capacity)
	}
	if r.Speculation != nil {
		sections = append(sections, t.speculation)
	}
	for i, section := range sections {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if err := section().write(w); err != nil {
			return err
		}
	}
	return nil
}

type costTable struct {
	*costReport
	c *text.Catalogue
}

func (t costTable) word(id string, pairs ...any) string {
	args := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i].(string)] = pairs[i+1]
	}
	return t.c.T("cost."+id, shown(args))
}

func whole(n int64) string { return grouped(big.NewInt(n)) }

// heading says what was asked, and what a number below means.
func (t costTable) heading() *grid {
	g := &grid{}
	g.add(t.word("heading", "Model", t.Model, "Prompt", whole(int64(t.Prompt)), "New", whole(int64(t.New)), "Batch", whole(int64(t.Batch))))
	g.add(t.word("switches", "Weights", t.DType, "Cache", t.KVDType, "Unit", t.unit(), "Pairs", t.Switches.Pairs, "Logits", t.Switches.Logits,
		"Scope", t.Switches.Scope))
	if t.MLA != "" {
		g.add(t.word("latent", "Form", t.MLA))
	}
	if m := t.shape.MoE; m.Experts > 0 {
		g.add(t.word("experts", "Active", m.Active, "Experts", m.Experts))
	}
	return g
}

func (t costTable) unit() string {
	return map[string]string{"mac": "MAC", "flop": "FLOP"}[t.Switches.Unit]
}

func (t costTable) model() *grid {
	g, s := &grid{}, t.shape
	line := func(id string, n *big.Int, unit, note string) {
		g.add("  "+t.word(id), grouped(n), si(toFloat(n), unit), note)
	}
	g.add(t.word("model"))
	line("parameters", big.NewInt(t.Parameters), "", "")
	if t.ActiveParameters != t.Parameters {
		line("active", big.NewInt(t.ActiveParameters), "", "")
	}
	line("weights", big.NewInt(t.ParameterBytes), "B", t.DType)
	line("per_token", big.NewInt(t.KVBytesPerToken), "B", t.KVDType)
	line("at_end", t.KVBytes, "B", t.word("held", "Tokens", grouped(t.KVTokens)))
	for _, x := range []struct {
		id string
		at float64
	}{{"cross_mlp", t.Crossovers.MLP}, {"cross_rest", t.Crossovers.All}, {"cross_memory", t.Crossovers.Memory}} {
		if x.at > 0 {
			g.add("  "+t.word(x.id), whole(int64(x.at+0.5)), "", t.word("tokens"))
		}
	}
	if s.Local > 0 {
		g.add("  "+t.word("windows"), fmt.Sprintf("%d/%d", s.Local, s.Layers), "", t.word("window", "Tokens", whole(int64(s.Window))))
	}
	g.left = 3
	return g
}

// counted writes both lanes, phase by phase.
func (t costTable) counted() *grid {
	g := &grid{}
	both := []costPhase{t.Prefill, t.Decode, t.Total}
	row := func(name, unit string, of func(costCounts) *big.Int) {
		line := []string{"  " + name}
		for _, p := range both {
			line = append(line, siBig(of(p.Lanes.Cached), unit))
		}
		line = append(line, "")
		for _, p := range both {
			line = append(line, siBig(of(p.Lanes.Uncached), unit))
		}
		g.add(append(line, ratio(of(t.Total.Lanes.Uncached), of(t.Total.Lanes.Cached)))...)
	}
	phases := []string{t.word("prefill"), t.word("decode"), t.word("total")}
	g.over(t.word("counted"), span{1, 3, t.word("cached")}, span{5, 7, t.word("uncached")})
	g.add(append(append(append([]string{"  " + t.unit()}, phases...), ""), append(phases, t.word("uncached_cached"))...)...)
	for _, f := range []struct {
		name string
		of   func(costCounts) *big.Int
	}{
		{"qkv", func(c costCounts) *big.Int { return c.Flops.QKV }}, {"scores", func(c costCounts) *big.Int { return c.Flops.Scores }},
		{"av", func(c costCounts) *big.Int { return c.Flops.AV }}, {"out", func(c costCounts) *big.Int { return c.Flops.Out }},
		{"mlp", func(c costCounts) *big.Int { return c.Flops.MLP }}, {"head", func(c costCounts) *big.Int { return c.Flops.Head }},
	} {
		row(f.name, "", f.of)
	}
	elementwise := func() { row(t.word("elementwise"), "", func(c costCounts) *big.Int { return c.Elementwise }) }
	rule := func() { g.over("", span{1, 3, ""}, span{5, 7, ""}) }
	apart := t.Switches.Scope == "matmul" // then it is not in the headline
	if !apart {
		elementwise()
	}
	rule()
	row(t.word("headline"), "", func(c costCounts) *big.Int { return c.Headline })
	if apart {
		elementwise()
	}
	g.add("  " + t.word("bytes"))
	row(t.word("kv_read"), "B", func(c costCounts) *big.Int { return c.KVReadBytes })
	row(t.word("kv_written"), "B", func(c costCounts) *big.Int { return c.KVWriteBytes })
	row(t.word("weights_read"), "B", func(c costCounts) *big.Int { return c.WeightBytes })
	g.add("  " + t.word("exact", "Cached", grouped(t.Total.Lanes.Cached.Headline), "Uncached", grouped(t.Total.Lanes.Uncached.Headline), "Unit", t.unit()))
	return g
}

// ratio returns a : b, or a dash where one of them is nothing.
func ratio(a, b *big.Int) string {
	if a.Sign() == 0 || b.Sign() == 0 {
		return "–"
	}
	x := toFloat(a) / toFloat(b)
	return fmt.Sprintf("%.*f", map[bool]int{true: 2, false: 1}[x < 100], x)
}

func toFloat(n *big.Int) float64 {
	x, _ := new(big.Float).SetInt(n).Float64()
	return x
}

// time writes the roofline.
func (t costTable) time() *grid {
	g, m := &grid{}, t.Modelled
	g.add(t.word("modelled", "Name", m.Hardware.Name))
	if m.Peak > 0 {
		g.add("  " + t.word("device", "Peak", si(m.Peak, "FLOP/s"), "DType", m.PeakAs, "Bandwidth", si(m.Hardware.Bandwidth, "B/s"), "Ridge", fmt.Sprintf("%.1f", m.Ridge)))
	} else {
		g.add("  " + t.word("device_bandwidth", "Bandwidth", si(m.Hardware.Bandwidth, "B/s")))
	}
	lanes := []cost.LaneTime{m.Lanes.Cached, m.Lanes.Uncached}
	phases := []string{t.word("prefill"), t.word("decode")}
	g.over("", span{1, 2, t.word("cached")}, span{4, 5, t.word("uncached")})
	g.add(append(append([]string{""}, phases...), append([]string{""}, phases...)...)...)
	row := func(name string, of func(cost.Phase) string) {
		line := []string{"  " + name}
		for i, l := range lanes {
			if i > 0 {
				line = append(line, "")
			}
			line = append(line, of(l.Prefill), t.ifDecodes(of(l.Decode)))
		}
		g.add(line...)
	}
	for _, p := range []struct {
		name string
		of   func(cost.ByPart) cost.Load
	}{
		{"qkv", func(p cost.ByPart) cost.Load { return p.QKV }}, {"scores + av", func(p cost.ByPart) cost.Load { return p.Attention }},
		{"out", func(p cost.ByPart) cost.Load { return p.Out }}, {"mlp", func(p cost.ByPart) cost.Load { return p.MLP }},
		{"head", func(p cost.ByPart) cost.Load { return p.Head }},
	} {
		row(p.name, func(x cost.Phase) string { return t.load(p.of(x.Parts)) })
	}
	g.over("", span{1, 2, ""}, span{4, 5, ""})
	row(t.word("total"), func(p cost.Phase) string { return t.load(p.Load) })
	row(t.word("intensity"), func(p cost.Phase) string { return fmt.Sprintf("%.2f FLOP/B", p.Intensity) })
	g.add("  "+t.word("ttft"), si(lanes[0].TTFT, "s"), "", "", si(lanes[1].TTFT, "s"), "")
	g.add("  "+t.word("token_time"), "", t.ifDecodes(si(lanes[0].PerToken, "s")), "", "", t.ifDecodes(si(lanes[1].PerToken, "s")))
	g.add("  "+t.word("rate"), "", t.ifDecodes(si(lanes[0].Rate, "")), "", "", t.ifDecodes(si(lanes[1].Rate, "")))
	return g
}

// ifDecodes returns s, or a dash when there is no decode pass.
func (t costTable) ifDecodes(s string) string {
	if t.New == 1 {
		return "–"
	}
	return s
}

// load words a time and what bounds it.
func (t costTable) load(l cost.Load) string {
	return si(l.Seconds, "s") + " " + pad(t.word("bound."+l.Bound), max(cells(t.word("bound.compute")), cells(t.word("bound.memory"))), false)
}

func (t costTable) capacity() *grid {
	g, m := &grid{}, t.Modelled
	c := m.Capacity
	g.add(t.word("capacity", "Memory", si(float64(c.Memory), "B")))
	line := func(id, value, note string) { g.add("  "+t.word(id), value, note) }
	fits := t.word("fits." + map[bool]string{true: "yes", false: "no"}[c.Fits])
	line("weights", si(float64(c.WeightBytes), "B"), "")
	line("sequence", siBig(c.PerSequence, "B"), t.word("at", "Tokens", whole(int64(t.Prompt+t.New-1))))
	line("this", fits, "")
	g.left = 2
	line("max_batch", whole(c.MaxBatch), t.word("at", "Tokens", whole(int64(t.Prompt+t.New-1))))
	line("max_context", whole(c.MaxContext), t.word("limit."+c.Limit, "Batch", whole(int64(t.Batch))))
	if m.PaysFrom > 0 {
		line("pays_from", whole(m.PaysFrom), t.word("pays_note"))
	}
	g.add("  " + t.word("bound_note"))
	return g
}

// speculation writes what decoding with a draft costs.
func (t costTable) speculation() *grid {
	g, x := &grid{}, t.Speculation
	g.add(t.word("speculation", "Draft", x.Draft, "Guesses", x.Guesses, "Percent", fmt.Sprintf("%.0f", 100*x.Accept)))
	g.add("  "+t.word("pass_tokens"), fmt.Sprintf("%.2f", x.Tokens))
	if x.Operations > 0 {
		g.add("  "+t.word("operations"), fmt.Sprintf("%.2f x", x.Operations))
	}
	if x.Speedup > 0 {
		g.add("  "+t.word("speedup"), fmt.Sprintf("%.2f x", x.Speedup))
	}
	return g
}
