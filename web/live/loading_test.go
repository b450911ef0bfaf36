package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/web/limits"
)

// modelFolder writes a model of random numbers in BF16, some MB of them, and tells how
// many bytes of weights it has.
func modelFolder(t *testing.T) (dir string, size int64) {
	t.Helper()
	const dim, ffn, vocab = 256, 768, 2048
	r := rand.New(rand.NewPCG(5, 5))
	var tensors []checkpoint.Tensor
	add := func(name string, shape ...int) {
		n := 2
		for _, d := range shape {
			n *= d
		}
		data := make([]byte, n)
		for i := 0; i < n; i += 2 { // about 0.01 to 0.03
			data[i], data[i+1] = byte(r.Uint32()), 0x3c|byte(r.Uint32()&0x80)
		}
		tensors = append(tensors, checkpoint.Tensor{Name: name + ".weight", DType: "BF16", Shape: shape, Data: data})
		size += int64(n)
	}
	add("model.embed_tokens", vocab, dim)
	for i := range 2 {
		in := fmt.Sprintf("model.layers.%d.", i)
		add(in+"input_layernorm", dim)
		for _, p := range []string{"q", "k", "v", "o"} {
			add(in+"self_attn."+p+"_proj", dim, dim)
		}
		add(in+"post_attention_layernorm", dim)
		add(in+"mlp.gate_proj", ffn, dim)
		add(in+"mlp.up_proj", ffn, dim)
		add(in+"mlp.down_proj", dim, ffn)
	}
	add("model.norm", dim)
	dir = t.TempDir()
	config := `{"model_type":"llama","hidden_size":256,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":768,` +
		`"vocab_size":2048,"max_position_embeddings":64,"rms_norm_eps":1e-5,"tie_word_embeddings":true}`
	for name, data := range map[string][]byte{
		"config.json":       []byte(config),
		"model.safetensors": checkpoint.AppendSafetensors(nil, checkpoint.File{Tensors: tensors}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, size
}

// slowDisk is a folder that is read at the speed of an old disk.
type slowDisk struct{ fs.FS }

func (d slowDisk) Open(name string) (fs.File, error) {
	f, err := d.FS.Open(name)
	if file, ok := f.(*os.File); ok {
		return slowFile{file}, err
	}
	return f, err
}

type slowFile struct{ *os.File }

func (f slowFile) ReadAt(p []byte, at int64) (int, error) {
	time.Sleep(time.Duration(len(p)) * 150 * time.Nanosecond)
	return f.File.ReadAt(p, at)
}

// said is one message of the server: a frame's model and step, how far a model is, or
// a problem.
type said struct {
	model, step string
	loading     *wireLoading
	over        bool
	problem     string
}

type wireLoading struct {
	Model       string
	Done, Total int64
}

func listen(t *testing.T, conn *websocket.Conn) said {
	t.Helper()
	kind, data, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	if kind == websocket.BinaryMessage {
		f, err := checkpoint.ReadSafetensors(data)
		if err != nil {
			t.Fatal(err)
		}
		var r struct{ Model string }
		if err := json.Unmarshal([]byte(f.Meta["run"]), &r); err != nil {
			t.Fatal(err)
		}
		return said{model: r.Model, step: f.Meta["step"]}
	}
	var m struct {
		Loading *wireLoading
		Problem string
	}
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return said{loading: m.Loading, problem: m.Problem, over: m.Loading == nil && m.Problem == ""}
}

// TestLoadingAModel: a folder of some MB, picked while another run is on screen. The
// viewer hears of its bytes, steps the old run meanwhile, and gets the new one; one
// that is broken comes back as a message, and the run on screen stays.
func TestLoadingAModel(t *testing.T) {
	dir, size := modelFolder(t)
	broken, _ := modelFolder(t)
	data, err := os.ReadFile(filepath.Join(broken, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1], data[len(data)-2] = 0x7f, 0xc0 // not a number, found at the very end
	if err := os.WriteFile(filepath.Join(broken, "model.safetensors"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	models := library.New()
	for name, dir := range map[string]string{"big": dir, "broken": broken} {
		files := slowDisk{os.DirFS(dir)}
		models.Add(library.Source{
			Name:   name,
			Config: func() (sim.Config, error) { return checkpoint.ReadConfig(files) },
			Open: func(heard checkpoint.Progress) (*library.Loaded, error) {
				return library.OpenFolder(name, files, heard)
			},
		})
	}
	hub := NewHub(models, nil, func(string) bool { return true }, limits.Default())
	server := httptest.NewServer(hub)
	t.Cleanup(func() {
		hub.Close()
		server.Close()
	})
	conn := dial(t, "ws"+strings.TrimPrefix(server.URL, "http"))
	send(t, conn, `{"cmd":"open","link":"?model=paper&prompt=cat+sees&new=2"}`)
	if s := listen(t, conn); s.model != "paper" {
		t.Fatalf("%+v", s)
	}

	send(t, conn, `{"cmd":"run","recipe":{"model":"big","tokens":[1,2,3],"max_new":2}}`)
	var heard []wireLoading
	stepped, over := false, false
	for s := listen(t, conn); s.model != "big"; s = listen(t, conn) {
		switch {
		case s.loading != nil:
			if heard = append(heard, *s.loading); len(heard) == 1 {
				send(t, conn, `{"cmd":"forward","by":"layer"}`)
			}
		case s.model == "paper":
			stepped = strings.Contains(s.step, `"n":0`) && !over
		case s.over:
			over = true
		default:
			t.Fatalf("%+v", s)
		}
	}
	if len(heard) < 2 || !over {
		t.Fatalf("heard %+v, over %v", heard, over)
	}
	if !stepped {
		t.Error("the run on screen stood still")
	}
	before := int64(-1)
	for _, l := range heard {
		if l.Model != "big" || l.Done < before || l.Done > size || l.Total != size && l.Total != 0 {
			t.Errorf("heard %+v of %d bytes, after %d", l, size, before)
		}
		before = l.Done
	}
	if last := heard[len(heard)-1]; last.Total != size || last.Done == 0 {
		t.Errorf("heard %+v last, of %d bytes", last, size)
	}

	send(t, conn, `{"cmd":"run","recipe":{"model":"broken","tokens":[1],"max_new":2}}`)
	said := listen(t, conn)
	for said.loading != nil || said.over {
		said = listen(t, conn)
	}
	if said.problem != "checkpoint.nan" {
		t.Fatalf("%+v", said)
	}
	if s := listen(t, conn); s.model != "big" {
		t.Errorf("%+v", s)
	}
	if _, err := models.Get("broken"); !errors.As(err, new(*sim.Problem)) {
		t.Error(err)
	}
}
