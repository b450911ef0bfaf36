package web

import (
	"kvstep/docs"
	"kvstep/sim/lesson"
)

// Lessons returns those of docs/lessons, which stand in the program. make test checks them.
func Lessons() *lesson.Case {
	own, _ := lesson.Open(docs.Lessons(), "docs/lessons", nil)
	return lesson.NewCase(own)
}
