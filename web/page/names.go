package page

import (
	"maps"
	"regexp"
	"strings"

	"kvstep/sim"
	"kvstep/web/text"
)

// names are the messages that call fields of links and of recipes as the forms do.
var names = map[string]string{
	"model": "recipe.model", "prompt": "recipe.prompt", "new": "recipe.new", "sampler": "recipe.sampler", "stop": "recipe.stop", "seed": "recipe.seed",
	"t": "recipe.temperature", "k": "recipe.top_k", "p": "recipe.top_p", "minp": "recipe.min_p", "rp": "recipe.repetition_penalty",
	"w": "recipe.width", "lp": "recipe.length", "draft": "recipe.draft", "propose": "recipe.propose", "cache": "policy.title", "budget": "policy.budget",
	"schedule": "several.schedule", "slots": "several.slots", "chunk": "several.chunk", "share": "several.share", "req": "several.title",
	"max_new": "recipe.new", "temperature": "recipe.temperature", "top_k": "recipe.top_k", "top_p": "recipe.top_p", "min_p": "recipe.min_p",
	"repetition_penalty": "recipe.repetition_penalty", "width": "recipe.width", "length_penalty": "recipe.length",
	"unit": "count.unit", "pairs": "count.pairs", "logits": "count.logits",
}

// plotNames are those of the figures' form that are others there.
var plotNames = map[string]string{"prompt": "plots.prompt", "new": "plots.new", "dtype": "plots.dtype", "hardware": "plots.device", "print": "plots.style"}

// called is a field's name on the page of a path, without its hint "(0: all)"; "" if it
// has none.
func called(c *text.Catalogue, path, key string) string {
	id := names[key]
	if other, ok := plotNames[key]; ok && path != "/" {
		id = other
	}
	if id == "" {
		return ""
	}
	name, _, _ := strings.Cut(c.T(id, nil), "（")
	name, _, _ = strings.Cut(name, " (")
	return name
}

// besideName is the space that Chinese does not have beside a name in quotes.
var besideName = regexp.MustCompile(`(”) (\p{Han})|(\p{Han}) (“)`)

// Told is a problem in words, its field called as the page of a path calls it.
func Told(c *text.Catalogue, path string, p *sim.Problem) string {
	args := maps.Clone(p.Args)
	if key, ok := args["Field"].(string); ok {
		if name := called(c, path, key); name != "" {
			args["Field"] = "“" + name + "”"
		}
	}
	return besideName.ReplaceAllString(c.T("problem."+p.ID, args), "$1$2$3$4")
}
