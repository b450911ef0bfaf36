package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"kvstep/sim"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/web/export"
	"kvstep/web/limits"
	"kvstep/web/pack"
	"kvstep/web/page"
	"kvstep/web/text"
)

// paperQueue is how many may wait while one document is made, and so many bytes of those made are kept.
const paperQueue, maxPapers = 16, 16 << 20

// papers serves lessons to print.
type papers struct {
	models  *library.Library
	lessons *lesson.Case
	version string
	made    *maker
}

func newPapers(models *library.Library, lessons *lesson.Case, version string, within limits.Limits) *papers {
	return &papers{models, lessons, version, newMaker("paper", 1, paperQueue, maxPapers, within.Answer())}
}

// show serves /paper?lesson=NAME&kind=KIND&lang=LANG: a lesson of those that can be played now.
func (p *papers) show(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	lang, kind := languageOf(r), q.Get("kind")
	if kind == "" {
		kind = page.Worksheet
	}
	l := p.lessons.Shelf().Find(q.Get("lesson"))
	if l == nil {
		tell(w, lang, http.StatusNotFound, sim.NewProblem("play.none", "Have", clip(q.Get("lesson"))))
		return
	}
	if !slices.Contains(page.PaperKinds, kind) {
		tell(w, lang, http.StatusUnprocessableEntity, sim.NewProblem("recipe.choice", "Field", "kind", "Have", clip(kind), "Allowed", page.PaperKinds))
		return
	}
	how := export.Print{Kind: kind, Lang: lang, Version: p.version, Links: paperLinks(l.Name, kind, lang)}
	recipe := "?" + url.Values{"lesson": {l.Name}}.Encode()
	made, err := p.made.get(r.Context(), l.Name+" "+l.Version+" "+kind+" "+lang, recipe, func(ctx context.Context) (answer, error) {
		html, policy, err := export.Paper(ctx, p.models, []*lesson.Lesson{l}, how)
		return answer{Content: pack.New(htmlKind, html), policy: policy + "; frame-ancestors 'none'"}, err
	})
	if err != nil {
		tell(w, lang, statusOf(w, err), err)
		return
	}
	spoken(w, lang)
	made.send(w, r)
}

// paperLinks lead to the other kinds and languages of a lesson.
func paperLinks(name, kind, lang string) (links []page.PaperLink) {
	to := func(kind, lang string) string {
		return "?" + url.Values{"lesson": {name}, "kind": {kind}, "lang": {lang}}.Encode()
	}
	for _, k := range page.PaperKinds {
		links = append(links, page.PaperLink{Href: to(k, lang), Text: text.In(lang).T("paper."+k, nil), Now: k == kind})
	}
	for _, l := range lesson.Languages {
		links = append(links, page.PaperLink{Href: to(kind, l), Text: page.LanguageNames[l], Lang: page.HTMLLang(l), Now: l == lang})
	}
	return links
}
