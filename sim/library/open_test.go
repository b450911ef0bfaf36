package library

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/recipe"
)

// TestOpenFolderWords: which tokenizer is read, and what is put before a prompt.
func TestOpenFolderWords(t *testing.T) {
	base := os.DirFS("../run/testdata/families/gpt2")
	read := func(name string) []byte {
		data, err := fs.ReadFile(base, name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	files := fstest.MapFS{"config.json": {Data: read("config.json")}, "model.safetensors": {Data: read("model.safetensors")}}
	m, err := OpenFolder("gpt2", files, nil)
	if err != nil || m.Tokenizer != nil || m.Model.Config.BOS != 39 {
		t.Errorf("without a tokenizer: %v %v", m.Model.Config, err)
	}
	files["vocab.json"] = &fstest.MapFile{Data: []byte(`{"a":0}`)}
	if m, err = OpenFolder("gpt2", files, nil); err != nil || m.Tokenizer != nil {
		t.Errorf("vocab.json alone: %v", err)
	}
	files["merges.txt"] = &fstest.MapFile{}
	wantNoText(t, files, "tokenizer.bytes")
	files["tokenizer.json"] = &fstest.MapFile{Data: []byte("{")}
	wantNoText(t, files, "tokenizer.json")
}

// wantNoText: a folder opens whose tokenizer cannot be read; ids run, and text is refused with the
// reason, as is a recipe that says neither.
func wantNoText(t *testing.T, files fs.FS, id string) {
	t.Helper()
	m, err := OpenFolder("gpt2", files, nil)
	if err != nil || m.Tokenizer != nil {
		t.Fatalf("%v: a tokenizer that cannot be read keeps a model from ids", err)
	}
	if ids, err := m.Prepare(recipe.Complete(sim.Recipe{Tokens: []int{1, 2, 3}, MaxNew: 2})); err != nil || len(ids) != 3 {
		t.Errorf("ids %v: %v", ids, err)
	}
	_, err = m.Prepare(recipe.Complete(sim.Recipe{Prompt: "ab", MaxNew: 2}))
	wantProblem(t, err, id)
	_, err = m.Prepare(m.Default("en"))
	wantProblem(t, err, id)
}

func wantProblem(t *testing.T, err error, id string) {
	t.Helper()
	var p *sim.Problem
	if !errors.As(err, &p) || p.ID != id {
		t.Errorf("%v, want problem %s", err, id)
	}
}

// TestBOS: config.json alone does not decide.
func TestBOS(t *testing.T) {
	story, err := checkpoint.Folder("story-draft")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json"} {
		data, err := fs.ReadFile(story, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	for text, want := range map[string]int{"": 0, `{}`: -1, `{"tokenizer_class":"GPT2Tokenizer"}`: -1, `{"tokenizer_class":"LlamaTokenizer","add_bos_token":null}`: -1, `{"tokenizer_class":"GemmaTokenizer","bos_token":"<|endoftext|>"}`: 0,
		`{"add_bos_token":false,"tokenizer_class":"CodeLlamaTokenizerFast"}`: -1, `{"add_bos_token":true,"tokenizer_class":"LlamaTokenizer","bos_token":{"content":"<|endoftext|>"}}`: 0, `{"add_bos_token":true}`: 0, `{"add_bos_token":false,"tokenizer_class":"LlamaTokenizer"}`: -1, `{"tokenizer_class":"LlamaTokenizerFast"}`: 0} {
		delete(files, "tokenizer_config.json")
		if text != "" {
			files["tokenizer_config.json"] = &fstest.MapFile{Data: []byte(text)}
		}
		m, err := OpenFolder("x", files, nil)
		if err != nil || m.Model.Config.BOS != want {
			t.Errorf("%q: BOS %d, want %d (%v)", text, m.Model.Config.BOS, want, err)
		}
	}
	for what, text := range map[string]string{"add_eos_token": `{"add_eos_token":true,"tokenizer_class":"LlamaTokenizer"}`, "": `{"add_bos_token":Infinity}`} {
		files["tokenizer_config.json"] = &fstest.MapFile{Data: []byte(text)}
		m, err := OpenFolder("x", files, nil)
		var p *sim.Problem
		if err == nil {
			p = m.Unreadable
		}
		if p == nil && !errors.As(err, &p) || what != "" && p.Args["What"] != what || what == "" && p.Args["Field"] != "add_bos_token" {
			t.Errorf("%s: %v", text, err)
		}
	}
	// Tokens that transformers would add from tokenizer_config.json: special ones are text here.
	for text, refused := range map[string]bool{
		`{"added_tokens_decoder":{"9":{"content":"<tool>","special":false}}}`: true,
		`{"added_tokens_decoder":{"9":{"content":"<tool>","special":true}}}`:  false,
	} {
		files["tokenizer_config.json"] = &fstest.MapFile{Data: []byte(text)}
		m, err := OpenFolder("x", files, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := m.Unreadable
		if refused != (p != nil && p.Args["What"] == "tokenizer_config.json added_tokens_decoder <tool>") {
			t.Errorf("%s: %v", text, err)
		}
	}
	// A template says where a text begins: Llama's class does not ask it, others do.
	plain := files["tokenizer.json"]
	var file map[string]any
	if err := json.Unmarshal(files["tokenizer.json"].Data, &file); err != nil {
		t.Fatal(err)
	}
	special, text := map[string]any{"SpecialToken": map[string]any{"id": "x"}}, map[string]any{"Sequence": map[string]any{"id": "A"}}
	for name, c := range map[string]struct {
		single []any
		class  string
		want   int // -2: refused
	}{
		"before": {[]any{special, text}, "PreTrainedTokenizerFast", 0}, "none": {[]any{text}, "PreTrainedTokenizerFast", -1}, "Llama's": {[]any{special, text}, "LlamaTokenizer", -1},
		"behind": {[]any{text, special}, "PreTrainedTokenizerFast", -2}, "two": {[]any{special, special, text}, "PreTrainedTokenizerFast", -2},
	} {
		file["post_processor"] = map[string]any{"type": "TemplateProcessing", "single": c.single, "special_tokens": map[string]any{"x": map[string]any{"ids": []int{0}}}}
		data, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		files["tokenizer.json"] = &fstest.MapFile{Data: data}
		files["tokenizer_config.json"] = &fstest.MapFile{Data: []byte(`{"add_bos_token":false,"tokenizer_class":"` + c.class + `"}`)}
		m, err := OpenFolder("x", files, nil)
		if c.want == -2 {
			_, err = m.Prepare(m.Default("en"))
			wantProblem(t, err, "tokenizer.unsupported")
		} else if err != nil || m.Model.Config.BOS != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	delete(files, "tokenizer_config.json")
	files["tokenizer.json"] = plain
	files["generation_config.json"] = &fstest.MapFile{Data: []byte(`{"eos_token_id":[0,7,9]}`)}
	m, err := OpenFolder("x", files, nil)
	if err != nil || m.Model.Config.EOS != 0 || !slices.Equal(m.Ends, []int{7, 9}) {
		t.Errorf("ends %d, %v, %v", m.Model.Config.EOS, m.Ends, err)
	}
	// It alone counts, where it says any.
	for text, want := range map[string][]int{`{"eos_token_id":[5,7]}`: {5, 7}, `{"eos_token_id":7}`: {7}, `{"eos_token_id":null}`: {0}, `{}`: {0}} {
		files["generation_config.json"] = &fstest.MapFile{Data: []byte(text)}
		m, err := OpenFolder("x", files, nil)
		if err != nil || !slices.Equal(append([]int{m.Model.Config.EOS}, m.Ends...), want) {
			t.Errorf("%s: ends %d, %v, %v", text, m.Model.Config.EOS, m.Ends, err)
		}
	}
}
