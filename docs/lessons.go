package docs

import (
	"embed"
	"io/fs"
)

//go:embed lessons
var lessonFiles embed.FS

// Lessons are the folders of the lessons, with the misconceptions that their questions come from.
func Lessons() fs.FS {
	sub, err := fs.Sub(lessonFiles, "lessons")
	if err != nil { // the name is the directive's
		panic(err)
	}
	return sub
}
