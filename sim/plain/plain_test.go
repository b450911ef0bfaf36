package plain

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
)

type Inner struct {
	KL float64 `json:"kl,omitempty"`
}

type beside struct {
	G float32 `json:"g"`
}

type word float32

func (w word) MarshalJSON() ([]byte, error) { return []byte(`"` + fmt.Sprint(float32(w)) + `"`), nil }

type outer struct {
	*Inner
	beside
	A     float32            `json:"a"`
	B     []float64          `json:"b"`
	C     map[string]float32 `json:"c"`
	D     any                `json:"d"`
	E     [2]*float64        `json:"e"`
	F     word               `json:"f"`
	Text  string             `json:"text"`
	Left  float64            `json:"left,omitzero"`
	quiet float64
}

func TestEveryNumberHasAWord(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	v := outer{&Inner{inf}, beside{float32(inf)}, float32(math.Inf(-1)), []float64{1, nan, -inf}, map[string]float32{"x": float32(nan)}, [2]any{3, inf}, [2]*float64{&nan, nil},
		word(nan), `{"float":"NaN"} < ` + string(must(marks[0].wide)), 0, nan}
	got := string(JSON(v))
	want := `{"kl":{"float":"Infinity"},"g":{"float":"Infinity"},"a":{"float":"-Infinity"},"b":[1,{"float":"NaN"},{"float":"-Infinity"}],"c":{"x":{"float":"NaN"}},` +
		`"d":[3,{"float":"Infinity"}],"e":[{"float":"NaN"},null],"f":"NaN","text":"{\"float\":\"NaN\"} < ` + string(must(marks[0].wide)) + `"}`
	if got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	var e Encoder
	if before, text := e.Text("x"), e.Text(v); before != `"x"` || text != want {
		t.Errorf("of an encoder %s and %s, want %s", before, text, want)
	}
	if !json.Valid([]byte(got)) || v.B[1] == v.B[1] {
		t.Error("not JSON, or the value itself was changed")
	}
}

// TestFiniteIsAsEver: what is finite is written as encoding/json does, and what JSON
// cannot hold at all is null.
func TestFiniteIsAsEver(t *testing.T) {
	v := map[string]any{"a": 1.5, "b": []int{1}, "c": "<&>"}
	if got := string(JSON(v)); got != `{"a":1.5,"b":[1],"c":"<&>"}` {
		t.Error(got)
	}
	if got := string(JSON(func() {})); got != "null" {
		t.Error(got)
	}
	var b strings.Builder
	if err := Line(&b, []float64{math.Inf(1)}); err != nil || b.String() != `[{"float":"Infinity"}]`+"\n" {
		t.Error(err, b.String())
	}
	if got := string(Indented([]float64{math.NaN()}, " ")); got != "[\n {\n  \"float\": \"NaN\"\n }\n]" {
		t.Error(got)
	}
}
