package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// maxWeights is the largest model.safetensors that is read into memory, bytes.
const maxWeights = 1 << 31

// LoadFolder reads a model in Hugging Face's layout: config.json of a Llama and
// model.safetensors in F32, F16 or BF16. The third result is the metadata of
// model.safetensors. Weights are converted to new float32 slices.
//
// Every tensor must have the name, dtype and shape that the config asks for,
// and finite numbers; none may be missing or too many. Errors are *sim.Problem
// "checkpoint.*" or "config.*" naming the file and the tensor or field.
func LoadFolder(fsys fs.FS) (sim.Config, sim.Weights, map[string]string, error) {
	fail := func(err error) (sim.Config, sim.Weights, map[string]string, error) {
		return sim.Config{}, sim.Weights{}, nil, err
	}
	const configFile, weightsFile = "config.json", "model.safetensors"
	// The small file first: it says what the large one must hold.
	text, err := readFile(fsys, configFile, maxConfig)
	if err != nil {
		return fail(err)
	}
	c, err := parseConfig(configFile, text)
	if err != nil {
		return fail(err)
	}
	data, err := readFile(fsys, weightsFile, maxWeights-1)
	if err != nil {
		return fail(err)
	}
	file, err := readSafetensors(weightsFile, data)
	if err != nil {
		return fail(err)
	}
	w, err := hfWeights(weightsFile, c, file.Tensors)
	if err != nil {
		return fail(err)
	}
	return c, w, file.Meta, nil
}

// readFile reads a file of at most limit bytes, allocating what it has.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, problem("checkpoint.file", name).Because(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, problem("checkpoint.file", name).Because(err)
	}
	if info.IsDir() {
		return nil, problem("checkpoint.file", name).Because(errors.New("it is a directory"))
	}
	if info.Size() > limit {
		return nil, problem("checkpoint.large", name, "Have", info.Size(), "Max", limit)
	}
	// One allocation of the right size; a file that shrinks meanwhile is an error.
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, problem("checkpoint.file", name).Because(err)
	}
	return data, nil
}

// hfWeights puts the tensors of a Hugging Face Llama into their places.
func hfWeights(file string, c sim.Config, tensors []Tensor) (sim.Weights, error) {
	t := &tensorTaker{file: file, have: make(map[string]Tensor, len(tensors))}
	for _, tensor := range tensors {
		t.have[tensor.Name] = tensor
	}
	w := sim.Weights{Embed: t.matrix("model.embed_tokens.weight", c.Vocab, c.Dim)} // [vocab, dim]
	// Stops at the first error: a config may claim 4096 layers over an empty file.
	for i := 0; i < c.Layers && t.err == nil; i++ {
		in := func(name string) string { return fmt.Sprintf("model.layers.%d.%s.weight", i, name) }
		w.Layers = append(w.Layers, sim.LayerWeights{
			AttnNorm: t.vector(in("input_layernorm"), c.Dim),             // [dim]
			Q:        t.matrix(in("self_attn.q_proj"), c.QDim(), c.Dim),  // [heads*head_dim, dim]
			K:        t.matrix(in("self_attn.k_proj"), c.KVDim(), c.Dim), // [kv_heads*head_dim, dim]
			V:        t.matrix(in("self_attn.v_proj"), c.KVDim(), c.Dim), // [kv_heads*head_dim, dim]
			O:        t.matrix(in("self_attn.o_proj"), c.Dim, c.QDim()),  // [dim, heads*head_dim]
			MLPNorm:  t.vector(in("post_attention_layernorm"), c.Dim),    // [dim]
			Gate:     t.matrix(in("mlp.gate_proj"), c.FFN, c.Dim),        // [ffn, dim]
			Up:       t.matrix(in("mlp.up_proj"), c.FFN, c.Dim),          // [ffn, dim]
			Down:     t.matrix(in("mlp.down_proj"), c.Dim, c.FFN),        // [dim, ffn]
		})
	}
	w.FinalNorm = t.vector("model.norm.weight", c.Dim)
	w.Head = w.Embed // the same memory, so it is not read twice
	if !c.Tied {
		w.Head = t.matrix("lm_head.weight", c.Vocab, c.Dim)
	}
	if t.err != nil {
		return sim.Weights{}, t.err
	}
	for _, tensor := range tensors { // in file order, so that the message is always the same
		if _, left := t.have[tensor.Name]; left {
			return sim.Weights{}, problem("checkpoint.extra", file, "Tensor", clip(tensor.Name))
		}
	}
	return w, nil
}

// tensorTaker hands out tensors by name, each once. The first thing that is
// wrong stays in err; after it, tensors come back empty.
type tensorTaker struct {
	file string
	have map[string]Tensor // those not taken yet
	err  error
}

// matrix is the tensor as rows x cols, [out, in] as Hugging Face stores it.
func (t *tensorTaker) matrix(name string, rows, cols int) mat.Matrix {
	x := t.take(name, rows, cols)
	if t.err != nil {
		return mat.Matrix{}
	}
	return mat.Of(rows, cols, x)
}

// vector is a tensor of n numbers, a norm's gain.
func (t *tensorTaker) vector(name string, n int) []float32 { return t.take(name, n) }

// take is the numbers of a tensor that must have this shape.
func (t *tensorTaker) take(name string, shape ...int) []float32 {
	if t.err != nil {
		return nil
	}
	tensor, ok := t.have[name]
	switch {
	case !ok:
		t.err = problem("checkpoint.missing", t.file, "Tensor", name)
		return nil
	case !slices.Equal(tensor.Shape, shape):
		t.err = problem("checkpoint.shape", t.file, "Tensor", name, "Have", shapeText(tensor.Shape), "Want", shapeText(shape))
		return nil
	}
	// Shapes agree with a checked config, so what Float32s allocates is at most
	// twice what the file holds (F16 to float32).
	delete(t.have, name)
	x, err := tensor.Float32s()
	if err != nil {
		var p *sim.Problem
		if errors.As(err, &p) {
			p.Args["File"] = t.file
		}
		t.err = err
		return nil
	}
	t.err = finite(t.file, name, x)
	return x
}
