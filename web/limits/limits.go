// Package limits says what one server allows its viewers: one table, over which the flags of
// kvstep serve and the table of docs/reliability.md loop. What a link or a recipe may hold is
// no matter of a server, since every other one must read it too: sim/recipe and web/wire say that.
package limits

import "time"

// Limits are what a server allows.
type Limits struct {
	Viewers  int64
	Messages int64
	Runs     int64
	Files    int64
	Wait     int64
	Measure  int64
	Unread   int64
	File     int64
	Handout  int64
}

// Unit says what a limit counts, and so how a flag writes it.
type Unit int

// What limits count.
const (
	Count Unit = iota
	Seconds
	Bytes
)

// Limit is one entry of the table.
type Limit struct {
	Flag    string // its help is the message "limit.<Flag>"
	Unit    Unit
	Default int64
	Least   int64
	Most    int64
	in      func(*Limits) *int64
}

// All has every limit, in the order of its flags.
var All = []Limit{
	{"viewers", Count, 64, 1, 4096, func(l *Limits) *int64 { return &l.Viewers }},
	{"messages", Count, 240, 10, 100_000, func(l *Limits) *int64 { return &l.Messages }},
	{"runs", Count, 8, 1, 16, func(l *Limits) *int64 { return &l.Runs }},
	{"files", Count, 2, 1, 64, func(l *Limits) *int64 { return &l.Files }},
	{"wait", Seconds, 20, 1, 3600, func(l *Limits) *int64 { return &l.Wait }},
	{"measure", Seconds, 90, 1, 3600, func(l *Limits) *int64 { return &l.Measure }},
	{"unread", Bytes, 512 << 20, 16 << 20, 256 << 30, func(l *Limits) *int64 { return &l.Unread }},
	{"file", Bytes, 256 << 20, 1 << 20, 4 << 30, func(l *Limits) *int64 { return &l.File }},
	{"handout", Bytes, 8 << 20, 4 << 20, 256 << 20, func(l *Limits) *int64 { return &l.Handout }},
}

// In returns where this limit stands in l.
func (m *Limit) In(l *Limits) *int64 { return m.in(l) }

// Patience is how long a run may take that somebody waits for: one for a file, or all those
// of a comparison.
func (l Limits) Patience() time.Duration { return time.Duration(l.Wait) * time.Second }

// Answer is how long such an answer may take altogether, others' before it included. A server
// gives up a moment later, so that whoever asked still hears that it was too long.
func (l Limits) Answer() time.Duration { return l.Patience() + 5*time.Second }

// Default returns what a server allows where nothing else is said.
func Default() (l Limits) {
	for i := range All {
		*All[i].In(&l) = All[i].Default
	}
	return l
}
