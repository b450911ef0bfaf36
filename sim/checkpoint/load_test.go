package checkpoint

import (
	"os"
	"testing"
)

const shared = "../../../shared/"

func TestStories260K(t *testing.T) {
	data, err := os.ReadFile(shared + "models/stories260K.bin")
	if err != nil {
		t.Skipf("needs %smodels/stories260K.bin, which is not part of the repository", shared)
	}
	c, w, err := LoadLlama2c(data)
	if err != nil {
		t.Fatal(err)
	}
	if c.Dim != 64 || c.FFN != 172 || c.Layers != 5 || c.Heads != 8 || c.KVHeads != 4 || c.Vocab != 512 || c.Context != 512 || !c.Tied {
		t.Errorf("config %+v", c)
	}
	if len(w.Layers) != 5 || w.Layers[4].Down.NumRows() != 64 || w.Layers[4].Down.NumCols() != 172 || w.Head.At(3, 4) != w.Embed.At(3, 4) {
		t.Error("weights have the wrong shape")
	}
}
