package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/plain"
	"kvstep/sim/sweep"
	"kvstep/web/limits"
	"kvstep/web/pack"
	"kvstep/web/wire"
)

// maxVariantSize is how many parameters a model may have that is run to the end a dozen times.
const maxVariantSize = 5_000_000

// Variant is one row of the comparison.
type Variant struct {
	Model      string  `json:"model"`
	Cache      string  `json:"cache"`
	Here       bool    `json:"here"` // it is what the page shows
	Heads      int     `json:"heads"`
	KVHeads    int     `json:"kv_heads"`
	PerToken   int64   `json:"bytes_per_token"`
	Used       int64   `json:"used"`
	Read       int64   `json:"kv_read_bytes"`
	Flops      int64   `json:"flops"`
	Text       string  `json:"text"`
	Tokens     int     `json:"tokens"`
	DivergesAt *int    `json:"parts"` // number of the first token that differs from the exact run of the page's model
	MaxDelta   float32 `json:"max_delta"`
	Exact      bool    `json:"exact"`
	Link       string  `json:"link"`
}

// maxVariants bytes of answers are kept; others wait while one is made.
const maxVariants, variantsQueue = 4 << 20, 8

// variants serves the run of a link in every way of attending, as JSON.
func variants(models *library.Library, within limits.Limits) http.HandlerFunc {
	made := newMaker("variants", 1, variantsQueue, maxVariants, within.Answer())
	return func(w http.ResponseWriter, r *http.Request) {
		a, err := func() (answer, error) {
			link, err := wire.ParseLink(r.URL.RawQuery)
			if err != nil {
				return answer{}, err
			}
			key := strings.Join(models.Names(), "\n") + link.Query()
			return made.get(r.Context(), key, link.Query(), func(ctx context.Context) (answer, error) {
				ctx, cancel := context.WithTimeout(ctx, within.Patience())
				defer cancel()
				rows, err := allVariants(ctx, models, link)
				if errors.Is(err, context.DeadlineExceeded) {
					return answer{}, sim.NewProblem("variants.time", "Seconds", int(within.Wait))
				}
				if err != nil {
					return answer{}, err
				}
				return answer{Content: pack.New("application/json; charset=utf-8", append(plain.JSON(rows), '\n'))}, nil
			})
		}()
		if err != nil {
			refuse(w, statusOf(w, err), err)
			return
		}
		a.send(w, r)
	}
}

func allVariants(ctx context.Context, models *library.Library, link wire.Link) ([]Variant, error) {
	shape, _, err := models.Shape(link.Recipe.Model)
	if err != nil {
		return nil, err
	}
	if n := cost.Params(shape); n > maxVariantSize { // before it is opened
		return nil, sim.NewProblem("variants.large", "Have", n, "Max", maxVariantSize)
	}
	m, err := models.GetWhile(ctx, link.Recipe.Model)
	if err != nil {
		return nil, err
	}
	recipe := m.Filled(link.Recipe, link.Lang)
	recipe.Forced, recipe.Draft, recipe.Batch = nil, "", nil // all ways start alike
	if recipe.Sampler.Kind == "beam" {
		recipe.Sampler.Kind = "greedy"
	}
	var known []*library.Loaded
	for _, name := range models.Names() {
		if c, _, err := models.Shape(name); err != nil || !sweep.Kin(shape, c) {
			continue // nothing is opened that is not run
		}
		if other, err := models.Get(name); err == nil {
			known = append(known, other)
		}
	}
	var outcomes []sweep.Outcome
	var exact []int
	for _, v := range sweep.Variants(m, known) {
		other, err := models.Get(v.Model)
		if err != nil {
			return nil, err
		}
		o, err := sweep.Try(ctx, other, recipe, v)
		if err != nil {
			return nil, err
		}
		if outcomes = append(outcomes, o); v.Model == m.Name && kv.TraitsOf(v.Cache).Exact {
			exact = o.Generated
		}
	}
	rows := make([]Variant, len(outcomes))
	for i, o := range outcomes {
		rows[i] = Variant{
			Model: o.Model, Cache: kv.Text(o.Cache), Heads: o.Heads, KVHeads: o.KVHeads,
			Here:     o.Model == m.Name && (kv.Text(o.Cache) == kv.Text(link.Recipe.Cache) || kv.TraitsOf(o.Cache).Exact && kv.TraitsOf(link.Recipe.Cache).Exact),
			PerToken: o.PerToken, Used: o.Usage.Used, Read: o.Total.KVReadBytes, Flops: o.Total.Flops.Total(),
			Text: o.Text, Tokens: len(o.Generated), MaxDelta: o.MaxDelta, Exact: kv.TraitsOf(o.Cache).Exact,
		}
		if n, same := agree(o.Generated, exact); !same {
			rows[i].DivergesAt = &n
		}
		to := link.Alone()
		to.Recipe = recipe
		to.Recipe.Model, to.Recipe.Cache = o.Model, o.Cache
		to.View, to.Breaks, to.Marks = lens.View{Layer: link.View.Layer}, nil, nil
		rows[i].Link = to.Query()
	}
	return rows, nil
}

// agree returns the length of the common beginning of two texts, in tokens, and whether they are equal.
func agree(a, b []int) (n int, same bool) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n, n == len(a) && n == len(b)
}
