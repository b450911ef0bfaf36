package checkpoint

import (
	"encoding/binary"
	"math"
	"slices"
)

// The safetensors format (https://huggingface.co/docs/safetensors):
//
//	8 bytes       length N of the header, little-endian
//	N bytes       JSON: {"__metadata__": {"key": "text", ..},
//	              "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ..}
//	the rest      tensor data, row-major, little-endian; offsets count from here
//
// The ranges must cover the data exactly: no overlap, no hole, no tail.

const (
	maxHeader  = 16 << 20 // bytes of JSON; 65,536 entries need about 10 MB (the reference implementation allows 100 MB)
	maxEntries = 65_536   // tensors in one file
	maxRank    = 16       // dimensions of one tensor
)

// Tensor is one named array of a file.
type Tensor struct {
	Name  string
	DType string // "F32", "F16", "BF16", "U8", "I32" ...
	Shape []int  // empty for a scalar
	Data  []byte // product(Shape) x dtype size bytes, row-major, little-endian
}

// File is a safetensors file.
type File struct {
	Meta    map[string]string // __metadata__; nil when empty
	Tensors []Tensor          // in the order of their data
}

// dtypeSize returns the size of one number in bytes, 0 for an unknown dtype.
func dtypeSize(dtype string) int {
	switch dtype {
	case "BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2":
		return 1
	case "F16", "BF16", "U16", "I16":
		return 2
	case "F32", "U32", "I32":
		return 4
	case "F64", "U64", "I64":
		return 8
	}
	return 0
}

// entry is one tensor of the header before its data is looked at.
type entry struct {
	tensor     Tensor
	begin, end int64 // bytes, from the start of the data
}

// ReadSafetensors parses a whole file. The tensors' Data are sub-slices of
// data. Errors are *sim.Problem "checkpoint.*" with File "safetensors".
func ReadSafetensors(data []byte) (*File, error) {
	s := &source{name: "safetensors", size: int64(len(data)), view: data}
	meta, entries, body, err := readHeader(s)
	if err != nil {
		return nil, err
	}
	f := &File{Meta: meta, Tensors: make([]Tensor, len(entries))}
	for i, e := range entries {
		e.tensor.Data = data[body+e.begin : body+e.end : body+e.end] // appending cannot reach the next tensor
		f.Tensors[i] = e.tensor
	}
	return f, nil
}

// readHeader reads and checks the header of a file. The tensors are in the order
// of their data, which begins at byte body of the file.
func readHeader(s *source) (meta map[string]string, entries []entry, body int64, err error) {
	if s.size < 8 {
		return nil, nil, 0, problem("checkpoint.truncated", s.name, "Tensor", "header", "Want", 8, "Have", s.size)
	}
	var buf []byte
	first, err := s.at(0, 8, &buf)
	if err != nil {
		return nil, nil, 0, err
	}
	n := binary.LittleEndian.Uint64(first)
	switch {
	case n > maxHeader:
		return nil, nil, 0, problem("checkpoint.headersize", s.name, "Have", n, "Max", maxHeader)
	case n > uint64(s.size-8):
		return nil, nil, 0, problem("checkpoint.truncated", s.name, "Tensor", "header", "Want", 8+n, "Have", s.size)
	}
	header, err := s.at(8, int(n), &buf)
	if err != nil {
		return nil, nil, 0, err
	}
	body = int64(8 + n)
	p := headerParser{file: s.name, text: header, base: 8}
	if meta, entries, err = p.parse(); err != nil {
		return nil, nil, 0, err
	}
	// Nothing below follows an offset before checkRanges has seen them all.
	if err := checkNames(s.name, entries); err != nil {
		return nil, nil, 0, err
	}
	return meta, entries, body, checkRanges(s.name, entries, s.size-body)
}

// checkNames refuses two tensors of one name.
func checkNames(file string, entries []entry) error {
	seen := make(map[string]struct{}, len(entries))
	for _, e := range entries {
		if _, twice := seen[e.tensor.Name]; twice {
			return problem("checkpoint.duplicate", file, "Tensor", e.tensor.Name)
		}
		seen[e.tensor.Name] = struct{}{}
	}
	return nil
}

// checkRanges sorts entries by their data and checks that each has the bytes
// its shape asks for, and that all together cover size bytes exactly.
func checkRanges(file string, entries []entry, size int64) error {
	// Empty tensors share their offset with the next one: they sort before it,
	// and among themselves keep the header's order.
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.begin != b.begin {
			return cmpInt64(a.begin, b.begin)
		}
		return cmpInt64(a.end, b.end)
	})
	var at int64 // end of the data covered so far
	last := ""
	for _, e := range entries {
		t := e.tensor
		want, ok := byteSize(t.DType, t.Shape)
		switch {
		case dtypeSize(t.DType) == 0:
			return problem("checkpoint.dtype", file, "Tensor", t.Name, "Have", t.DType, "Want", "F32, F16, BF16, ..")
		case e.begin > e.end:
			return problem("checkpoint.range", file, "Tensor", t.Name, "Begin", e.begin, "End", e.end)
		case !ok || want != e.end-e.begin:
			return problem("checkpoint.size", file, "Tensor", t.Name, "Shape", shapeText(t.Shape), "DType", t.DType, "Have", e.end-e.begin)
		case e.end > size:
			return problem("checkpoint.truncated", file, "Tensor", t.Name, "Want", e.end, "Have", size)
		case e.begin < at:
			return problem("checkpoint.overlap", file, "Tensor", t.Name, "Other", last)
		case e.begin > at:
			return problem("checkpoint.hole", file, "Tensor", t.Name, "Begin", at, "End", e.begin)
		}
		at, last = e.end, t.Name
	}
	if at != size {
		return problem("checkpoint.long", file, "Want", at, "Have", size)
	}
	return nil
}

// cmpInt64 returns -1, 0 or 1 as a is below, equal to or above b.
func cmpInt64(a, b int64) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// byteSize returns product(shape) x dtype size, and whether it fits an int64.
func byteSize(dtype string, shape []int) (int64, bool) {
	n := int64(dtypeSize(dtype))
	for _, d := range shape {
		// n x d fits when n <= floor(max / d); checked before multiplying.
		if d < 0 || d > 0 && n > math.MaxInt64/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

// Float32s converts the data of an F32, F16 or BF16 tensor to a new slice of
// product(Shape) numbers. Other dtypes are a Problem "checkpoint.dtype".
func (t Tensor) Float32s() ([]float32, error) {
	size := dtypeSize(t.DType)
	if want, ok := byteSize(t.DType, t.Shape); size > 0 && (!ok || want != int64(len(t.Data))) {
		return nil, problem("checkpoint.size", "safetensors", "Tensor", t.Name, "Shape", shapeText(t.Shape), "DType", t.DType, "Have", len(t.Data))
	}
	if !widens(t.DType) {
		return nil, problem("checkpoint.dtype", "safetensors", "Tensor", t.Name, "Have", t.DType, "Want", "F32, F16, BF16")
	}
	x := make([]float32, len(t.Data)/size)
	widen(x, t.DType, t.Data)
	return x, nil
}
