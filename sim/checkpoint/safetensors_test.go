package checkpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"kvstep/sim/mat"
	"maps"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

// sample has every kind of thing that a header can say.
func sample() File {
	return File{
		Meta: map[string]string{
			"format": "pt", "語言": "中文\u2028", "": "empty key",
			"control": "a\"b\\c\n\t\x00\x1f\x7f", "json": `{"seq":1,"labels":["·the","‹E5›"]}`,
		},
		Tensors: []Tensor{
			{Name: "scalar", DType: "F32", Shape: []int{}, Data: mat.AppendF32(nil, []float32{1.5})},
			{Name: "empty", DType: "F16", Shape: []int{0, 7}, Data: []byte{}},
			{Name: "矩阵 \"Q\"", DType: "F16", Shape: []int{2, 3}, Data: mat.AppendF16(nil, []float32{1, 2, 3, 4, 5, 6})},
			{Name: "mask", DType: "U8", Shape: []int{5}, Data: []byte{1, 2, 3, 4, 5}},
			{Name: "ids", DType: "I64", Shape: []int{1}, Data: []byte("12345678")},
		},
	}
}

// sameFile compares files; nil and empty metadata are the same.
func sameFile(a, b File) error {
	if !maps.Equal(a.Meta, b.Meta) {
		return fmt.Errorf("metadata %q, want %q", a.Meta, b.Meta)
	}
	if len(a.Tensors) != len(b.Tensors) {
		return fmt.Errorf("%d tensors, want %d", len(a.Tensors), len(b.Tensors))
	}
	for i, x := range a.Tensors {
		y := b.Tensors[i]
		if x.Name != y.Name || x.DType != y.DType || fmt.Sprint(x.Shape) != fmt.Sprint(y.Shape) || !bytes.Equal(x.Data, y.Data) {
			return fmt.Errorf("tensor %d is %+v, want %+v", i, x, y)
		}
	}
	return nil
}

func TestReadWhatWasAppended(t *testing.T) {
	for _, f := range []File{sample(), {}, {Meta: sample().Meta}, {Tensors: sample().Tensors}} {
		before := []byte("xyz") // what is appended does not depend on what is there
		data := AppendSafetensors(before, f)[len(before):]
		if got := AppendSafetensors(nil, f); !bytes.Equal(got, data) {
			t.Error("appending twice gave different bytes")
		}
		got, err := ReadSafetensors(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := sameFile(*got, f); err != nil {
			t.Error(err)
		}
		n := int(data[0]) | int(data[1])<<8
		if (8+n)%8 != 0 || !json.Valid(data[8:8+n]) {
			t.Errorf("header of %d bytes is not aligned or not JSON: %s", n, data[8:8+n])
		}
	}
	f, err := ReadSafetensors(AppendSafetensors(nil, File{Meta: map[string]string{"a": "x\xffy"}}))
	if err != nil || f.Meta["a"] != "x\ufffdy" {
		t.Errorf("invalid UTF-8: %q, %v", f.Meta["a"], err)
	}
}

// TestJSONAgrees: encoding/json reads the same header.
func TestJSONAgrees(t *testing.T) {
	data := AppendSafetensors(nil, sample())
	n := int(data[0]) | int(data[1])<<8
	var header map[string]json.RawMessage
	if err := json.Unmarshal(data[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	var meta map[string]string
	if err := json.Unmarshal(header["__metadata__"], &meta); err != nil || !maps.Equal(meta, sample().Meta) {
		t.Errorf("metadata %q, %v", meta, err)
	}
	if got := string(header["矩阵 \"Q\""]); got != `{"dtype":"F16","shape":[2,3],"data_offsets":[4,16]}` {
		t.Errorf("entry %s", got)
	}
}

// TestSafetensorsTruncated: every truncation is a Problem.
func TestSafetensorsTruncated(t *testing.T) {
	data := AppendSafetensors(nil, sample())
	for n := range data {
		_, err := ReadSafetensors(data[:n])
		wantProblem(t, err, "checkpoint.truncated")
	}
	_, err := ReadSafetensors(append(data, 0))
	wantProblem(t, err, "checkpoint.long")
}

// TestSafetensorsFlipped: a flipped bit anywhere in the header is a Problem, or
// the file still reads as something that was checked.
func TestSafetensorsFlipped(t *testing.T) {
	data := AppendSafetensors(nil, sample())
	end := 8 + (int(data[0]) | int(data[1])<<8)
	for i := range end {
		for bit := range 8 {
			data[i] ^= 1 << bit
			if _, err := ReadSafetensors(data); err != nil {
				wantProblem(t, err, "")
			}
			data[i] ^= 1 << bit
		}
	}
}

func TestSafetensorsWrong(t *testing.T) {
	two := func(a, b string) string {
		return fmt.Sprintf(`{"a":{"dtype":"U8","shape":[4],"data_offsets":%s},"b":{"dtype":"U8","shape":[4],"data_offsets":%s}}`, a, b)
	}
	entry := `{"dtype":"U8","shape":[4],"data_offsets":[0,4]}`
	for _, c := range []struct {
		name, header string
		size         int
		id           string
	}{
		{"overlap", two("[0,4]", "[2,6]"), 6, "checkpoint.overlap"},
		{"the same bytes twice", two("[0,4]", "[0,4]"), 4, "checkpoint.overlap"},
		{"hole", two("[0,4]", "[5,9]"), 9, "checkpoint.hole"},
		{"hole at the start", one("U8", "[4]", "[1,5]"), 5, "checkpoint.hole"},
		{"tail", one("U8", "[4]", "[0,4]"), 5, "checkpoint.long"},
		{"data without tensors", "{}", 1, "checkpoint.long"},
		{"past the end", one("U8", "[4]", "[0,4]"), 3, "checkpoint.truncated"},
		{"backwards", one("U8", "[4]", "[4,0]"), 4, "checkpoint.range"},
		{"too small for its shape", one("F32", "[2,2]", "[0,4]"), 4, "checkpoint.size"},
		{"product overflows to 0", one("F32", "[65536,65536,65536,65536]", "[0,0]"), 0, "checkpoint.size"},
		{"bytes overflow to 0", one("F32", "[1073741824,1073741824,4]", "[0,0]"), 0, "checkpoint.size"},
		{"dimension above int64", one("F32", "[9223372036854775808]", "[0,0]"), 0, "checkpoint.header"},
		{"offset above int64", one("U8", "[4]", "[0,99999999999999999999]"), 4, "checkpoint.header"},
		{"negative dimension", one("U8", "[-4]", "[0,4]"), 4, "checkpoint.header"},
		{"dimension with a point", one("U8", "[4.0]", "[0,4]"), 4, "checkpoint.header"},
		{"leading zero", one("U8", "[04]", "[0,4]"), 4, "checkpoint.header"},
		{"too many dimensions", one("U8", "[4"+strings.Repeat(",1", 40)+"]", "[0,4]"), 4, "checkpoint.header"},
		{"three offsets", one("U8", "[4]", "[0,4,4]"), 4, "checkpoint.header"},
		{"one offset", one("U8", "[4]", "[4]"), 4, "checkpoint.header"},
		{"unknown dtype", one("F99", "[4]", "[0,4]"), 4, "checkpoint.dtype"},
		{"duplicate name", `{"a":` + entry + `,"a":` + entry + `}`, 4, "checkpoint.duplicate"},
		{"duplicate name, escaped", `{"a":` + entry + `,"\u0061":` + entry + `}`, 4, "checkpoint.duplicate"},
		{"metadata twice", `{"__metadata__":{},"__metadata__":{}}`, 0, "checkpoint.duplicate"},
		{"metadata key twice", `{"__metadata__":{"a":"","a":""}}`, 0, "checkpoint.header"},
		{"metadata null, then text", `{"__metadata__":nullx}`, 0, "checkpoint.header"},
		{"metadata not text", `{"__metadata__":{"a":1}}`, 0, "checkpoint.header"},
		{"metadata nested", `{"__metadata__":{"a":{}}}`, 0, "checkpoint.header"},
		{"field twice", `{"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 4, "checkpoint.header"},
		{"field missing", `{"a":{"dtype":"U8","shape":[4]}}`, 4, "checkpoint.header"},
		{"field unknown", `{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":0}}`, 4, "checkpoint.header"},
		{"text after", `{} x`, 0, "checkpoint.header"},
		{"space before", ` {}`, 0, "checkpoint.header"},
		{"a list", `[]`, 0, "checkpoint.header"},
		{"no header", ``, 0, "checkpoint.header"},
		{"deep", strings.Repeat(`{"a":`, 100_000), 0, "checkpoint.header"},
		{"not UTF-8", "{\"\xff\":" + entry + "}", 4, "checkpoint.header"},
		{"newline in a name", "{\"a\nb\":" + entry + "}", 4, "checkpoint.header"},
		{"bad escape", `{"\x":` + entry + `}`, 4, "checkpoint.header"},
		{"comma at the end", `{"a":` + entry + `,}`, 4, "checkpoint.header"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadSafetensors(blob(c.header, c.size))
			wantProblem(t, err, c.id)
		})
	}
	long := blob("{}", 0)
	for i, id := range map[int]string{5: "checkpoint.headersize", 7: "checkpoint.headersize", 1: "checkpoint.truncated"} {
		long[i] = 0xff
		_, err := ReadSafetensors(long)
		wantProblem(t, err, id)
		long[i] = 0
	}
}

// TestManyEntries: a header with 100,000 tensors is refused at once, with
// memory in proportion to the file.
func TestManyEntries(t *testing.T) {
	var b strings.Builder
	b.WriteByte('{')
	for i := range 100_000 {
		fmt.Fprintf(&b, `"%d":{"dtype":"F32","shape":[],"data_offsets":[0,0]},`, i)
	}
	data := blob(b.String(), 0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	from := time.Now()
	_, err := ReadSafetensors(data)
	took := time.Since(from)
	runtime.ReadMemStats(&after)
	wantProblem(t, err, "checkpoint.entries")
	if took > time.Second { // 100 ms on an idle machine; tests also run with -race
		t.Errorf("took %v", took)
	}
	if total := after.TotalAlloc - before.TotalAlloc; total > uint64(8*len(data)) {
		t.Errorf("allocated %d bytes in all for a file of %d", total, len(data))
	}
}

func TestFloat32s(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		dtype string
		data  []byte
		want  []float32
	}{
		{"F32", mat.AppendF32(nil, []float32{1, -0.1, inf}), []float32{1, -0.1, inf}},
		{"F16", []byte{0, 0x3c, 0, 0xfc, 1, 0}, []float32{1, -inf, 1.0 / (1 << 24)}},
		{"BF16", []byte{0x80, 0x3f, 0, 0xc0}, []float32{1, -2}},
	} {
		x, err := Tensor{Name: "a", DType: c.dtype, Shape: []int{len(c.want)}, Data: c.data}.Float32s()
		if err != nil || fmt.Sprint(x) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, %v, want %v", c.dtype, x, err, c.want)
		}
	}
	_, err := Tensor{Name: "a", DType: "I32", Shape: []int{1}, Data: make([]byte, 4)}.Float32s()
	wantProblem(t, err, "checkpoint.dtype")
	_, err = Tensor{Name: "a", DType: "F32", Shape: []int{2}, Data: make([]byte, 4)}.Float32s()
	wantProblem(t, err, "checkpoint.size")
}

// frame is about what one step sends to a browser.
func frame() File {
	f := File{Meta: map[string]string{
		"kvstep": "1", "seq": "17", "run": strings.Repeat(`{"a":1}`, 60), "step": strings.Repeat(`"b"`, 40),
		"tokens": strings.Repeat(`[403,"·the"],`, 60), "text": "从前有一只小猫", "ledger": strings.Repeat(`{"c":2}`, 80),
	}}
	for _, name := range []string{"Q", "K", "V", "scores", "probs", "out"} {
		f.Tensors = append(f.Tensors, Tensor{Name: name, DType: "F16", Shape: []int{16, 32}, Data: make([]byte, 1024)})
	}
	return f
}

func TestAppendAllocatesNothing(t *testing.T) {
	f := frame()
	dst := AppendSafetensors(nil, f)
	if n := testing.AllocsPerRun(100, func() { dst = AppendSafetensors(dst[:0], f) }); n > 0 {
		t.Errorf("%v allocations with room in dst", n)
	}
	if n := testing.AllocsPerRun(100, func() { AppendSafetensors(nil, f) }); n > 2 { // 1; 2 with -race
		t.Errorf("%v allocations without dst", n)
	}
}

func BenchmarkAppendSafetensors(b *testing.B) {
	f := frame()
	dst := AppendSafetensors(nil, f)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendSafetensors(dst[:0], f)
	}
}

func BenchmarkReadSafetensors(b *testing.B) {
	data := AppendSafetensors(nil, frame())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadSafetensors(data); err != nil {
			b.Fatal(err)
		}
	}
}

// TestNullMetadata: some writers have null where there is no metadata, as the reference
// implementation reads it.
func TestNullMetadata(t *testing.T) {
	for _, header := range []string{`{"__metadata__":null}`, `{"__metadata__": null ,"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`} {
		p := headerParser{file: "a.safetensors", text: []byte(header)}
		if meta, _, err := p.parse(); err != nil || meta != nil {
			t.Errorf("%s: %v %v", header, meta, err)
		}
	}
}
