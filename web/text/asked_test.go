package text

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// composed are messages whose ids the sources make of parts, "first: last last": neither a
// literal nor a list of the program asks for them.
const composed = `
bars: pass pass.part step total total.part
bars.scope: pass step total
beams.column: beam done fate log_prob parent pass score sum text token tokens
beams.fate: alive answer pruned
blocks: label
branch.gone: budget most
branch.total: bytes passes tokens
branch.total.flops: cached uncached
branch.total.read: cached
break: differ top
break.kind: attend cache differ layer token top
cache.column: again error position read scale state token written
cache.key: again error read size
cache.key.again: none
cache.key.error: none
cache.key.read: none
cache.row: recent sink
cache.state: gone recent sink
cache.view: again error read size
calc: above bent code cube cubic denominator deviation divisor exp factor gate half inner inverse kept left
calc: less max mean negative normed numerator power right rms root scaled sees silu size square steady steps
calc: tanh tanh_signed value variance
choice.say: greedy
choice.stage: greedy softmax
cost: active at at_end bound_note bytes cached capacity counted cross_memory cross_mlp cross_rest decode
cost: device device_bandwidth elementwise exact experts heading headline held intensity kv_read kv_written
cost: latent max_batch max_context model modelled operations parameters pass_tokens pays_from pays_note
cost: per_token prefill rate sequence speculation speedup switches this token_time tokens total ttft uncached
cost: uncached_cached weights weights_read window windows
cost.bound: compute memory
cost.fits: no yes
cost.limit: memory model
count.logits: all last
count.pairs: allowed dense
count.unit: flop mac
done: eos max-new memory stop
explain.copy.rope: learned
form: empty number range whole
formula: counted measured modelled
formula.bound: compute memory
formula.total: counted measured modelled
held.long: say title
held.lost: say title
held.panic: say title
hint: copies copies.long entropy.long first first.long previous previous.long self self.long
history.ahead: value
history.column: ahead modelled paid
history.long: pass step
history.metric: flops kv read time
history.modelled: value
history.sum: each step total
kind: counted measured modelled
lamp.policy: same
ledger: pass step total
letter: E F G H L N P SP Sh Sm Sr St V a b c d h k l m n p r s t u w w0 x x0
limit: file files handout measure messages runs unread viewers wait
memory: unit
model: paper story-draft story-gqa story-mqa
name.act: gelu
name.k: learned none
name.q: learned none
op: K K.long Q Q.long V V.long out out.long probs probs.long scores scores.long
ops: append attend enter head mix mlp project rope
ops.say.Q: learned none
ops.say.act: gelu
ops.say.k_rope: learned none
ops.say.norm1: layernorm
ops.say.norm2: layernorm
ops.say.norm3: layernorm
ops.say.up: gelu
paper: deck key worksheet
paper.how: cells choice curve number order several token
paper.how.cells: written
part: av head mlp out qkv scores
pick.seq: batch beam done held preempted waiting
plot.batch: attention linear pass
plot.counted.allowed: all last
plot.counted.dense: all last
plot.grows: all linear scores
plot.phase: prefill
plot.phase.decode: cached uncached
plot.seconds: cached uncached
lesson.cells: cell col row
lesson.do: pick step
lesson.go: answer back done next reveal walk
lesson.only: en zh
plot.variant: gqa int4 int8 mha mqa
plot.y.flop: pass total
plot.y.mac: pass total
plots: drawing drawn
problem.hub: tls
real: kv_bytes kv_read_bytes kv_write_bytes weight_bytes
real.bound: compute memory
sentence.draft: pass total
sentence.draft.pass: one
sentence.draft.total: one
sentence.run: one
sentence.start: batch beam
say.done: eos max-new memory stop
say.over: batch beam
say.start: batch beam
say.uncached: decode prefill
schedule: again idle made padded rows use weights
schedule.cell: away decode done held preempted prefill waiting
schedule.column: again arrive preempted prompt request reused said state tokens tpot ttft
schedule.key: again decode held padded preempted prefill reused waiting
schedule.says: continuous static
schedule.state: decode done preempted prefill waiting
seq: batch beam
spec: accepted accepted.ends accepted.over p pending q rejected untested
spec.card: given guess own
spec.draws: model person rest
spec.number: accepted draft expected model over rejected saved tokens
stage.lane: cached uncached
stage.role: K Q V
sym.Q: learned none
sym.k_rope: learned none
take: csv csv.long html html.long jsonl jsonl.long link.long page-png page-png.long page-svg page-svg.long png
take: png.long qr.long safetensors safetensors.long svg svg.long
theme: auto dark light projector
versus.ask: continuous static
versus.go: continuous static
versus.row: busy padded passes recomputed rows tpot ttft weights
wall: way
why: attend cache differ layer token top
`

// listed are the ids that come from a list of the program, which has a test that asks for each:
// policies, ops, fields, filters, panels, questions.
var listed = regexp.MustCompile(`^(ask|cache\.(key|row|state)|card\.see|choice\.(stage|say)|name|ops\.say|policy|recipe|sym|variants)\.|\.title$`)

// literal are texts in the sources that may be ids; others are not, though they look like some.
var (
	literal = regexp.MustCompile("[\"'`]([a-z_]+(?:\\.[\\w-]+)*)[\"'`]")
	others  = regexp.MustCompile(`\.(css|js|json|weight|safetensors|ID)$|^(cache\.(budget|kind)|explain\.tree|kv\.max_[kv]|op\.next|pick\.(from|real)|recipe\.max_new|speculative\.propose)$`)
)

// TestEveryMessageIsAskedFor: no message is one too many, and none that is asked for anywhere
// is gone, however its id came about.
func TestEveryMessageIsAskedFor(t *testing.T) {
	en, families := messages(t, "en"), map[string]bool{}
	for id := range en {
		first, _, _ := strings.Cut(strings.TrimPrefix(id, "problem."), ".")
		families[first] = true
	}
	asked := literals(t)
	for id, where := range asked {
		first, _, parts := strings.Cut(id, ".")
		if parts && families[first] && en[id] == "" && en["problem."+id] == "" && !others.MatchString(id) {
			t.Errorf("%s names %s, which is no message", where, id)
		}
	}
	made := map[string]bool{}
	for line := range strings.Lines(strings.TrimSpace(composed)) {
		first, last, _ := strings.Cut(line, ":")
		for _, part := range strings.Fields(last) {
			id := first + "." + part
			if made[id] = true; en[id] == "" {
				t.Errorf("%s is asked for, and does not exist", id)
			}
		}
	}
	for id := range en {
		if asked[id] == "" && asked[strings.TrimPrefix(id, "problem.")] == "" && !made[id] && !listed.MatchString(id) {
			t.Errorf("nobody asks for %s; if its id is made of parts, say so in composed", id)
		}
	}
}

// literals returns the texts of the sources that may be ids, and where each stands.
func literals(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, room := range []string{"cmd", "sim", "static/js", "web"} {
		err := filepath.WalkDir(filepath.Join("..", "..", room), func(path string, d fs.DirEntry, err error) error {
			ext := filepath.Ext(path)
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") || !slices.Contains([]string{".go", ".templ", ".js"}, ext) {
				return err
			}
			source, err := os.ReadFile(path)
			for _, m := range literal.FindAllStringSubmatch(string(source), -1) {
				all[m[1]] = path
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
