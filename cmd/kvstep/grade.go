package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/lesson"
	"kvstep/sim/sheet"
	"kvstep/web/text"
	"kvstep/web/wall"
)

// mostGrading is how long the run of one hand-in may take: whoever hands in a long one holds up all others.
const mostGrading = time.Minute

// grading is one kvstep lesson grade.
type grading struct {
	dir, out, format, lang string

	shelf  *lesson.Shelf
	grader *lesson.Grader
	errs   io.Writer
	rows   [][]string
	sums   summary
	count  int // of hand-ins
	bad    int // of them
}

// gradeColumns are those of the table: a row is a learner's answer to one question.
var gradeColumns = []string{"student", "file", "lesson", "beat", "question", "given", "right", "misconception", "meaning", "answer", "note"}

func newLessonGrade() *cobra.Command {
	g := grading{sums: summary{}}
	c := &cobra.Command{
		Use:   "grade FILE...",
		Short: "Grade what learners have handed in, as a table of answers and misconceptions",
		Long: "grade reads what \"My answers\" of the page has saved, or files with a link in each line behind a\n" +
			"name, runs what each learner has seen on the engine again, and writes one row for each of their\n" +
			"answers as CSV. What is wrong with a file is told, and all others are graded.",
		Example: "  kvstep lesson grade answers/*.json --out answers.csv\n" +
			"  kvstep lesson grade links.txt --lessons my-lesson --format table",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{sim.NewProblem("cli.missing", "Name", "FILE")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return g.run(c, args) },
	}
	c.Flags().StringVar(&g.dir, "lessons", "", "folder of lessons, or one lesson, that stand beside the built-in ones")
	c.Flags().StringVar(&g.out, "out", "", "file to write (default: standard output)")
	c.Flags().StringVar(&g.format, "format", "csv", "csv: every answer; table: what the class has answered to each question")
	c.Flags().StringVar(&g.lang, "lang", "", "language of the words: en or zh (default: the terminal's)")
	return c
}

func (g *grading) run(c *cobra.Command, files []string) (err error) {
	if g.format != "csv" && g.format != "table" {
		return usageError{sim.NewProblem("recipe.choice", "Field", "format", "Have", g.format, "Allowed", []string{"csv", "table"})}
	}
	if g.lang, err = languageFlag(g.lang); err != nil {
		return err
	}
	g.errs, g.shelf = c.ErrOrStderr(), ownLessons()
	if g.dir != "" {
		own, bad, err := openLessons(g.dir, besideOf(g.dir, g.shelf))
		if err != nil {
			return err
		}
		if tellFaults(g.errs, bad); len(bad) > 0 {
			return sim.NewProblem("lesson.bad", "Have", len(bad))
		}
		g.shelf = g.shelf.With(own)
	}
	g.grader = lesson.NewGrader(lesson.NewPlayer(newLibrary(g.errs)))
	for _, file := range files {
		if g.file(c.Context(), file); c.Context().Err() != nil {
			return c.Context().Err()
		}
	}
	if err := g.write(c.OutOrStdout()); err != nil {
		return err
	}
	if g.bad > 0 {
		return sim.NewProblem("handin.some", "Have", g.bad, "Count", g.count)
	}
	return nil
}

// file grades all that a file holds.
func (g *grading) file(ctx context.Context, name string) {
	data, err := readRegular(name, lesson.MaxHandIn)
	if err != nil {
		g.count, g.bad = g.count+1, g.bad+1
		fmt.Fprintln(g.errs, say(err))
		return
	}
	all := lesson.ReadHandIns(data)
	for _, h := range all {
		student, place := h.Name, name
		if len(all) > 1 {
			place = fmt.Sprintf("%s:%d", name, h.Line)
		}
		if student == "" {
			student = strings.TrimSuffix(filepath.Base(place), filepath.Ext(name))
		}
		wrong := []error{h.Err}
		if h.Err == nil {
			wrong = g.handIn(ctx, student, place, &h.HandIn)
		}
		if g.count++; len(wrong) > 0 {
			g.bad++
		}
		for _, err := range wrong {
			fmt.Fprintf(g.errs, "%s: %s\n", quoted(place), say(err))
		}
	}
}

// handIn grades one hand-in, and returns what is wrong with it. A fault of ours is its fault alone.
func (g *grading) handIn(ctx context.Context, student, place string, h *lesson.HandIn) (wrong []error) {
	l := g.shelf.Find(h.Lesson)
	if l == nil {
		return []error{sim.NewProblem("play.none", "Have", h.Lesson)}
	}
	within, stop := context.WithTimeout(ctx, mostGrading)
	defer stop()
	var marks []lesson.Mark
	err := wall.Try("lesson", l.Name, func() error {
		marks, wrong = g.grader.Grade(within, l, h, g.lang)
		return nil
	})
	if err != nil {
		wrong = append(wrong, err)
	}
	for i, err := range wrong {
		if errors.Is(err, context.DeadlineExceeded) {
			wrong[i] = sim.NewProblem("handin.slow", "Most", int(mostGrading.Seconds()))
		}
	}
	for _, m := range marks {
		g.sums.add(l, &m)
		g.rows = append(g.rows, g.row(student, place, l, h, &m))
	}
	return wrong
}

// row is a mark as a table has it, in the order of gradeColumns.
func (g *grading) row(student, place string, l *lesson.Lesson, h *lesson.HandIn, m *lesson.Mark) []string {
	right, note := "", ""
	switch {
	case m.Cannot != nil:
		note = text.In(g.lang).T(m.Cannot.ID, shown(map[string]any{"Moment": m.Cannot.Moment, "Models": m.Cannot.Models}))
	case m.Graded:
		right = map[bool]string{true: "yes", false: "no"}[m.Right]
	}
	if note == "" && h.Version != "" && h.Version != l.Version {
		note = text.In(g.lang).T("grade.version", nil)
	}
	return []string{
		student, place, l.Name, m.Beat, m.Question, m.Given, right, m.Why, l.Reasons[m.Why].Texts[g.lang], m.Answer, note,
	}
}

// write writes what was asked for; of answers in a file the table of the class is told too.
func (g *grading) write(stdout io.Writer) error {
	var b bytes.Buffer
	if g.format == "csv" {
		err := sheet.NewWriter(forPeople(&b, g.format)).WriteAll(append([][]string{gradeColumns}, g.rows...))
		if err != nil {
			return err
		}
	} else if err := g.sums.write(&b, g.shelf, g.lang); err != nil {
		return err
	}
	if g.out == "" {
		_, err := io.Copy(stdout, bytes.NewReader(bytes.TrimPrefix(b.Bytes(), []byte(sheet.BOM)))) // for other programs
		return err
	}
	err := writeWhole(g.out, func(w io.Writer) error {
		_, err := b.WriteTo(w)
		return err
	})
	if err == nil && g.format == "csv" {
		err = g.sums.write(g.errs, g.shelf, g.lang)
	}
	return err
}
