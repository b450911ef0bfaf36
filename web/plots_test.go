package web

import (
	"bytes"
	"context"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kvstep/sim/chart"
	"kvstep/sim/cost"
	"kvstep/sim/library"
	"kvstep/web/limits"
	"kvstep/web/text"
)

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// post presses the button of the page.
func post(t *testing.T, addr, path string, header http.Header) *http.Response {
	t.Helper()
	req, err := http.NewRequest("POST", "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return resp
}

var beginnings = map[string][]string{
	"svg": {"image/svg+xml", "<?xml"}, "png": {"image/png", "\x89PNG"}, "pdf": {"application/pdf", "%PDF"}, "csv": {"text/csv; charset=utf-8", "\ufeffcurve,"},
}

// Every figure in every format, before and after a measurement.
func TestEveryFigureInEveryFormat(t *testing.T) {
	if testing.Short() {
		t.Skip("draws every figure")
	}
	addr, stop := start(t)
	defer stop()
	const ask = "?model=story&prompt=8&new=12&lang=zh"
	if r := get(t, addr, "/plot/time.svg"+ask, ""); r.StatusCode != 422 || !strings.Contains(string(body(t, r)), "还没有") {
		t.Errorf("time before it is measured: %s", r.Status)
	}
	r := post(t, addr, "/plots/measure"+ask, nil)
	if r.StatusCode != 200 || r.Request.URL.Path != "/plots" { // where it leads to
		t.Fatalf("measure: %s, at %s: %s", r.Status, r.Request.URL, body(t, r))
	}
	for _, name := range chart.Names() {
		for _, format := range chart.Formats() {
			r := get(t, addr, "/plot/"+name+"."+format+ask, "")
			b := body(t, r)
			want := beginnings[format]
			if r.StatusCode != 200 || r.Header.Get("Content-Type") != want[0] || !bytes.HasPrefix(b, []byte(want[1])) {
				t.Errorf("%s.%s: %s %s %.60q", name, format, r.Status, r.Header.Get("Content-Type"), b)
			}
			if name == "speedup" && format == "csv" && !bytes.Contains(b, []byte("seconds")) {
				t.Errorf("speedup has no measured points: %s", b)
			}
			if p := r.Header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "unsafe") {
				t.Errorf("%s.%s: policy %q", name, format, p)
			}
			if d := r.Header.Get("Content-Disposition"); d != `attachment; filename="`+name+`-story.`+format+`"` {
				t.Errorf("%s.%s: %q", name, format, d)
			}
			if format == "png" {
				if _, err := png.Decode(bytes.NewReader(b)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// The page's figure is that of kvstep plot: the same bytes.
func TestFiguresAreThoseOfTheCommand(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	got := body(t, get(t, addr, "/plot/kv-bytes.svg?model=llama-3-8b&prompt=16&new=100&hardware=H100&dtype=int8&lang=zh&print=1&unit=mac&pairs=dense&logits=all", ""))
	s, name, err := cost.Preset("Llama-3-8B")
	if err != nil {
		t.Fatal(err)
	}
	d, _ := cost.ParseDType("dtype", "int8")
	h, _ := cost.HardwarePreset("H100")
	f, err := chart.Make("kv-bytes", chart.Request{DType: d, Batch: 1, Device: &h, Subject: chart.Subject{Name: name, Shape: s.Wide(8, 8), Prompt: 16, New: 100,
		Switches: cost.Switches{Unit: "mac", Pairs: "dense", Logits: "all", Scope: "matmul"}}})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := chart.Write(&want, f, "svg", chart.Style{Print: true, Say: text.In("zh").T}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes from the server, %d from the chart", len(got), want.Len())
	}
}

// Whatever is asked, the answer is a figure or a sentence, in the reader's language.
func TestImpossibleFigures(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for path, want := range map[string]string{
		"/plot/pie.svg?":                               "404 There is no figure “pie”",
		"/plot/step-flops?":                            "404 format cannot be",
		"/plot/step-flops.gif?":                        "404 format cannot be “gif”",
		"/plot/step-flops.svg.exe?":                    "404 format cannot be",
		"/plot/step-flops.svg?model=gpt9&":             "422 There is no preset “gpt9”. Known presets: story",
		"/plot/step-flops.svg?prompt=0&":               "422 prompt",
		"/plot/step-flops.svg?prompt=-3&":              "422 prompt",
		"/plot/step-flops.svg?prompt=9999999999&":      "422 ",
		"/plot/step-flops.svg?new=4097&":               "422 new",
		"/plot/step-flops.svg?new=many&":               "422 ",
		"/plot/step-flops.svg?dtype=fp5&":              "422 dtype cannot be “fp5”",
		"/plot/step-flops.svg?unit=mile&":              "422 unit cannot be “mile”",
		"/plot/step-flops.svg?pairs=mile&":             "422 pairs cannot be",
		"/plot/step-flops.svg?logits=mile&":            "422 logits cannot be",
		"/plot/roofline.svg?hardware=abacus&":          "422 There is no device “abacus”",
		"/plot/roofline.svg?hardware=Phone&":           "422 Phone",
		"/plot/intensity.svg?hardware=Phone&":          "422 Phone",
		"/plot/roofline.svg?hardware=H100&dtype=fp32&": "422 ",
		"/plot/step-flops.svg?prompt=500&new=500&":     "422 ",
		"/plot/time.svg?model=gpt2&":                   "422 gpt2 has not been measured",
	} {
		for _, lang := range []string{"en", "zh"} {
			r := get(t, addr, path+"lang="+lang, "")
			got := r.Status[:4] + string(body(t, r))
			if r.StatusCode >= 500 || strings.Contains(got, "problem.") || strings.Contains(got, "<no value>") ||
				(lang == "en" && !strings.HasPrefix(got, want)) || (lang == "zh" && !strings.ContainsAny(got, "。")) {
				t.Errorf("%s in %s: %s; want %s", path, lang, got, want)
			}
			if page := get(t, addr, "/plots"+path[strings.Index(path, "?"):]+"lang="+lang, ""); page.StatusCode != 200 {
				t.Errorf("the page for %s: %s", path, page.Status)
			}
		}
	}
	// On the page a field is called as its form calls it.
	for query, want := range map[string]string{"new=0&lang=en": "“New tokens” is 0; it must", "new=0&lang=zh": "“新生成词元数”为 0，", "dtype=fp5&lang=en": "“Numbers” cannot be “fp5”"} {
		if page := string(body(t, get(t, addr, "/plots?"+query, ""))); !strings.Contains(page, want) {
			t.Errorf("/plots?%s does not say %q", query, want)
		}
	}
	// The smallest and the largest that may be asked.
	for _, ask := range []string{
		"model=story&prompt=1&new=1", "model=story&prompt=1", "model=gpt2&prompt=1&new=2", "model=paper&prompt=2&new=1",
		"model=Llama-3.1-405B&prompt=4096&new=4096&hardware=B200", "model=DeepSeek-V3&prompt=1&new=1&hardware=Raspberry", "model=Gemma-3-27b-it&new=4096",
	} {
		for _, name := range chart.Names() {
			r := get(t, addr, "/plot/"+name+".svg?"+ask, "")
			if b := body(t, r); r.StatusCode >= 500 || r.StatusCode == 200 && (len(b) > 4<<20 || bytes.Contains(b, []byte("NaN"))) || r.StatusCode != 200 && !strings.Contains(string(b), "measured") && !strings.Contains(string(b), "one length") && !strings.Contains(string(b), "too large") && !strings.Contains(string(b), "no rate") {
				t.Errorf("%s of %s: %s, %d bytes: %.200s", name, ask, r.Status, len(b), b)
			}
		}
	}
}

func TestEveryModelAndDeviceHasFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("draws figures of every model")
	}
	p := newPlots(library.New(), "test", limits.Default())
	check := func(query string) {
		values, _ := url.ParseQuery(query)
		a, err := p.parse(&http.Request{}, values)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			return
		}
		for _, name := range chart.Names() {
			if chart.NeedsMeasured(name) {
				continue
			}
			if _, err := p.figure(name, a); err != nil && problemText("en", err) == "" {
				t.Errorf("%s of %s: %v", name, query, err)
			} else if err != nil && !chart.NeedsDevice(name) {
				t.Errorf("%s of %s: %v", name, query, err)
			}
		}
	}
	for _, m := range append(p.models.Names(), cost.Presets()...) {
		check(url.Values{"model": {m}, "prompt": {"4"}, "new": {"20"}}.Encode())
	}
	for _, h := range cost.HardwareNames() {
		for _, d := range cost.DTypes() {
			check(url.Values{"model": {"gpt2"}, "new": {"40"}, "hardware": {h}, "dtype": {d}}.Encode())
		}
	}
}

func TestWhoMayDrawAndMeasure(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for _, path := range []string{"/plots", "/plot/parts.svg", "/plots/measure"} {
		if r := get(t, addr, path, "evil.example"); r.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s for a foreign host: %s", path, r.Status)
		}
	}
	if r := get(t, addr, "/plots/measure?new=4", ""); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET /plots/measure: %s", r.Status)
	}
	if r := post(t, addr, "/plots", nil); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /plots: %s", r.Status)
	}
	for _, c := range []struct {
		header http.Header
		want   int
	}{
		{http.Header{"Origin": {"http://evil.example"}}, 403},
		{http.Header{"Origin": {"null"}}, 403},
		{http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}}, 403},
		{http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		{http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"same-origin"}}, 200},
		{http.Header{"Origin": {"http://" + addr}}, 200},
	} {
		if r := post(t, addr, "/plots/measure?model=story&prompt=4&new=4", c.header); r.StatusCode != c.want {
			t.Errorf("%v: %s, want %d", c.header, r.Status, c.want)
		}
	}
	req, _ := http.NewRequest("GET", "http://"+addr+"/plot/parts.svg", nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != 403 {
		t.Errorf("a figure for a foreign page: %s", r.Status)
	}
	if r := post(t, addr, "/plots/measure?model=gpt2&new=4", nil); r.StatusCode != 422 || !bytes.Contains(body(t, r), []byte("does not run here")) {
		t.Errorf("measuring a published model: %s", r.Status)
	}
}

// Two measurements at once would measure each other; one that nobody waits for ends.
func TestMeasurementsAreAlone(t *testing.T) {
	models := library.New()
	p := newPlots(models, "test", limits.Default())
	m, err := models.Get("story")
	if err != nil {
		t.Fatal(err)
	}
	k := measureKey{"story", "allowed", "last", 4, 4}
	p.measured.busy <- struct{}{}
	if err := p.measured.run(t.Context(), m, k); err == nil || !strings.HasPrefix(err.Error(), "plot.busy") {
		t.Errorf("beside another: %v", err)
	}
	<-p.measured.busy
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := p.measured.run(gone, m, k); err == nil {
		t.Error("it runs on when nobody waits")
	}
	if len(p.measured.cached) != 0 {
		t.Error("half a measurement is kept")
	}
	for range maxKept + 5 {
		k.prompt++
		p.measured.put(k, chart.Measured{})
	}
	if len(p.measured.cached) > maxKept {
		t.Errorf("%d kept", len(p.measured.cached))
	}
}
