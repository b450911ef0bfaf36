package room

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/run"
	"kvstep/web/wire"
)

// TestRandomCommands gives rooms random commands and holds what they do against these
// oracles: nothing panics, every frame is whole and valid, every piece of work is at
// most one step of a run, a frame that viewers share is byte for byte that of each of them
// alone, a command's work is bounded by the length of its run, the
// steps of a branch are those of a straight run of its recipe, and the link of a frame
// opened in another room gives that frame. KVSTEP_COMMANDS is how many commands,
// KVSTEP_SEED names another series of them; KVSTEP_ALL=1 is a longer one.
func TestRandomCommands(t *testing.T) {
	most, seed := 6_000, uint64(1)
	if testing.Short() {
		most = 800
	}
	if os.Getenv("KVSTEP_ALL") == "1" {
		most = 60_000
	}
	if s := os.Getenv("KVSTEP_COMMANDS"); s != "" {
		most, _ = strconv.Atoi(s)
	}
	if s := os.Getenv("KVSTEP_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	var all tally
	for n := uint64(0); all.commands < most && !t.Failed(); n++ {
		w := newWorld(t, seed, n)
		w.live(60)
		w.steps, w.written = w.stepped, int(w.encoded.Load())
		all.add(w.tally)
		w.s.closeAll()
	}
	if all.written >= all.frames {
		t.Errorf("%d frames were written for %d that viewers got: none is shared", all.written, all.frames)
	}
	t.Logf("%+v", all)
}

// tally counts what has been tried.
type tally struct {
	commands, refused, turns, steps, frames, written, straight, reopened int
}

func (t *tally) add(o tally) {
	t.commands += o.commands
	t.refused += o.refused
	t.turns += o.turns
	t.steps += o.steps
	t.frames += o.frames
	t.written += o.written
	t.straight += o.straight
	t.reopened += o.reopened
}

// world is a room, its viewers, and what has been done to it.
type world struct {
	tally
	t       *testing.T
	name    string
	r       *rand.Rand
	models  *library.Library
	names   []string
	configs map[string]sim.Config
	s       *state
	room    *Room
	viewers []*ear
	log     []string
	picks   []lens.View // drawn so far
	stepped int         // engine steps so far
	encoded atomic.Int64
}

// ear is a viewer that looks at all that it gets.
type ear struct {
	w        *world
	s        *state // of their room
	last     *checkpoint.File
	problems []string
	seq      int
}

func (e *ear) Loading([]byte) {}

func (e *ear) Problem(p *sim.Problem) {
	e.problems = append(e.problems, p.ID)
	var back struct{ Problem string }
	if err := json.Unmarshal(wire.ProblemMessage(p), &back); err != nil || back.Problem != p.ID {
		e.w.fail("problem %v: %v", p, err)
	}
	if p.ID == "panic" || p.ID == "internal" {
		e.w.fail("%v", p)
	}
}

func (e *ear) Frame(encoded *Encoded) {
	e.w.frames++
	f, err := checkpoint.ReadSafetensors(encoded.Data)
	if err != nil {
		e.w.fail("a frame is no safetensors file: %v", err)
		return
	}
	for _, key := range []string{"kvstep", "seq", "run", "step", "tokens", "text", "pick", "ledger", "top", "link", "cell", "kv"} {
		if f.Meta[key] == "" {
			e.w.fail("a frame without %s", key)
		}
	}
	for key, value := range f.Meta {
		if !json.Valid([]byte(value)) {
			e.w.fail("%s is no JSON: %.200s", key, value)
		}
	}
	var seq int
	if _ = json.Unmarshal([]byte(f.Meta["seq"]), &seq); seq <= e.seq {
		e.w.fail("frame %d after %d", seq, e.seq)
	}
	others := 0
	for _, seat := range e.s.seats {
		if other := e.s.seats[e]; seat != other && seat.seq == seq && seat.lang == other.lang {
			others++
		}
	}
	if others > 0 && !encoded.Shared {
		e.w.fail("a frame that %d others have is called one viewer's", others)
	}
	e.seq, e.last = seq, f
	seat := e.s.seats[e]
	alone := e.s.moment(seat.sight, seq)
	alone.Link.Lang = seat.lang
	if !bytes.Equal(encoded.Data, wire.Encode(nil, alone)) {
		e.w.fail("a viewer alone would see another frame than %s", f.Meta["link"])
	}
}

// newWorld draws two models with the same vocabulary and a room with them.
func newWorld(t *testing.T, seed, n uint64) *world {
	w := &world{t: t, name: fmt.Sprintf("world %d of seed %d", n, seed), r: rand.New(rand.NewPCG(seed, n)), configs: map[string]sim.Config{}}
	var given []*library.Loaded
	c := modeltest.Config(w.r)
	for _, name := range []string{"random", "other"} {
		o := modeltest.Config(w.r)
		o.Vocab = c.Vocab
		if w.r.IntN(3) == 0 {
			o.EOS = w.r.IntN(c.Vocab)
		}
		m, err := model.New(o, modeltest.Weights(w.r, o))
		if err != nil {
			t.Fatal(err)
		}
		given = append(given, &library.Loaded{Name: name, Model: m})
		w.configs[name] = o
	}
	w.models = library.New(given...)
	w.names = []string{"random", "random", "random", "other", "other"}
	if n%8 == 0 {
		w.names = append(w.names, "paper", "story", "story-draft", "story-gqa")
	}
	w.s, w.room = w.newRoom(), &Room{lines: newLines()}
	for range 4 {
		w.viewers = append(w.viewers, &ear{w: w, s: w.s})
	}
	return w
}

// maxRest is more turns than any command here gives a room: its runs have some hundred steps,
// each a step of a walk and a question of breakpoints, and a frame in every 40 ms.
const maxRest = 20_000

// counted counts how often somebody asks whether to go on, which the engine does before
// every layer and every head that it computes, whether or not it yields a step then.
type counted struct {
	context.Context
	n *int
}

func (c counted) Err() error {
	*c.n++
	return c.Context.Err()
}

// newRoom counts the steps of its runs, and tells that no time passes.
func (w *world) newRoom() *state {
	s := newState(context.Background(), w.models, func() float64 { return 0 })
	s.gate = newTurnstile(4, 8) // three more processors than the room has itself
	s.gate.enter(&s.place, true)
	encode := s.encode
	s.encode = func(f *wire.Frame, langs []string) [][]byte {
		w.encoded.Add(int64(len(langs)))
		return encode(f, langs)
	}
	steps := s.steps
	s.steps = func(ctx context.Context, m *library.Loaded, r sim.Recipe, clock run.Clock, prefix ...sim.Step) iter.Seq2[sim.Step, error] {
		return func(yield func(sim.Step, error) bool) {
			for step, err := range steps(counted{ctx, &w.stepped}, m, r, clock, prefix...) {
				if !yield(step, err) {
					return
				}
			}
		}
	}
	return s
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s: %s\nafter:\n%s", w.name, fmt.Sprintf(format, args...), strings.Join(w.log, "\n"))
}

// turn is one turn of a room, which may make one step.
func (w *world) turn(s *state, task func(*state)) {
	w.turns++
	before := w.stepped
	s.turn(task)
	if n := w.stepped - before; n > 1 {
		w.fail("%d steps in one turn", n)
	}
}

// rest lets a room do all that it has to do.
func (w *world) rest(s *state) {
	before := w.stepped
	for n := 0; s.busy(); n++ {
		if w.turn(s, nil); n > maxRest {
			w.fail("a room that never rests")
		}
	}
	if s.tape == nil {
		return
	}
	length := s.plan.Steps
	if b := s.recipe.Batch; b != nil && s.recipe.Cache.Budget > 0 { // requests may have to wait for memory, at worst for all others
		passes := len(s.prompt) + s.recipe.MaxNew
		for _, q := range b.Requests {
			passes += len(q.Tokens) + q.MaxNew + q.Arrive
		}
		length = passes * (s.model.Model.Config.Layers + 1)
	}
	// Of several sequences what is recorded is lived again before anything is new.
	if n, most := w.stepped-before, 2*length+1; n > most {
		w.fail("%d steps, where the run has at most %d", n, most)
	}
}

// live gives the room n commands, and now and then looks at what it has.
func (w *world) live(n int) {
	w.send(w.viewers[0], wire.Command{Cmd: "open", Link: w.link()})
	for range n {
		if w.t.Failed() {
			return
		}
		v := w.viewers[w.r.IntN(len(w.viewers))]
		w.send(v, w.command())
		for range w.r.IntN(6) { // the next may come before this one is done
			if w.r.IntN(3) > 0 {
				w.turn(w.s, w.room.lines.next)
			}
		}
		if w.r.IntN(8) == 0 {
			w.settle()
			w.straightRun()
			w.reopen(v)
		}
	}
	w.settle()
}

func (w *world) settle() {
	for range 2 * maxLine {
		w.turn(w.s, w.room.lines.next)
	}
	w.rest(w.s)
}

// send sends a command as a socket does.
func (w *world) send(v *ear, c wire.Command) {
	data, err := json.Marshal(c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.commands++
	w.log = append(w.log, strings.NewReplacer(`"link":"",`, "", `"recipe":null,`, "", `"by":"",`, "", `"step":0,`, "", `"token":0,`, "", `"cache":"",`, "", `"budget":0,`, "", `"branch":0,`, "", `"breaks":null,`, "",
		`"marks":null,`, "", `"layer":null,`, "", `"head":0,`, "", `"cell":null,`, "", `"op":"",`, "", `"trail":null`, "", `\u0026`, "&").Replace(string(data)))
	read, err := wire.ParseCommand(data)
	if err != nil {
		w.refused++
		return
	}
	for len(w.room.lines.waiting[v]) >= maxLine-1 {
		w.turn(w.s, w.room.lines.next)
	}
	w.room.Do(v, read)
}

// straightRun compares the branch on screen with a straight run of its recipe.
func (w *world) straightRun() {
	s := w.s
	if s.tape == nil || s.tape.Len() == 0 {
		return
	}
	w.straight++
	n := 0
	for step, err := range run.Steps(context.Background(), s.model, s.recipe, s.clock) {
		if err != nil {
			w.fail("straight run: %v", err)
			return
		}
		if kv.TraitsOf(s.recipe.Cache).Exact && !step.Identical {
			w.fail("lanes differ in step %d: %s", n, step.Differs)
		}
		if got, want := digest(s.tape.Step(n)), digest(&step); got != want {
			w.fail("step %d of %s is\n%s\nin a straight run\n%s", n, wire.Link{Recipe: s.recipe}.Query(), got, want)
			return
		}
		if n++; n == s.tape.Len() {
			return
		}
	}
	w.fail("%d steps recorded, %d in a straight run", s.tape.Len(), n)
}

// digest is what a step says, and its numbers.
func digest(s *sim.Step) string {
	h := fnv.New64a()
	put := func(m mat.Matrix) {
		for i := range m.NumRows() {
			for _, x := range m.Row(i) {
				_ = binary.Write(h, binary.LittleEndian, math.Float32bits(x))
			}
		}
	}
	one := func(s *sim.Step) {
		if s.Part == sim.LayerPart {
			put(s.X)
			put(s.Out)
		} else {
			for _, x := range s.Logits() {
				_ = binary.Write(h, binary.LittleEndian, math.Float32bits(x))
			}
		}
		fmt.Fprint(h, s.Tokens, s.Token, s.Text, s.GeneratedText, s.FinishReason, s.Cached, s.Rows, s.Seq)
		if s.KV != nil {
			fmt.Fprint(h, s.KV.Usage())
		}
	}
	one(s)
	for _, p := range s.PassSteps {
		one(p)
	}
	return fmt.Sprintf("%d %s pass %d layer %d rows %d cached %d token %d %q done %q %+v %x", s.N, s.Part, s.Pass, s.Layer, s.Rows, s.Cached, s.Token, s.GeneratedText, s.RunFinishReason, s.Totals, h.Sum64())
}

// reopen opens the link of a viewer's frame in another room, and wants that frame.
func (w *world) reopen(v *ear) {
	seat := w.s.seats[v]
	if w.s.tape == nil || seat == nil || v.last == nil {
		return
	}
	pick := seat.pick
	pick.Compare = 0 // no link has it
	seat.look(pick)
	w.s.showTo(seat)
	w.rest(w.s)
	var link string
	_ = json.Unmarshal([]byte(v.last.Meta["link"]), &link)
	if r := w.s.recipe; seat.pick.Pairs != "" && seat.pick.Pairs != r.Pairs || seat.pick.Logits != "" && seat.pick.Logits != r.Logits {
		return // the run from the link counts as this viewer does
	}
	w.reopened++
	s := w.newRoom()
	e := &ear{w: w, s: s}
	defer s.closeAll()
	w.turn(s, func(s *state) { s.command(e, wire.Command{Cmd: "open", Link: link}) })
	w.rest(s)
	for _, id := range e.problems {
		if id != "branch.lost" || len(w.s.branches) == 1 {
			w.fail("%s when %s is opened", id, link)
		}
	}
	if len(w.s.branches) > 1 && len(e.problems) != 1 {
		w.fail("nobody says that branches are lost: %s", link)
	}
	if e.last == nil {
		w.fail("no frame of %s", link)
		return
	}
	w.compare(link, v.last, e.last)
}

func (w *world) compare(link string, a, b *checkpoint.File) {
	x, y := maps.Clone(a.Meta), maps.Clone(b.Meta)
	for _, m := range []map[string]string{x, y} {
		delete(m, "seq")
		delete(m, "branches")      // which are named as lost
		if len(w.s.branches) > 1 { // beside a tree the maps of heads are coarser
			delete(m, "heads")
		}
	}
	x["link"], y["link"] = sameLink(a.Meta["link"]), sameLink(b.Meta["link"])
	keys := slices.Sorted(maps.Keys(x))
	if !slices.Equal(keys, slices.Sorted(maps.Keys(y))) {
		w.fail("%s: a frame says %v, and of its link %v", link, keys, slices.Sorted(maps.Keys(y)))
		return
	}
	for _, key := range keys {
		if x[key] != y[key] {
			w.fail("%s: %s is\n%s\nand of its link\n%s", link, key, x[key], y[key])
			return
		}
	}
	if len(a.Tensors) != len(b.Tensors) {
		w.fail("%s: %d tensors and %d", link, len(a.Tensors), len(b.Tensors))
		return
	}
	for i := range a.Tensors {
		if a.Tensors[i].Name == "heads" && len(w.s.branches) > 1 {
			continue
		}
		if !reflect.DeepEqual(a.Tensors[i], b.Tensors[i]) {
			w.fail("%s: tensor %s differs", link, a.Tensors[i].Name)
			return
		}
	}
}

// sameLink is a link without how many runs stood beside it.
func sameLink(text string) string {
	var query string
	_ = json.Unmarshal([]byte(text), &query)
	l, err := wire.ParseLink(query)
	if err != nil {
		return err.Error()
	}
	l.Others = 0
	return l.Query()
}
