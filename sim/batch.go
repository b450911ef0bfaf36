package sim

// Batch asks for several sequences in one run: request 0 is the recipe's own
// prompt, the others are here.
type Batch struct {
	Requests []Request `json:"requests"`
	Schedule string    `json:"schedule"`        // one of the Schedule constants
	Slots    int       `json:"slots"`           // sequences that a pass may have
	Chunk    int       `json:"chunk,omitempty"` // continuous: rows that a pass may have; 0: any number
	Share    bool      `json:"share,omitempty"` // paged: prompts that begin alike share the blocks of their beginning
}

// Request is one prompt of a batch.
type Request struct {
	Prompt string `json:"prompt"`
	Tokens []int  `json:"tokens,omitempty"` // given instead of Prompt
	MaxNew int    `json:"max_new"`
	Arrive int    `json:"arrive,omitempty"` // the first pass that can have it
}

// How requests take turns.
const (
	// ScheduleStatic fills the slots, then runs until the last of them is done.
	ScheduleStatic = "static"
	// ScheduleContinuous asks before every pass who joins and who has left (Orca,
	// Yu et al. 2022); with a chunk, long prompts are fed in pieces beside the
	// tokens of others (Sarathi, Agrawal et al. 2023).
	ScheduleContinuous = "continuous"
)

// States of a request.
const (
	RequestWaiting = "waiting"
	RequestPrefill = "prefill"
	RequestDecode  = "decode"
	RequestDone    = "done"
	// RequestPreempted gave its blocks back to others and waits to be recomputed.
	RequestPreempted = "preempted"
)

// RequestState is how far a request of a batch has come after a step.
type RequestState struct {
	State        string `json:"state"`  // one of the Request constants
	Arrive       int    `json:"arrive"` // pass
	Prompt       int    `json:"prompt"` // tokens
	Reused       int    `json:"reused"` // of them, found in blocks of others and not computed
	Rows         int    `json:"rows"`   // rows in this pass
	Started      int    `json:"started"`
	First        int    `json:"first"` // pass that gave its first token; -1: none yet
	Ended        int    `json:"ended"` // pass after which it left; -1: not yet
	NumGenerated int    `json:"chosen"`
	FinishReason string `json:"done"` // why it ended, "" while it goes on

	Preempted   int `json:"preempted,omitempty"`   // how often it gave its blocks back to others
	Recomputed  int `json:"recomputed,omitempty"`  // tokens that it has computed again so far
	Recomputing int `json:"recomputing,omitempty"` // of its rows in this pass, those
}

// Schedule is a pass of a batch as a whole.
type Schedule struct {
	Requests []RequestState `json:"requests"`
	Rows     int            `json:"rows"`   // computed in this pass, of all sequences
	Padded   int            `json:"padded"` // static: rows that a rectangle of the longest would have beside them; counted, not computed
	Idle     int            `json:"idle"`   // slots without a sequence that still works

	Recomputed *Recomputed `json:"recomputed,omitempty"` // nil as long as nobody has been preempted
}

// Recomputed is what is computed a second time because requests were preempted. It is part
// of what the cached lane counts, and told apart.
type Recomputed struct {
	Rows       int   `json:"rows"`  // of this pass
	Flops      int64 `json:"flops"` // of this step
	TotalRows  int   `json:"total_rows"`
	TotalFlops int64 `json:"total_flops"`
}

// Beam is one live text of a beam search after a head step.
type Beam struct {
	Parent  int     `json:"parent"` // the beam of the pass that it continues
	Token   int     `json:"token"`
	LogProb float64 `json:"log_prob"` // of that token, natural logarithm
	Sum     float64 `json:"sum"`      // of all its tokens
	Text    string  `json:"text"`     // generated so far
}

// Beams is what beam search did in a head step.
type Beams struct {
	Live     []Beam     `json:"live"`     // best first: the sequences of the next pass
	Finished []Finished `json:"finished"` // texts that ended, best first
	Best     int        `json:"best"`     // at the end of the run: the index in Finished of the answer; else -1
	Copied   int        `json:"copied"`   // blocks copied in this pass because beams had parted
}

// Finished is a text that beam search has finished.
type Finished struct {
	Tokens       []int   `json:"tokens"`
	Text         string  `json:"text"`
	Sum          float64 `json:"sum"`
	Score        float64 `json:"score"` // sum / length^penalty
	FinishReason string  `json:"done"`  // eos, or max-new
}
