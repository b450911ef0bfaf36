package room

import (
	"math"
	"reflect"
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/run"
	"kvstep/sim/tape"
)

// branch is one of the runs that a room keeps: a tape, and what it was made from.
type branch struct {
	id     int
	model  *library.Loaded
	recipe sim.Recipe
	prompt []int // ids
	plan   *run.Plan
	short  *lens.Short // memory for some of its tokens only; nil: for all
	tape   *tape.Tape
	kept   *lens.Kept // what frames have worked out of it
	watch  watch
	broken bool // its run has panicked, and everyone has been told

	parent    *branch      // the run that it was forked from; nil for none
	at        int          // the parent's head step at which they part; of another cache policy, up to which they say the same
	lastShown int          // grows with every change of branch: the smallest was on screen longest ago
	owned     []ownedSteps // who has made its steps

	release func() // lets the model be closed
}

// ownedSteps says that one branch has made the steps up to another's beginning.
// Forked branches share the steps themselves, so memory is counted by maker.
type ownedSteps struct{ maker, to int }

// enter adds a branch and puts it on screen. The one that was on screen longest
// ago has to go where there would be too many.
func (s *state) enter(b *branch) {
	s.born++
	b.id = s.born
	b.release = b.model.Hold()
	if b.kept == nil {
		b.kept = lens.NewKept(s.memory())
	}
	b.owned = append(b.owned, ownedSteps{b.id, math.MaxInt})
	s.branches = append(s.branches, b)
	s.bring(b)
	for len(s.branches) > s.keeps {
		s.evictBranch("most")
	}
}

// bring puts a branch on screen.
func (s *state) bring(b *branch) {
	s.branch = b
	for _, other := range s.branches {
		b.lastShown = max(b.lastShown, other.lastShown+1)
	}
}

// closeAll ends all branches.
func (s *state) closeAll() {
	for _, b := range s.branches {
		s.shut(b)
	}
	s.branch, s.branches, s.evicted, s.born = &branch{watch: s.watch}, nil, nil, 0
}

// evictBranch closes the branch that was on screen longest ago, and tells why. It
// reports false where there is only the one on screen.
func (s *state) evictBranch(why string) bool {
	var old *branch
	for _, b := range s.branches {
		if b != s.branch && (old == nil || b.lastShown < old.lastShown) {
			old = b
		}
	}
	if old == nil {
		return false
	}
	s.shut(old)
	s.branches = slices.DeleteFunc(s.branches, func(b *branch) bool { return b == old })
	s.evicted = &lens.EvictedBranch{ID: old.id, Why: why}
	s.adopt(old)
	return true
}

// adopt gives the children of an evicted branch to its parent, or to the oldest
// of them: two texts keep what they have in common.
func (s *state) adopt(old *branch) {
	heir, at := old.parent, old.at
	for _, b := range s.branches {
		if b.parent != old {
			continue
		}
		if heir == nil {
			heir, at = b, b.at
			b.parent, b.at = nil, -1
			continue
		}
		b.parent, b.at = heir, min(b.at, at)
	}
}

// held returns the memory of all rows recorded, those that branches share once.
func (s *state) held() (n int64) {
	most := map[int]int{} // steps by their maker: up to which one somebody has them
	from := map[int]int{}
	by := map[int]*branch{}
	for _, b := range s.branches {
		start := 0
		for _, x := range b.owned {
			to := min(x.to, b.tape.Len())
			if from[x.maker] = start; by[x.maker] == nil || to > most[x.maker] {
				most[x.maker], by[x.maker] = to, b
			}
			start = to
		}
	}
	for maker, b := range by {
		n += b.tape.BytesOf(from[maker], most[maker])
	}
	return n
}

// shared returns the memory of the rows that a branch has from others that are here.
func (s *state) shared(b *branch) int64 {
	to := 0
	for _, other := range s.branches {
		if other == b {
			continue
		}
		for i := 0; i < len(b.owned) && i < len(other.owned) && b.owned[i].maker == other.owned[i].maker; i++ {
			to = max(to, min(b.owned[i].to, other.owned[i].to, b.tape.Len(), other.tape.Len()))
		}
	}
	return b.tape.BytesOf(0, to)
}

// evictBranches lets branches go until what those that are left hold is within the room's
// budget. Where a pass would go beyond it, the run itself asks for more room (memory).
func (s *state) evictBranches() {
	if s.tape.Cursor()+1 < s.tape.Len() {
		return // nothing is recorded
	}
	_ = s.memory().Fits(0) // of one branch alone its tape takes care
}

// fork chooses another token at the head step under the cursor, and shows it: in
// a branch that has chosen it there already, or in a new one.
func (s *state) fork(token int) error {
	at := s.tape.Cursor()
	if at < 0 || !chose(s.tape.Step(at)) {
		return sim.NewProblem("fork.where")
	}
	pass := s.tape.Step(at).Pass
	r := s.recipe
	r.Forced = append(before(s.recipe.Forced, pass), sim.Forced{Pass: pass, Token: token})
	if _, err := accept(s.model, r); err != nil {
		return err
	}
	if b := s.known(at, token, r); b != nil {
		b.tape.SeekTo(at)
		s.change(b)
		return nil
	}
	b := &branch{model: s.model, recipe: r, prompt: s.prompt, plan: s.plan, short: s.short, parent: s.branch, at: at, tape: s.tape.Fork(s.source(s.model, r))}
	b.owned = until(s.owned, b.tape.Len())
	b.watch = s.watch.upTo(b.tape.Len())
	b.kept = s.kept.Fork(b.tape.Len() / (s.model.Model.Config.Layers + 1))
	s.enter(b)
	s.toToken()
	return nil
}

// chose reports whether a step chose a token of the text that can be forked: of a
// batch, that of the first prompt.
func chose(s *sim.Step) bool {
	s = s.ForSequence(0)
	return s.Seq == 0 && s.Part == sim.HeadPart && s.Token >= 0
}

// until returns the makers of the first n steps.
func until(made []ownedSteps, n int) (first []ownedSteps) {
	for _, x := range made {
		if len(first) == 0 || first[len(first)-1].to < n {
			first = append(first, ownedSteps{x.maker, min(x.to, n)})
		}
	}
	return first
}

func before(forced []sim.Forced, pass int) (kept []sim.Forced) {
	for _, f := range forced {
		if f.Pass < pass {
			kept = append(kept, f)
		}
	}
	return kept
}

// known returns the branch that chose a token at a head step after the same text, and
// in which nobody has chosen anything later; nil if there is none.
func (s *state) known(at, token int, r sim.Recipe) *branch {
	for _, b := range s.branches {
		if b.tape.Len() <= at || b.model != s.model {
			continue
		}
		x, y := b.recipe, r
		pass := s.tape.Step(at).Pass
		later := len(before(x.Forced, pass+1)) < len(x.Forced)
		x.Forced, y.Forced = nil, nil
		there, here := b.tape.Step(at).ForSequence(0), s.tape.Step(at).ForSequence(0)
		if !later && there.Token == token && slices.Equal(there.Tokens, here.Tokens) && reflect.DeepEqual(x, y) {
			return b
		}
	}
	return nil
}

// forkPolicy goes on with the same text so far under another cache policy. The
// rows that attention reads may be others from the start, so all is run again and
// nothing is shared: every token up to the cursor is forced to be the same.
func (s *state) forkPolicy(cache string, budget int64) error {
	r := s.recipe
	for _, no := range []struct {
		is   bool
		name string
	}{{r.Batch != nil, "batch"}, {r.Draft != "", "draft"}, {r.Sampler.Kind == "beam", "beam"}} {
		if no.is {
			return sim.NewProblem("recipe.together", "A", no.name, "B", "fork")
		}
	}
	p, err := kv.Parse(cache)
	if err != nil {
		return err
	}
	at := s.tape.Cursor()
	r.Cache, r.Cache.Budget, r.Forced = p, budget, nil
	if _, err := s.model.Prepare(r); err != nil {
		return err
	}
	// The prompt may take more or fewer passes to read, and later passes come so much later.
	later := run.Pieces(s.model, r, len(s.prompt)) - run.Pieces(s.model, s.recipe, len(s.prompt))
	last := -1 // the latest choice up to the cursor
	for n := 0; n <= at; n++ {
		if x := s.tape.Step(n); x.Part == sim.HeadPart && x.Token >= 0 {
			r.Forced, last = append(r.Forced, sim.Forced{Pass: x.Pass + later, Token: x.Token}), n
		}
	}
	if _, err := accept(s.model, r); err != nil {
		return err
	}
	short, err := s.foretell(s.model, r, s.plan)
	if err != nil {
		return err
	}
	points := s.watch.points
	s.enter(&branch{model: s.model, recipe: r, prompt: s.prompt, plan: s.plan, short: short, parent: s.branch, at: last, tape: tape.New(s.source(s.model, r), s.memory())})
	if err := s.breaks(points); err != nil {
		return err
	}
	s.goal, s.target = toStep, max(at+later*(s.model.Model.Config.Layers+1), 0)
	if at < 0 {
		s.goal = noGoal
	}
	return nil
}

// switchTo puts another branch on screen, where its own cursor was left.
func (s *state) switchTo(id int) error {
	for _, b := range s.branches {
		if b.id == id {
			s.change(b)
			return nil
		}
	}
	return sim.NewProblem("branch.unknown", "Have", id)
}

// change puts another branch on screen, with the room's breakpoints.
func (s *state) change(b *branch) {
	points := s.watch.points
	s.bring(b)
	if !slices.Equal(points, b.watch.points) {
		_ = s.breaks(points)
	}
}

// addBranches adds the branches to a moment.
func (s *state) addBranches(m *lens.Moment) {
	m.Branch, m.Evicted = s.id, s.evicted
	if len(s.branches) < 2 {
		return
	}
	m.Held, m.Keeps = s.held(), s.keeps
	for _, b := range s.branches {
		x := lens.Branch{
			ID: b.id, At: b.at, Model: b.model, Recipe: b.recipe, Prompt: len(b.prompt), Recorded: b.tape.Len(), Cursor: b.tape.Cursor(),
			Ended: b.tape.FinishReason(), Step: b.tape.Step, Kept: b.kept, Bytes: b.tape.Bytes(), Shared: s.shared(b),
		}
		if b.parent != nil {
			x.Parent = b.parent.id
		}
		m.Branches = append(m.Branches, x)
	}
}
