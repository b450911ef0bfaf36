package sweep

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"kvstep/sim/sheet"
)

// TestPromptsAreNoFormulas: whatever a prompt or a model is called, no cell is one, the
// numbers are numbers, and the table is read back as it was, with and without a BOM.
func TestPromptsAreNoFormulas(t *testing.T) {
	var rows []Row
	for _, text := range []string{"=1+1", "+cat", "-cat", "@cat", "\tcat", "'=x", "'cat", "小猫", "-5", ""} {
		rows = append(rows, Row{Model: "./" + text, Prompt: text, New: 3, Flops: -12, SecondsMin: -0.5})
	}
	rows[0].Model = "@someone/model"
	var b bytes.Buffer
	if err := WriteCSV(&b, rows); err != nil {
		t.Fatal(err)
	}
	for _, written := range []string{b.String(), sheet.BOM + b.String()} {
		back, err := Read(strings.NewReader(written))
		if err != nil || !slices.Equal(back, rows) {
			t.Errorf("%v: %+v", err, back)
		}
	}
	table, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	flops := slices.Index(Columns, "flops")
	for i, line := range table[1:] {
		for _, cell := range line[:2] {
			if cell != "-5" && cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("row %d has the cell %q", i, cell)
			}
		}
		if line[flops] != "-12" {
			t.Errorf("row %d: %q FLOPs", i, line[flops])
		}
	}
}
