package lesson

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"regexp"
	"testing"
)

var write = flag.Bool("write", false, "write static/test/formats.json")

// TestFormats: lessons write numbers as the page does. static/test/lesson.test.js reads the same file.
func TestFormats(t *testing.T) {
	type line struct {
		Unit  string  `json:"unit"`
		Value float64 `json:"value"`
		Text  string  `json:"text"`
	}
	var lines []line
	for _, unit := range Units {
		for _, x := range []float64{
			0, 1, 2, 7, 10, 12.5, 99.5, 100, 999, 999.5, 1000, 1234, 12345.6, 1048576, 24499200, 8.0e9, 3.3e13, 0.5, 0.125, 1.005, 2.675, 0.0995, 0.09949, 0.9995,
			0.99949, 0.99996, 0.00004, 0.00123, 0.0345, 1e-7, math.Pi, -0.25, -1234.5,
		} {
			if unit == "percent" && (x < 0 || x > 1) || unit == "ratio" && x < 0 || unit == "s" && x < 0 {
				continue
			}
			lines = append(lines, line{unit, x, Format(x, unit)})
		}
	}
	want, err := json.MarshalIndent(lines, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const path = "../../static/test/formats.json"
	if *write {
		if err := os.WriteFile(path, append(want, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || string(have) != string(want)+"\n" {
		t.Errorf("%s is stale (%v): go test ./sim/lesson -run Formats -args -write", path, err)
	}
}

// TestARatioIsOfWhatIsWritten: a ratio in words is that of the two numbers beside it, as they are written.
func TestARatioIsOfWhatIsWritten(t *testing.T) {
	for x, want := range map[float64]float64{1245: 1250, 1255: 1260, 999.5: 1000, 0.12345: 0.123, 24_449_200: 24_400_000, -1.005: -1, 0: 0, 7: 7} {
		if got := written3(x); got != want {
			t.Errorf("%v is written %v, want %v", x, got, want)
		}
	}
	for source, want := range map[string]string{"24449200 / 3396000": "7.18 ×", "(24449200 + 0) / (3000000 + 396000)": "7.18 ×", "7.2": "7.20 ×", "1 / 3": "0.33 ×"} {
		e, err := scope{}.compile(Place{}, source, Sayable)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.say(&Values{}, "ratio"); got != want || err != nil {
			t.Errorf("%s is said as %q (%v), want %q", source, got, err, want)
		}
	}
}

// TestThePageHasEveryLight: what a lesson may light, the page can find.
func TestThePageHasEveryLight(t *testing.T) {
	page, err := os.ReadFile("../../static/js/panel/lesson/lights.js")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../../docs/lessons.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Lights {
		if !regexp.MustCompile(`(?m)^  ` + name + `: `).Match(page) {
			t.Errorf("lights.js does not know %s", name)
		}
		if !regexp.MustCompile(`[\s` + "`" + `]` + name + `[\s` + "`" + `]`).Match(guide) {
			t.Errorf("docs/lessons.md does not name %s", name)
		}
	}
}
