package wire

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/recipe"
)

// putBatch writes the requests of a batch: "arrive:max_new:prompt" each, or
// "arrive:max_new#id,id" where they are ids.
func putBatch(v url.Values, b *sim.Batch) {
	if b == nil {
		return
	}
	r := sim.Recipe{Batch: b}
	always := []string{"batch.schedule", "batch.slots"}
	for _, f := range recipe.Fields {
		if !strings.HasPrefix(f.Path, "batch.") {
			continue
		}
		if text := f.Text(&r); text != f.Default(&r) || slices.Contains(always, f.Path) {
			v.Set(f.Key, text)
		}
	}
	for _, q := range b.Requests {
		text := ":" + q.Prompt
		if len(q.Tokens) > 0 {
			text = "#" + joinInts(q.Tokens)
		}
		v.Add("req", fmt.Sprintf("%d:%d%s", q.Arrive, q.MaxNew, text))
	}
}

// batch reads what putBatch writes; without a schedule there is no batch.
func (p *linkParser) batch() *sim.Batch {
	if !p.values.Has("schedule") {
		return nil
	}
	b := &sim.Batch{} // its own fields are read with the recipe's
	for _, s := range p.values["req"] {
		q, ok := p.request(s)
		if !ok {
			p.refuse("req")
			return nil
		}
		b.Requests = append(b.Requests, q)
	}
	return b
}

func (p *linkParser) request(s string) (q sim.Request, ok bool) {
	arrive, rest, ok := strings.Cut(s, ":")
	at := strings.IndexAny(rest, ":#")
	if !ok || at < 0 {
		return q, false
	}
	a, err1 := recipe.Arrive.Read(arrive)
	n, err2 := recipe.MaxNew.Read(rest[:at])
	if err := cmp.Or(err1, err2); err != nil {
		p.err = cmp.Or(p.err, err)
		return q, true
	}
	q.Arrive, q.MaxNew = int(a), int(n)
	if rest[at] == ':' {
		q.Prompt = rest[at+1:]
		return q, true
	}
	ids, ok := ints(rest[at+1:])
	q.Tokens = ids
	return q, ok && len(ids) > 0
}
