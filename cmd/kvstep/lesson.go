package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kvstep/docs"
	"kvstep/sim"
	"kvstep/sim/lesson"
	"kvstep/sim/plain"
	"kvstep/web"
)

func newLesson() *cobra.Command {
	c := &cobra.Command{
		Use:   "lesson",
		Short: "Check lessons, begin one, print one, grade answers",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newLessonCheck(), newLessonNew(), newLessonPrint(), newLessonGrade())
	return c
}

func newLessonCheck() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "check DIR",
		Short: "Play every beat of a lesson, or of a folder of lessons, and say what is wrong with it",
		Args:  oneArg("DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			if format != "table" && format != "json" {
				return usageError{sim.NewProblem("recipe.choice", "Field", "format", "Have", format, "Allowed", []string{"table", "json"})}
			}
			return checkLessons(c, args[0], format)
		},
	}
	c.Flags().StringVar(&format, "format", "table", "table or json")
	return c
}

// lessonReport is what kvstep lesson check --format json prints.
type lessonReport struct {
	Lessons []lesson.Report `json:"lessons"`
}

func checkLessons(c *cobra.Command, dir, format string) error {
	player := lesson.NewPlayer(newLibrary(c.ErrOrStderr()))
	shelf, bad, err := openLessons(dir, besideOf(dir, ownLessons()))
	if err != nil {
		return err
	}
	report := lessonReport{Lessons: []lesson.Report{}}
	if len(bad) == 0 {
		for _, l := range shelf.Lessons {
			r, more := l.Check(c.Context(), player)
			if err := c.Context().Err(); err != nil {
				return err
			}
			bad = append(bad, more...)
			report.Lessons = append(report.Lessons, r)
		}
	}
	tellFaults(c.ErrOrStderr(), bad)
	if len(bad) > 0 {
		return sim.NewProblem("lesson.bad", "Have", len(bad))
	}
	if format == "json" {
		return json.NewEncoder(c.OutOrStdout()).Encode(report)
	}
	t := &columns{}
	t.add("lesson\tbeats\tquestions\tkinds\tlanguages\tminutes\twords")
	for _, r := range report.Lessons {
		t.add("%s\t%d\t%d\t%s\t%s\t%d\t%d", r.Name, r.Beats, r.Questions, strings.Join(r.Kinds, " "), strings.Join(r.Languages, " "), r.Minutes, r.Words)
	}
	return t.write(c.OutOrStdout())
}

// ownLessons are those that stand in the program, with the misconceptions and terms that any lesson may name.
func ownLessons() *lesson.Shelf {
	return web.Lessons().Shelf()
}

// openLessons reads the lessons of a folder, and nothing that lies outside it.
func openLessons(dir string, beside *lesson.Shelf) (*lesson.Shelf, []*lesson.Fault, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, &lesson.Fault{Place: lesson.Place{File: dir, Line: 1, Col: 1}, Problem: sim.NewProblem("lesson.folder")}
	}
	defer root.Close()
	shelf, bad := lesson.Open(root.FS(), dir, beside)
	return shelf, bad, nil
}

// besideOf returns what a lesson of a folder may name: where the folder is one of several that have their
// misconceptions above them, those too.
func besideOf(dir string, own *lesson.Shelf) *lesson.Shelf {
	above := filepath.Dir(filepath.Clean(dir))
	if _, err := os.Stat(filepath.Join(dir, "lesson.yaml")); err != nil || above == filepath.Clean(dir) {
		return own
	}
	root, err := os.OpenRoot(above)
	if err != nil {
		return own
	}
	defer root.Close()
	beside, _ := own.Beside(root.FS(), above) // who checks the folder above is told what is wrong with it
	beside.Lessons = own.Lessons
	return beside
}

// tellFaults writes each with its place, as compilers do.
func tellFaults(to io.Writer, bad []*lesson.Fault) {
	for _, f := range bad {
		fmt.Fprintf(to, "%s: %s\n", plain.Text(f.Place.String()), message("problem."+f.ID, f.Args))
	}
}

func newLessonNew() *cobra.Command {
	var lang string
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a first lesson into a folder of that name",
		Args:  oneArg("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			if lang != "" && !slices.Contains(lesson.Languages, lang) {
				return usageError{sim.NewProblem("recipe.choice", "Field", "lang", "Have", lang, "Allowed", lesson.Languages)}
			}
			dir := filepath.Clean(args[0])
			if !lesson.IsName(filepath.Base(dir)) {
				return sim.NewProblem("lesson.id", "Have", filepath.Base(dir))
			}
			if err := os.Mkdir(dir, 0o755); err != nil {
				return sim.NewProblem("file.write", "File", dir).Because(err)
			}
			for name, data := range docs.Starter(lang) {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
					return sim.NewProblem("file.write", "File", name).Because(err)
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&lang, "lang", "", "en or zh: a lesson in one language")
	return c
}
