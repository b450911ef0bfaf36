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

//go:embed starter
var starterFiles embed.FS

// Starter is the folder of a first lesson, to begin one's own with.
func Starter() fs.FS {
	sub, err := fs.Sub(starterFiles, "starter")
	if err != nil {
		panic(err)
	}
	return sub
}
