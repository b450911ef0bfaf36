package page

import (
	"maps"
	"regexp"
	"strings"

	"kvstep/sim"
	schema "kvstep/sim/recipe"
	"kvstep/web/text"
)

// names are the messages that call fields of links and of recipes as the forms do.
var names = namesOf()

// namesOf maps keys of links and names of fields to their messages.
func namesOf() map[string]string {
	all := map[string]string{"unit": "count.unit"}
	for i := range schema.Fields {
		f := &schema.Fields[i]
		all[f.Key], all[f.Name()] = f.LabelID(), f.LabelID()
	}
	delete(all, "")
	return all
}

// plotNames are those of the figures' form that are others there.
var plotNames = map[string]string{"prompt": "plots.prompt", "new": "plots.new", "dtype": "plots.dtype", "hardware": "plots.device", "print": "plots.style"}

// called returns a field's name on the page of a path, without its hint "(0: all)"; "" if it
// has none.
func called(c *text.Catalogue, path, key string) string {
	id := names[key]
	if other, ok := plotNames[key]; ok && path != Lab {
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

// Worded words a problem, its field called as the page of a path calls it.
func Worded(c *text.Catalogue, path string, p *sim.Problem) string {
	args := maps.Clone(p.Args)
	// A word that no link has is told as it stands there, whatever field of a recipe is called so.
	if key, ok := args["Field"].(string); ok && p.ID != "link.unknown" {
		if name := called(c, path, key); name != "" {
			args["Field"] = "“" + name + "”"
		}
	}
	return besideName.ReplaceAllString(c.T("problem."+p.ID, args), "$1$2$3$4")
}
