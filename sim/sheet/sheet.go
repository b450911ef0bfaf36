// Package sheet writes and reads tables as CSV that a spreadsheet shows as they are.
// Spreadsheets take a cell that begins with certain characters for a formula, which can
// fetch from the network or run a program; and they guess the encoding of a file that
// does not name it.
package sheet

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// BOM begins a file that a person will open: spreadsheets then know that it is UTF-8.
// What another program reads goes without.
const BOM = "\ufeff"

// starts are what a spreadsheet takes for the beginning of a formula.
const starts = "=+-@\t\r\n"

// Writer is a csv.Writer whose cells are no formulas.
type Writer struct{ *csv.Writer }

// NewWriter writes to w.
func NewWriter(w io.Writer) Writer { return Writer{csv.NewWriter(w)} }

// Write writes one row.
func (w Writer) Write(row []string) error {
	safe := make([]string, len(row))
	for i, cell := range row {
		safe[i] = Cell(cell)
	}
	return w.Writer.Write(safe)
}

// WriteAll writes rows and flushes.
func (w Writer) WriteAll(rows [][]string) error {
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// Cell returns a text as a cell holds it: behind an apostrophe where a spreadsheet would
// calculate it. Numbers, negative ones too, stay numbers. Text undoes it.
func Cell(text string) string {
	bare := strings.TrimLeft(text, "'") // one that looks as if it had been changed is changed too
	if bare == "" || !strings.ContainsRune(starts, rune(bare[0])) {
		return text
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return text
	}
	return "'" + text
}

// Text returns what Cell made a cell of.
func Text(cell string) string {
	bare := strings.TrimLeft(cell, "'")
	if bare == cell || bare == "" || !strings.ContainsRune(starts, rune(bare[0])) {
		return cell
	}
	return cell[1:]
}
