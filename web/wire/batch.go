package wire

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"kvstep/sim"
)

// putBatch writes the requests of a batch: "arrive:max_new:prompt" each, or
// "arrive:max_new#id,id" where they are ids.
func putBatch(v url.Values, b *sim.Batch) {
	if b == nil {
		return
	}
	v.Set("schedule", b.Schedule)
	v.Set("slots", strconv.Itoa(b.Slots))
	if b.Chunk != 0 {
		v.Set("chunk", strconv.Itoa(b.Chunk))
	}
	if b.Share {
		v.Set("share", "1")
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
	b := &sim.Batch{
		Schedule: p.values.Get("schedule"), Slots: p.int("slots", 4), Chunk: p.int("chunk", 0),
		Share: p.values.Get("share") == "1",
	}
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
	a, err1 := strconv.ParseInt(arrive, 10, 32)
	n, err2 := strconv.ParseInt(rest[:at], 10, 32)
	if err1 != nil || err2 != nil {
		return q, false
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
