package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/library"
	"kvstep/sim/run/runtest"
	"kvstep/web/limits"
	"kvstep/web/wire"
)

// TestGeneratorFiles: of random recipes (sim/run/runtest) every kind of file can be made, at
// any step, or is refused in words.
func TestGeneratorFiles(t *testing.T) {
	models := library.New(runtest.Models()...)
	runtest.Rounds{Short: 15, Usual: 15, All: 1000}.Try(t, func(seed, i uint64) error {
		return takeAll(models, rand.New(rand.NewPCG(seed, i)))
	}, func() string { return "every kind of file" })
}

func takeAll(models *library.Library, r *rand.Rand) (err error) {
	m, rec := runtest.Recipe(r)
	q := Request{Link: wire.Link{Recipe: rec, Step: r.IntN(40) - 1, Lang: []string{"en", "zh"}[r.IntN(2)]}}
	q.To, q.View.Seq, q.View.Head = q.Step+r.IntN(9), r.IntN(4), r.IntN(3)
	if op := explain.Ops[r.IntN(len(explain.Ops))]; r.IntN(2) == 0 && !op.Constant() {
		q.View.Op = op.ID
		q.View.Trail = []explain.Ref{{Step: r.IntN(max(q.Step, 1)), Op: op.ID, Row: r.IntN(4), Col: r.IntN(9), Lane: []explain.Lane{"", explain.Uncached}[r.IntN(2)]}}
	}
	kind := ""
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if err != nil {
			text, _ := json.Marshal(rec)
			err = fmt.Errorf("%s: %w\n%s\n%s", kind, err, text, q.Query())
		}
	}()
	for _, kind = range []string{"jsonl", "safetensors", "csv", "html", "schedules"} {
		f, err := Make(context.Background(), models, kind, q, "test", limits.Default())
		var p *sim.Problem
		switch {
		case errors.As(err, &p):
		case err != nil:
			return err
		case kind == "safetensors":
			if _, err := checkpoint.ReadSafetensors(f.Data); err != nil && m.Name != runtest.Loud {
				return err
			}
		case kind == "schedules" && !json.Valid(f.Data):
			return fmt.Errorf("%.200s", f.Data)
		}
	}
	return nil
}
