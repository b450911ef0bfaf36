package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kvstep/sim"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/sim/sheet"
)

// graded returns the rows of a table of answers by its columns.
func graded(t *testing.T, text string) (rows []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, sheet.BOM))).ReadAll()
	if err != nil || len(all) == 0 || !slices.Equal(all[0], gradeColumns) {
		t.Fatal(err, text)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[gradeColumns[i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// TestLessonGrade: a class hands in files and lines with links; each answer is a row, with the misconception that it
// comes from in the teacher's language, no cell is a formula, and whatever is wrong with a file is told by its name.
func TestLessonGrade(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	version := ownLessons().Find("decode").Version
	ada := write("ada.json", `{"lesson":"decode","version":"`+version+`","name":"Ada","lang":"en","beat":"how-much","answers":{"what-again":"0-5","same-text":"other"},"moment":{}}`)
	links := write("links.txt", "=cmd|' /C calc'!A0, http://127.0.0.1:8787/lab?lesson=decode&answers=same-text~other\n\n猫 ?lesson=decode&answers=what-again~0&lang=zh\n")
	code, out, errs := command(t, "lesson", "grade", ada, links, "--lang", "zh")
	if code != 0 || errs != "" {
		t.Fatal(code, errs)
	}
	rows := graded(t, out)
	if n := 3 * 7; len(rows) != n { // questions of the lesson
		t.Errorf("%d rows, want %d", len(rows), n)
	}
	seen := map[string]map[string]string{}
	for _, row := range rows {
		seen[row["student"]+" "+row["beat"]] = row
	}
	for key, want := range map[string]map[string]string{
		"Ada what-again":                  {"right": "yes", "given": "0-5", "answer": "0-5", "misconception": "", "file": ada, "note": ""},
		"Ada same-text":                   {"right": "no", "given": "other", "misconception": "cache-makes-text", "lesson": "decode"},
		"Ada how-much":                    {"right": "", "given": "", "answer": ""},
		"'=cmd|' /C calc'!A0 same-text":   {"right": "no", "file": links + ":1"},
		"猫 what-again":                    {"right": "no", "given": "0", "file": links + ":3"},
		"'=cmd|' /C calc'!A0 which-other": nil,
	} {
		row := seen[key]
		if (row == nil) != (want == nil) {
			t.Errorf("%s: %v", key, row)
			continue
		}
		for column, cell := range want {
			if row[column] != cell {
				t.Errorf("%s: %s is %q, want %q", key, column, row[column], cell)
			}
		}
	}
	if row := seen["Ada same-text"]; !strings.ContainsRune(row["meaning"], '缓') || !strings.ContainsRune(row["question"], '词') {
		t.Errorf("%v is not in Chinese", row)
	}

	table := filepath.Join(dir, "answers.csv")
	code, out, errs = command(t, "lesson", "grade", ada, links, "--out", table)
	data, err := os.ReadFile(table)
	if code != 0 || out != "" || err != nil || !strings.HasPrefix(string(data), sheet.BOM) || len(graded(t, string(data))) != len(rows) {
		t.Error(code, out, err)
	}
	_, out, _ = command(t, "lesson", "grade", ada, links, "--format", "table")
	for _, said := range []string{out, errs} {
		if line := strings.Join(strings.Fields(lineOf(said, "same-text")), " "); !strings.HasPrefix(line, "decode same-text 3 2 0 2 × cache-makes-text: ") {
			t.Errorf("%q", line)
		}
	}
}

func lineOf(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return line
		}
	}
	return ""
}

// TestLessonGradeOfBadFiles: each is told by its name and by what is wrong, the others are graded, and it ends with 1.
func TestLessonGradeOfBadFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.json", `{"lesson":"decode","answers":{"same-text":"same"}}`)
	files := []string{good}
	bad := map[string]struct{ text, says string }{
		"cut.json":     {`{"lesson":"decode","answers":{"same`, "JSON"},
		"large.json":   {strings.Repeat("x", 10<<20), "larger"},
		"utf16.txt":    {"\xff\xfea\x00", "UTF-8"},
		"empty.json":   {"", "nothing"},
		"other.json":   {`{"name":"x"}`, "no lesson"},
		"unknown.json": {`{"lesson":"knitting"}`, "knitting"},
		"version.json": {`{"lesson":"decode","version":"00000000"}`, "edited"},
		"beat.json":    {`{"lesson":"decode","answers":{"tea-break":"1"}}`, "tea-break"},
		"model.json":   {`{"lesson":"decode","moment":{"model":["gone"]}}`, "gone"},
		"missing.json": {"", "Cannot open"},
		"order.json":   {"{\"lesson\":\"\x1b[31m\"}", "JSON"},
	}
	for name, x := range bad {
		files = append(files, write(name, x.text))
	}
	if err := os.Remove(filepath.Join(dir, "missing.json")); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, append([]string{"lesson", "grade"}, files...)...)
	if code != 1 || !strings.Contains(errs, fmt.Sprintf("%d of %d", len(bad), len(files))) || strings.ContainsRune(errs, '\x1b') {
		t.Error(code, errs)
	}
	for name, x := range bad {
		if line := lineOf(errs, name); !strings.Contains(line, x.says) {
			t.Errorf("%s: %q, want %q", name, line, x.says)
		}
	}
	known := 0
	for _, row := range graded(t, out) {
		if row["right"] != "" {
			known++
			if row["student"] != "good" || row["right"] != "yes" {
				t.Error(row)
			}
		}
	}
	if known != 1 {
		t.Errorf("%d answers are graded, want that of the good file", known)
	}
	for _, args := range [][]string{{}, {good, "--format", "xml"}} {
		if code, _, errs := command(t, append([]string{"lesson", "grade"}, args...)...); code != 2 || errs == "" {
			t.Errorf("%v: %d %q", args, code, errs)
		}
	}
	own := filepath.Join(dir, "my-lesson")
	if code, _, errs := command(t, "lesson", "new", own); code != 0 {
		t.Fatal(errs)
	}
	mine := write("mine.json", `{"lesson":"my-lesson","name":"Eve","answers":{"how-many":"1"}}`)
	if code, out, errs := command(t, "lesson", "grade", mine, "--lessons", own); code != 0 || graded(t, out)[0]["student"] != "Eve" {
		t.Error(code, out, errs)
	}
	if code, _, errs := command(t, "lesson", "grade", mine, "--lessons", dir+"/none"); code != 1 || errs == "" {
		t.Error(code, errs)
	}
}

// TestLessonGradeEnds: a hand-in whose run takes too long is told, and holds up nobody.
func TestLessonGradeEnds(t *testing.T) {
	g := grading{lang: "en", sums: summary{}, shelf: ownLessons(), grader: lesson.NewGrader(lesson.NewPlayer(library.New()))}
	h := lesson.HandIn{Lesson: "decode", Answers: map[string]string{"same-text": "same"}}
	ctx, stop := context.WithTimeout(t.Context(), time.Nanosecond)
	defer stop()
	var p *sim.Problem
	if wrong := g.handIn(ctx, "Ada", "ada.json", &h); len(wrong) != 1 || !errors.As(wrong[0], &p) || p.ID != "handin.slow" || len(g.rows) > 0 {
		t.Error(wrong, g.rows)
	}
	if wrong := g.handIn(t.Context(), "Ada", "ada.json", &h); len(wrong) > 0 || len(g.rows) == 0 {
		t.Error(wrong, g.rows)
	}
}
