package web

import (
	"net/http"

	"kvstep/docs"
	"kvstep/sim/lesson"
	"kvstep/sim/plain"
	"kvstep/web/pack"
)

// Lessons returns those of docs/lessons, which stand in the program. make test checks them.
func Lessons() *lesson.Case {
	return lesson.NewCase(func() *lesson.Shelf {
		own, _ := lesson.Open(docs.Lessons(), "docs/lessons", nil)
		terms, _ := docs.Glossary() // a test holds the file
		for _, term := range terms {
			own.Terms = append(own.Terms, term.ID())
		}
		return own
	})
}

// LessonEntry is one lesson of the menu, in the reader's language.
type LessonEntry struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Minutes int    `json:"minutes"`
	Beats   int    `json:"beats"`
}

// lessonMenu serves the list of the lessons that can be played now.
func lessonMenu(lessons *lesson.Case) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		lang, list := languageOf(r), []LessonEntry{}
		if shelf := lessons.Shelf(); shelf != nil {
			for _, l := range shelf.Lessons {
				list = append(list, LessonEntry{l.Name, l.TitleIn(lang), l.Minutes, len(l.Beats)})
			}
		}
		spoken(w, lang)
		pack.New("application/json; charset=utf-8", plain.JSON(list)).Serve(w, r)
	}
}
