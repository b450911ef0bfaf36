package sim

// Stages that are no filter's; those are called by the filters' names.
const (
	StageSoftmax = "softmax" // the model's own distribution
	StageGreedy  = "greedy"  // everything on the likeliest token
)

// Choice is how the sampler chose a token: the distribution after each of its
// filters, and the draw from the last one.
type Choice struct {
	Token   int      `json:"token"`   // what the sampler chose: Step.Token, unless a person chose that
	Options []Option `json:"options"` // the ten highest scores, ties by lower id; then Token, if it is not one of them
	Stages  []Stage  `json:"stages"`  // softmax, then every filter that is on, in order
	Random  float64  `json:"random"`  // where the draw falls on the cumulative line, in [0, 1); 0 when greedy
}

// Option is a token that a Choice lists. A logit of -Inf is never listed.
type Option struct {
	ID    int     `json:"id"`
	Logit float32 `json:"logit"` // as the model gave it
	Score float64 `json:"score"` // the logit after the repetition penalty

	// Its stretch of the cumulative line, on which the tokens that are still
	// possible lie by falling score: the one with From <= Random < To is drawn.
	// From equals To where the token is no longer possible.
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// Stage is the distribution after one filter.
type Stage struct {
	Filter   string    `json:"filter"`          // its name (sim/sample), or one of the Stage constants
	Possible int       `json:"possible"`        // tokens with a probability above 0
	Kept     float64   `json:"kept"`            // share of the probability before this filter that those tokens had
	Probs    []float64 `json:"probs,omitempty"` // of Options; those of all possible tokens sum to 1
}
