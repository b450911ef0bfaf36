package sweep

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"kvstep/sim"
	"kvstep/sim/sheet"
)

// maxLine bounds a line of a table that is read, in bytes.
const maxLine = 1 << 20

// Read reads a table that WriteCSV or WriteJSONL wrote; which of them, its first
// character tells. Problem "sweep.table" names the line.
func Read(r io.Reader) ([]Row, error) {
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(len(sheet.BOM)); string(mark) == sheet.BOM {
		_, _ = in.Discard(len(sheet.BOM)) // they are there
	}
	first, err := in.Peek(1)
	if err != nil && err != io.EOF {
		return nil, bad(1, err)
	}
	if bytes.Equal(first, []byte("{")) {
		return readJSONL(in)
	}
	return readCSV(in)
}

func bad(line int, err error) error { return sim.NewProblem("sweep.table", "Line", line).Because(err) }

func readJSONL(r io.Reader) ([]Row, error) {
	var rows []Row
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		var row Row
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, bad(n, err)
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		return nil, bad(len(rows)+1, err)
	}
	return rows, nil
}

// readCSV makes every line the JSON object that it stands for: names are those
// of the header, and what is no text is a number or true or false as it is.
func readCSV(r io.Reader) ([]Row, error) {
	in := csv.NewReader(r)
	header, err := in.Read()
	if err != nil {
		return nil, bad(1, err)
	}
	if !slices.Equal(header, Columns) {
		return nil, bad(1, fmt.Errorf("columns %q", header))
	}
	texts := []string{"model", "prompt", "lane", "phase", "pairs", "logits"}
	var rows []Row
	for n := 2; ; n++ {
		cells, err := in.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, bad(n, err)
		}
		object := map[string]json.RawMessage{}
		for i, name := range header {
			object[name] = json.RawMessage(cells[i])
			if slices.Contains(texts, name) {
				object[name], _ = json.Marshal(sheet.Text(cells[i])) // a string never fails
			}
		}
		var row Row
		text, err := json.Marshal(object)
		if err == nil {
			err = json.Unmarshal(text, &row)
		}
		if err != nil {
			return nil, bad(n, err)
		}
		rows = append(rows, row)
	}
}
