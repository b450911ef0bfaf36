package export

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/library"
	"kvstep/web/limits"
)

const apples = "Mia+has+three+apples.+Tom+has+two.+"

// handoutOf makes the handout of a link within limits, and what it was said to be.
func handoutOf(t *testing.T, models *library.Library, link string, within limits.Limits) (r *rerun, told Size, file *File) {
	t.Helper()
	q, err := Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	sizes, err := Sizes(context.Background(), models, q, within)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = prepare(context.Background(), models, q, within); err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if file, err = r.make(context.Background(), "html", "test"); err != nil {
		t.Fatal(err)
	}
	return r, sizes["html"], file
}

// TestHandoutsAreAsLargeAsTold: what is said of a handout before its run is the steps that it
// holds, and at most as many bytes as it has, nearly; none has more than it may.
func TestHandoutsAreAsLargeAsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	models, within := library.New(), limits.Default()
	for _, c := range []struct {
		link  string
		whole bool
	}{
		{"?step=20&to=71&head=1", true},
		{"?step=20&to=71&cache=h2o:8:4", true},
		{"?step=20&to=71&cache=int8:token", true},
		{"?new=40&draft=story-draft&to=23&step=9", true},
		{"?model=story-mqa&step=3&to=47", true},
		{"?prompt=" + strings.Repeat(apples, 20) + "&new=4&step=5&to=5", false},
		{"?prompt=" + apples + "&new=200&t=9&sampler=sample&seed=3&step=500&to=1199", false},
	} {
		r, told, f := handoutOf(t, models, c.link, within)
		t.Logf("%.60s: steps %d to %d, %d bytes, told %d", c.link, told.First, told.Last, len(f.Data), told.Bytes)
		if told.First != r.chosen.first || told.Last != r.chosen.last || (told.Last-told.First+1 == len(r.steps)) != c.whole {
			t.Errorf("%.60s: told steps %d to %d, holds %d to %d of %d", c.link, told.First, told.Last, r.chosen.first, r.chosen.last, len(r.steps))
		}
		if n := len(f.Data); n > told.Limit || 100*n > 105*told.Bytes || 2*n < told.Bytes {
			t.Errorf("%.60s: %d bytes, told %d of at most %d", c.link, n, told.Bytes, told.Limit)
		}
	}
}

// TestAHandoutIsNeverLargerThanItMayBe: where shapes told too little, it holds fewer steps.
func TestAHandoutIsNeverLargerThanItMayBe(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	within := limits.Default()
	q, _ := Parse("?step=20&to=71&head=1")
	r, err := prepare(context.Background(), library.New(), q, within)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if err := r.keep(context.Background()); err != nil || r.chosen.first != 0 || r.chosen.last != 71 {
		t.Fatal(r.chosen, err)
	}
	r.within.Handout = 2_500_000
	f, err := r.handout("test")
	if err != nil || len(f.Data) > 2_500_000 || r.chosen.first > 20 || r.chosen.last < 20 || r.chosen.last-r.chosen.first > 65 {
		t.Errorf("%v: steps %d to %d", err, r.chosen.first, r.chosen.last)
	}
	var p *sim.Problem
	r.within.Handout = 1000
	if _, err := r.handout("test"); !errors.As(err, &p) || p.ID != "take.large" {
		t.Errorf("no handout has 1000 bytes: %v", err)
	}
}

// TestAPartOfARun: a handout of some steps and heads goes to no other, and has a link to what it
// is asked for beyond. What it shows is what the whole one shows, K and V of earlier steps included.
func TestAPartOfARun(t *testing.T) {
	models, _ := testLibrary(t)
	r, all, _ := copied(t, models, query+"&step=6&to=11")
	r.chosen.first, r.chosen.last, r.chosen.heads = 4, 8, []int{0, 2}
	some := r.handoutEntries(usual)
	var plan []asking
	for n := range r.steps {
		for _, op := range []string{"", "K", "V", "probs", "gate"} {
			if r.steps[n].Part == sim.LayerPart {
				plan = append(plan, asking{n, op, 2, []explain.Ref{}})
			}
		}
	}
	whole, part := replay(t, all, plan), replay(t, some, plan)
	for i, a := range plan {
		here := 4 <= a.Step && a.Step <= 8
		if here && (!reflect.DeepEqual(part[i].Data, whole[i].Data) || part[i].From != a.Step || part[i].Lacking != "") {
			t.Errorf("%+v: %+v, want %+v", a, part[i], whole[i])
		}
		if !here && (part[i].From < 4 || part[i].From > 8) {
			t.Errorf("%+v went to %d", a, part[i].From)
		}
	}
	// What is asked for beyond is named, when it is asked for.
	for i, got := range replay(t, some, []asking{{6, "probs", 1, []explain.Ref{}}, {6, "probs", 2, []explain.Ref{}}}) {
		if l, err := Parse(got.Lacking); i == 0 && (err != nil || l.View.Head != 1 || l.Step != 6) || i == 1 && got.Lacking != "" {
			t.Errorf("a head: lacking %q (%v)", got.Lacking, err)
		}
	}
}

// TestSizesBeforeTheRun: what would be too large is refused before a step is computed, with the
// last step up to which it would not be.
func TestSizesBeforeTheRun(t *testing.T) {
	models, _ := testLibrary(t)
	within := limits.Default()
	q, _ := Parse(query + "&step=11&to=11")
	f, err := Make(context.Background(), models, "safetensors", q, "test", within)
	if err != nil {
		t.Fatal(err)
	}
	within.File = int64(len(f.Data)) / 2
	_, err = Make(context.Background(), models, "safetensors", q, "test", within)
	var p *sim.Problem
	if !errors.As(err, &p) || p.ID != "take.large" {
		t.Fatalf("%v", err)
	}
	fits := p.Args["Fits"].(int)
	q.To = fits
	if f, err := Make(context.Background(), models, "safetensors", q, "test", within); err != nil || fits <= 0 || fits >= 11 || int64(len(f.Data)) > 2*within.File {
		t.Errorf("up to step %d: %v", fits, err)
	}
	q.To = 11
	r, err := prepare(context.Background(), models, q, within)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if _, err := r.make(context.Background(), "safetensors", "test"); err == nil || r.steps != nil {
		t.Error("a refused file was run")
	}
	file, err := checkpoint.ReadSafetensors(f.Data)
	if err != nil {
		t.Fatal(err)
	}
	have := 0
	for _, x := range file.Tensors {
		have += len(x.Data)
	}
	if _, told := r.shapes.fits(11, 1<<40, r.shapes.numbersBytes); 10*told > 12*have || 12*told < 10*have {
		t.Errorf("told %d bytes of numbers, the file has %d", told, have)
	}
}

// TestBase85: the page's script reads what is written, of every length.
func TestBase85(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: no node on this machine")
	}
	r := rand.New(rand.NewPCG(8, 5))
	var texts, want []string
	for n := range 300 {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(r.Uint32() >> (8 * (n % 4)))
		}
		texts, want = append(texts, base85(data)), append(want, string(data))
	}
	texts, want = append(texts, base85([]byte{255, 255, 255, 255, 255})), append(want, "\xff\xff\xff\xff\xff")
	if all := strings.Join(texts, ""); strings.Contains(all, "<") {
		t.Error("a text could end its script")
	}
	dir := t.TempDir()
	data, _ := json.Marshal(texts)
	static, _ := filepath.Abs(filepath.Join("..", "..", "static"))
	script := `const { base85 } = await import(process.argv[2] + "/js/handout/base85.js"); const { readFileSync } = await import("node:fs");
console.log(JSON.stringify(JSON.parse(readFileSync(process.argv[3], "utf8")).map((x) => Buffer.from(base85(x)).toString("base64"))))`
	if os.WriteFile(filepath.Join(dir, "x.mjs"), []byte(script), 0o600) != nil || os.WriteFile(filepath.Join(dir, "x.json"), data, 0o600) != nil {
		t.Fatal("no place to write")
	}
	out, err := exec.Command(node, filepath.Join(dir, "x.mjs"), static, filepath.Join(dir, "x.json")).Output()
	var got [][]byte
	if err != nil || json.Unmarshal(out, &got) != nil || len(got) != len(want) {
		t.Fatalf("%v: %d", err, len(got))
	}
	for i := range want {
		if string(got[i]) != want[i] {
			t.Fatalf("%d bytes: %x, want %x", i, got[i], want[i])
		}
	}
}
