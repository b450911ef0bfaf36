package docs

import (
	"bytes"
	"embed"
	"io/fs"
	"path"
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

// Starter returns the files of a first lesson by name, to begin one's own with: in all languages, or in one.
func Starter(lang string) map[string][]byte {
	files := map[string][]byte{}
	entries, err := starterFiles.ReadDir("starter")
	for _, e := range entries {
		if name := e.Name(); lang == "" || path.Ext(name) != ".md" || name == lang+".md" {
			files[name], err = starterFiles.ReadFile("starter/" + name)
		}
		if err != nil { // the names are the directive's
			panic(err)
		}
	}
	if lang != "" {
		const file = "lesson.yaml"
		files[file] = bytes.Replace(files[file], []byte("\nrun:"), []byte("\nlanguages: ["+lang+"]\nrun:"), 1)
	}
	return files
}
