package checkpoint

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"kvstep/sim/mat"
)

// stored is a tensor in its file.
type stored struct {
	entry
	from *source
	body int64 // where the data of the file begins
	used bool
}

// tensorReader hands out tensors by name, each once. The first thing that is
// wrong stays in err; after it, tensors come back empty. Those that are right come
// back without their numbers: finish fills them all in, when it is known that names
// and shapes are right.
type tensorReader struct {
	file  string             // where missing tensors should be listed
	have  map[string]*stored // all of them
	order []*stored          // in the order of the files
	err   error

	jobs []func(w *worker) error // what fills in the numbers

	halves bool // matrices keep their 16 bits a number, of this kind
	kind   mat.Half

	progressMu  sync.Mutex
	onProgress  Progress // may be nil
	done, total int64    // bytes
}

// worker is the memory that one goroutine needs to fill in numbers.
type worker struct {
	buf   []byte    // for a chunk of a file that must be read
	block []float32 // for rows that are transposed
}

// add puts the tensors of a file where they can be taken.
func (t *tensorReader) add(s *source, entries []entry, body int64) {
	for _, e := range entries {
		x := &stored{entry: e, from: s, body: body}
		t.have[e.tensor.Name] = x
		t.order = append(t.order, x)
		t.total += e.end - e.begin
	}
}

// has reports whether there is a tensor of that name.
func (t *tensorReader) has(name string) bool { return t.have[name] != nil }

// minHalvesBytes is from how many bytes of tensors on their 16 bits a number stay: a
// smaller model is read from the processor's caches, where widening costs more than
// reading twice as much.
var minHalvesBytes = int64(32 << 20)

// decide chooses whether matrices keep their 16 bits a number: all do or none does, so that
// what is counted as read is one size of number. They must be seen where they are.
func (t *tensorReader) decide() {
	kinds := map[string]mat.Half{"F16": mat.Float16, "BF16": mat.BFloat16}
	dtype := ""
	for _, s := range t.order {
		if len(s.tensor.Shape) != 2 {
			continue
		}
		if dtype == "" {
			dtype = s.tensor.DType
		}
		if _, ok := mat.ViewHalves(s.data()); !ok || s.from.view == nil || s.tensor.DType != dtype {
			return
		}
	}
	kind, ok := kinds[dtype]
	t.kind, t.halves = kind, ok && t.total >= minHalvesBytes && mat.KeepsHalves()
}

// data returns the bytes of a tensor where they are, nil where they must be read.
func (s *stored) data() []byte {
	if s.from.view == nil {
		return nil
	}
	return s.from.view[s.body+s.begin : s.body+s.end]
}

// matrix returns the tensor as rows x cols, [out, in] as Hugging Face stores it.
func (t *tensorReader) matrix(name string, rows, cols int) mat.Matrix {
	if !t.halves {
		return t.table(name, rows, cols)
	}
	s := t.take(name, rows, cols)
	if t.err != nil {
		return mat.Matrix{}
	}
	bits16, _ := mat.ViewHalves(s.data())
	s.from.used += s.end - s.begin
	t.jobs = append(t.jobs, func(*worker) error { return t.checkFiniteHalves(s, bits16, 0) })
	return mat.OfHalves(rows, cols, t.kind, bits16)
}

// table returns a matrix that no product reads: float32 whatever the file has.
func (t *tensorReader) table(name string, rows, cols int) mat.Matrix {
	x := t.vector(name, rows, cols)
	if t.err != nil {
		return mat.Matrix{}
	}
	return mat.Of(rows, cols, x)
}

// transposed returns a tensor that GPT-2's Conv1D stores as [in, out], as [out, in].
func (t *tensorReader) transposed(name string, out, in int) mat.Matrix {
	s := t.take(name, in, out)
	if t.err != nil {
		return mat.Matrix{}
	}
	if t.halves {
		x := mat.UninitHalves(in * out)
		t.jobs = append(t.jobs, func(w *worker) error { return t.transposeHalves(w, s, x, out, in) })
		return mat.OfHalves(out, in, t.kind, x)
	}
	x := mat.Uninit(in * out)
	t.jobs = append(t.jobs, func(w *worker) error { return t.transpose(w, s, x, out, in) })
	return mat.Of(out, in, x)
}

// transpose fills x, [out, in], with the numbers of a tensor that is [in, out].
func (t *tensorReader) transpose(w *worker, s *stored, x []float32, out, in int) error {
	size := int64(dtypeSize(s.tensor.DType))
	rows := min(blockRows(out), in)
	if len(w.block) < rows*out {
		w.block = make([]float32, rows*out)
	}
	for from := 0; from < in; from += rows {
		n := min(rows, in-from)
		block := w.block[:n*out]
		if err := t.read(w, s, block, int64(from*out)*size, from*out); err != nil {
			return err
		}
		transposeBlock(x, block, out, in, from)
	}
	return nil
}

// transposeHalves does the same as transpose where numbers keep their 16 bits.
func (t *tensorReader) transposeHalves(w *worker, s *stored, x []uint16, out, in int) error {
	rows := blockRows(out)
	for from := 0; from < in; from += rows {
		at, n := from*out, min(rows, in-from)*out
		data, err := s.from.at(s.body+s.begin+int64(2*at), 2*n, &w.buf)
		if err != nil {
			return err
		}
		bits16, _ := mat.ViewHalves(data)
		if err := t.checkFiniteHalves(s, bits16, at); err != nil {
			return err
		}
		transposeBlock(x, bits16, out, in, from)
	}
	return nil
}

// blockRows returns how many rows of out numbers are turned at a time: those of a column of
// the block then stand side by side in the result, and are written to memory together.
func blockRows(out int) int { return max(1, min(32, chunk/4/out)) }

// transposeBlock writes rows of a tensor [in, out], from row from on, in their places in x, [out, in].
func transposeBlock[T float32 | uint16](x, rows []T, out, in, from int) {
	n := len(rows) / out
	for j := range out {
		to := x[j*in+from:][:n]
		for i := range to {
			to[i] = rows[i*out+j]
		}
	}
}

// vector returns the numbers of a tensor that must have this shape: where they stand, if
// they can be used there, else copied.
func (t *tensorReader) vector(name string, shape ...int) []float32 {
	s := t.take(name, shape...)
	if t.err != nil {
		return nil
	}
	if s.tensor.DType == "F32" && s.from.view != nil {
		data := s.data()
		if x, ok := mat.ViewF32(data); ok {
			s.from.used += int64(len(data))
			t.jobs = append(t.jobs, func(*worker) error { return t.checkFinite(s, x) })
			return x
		}
	}
	// Shapes agree with a checked config, so this is at most twice what the file
	// holds (F16 to float32).
	x := mat.Uninit(int((s.end - s.begin) / int64(dtypeSize(s.tensor.DType))))
	t.jobs = append(t.jobs, func(w *worker) error { return t.read(w, s, x, 0, 0) })
	return x
}

// checkFinite checks numbers that stay where they are.
func (t *tensorReader) checkFinite(s *stored, x []float32) error {
	for at := 0; at < len(x); at += chunk / 4 {
		part := x[at:min(at+chunk/4, len(x))]
		if err := finite(s.from.name, s.tensor.Name, part, at); err != nil {
			return err
		}
		t.progress(int64(4 * len(part)))
	}
	return nil
}

// checkFiniteHalves checks numbers of 16 bits, the tensor's from number first on.
func (t *tensorReader) checkFiniteHalves(s *stored, bits16 []uint16, first int) error {
	for at := 0; at < len(bits16); at += chunk / 2 {
		part := bits16[at:min(at+chunk/2, len(bits16))]
		if err := finiteHalves(s.from.name, s.tensor.Name, t.kind, part, first+at); err != nil {
			return err
		}
		t.progress(int64(2 * len(part)))
	}
	return nil
}

// read fills x with the numbers of a tensor from byte begin of it on; they are
// number first and on.
func (t *tensorReader) read(w *worker, s *stored, x []float32, begin int64, first int) error {
	size := dtypeSize(s.tensor.DType)
	for at := 0; at < len(x); at += chunk / size {
		part := x[at:min(at+chunk/size, len(x))]
		data, err := s.from.at(s.body+s.begin+begin+int64(at*size), len(part)*size, &w.buf)
		if err != nil {
			return err
		}
		widen(part, s.tensor.DType, data)
		if err := finite(s.from.name, s.tensor.Name, part, first+at); err != nil {
			return err
		}
		t.progress(int64(len(data)))
	}
	return nil
}

// progress adds n bytes to those that are done, and reports them.
func (t *tensorReader) progress(n int64) {
	t.progressMu.Lock()
	defer t.progressMu.Unlock()
	if t.done += n; t.onProgress != nil {
		t.onProgress(t.done, t.total)
	}
}

// take returns a tensor that must have this shape and a dtype that can be used.
func (t *tensorReader) take(name string, shape ...int) *stored {
	if t.err != nil {
		return nil
	}
	s := t.have[name]
	switch {
	case s == nil || s.used:
		t.err = problem("checkpoint.missing", t.file, "Tensor", name)
	case !slices.Equal(s.tensor.Shape, shape):
		t.err = problem("checkpoint.shape", s.from.name, "Tensor", name, "Have", shapeText(s.tensor.Shape), "Want", shapeText(shape))
	case !widens(s.tensor.DType):
		t.err = problem("checkpoint.dtype", s.from.name, "Tensor", name, "Have", s.tensor.DType, "Want", "F32, F16, BF16")
	case (s.end-s.begin)/int64(dtypeSize(s.tensor.DType)) > maxWeights/4:
		t.err = problem("checkpoint.large", s.from.name, "Have", s.end-s.begin, "Max", maxWeights)
	default:
		s.used = true
		return s
	}
	return nil
}

// skip leaves out a tensor that is not a weight, if it is there.
func (t *tensorReader) skip(name string) {
	if s := t.have[name]; s != nil && t.err == nil {
		t.progress(s.end - s.begin)
		s.used = true
	}
}

// skipCopy leaves out a tensor that is there twice, such as the head of a model
// whose head is the embedding; another one of that name stays, as too many.
func (t *tensorReader) skipCopy(name, of string) {
	a, b := t.have[name], t.have[of]
	if t.err != nil || a == nil || b == nil || a.tensor.DType != b.tensor.DType || !slices.Equal(a.tensor.Shape, b.tensor.Shape) {
		return
	}
	var bufs [2][]byte
	for at := int64(0); at < a.end-a.begin; at += chunk {
		n := int(min(chunk, a.end-a.begin-at))
		x, err := a.from.at(a.body+a.begin+at, n, &bufs[0])
		if err != nil {
			t.err = err
			return
		}
		y, err := b.from.at(b.body+b.begin+at, n, &bufs[1])
		if err != nil {
			t.err = err
			return
		}
		if !bytes.Equal(x, y) {
			return
		}
	}
	t.skip(name)
}

// fill does job i. A mapped file that has become shorter meanwhile is an error, and
// does not end the process.
func (t *tensorReader) fill(i int, w *worker) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if value := recover(); value != nil {
			fault, ok := value.(interface {
				error
				Addr() uintptr
			})
			if !ok {
				panic(value)
			}
			err = problem("checkpoint.file", t.file).Because(fault)
		}
	}()
	return t.jobs[i](w)
}

// finish fills in all numbers. It is a Problem for the first tensor that nothing
// asked for, or for what was wrong before, or for numbers that are not finite.
func (t *tensorReader) finish() error {
	if t.err != nil {
		return t.err
	}
	for _, s := range t.order { // in file order, so that the message is always the same
		if !s.used {
			return problem("checkpoint.extra", s.from.name, "Tensor", Clip(s.tensor.Name))
		}
	}
	const maxWorkers = 3 // more would wait for memory, and each has a buffer
	var next atomic.Int64
	errs := make([]error, len(t.jobs))
	var all sync.WaitGroup
	for range min(maxWorkers, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			var w worker
			for {
				i := int(next.Add(1) - 1)
				if i >= len(t.jobs) {
					return
				}
				if errs[i] = t.fill(i, &w); errs[i] != nil {
					next.Store(int64(len(t.jobs))) // those before it are under way
					return
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs { // the first one, however fast each was
		if err != nil {
			return err
		}
	}
	for _, s := range t.order {
		if k, ok := s.from.file.(Keeper); ok && s.from.used > 0 {
			k.Keep(s.from.used)
			s.from.used = 0
		}
	}
	return nil
}
