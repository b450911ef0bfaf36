package sheet

import (
	"bytes"
	"encoding/csv"
	"slices"
	"testing"
	"testing/quick"
)

// TestCells: nothing that a spreadsheet would calculate begins a cell, numbers are as they
// are, and every text comes back.
func TestCells(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "cat": "cat", "'": "'", "it's": "it's", "'tis": "'tis", "小猫": "小猫", " =1": " =1",
		"=1+1": "'=1+1", "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0", "-cat": "'-cat", "@SUM(1)": "'@SUM(1)", "\tx": "'\tx", "\rx": "'\rx", "\n=x": "'\n=x",
		"=": "'=", "-": "'-", "--1": "'--1", "-1-1": "'-1-1", "-2+3+cmd": "'-2+3+cmd", "'=x": "''=x", "''-x": "'''-x",
		"-1": "-1", "-1.5e-7": "-1.5e-7", "+3": "+3", "-0": "-0", "-Inf": "-Inf", "12": "12",
	} {
		if got := Cell(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		if got := Text(Cell(text)); got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	}
	if err := quick.Check(func(s string, n uint8) bool {
		text := []string{"", "'", "=", "-", "\t", "'="}[n%6] + s
		return Text(Cell(text)) == text
	}, nil); err != nil {
		t.Error(err)
	}
}

func TestRows(t *testing.T) {
	var b bytes.Buffer
	rows := [][]string{{"token", "logit"}, {"=HYPERLINK(\"http://x\")", "-3.25"}, {"a,b\n", "4"}}
	if err := NewWriter(&b).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(&b).ReadAll()
	if err != nil || !slices.Equal(got[1], []string{"'=HYPERLINK(\"http://x\")", "-3.25"}) || !slices.Equal(got[2], rows[2]) {
		t.Errorf("%v %v", got, err)
	}
}
