package main

import (
	"fmt"
	"io"
	"strings"
)

// columns is a table whose columns begin under one another on a terminal, whatever is
// written in them: text/tabwriter counts characters, of which some take two places and
// some none.
type columns struct {
	lines  [][]string
	widths []int
}

// add takes a line of cells that tabs separate.
func (c *columns) add(format string, args ...any) {
	line := strings.Split(fmt.Sprintf(format, args...), "\t")
	for i, cell := range line {
		if i == len(c.widths) {
			c.widths = append(c.widths, 0)
		}
		c.widths[i] = max(c.widths[i], cells(cell))
	}
	c.lines = append(c.lines, line)
}

func (c *columns) write(w io.Writer) error {
	for _, line := range c.lines {
		var b strings.Builder
		for i, cell := range line {
			if i < len(line)-1 {
				cell = pad(cell, c.widths[i]+gap, false)
			}
			b.WriteString(cell)
		}
		if _, err := fmt.Fprintln(w, b.String()); err != nil {
			return err
		}
	}
	return nil
}
