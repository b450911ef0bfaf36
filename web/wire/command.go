package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/plain"
	"kvstep/sim/recipe"
)

const (
	// MaxCommandBytes is the longest message that is carried out: a link in its envelope.
	MaxCommandBytes = MaxLinkBytes + 4<<10
	// MaxMessageBytes is the longest message that is read; one that is too long to be
	// carried out is refused in words, where a longer one ends the connection.
	MaxMessageBytes = 1 << 20
)

// Command is one message from a page; Cmd says which fields matter.
type Command struct {
	Cmd       string      `json:"cmd"`    // lesson: to a beat, whose name and answers are the view's
	Link      string      `json:"link"`   // open; lesson: what somebody has handed in, to go on with
	Recipe    *sim.Recipe `json:"recipe"` // run
	By        string      `json:"by"`     // forward: layer, token, end; back: layer, token
	Step      int         `json:"step"`   // seek
	Token     int         `json:"token"`  // fork
	Cache     string      `json:"cache"`  // branch: the policy, as kv.Parse reads it
	Budget    int64       `json:"budget"` // branch: bytes that the cache may take; 0: no limit
	Branch    int         `json:"branch"` // switch
	Lang      string      `json:"lang"`   // lesson: in which it goes on, "" is the viewer's
	Breaks    []string    `json:"breaks"` // break: all of them, as breakpoint.Parse reads them
	Marks     []int       `json:"marks"`  // mark: all of them
	lens.View             // pick; forward, back and seek: op, to look at another one from there
}

// ParseCommand reads one message; anything malformed is Problem "command.bad", in a
// recipe "recipe.json", "recipe.range" or "recipe.choice".
func ParseCommand(data []byte) (Command, error) {
	var m message
	if len(data) > MaxCommandBytes {
		return m.Command, sim.NewProblem("command.long", "Have", len(data), "Max", MaxCommandBytes)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m.Command, sim.NewProblem("command.bad", "Why", err.Error())
	}
	if _, err := d.Token(); err != io.EOF {
		return m.Command, sim.NewProblem("command.bad", "Why", "more than one JSON value")
	}
	if len(m.Recipe) > 0 && string(m.Recipe) != "null" {
		r, err := recipe.Parse(m.Recipe)
		if err != nil {
			return m.Command, err
		}
		m.Command.Recipe = &r
	}
	return m.Command, m.Command.check()
}

// message is a Command as it arrives: its recipe says what it gives and what it does not.
type message struct {
	Command
	Recipe json.RawMessage `json:"recipe"`
}

func (c *Command) check() error {
	switch {
	case !lens.IsOp(c.Op):
		return sim.NewProblem("command.bad", "Why", "unknown op "+clip(c.Op))
	case len(c.Trail) > lens.MaxTrail:
		return sim.NewProblem("command.bad", "Why", "a trail of more than "+strconv.Itoa(lens.MaxTrail)+" cells")
	}
	for _, ref := range c.Trail {
		if !ref.Lane.Known() {
			return sim.NewProblem("command.bad", "Why", "unknown lane "+clip(string(ref.Lane)))
		}
	}
	allowed := map[string][]string{"forward": {"layer", "token", "end"}, "back": {"layer", "token"}}
	switch c.Cmd {
	case "open", "seek", "pause", "stop", "fork", "switch":
		return nil
	case "branch":
		if _, err := kv.Parse(c.Cache); err != nil {
			return err
		}
		return kv.Budget.Check(float64(c.Budget))
	case "lesson":
		if len(c.Lang) > maxLang {
			return sim.NewProblem("command.bad", "Why", "lang "+clip(c.Lang))
		}
		fallthrough
	case "pick":
		if field, have := c.View.Check(); field != "" {
			return sim.NewProblem("command.bad", "Why", "pick "+field+" "+clip(have))
		}
		return nil
	case "break":
		_, err := breakpoint.ParseList(c.Breaks)
		return err
	case "mark":
		return checkMarks(c.Marks)
	case "run":
		if c.Recipe == nil {
			return sim.NewProblem("command.bad", "Why", "run needs a recipe")
		}
		return nil
	case "forward", "back":
		for _, by := range allowed[c.Cmd] {
			if c.By == by {
				return nil
			}
		}
		return sim.NewProblem("command.bad", "Why", c.Cmd+" by "+clip(c.By))
	}
	return sim.NewProblem("command.bad", "Why", "unknown command "+clip(c.Cmd))
}

// ProblemMessage returns the text message that answers a refused command.
func ProblemMessage(p *sim.Problem) []byte {
	return plain.JSON(struct {
		Problem string         `json:"problem"`
		Args    map[string]any `json:"args"`
	}{p.ID, p.Args})
}

// Loading is a model that a run waits for: how many bytes of it have been read, of how
// many; 0 of 0 while nobody knows.
type Loading struct {
	Model string `json:"model"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
}

// LoadingMessage returns the text message that tells of it, nil when it is over.
func LoadingMessage(l *Loading) []byte {
	return plain.JSON(struct {
		Loading *Loading `json:"loading"`
	}{l})
}
