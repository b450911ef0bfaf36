package web

import (
	"encoding/csv"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"kvstep/sim/sheet"
)

// TestTablesAreForPeople: every CSV of the server begins with the mark that spreadsheets
// want, no cell of it is a formula, and numbers below 0 are numbers.
func TestTablesAreForPeople(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	link := "?new=2&step=1&show=choice&prompt=" + url.QueryEscape("=1+1 @x -2+3 小猫 \t=a")
	for _, path := range []string{"/take/csv" + link, "/take/csv" + link + "&op=scores", "/plot/parts.csv?new=4&lang=zh", "/plot/kv-bytes.csv?new=4&model=gpt2&hardware=H100"} {
		resp, body := ask(t, addr, path, nil)
		text, marked := strings.CutPrefix(body, sheet.BOM)
		if resp.StatusCode != 200 || !marked || strings.Contains(text, sheet.BOM) || resp.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
			t.Errorf("%s: %s %q", path, resp.Status, body[:min(40, len(body))])
		}
		table, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		negative, defused := 0, 0
		for i, line := range table {
			for _, cell := range line {
				if strings.HasPrefix(cell, "'") {
					defused++
				}
				if cell == "" || !strings.Contains("=+-@\t\r\n", cell[:1]) {
					continue
				}
				if _, err := strconv.ParseFloat(cell, 64); err != nil {
					t.Errorf("%s: line %d has the cell %q", path, i+1, cell)
				}
				negative++
			}
		}
		if strings.HasPrefix(path, "/take") && (negative == 0 || defused == 0) {
			t.Errorf("%s: %d negative numbers, %d cells that would be formulas", path, negative, defused)
		}
	}
}
