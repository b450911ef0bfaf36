package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/fstest"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// wantProblem fails unless err is a Problem with this id ("" is any).
func wantProblem(t testing.TB, err error, id string) *sim.Problem {
	t.Helper()
	var p *sim.Problem
	if !errors.As(err, &p) {
		t.Fatalf("error %v (%T), want problem %s", err, err, id)
	}
	if id != "" && p.ID != id {
		t.Fatalf("problem %v, want %s", p, id)
	}
	return p
}

// blob is a safetensors file with this header and that many bytes of data.
func blob(header string, size int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), make([]byte, size)...)
}

// one is a header with the tensor "a", of the given dtype, shape and offsets.
func one(dtype, shape, offsets string) string {
	return fmt.Sprintf(`{"a":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
}

// tinyConfig is config.json of a model with 2 layers, 4 heads sharing 2 key
// heads of width 6 (4 x 6 is not the width 8), as a tree.
func tinyConfig() map[string]any {
	return map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama", "hidden_act": "silu",
		"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
		"head_dim": 6, "intermediate_size": 10, "vocab_size": 12, "max_position_embeddings": 16,
		"rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": false,
		"bos_token_id": 1, "eos_token_id": []int{2, 3},
	}
}

// tinyTensors are the tensors that tinyConfig asks for, random numbers in dtype.
func tinyTensors(dtype string) []Tensor {
	r := rand.New(rand.NewPCG(1, 1))
	list := []Tensor{{Name: "model.embed_tokens.weight", Shape: []int{12, 8}}}
	for i := range 2 {
		for _, t := range []Tensor{
			{Name: "input_layernorm", Shape: []int{8}},
			{Name: "self_attn.q_proj", Shape: []int{24, 8}}, {Name: "self_attn.k_proj", Shape: []int{12, 8}},
			{Name: "self_attn.v_proj", Shape: []int{12, 8}}, {Name: "self_attn.o_proj", Shape: []int{8, 24}},
			{Name: "post_attention_layernorm", Shape: []int{8}},
			{Name: "mlp.gate_proj", Shape: []int{10, 8}}, {Name: "mlp.up_proj", Shape: []int{10, 8}},
			{Name: "mlp.down_proj", Shape: []int{8, 10}},
		} {
			t.Name = fmt.Sprintf("model.layers.%d.%s.weight", i, t.Name)
			list = append(list, t)
		}
	}
	list = append(list, Tensor{Name: "model.norm.weight", Shape: []int{8}}, Tensor{Name: "lm_head.weight", Shape: []int{12, 8}})
	for i := range list {
		n := 1
		for _, d := range list[i].Shape {
			n *= d
		}
		x := make([]float32, n)
		for j := range x {
			x[j] = float32(r.IntN(2001)-1000) / 512 // exact in F16
		}
		list[i].DType, list[i].Data = dtype, mat.AppendF32(nil, x)
		switch dtype {
		case "F16":
			list[i].Data = mat.AppendF16(nil, x)
		case "BF16":
			list[i].Data = nil
			for _, v := range x {
				list[i].Data = binary.LittleEndian.AppendUint16(list[i].Data, uint16(math.Float32bits(v)>>16))
			}
		}
	}
	return list
}

// folder is a model's folder in memory.
func folder(t testing.TB, config map[string]any, tensors []Tensor) fstest.MapFS {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	f := File{Meta: map[string]string{"made by": "a test"}, Tensors: tensors}
	return fstest.MapFS{
		"config.json":       {Data: text},
		"model.safetensors": {Data: AppendSafetensors(nil, f)},
	}
}

// tinyLlama2c is a .bin of dim 4, hidden 6, 2 layers, 2 heads, 1 kv head,
// vocab 5, 3 positions; number i of the file is i/8.
func tinyLlama2c(tied bool) []byte {
	vocab, floats := 5, 5*4+2*(4+4*4+2*4+2*4+4*4+4+3*4*6)+4+3*2
	if !tied {
		vocab, floats = -5, floats+5*4
	}
	var data []byte
	for _, n := range []int{4, 6, 2, 2, 1, vocab, 3} {
		data = binary.LittleEndian.AppendUint32(data, uint32(int32(n)))
	}
	for i := range floats {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(i)/8))
	}
	return data
}
