package lesson

import (
	"slices"
	"strconv"
	"strings"

	"kvstep/sim/explain"
)

// cellsKind asks for cells, rows or columns of a matrix of the picture. Which ones are right, an
// expression says for each, by its row and col.
var cellsKind = &Kind{
	Name: "cells", Fields: []string{"of", "lane", "by", "one", "rows", "cols", "answer"},
	read: func(r *reader, q *Question, f map[string]*node) {
		c := &CellRange{Op: r.word(f["of"], ""), Lane: r.word(f["lane"], "cached", "cached", "uncached"), By: r.word(f["by"], "row", "row", "col", "cell"), One: r.flag(f["one"])}
		if f["of"] == nil {
			r.add(q.Place, "lesson.missing", "Field", "of")
		} else if explain.Find(c.Op) == nil {
			r.add(f["of"].Place, "lesson.op", "Have", c.Op)
		}
		if c.By != "col" {
			c.Rows = r.must(f["rows"], q.Place, "rows", Number)
		}
		if c.By != "row" {
			c.Cols = r.must(f["cols"], q.Place, "cols", Number)
		}
		q.Cells = c
		q.Right = r.must(f["answer"], q.Place, "answer", Truth, "row", "col")
	},
	wrong: wrongExpr(Truth, "row", "col"),
	parse: func(q *Question, given string) (string, bool) {
		cells, ok := ReadCells(given)
		for _, c := range cells {
			ok = ok && (q.Cells.By == "cell") == (c[1] >= 0)
		}
		return writeCells(cells), ok
	},
	right: func(q *Question, v *Values) (string, error) { return cellsOf(q, q.Right, v) },
	// How many they are, the first and the last.
	measures: func(answer string, _ *Values) []any {
		cells, _ := ReadCells(answer)
		list := []any{float64(len(cells))}
		if len(cells) > 0 {
			first, last := cells[0], cells[len(cells)-1]
			list = append(list, float64(first[0]), float64(first[1]), float64(last[0]), float64(last[1]))
		}
		return list
	},
	write: func(_ *Question, answer string, _ *Values) string {
		if answer == NoCells {
			return ""
		}
		return strings.NewReplacer("-", "–", ",", ", ").Replace(answer)
	},
	mistake: func(q *Question, w *Wrong, v *Values) (string, error) { return cellsOf(q, w.Answer, v) },
	off:     equalTexts,
}

// maxCells is how many cells a question may be about.
const maxCells = 4096

// NoCells is the answer that none is meant.
const NoCells = "none"

// cellsOf returns the cells for which an expression is true.
func cellsOf(q *Question, e *Expression, v *Values) (string, error) {
	rows, cols := 1, 1
	for _, x := range []struct {
		e  *Expression
		to *int
	}{{q.Cells.Rows, &rows}, {q.Cells.Cols, &cols}} {
		if x.e == nil {
			continue
		}
		n, err := x.e.run(v, nil)
		if err != nil {
			return "", err
		}
		if *x.to = int(n.(float64)); *x.to < 1 || *x.to > maxCells || rows*cols > maxCells {
			return "", faultAt(x.e.Place, "lesson.cells", "Have", *x.to, "Most", maxCells)
		}
	}
	var cells [][2]int
	for row := range rows {
		for col := range cols {
			is, err := e.run(v, map[string]any{"row": row, "col": col})
			if err != nil {
				return "", err
			}
			if is.(bool) {
				cells = append(cells, q.Cells.cell(row, col))
			}
		}
	}
	return writeCells(cells), nil
}

// cell names a cell as an answer does: a row or a column is one number.
func (c *CellRange) cell(row, col int) [2]int {
	switch c.By {
	case "row":
		return [2]int{row, -1}
	case "col":
		return [2]int{col, -1}
	}
	return [2]int{row, col}
}

// ReadCells reads an answer: "3", "0-5" and "2.7", joined by commas. It returns row and column of each cell, a row or
// a column as its number and -1.
func ReadCells(text string) (cells [][2]int, ok bool) {
	if text == NoCells {
		return nil, true
	}
	for part := range strings.SplitSeq(text, ",") {
		a, b, span := strings.Cut(part, "-")
		row, col, cell := strings.Cut(a, ".")
		first, err := strconv.Atoi(row)
		if err != nil || first < 0 || first > maxCells || span && cell {
			return nil, false
		}
		second := -1
		if cell {
			if second, err = strconv.Atoi(col); err != nil || second < 0 || second > maxCells {
				return nil, false
			}
		}
		last := first
		if span {
			if last, err = strconv.Atoi(b); err != nil || last < first || last > maxCells {
				return nil, false
			}
		}
		for n := first; n <= last && len(cells) <= maxCells; n++ {
			cells = append(cells, [2]int{n, second})
		}
	}
	return cells, len(cells) <= maxCells
}

// writeCells writes cells in order, each once, neighbours among rows and columns as a span.
func writeCells(cells [][2]int) string {
	if len(cells) == 0 {
		return NoCells
	}
	slices.SortFunc(cells, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	cells = slices.Compact(cells)
	var parts []string
	for i := 0; i < len(cells); i++ {
		c := cells[i]
		if c[1] >= 0 {
			parts = append(parts, strconv.Itoa(c[0])+"."+strconv.Itoa(c[1]))
			continue
		}
		last := i
		for last+1 < len(cells) && cells[last+1] == [2]int{cells[last][0] + 1, -1} {
			last++
		}
		if text := strconv.Itoa(c[0]); last > i {
			parts = append(parts, text+"-"+strconv.Itoa(cells[last][0]))
			i = last
		} else {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ",")
}
