package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/sim/token"
)

// load calls loadShown for commands that have no other standard error at hand.
func load(model, tokenizer string) (*library.Loaded, error) {
	return loadShown(model, tokenizer, os.Stderr)
}

// loadShown opens a model: an embedded name, one of the models folder, a Hugging Face
// folder, or a llama2.c .bin file with its tokenizer (which may be ""). Where stderr
// is a terminal a large model has a progress bar there.
func loadShown(model, tokenizer string, stderr io.Writer) (*library.Loaded, error) {
	info, err := os.Stat(model)
	switch {
	case tokenizer != "" && !takesTokenizer(model):
		return nil, usageError{sim.NewProblem("cli.tokenizer", "Model", model)}
	case errors.Is(err, fs.ErrNotExist):
		// A name; "owner/name" looks like a path, but "./x" is one.
		lib := newLibrary(stderr)
		m, nameErr := lib.Get(model)
		var p *sim.Problem
		if errors.As(nameErr, &p) && p.ID == "model.unknown" && strings.ContainsRune(filepath.ToSlash(model), '/') {
			return nil, sim.NewProblem("file.open", "File", model).Because(err)
		}
		return m, nameErr
	case err != nil:
		return nil, sim.NewProblem("file.open", "File", model).Because(err)
	case info.IsDir():
		m, err := openFolder(filepath.Base(model), model, stderr, nil)
		return m, within(model, err)
	case slices.Contains(noModels, strings.ToLower(filepath.Ext(model))):
		return nil, sim.NewProblem("file.no_model", "File", model)
	}
	name := strings.TrimSuffix(filepath.Base(model), filepath.Ext(model))
	return openBin(name, model, tokenizer)
}

// noModels are the ends of files that are a part of a model, or a model of others.
var noModels = []string{".json", ".safetensors", ".gguf", ".ggml", ".pt", ".pth", ".onnx", ".model", ".txt", ".zip"}

// takesTokenizer reports whether a model is a single file, whose tokenizer is another file.
// Names and folders have their own, or none.
func takesTokenizer(model string) bool {
	info, err := os.Stat(model)
	return err == nil && !info.IsDir() || err != nil && strings.HasSuffix(model, ".bin")
}

// within adds the folder of a file to an error about it.
func within(folder string, err error) error {
	var p *sim.Problem
	if errors.As(err, &p) {
		if name, ok := p.Args["File"].(string); ok && name == filepath.Base(name) {
			p.Args["File"] = filepath.Join(folder, name)
		}
	}
	return err
}

// openFolder opens a Hugging Face folder. onProgress is called with its progress, unless it is nil.
func openFolder(name, dir string, stderr io.Writer, onProgress checkpoint.Progress) (*library.Loaded, error) {
	bar, done := progress(stderr, name, onProgress)
	defer done()
	w := &watched{}
	m, err := w.guard(library.OpenFolder(name, mappedDir{regularDir(dir), w}, bar))
	if err == nil {
		m.Reopen = func(onProgress checkpoint.Progress) (*library.Loaded, error) {
			return openFolder(name, dir, stderr, onProgress)
		}
	}
	return m, err
}

// openBin opens a llama2.c file.
func openBin(name, file, tokenizer string) (*library.Loaded, error) {
	w := &watched{}
	m, err := w.guard(readBin(w, name, file, tokenizer))
	var p *sim.Problem
	if errors.As(err, &p) && p.Args["File"] == "llama2.c" {
		p.Args["File"] = filepath.Base(file)
	}
	if err == nil {
		m.Reopen = func(checkpoint.Progress) (*library.Loaded, error) { return openBin(name, file, tokenizer) }
	}
	return m, err
}

func readBin(w *watched, name, file, tokenizer string) (*library.Loaded, error) {
	x, f, err := w.open(file)
	if err != nil {
		return nil, err
	}
	data, err := w.mapped(x, f)
	if err != nil { // then it is read, if its size is what its header says
		defer f.Close()
		if data, err = readAll2c(f, x.was, file); err != nil {
			return nil, err
		}
	}
	var words []byte
	if tokenizer != "" {
		if words, err = readWatched(w, tokenizer, token.MaxFile); err != nil {
			return nil, err
		}
	}
	m, err := library.OpenLlama2c(name, data, words)
	if err == nil && x.view != nil {
		x.kept = true
		w.promote(data)
	}
	return m, err
}

// readWatched reads a file that a model is made from.
func readWatched(w *watched, path string, limit int64) ([]byte, error) {
	x, f, err := w.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAtMost(f, x.was, path, limit)
}

// readAll2c reads a llama2.c file that cannot be mapped: all of it only if its size is
// what its first bytes ask for.
func readAll2c(f *os.File, info fs.FileInfo, path string) ([]byte, error) {
	head := make([]byte, min(info.Size(), checkpoint.Llama2cHeader))
	if _, err := io.ReadFull(f, head); err != nil {
		return nil, sim.NewProblem("file.open", "File", path).Because(err)
	}
	want, err := checkpoint.Llama2cSize(head, info.Size())
	if err != nil {
		return nil, err
	}
	data := make([]byte, want)
	n := copy(data, head)
	if _, err := io.ReadFull(f, data[n:]); err != nil {
		return nil, sim.NewProblem("file.open", "File", path).Because(err)
	}
	return data, nil
}

// mappedDir is a folder whose files can be seen in place (checkpoint.Viewer).
type mappedDir struct {
	regularDir
	watch *watched
}

func (d mappedDir) Open(name string) (fs.File, error) {
	f, err := d.openFile(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &mappedFile{File: f, watch: d.watch, of: d.watch.add(d.path(name), info)}, nil
}

// mappedFile is a checkpoint.Keeper.
type mappedFile struct {
	*os.File
	watch *watched
	of    *watchedFile
}

func (f *mappedFile) View() (view []byte, err error) { return f.watch.mapped(f.of, f.File) }

// Close leaves a mapped file open, for the watch.
func (f *mappedFile) Close() error {
	if f.of.view != nil {
		return nil
	}
	return f.File.Close()
}

// Keep moves the file where it is read faster, unless much of it is not weights:
// GPT-2's matrices are stored the other way round and have been copied.
func (f *mappedFile) Keep(used int64) {
	f.of.kept = true
	if used > int64(len(f.of.view))*3/4 {
		f.watch.promote(f.of.view)
	}
}

// progress returns a bar on a terminal, and nothing elsewhere; done removes it. What
// takes no time shows none. also is called with the same, unless it is nil.
func progress(stderr io.Writer, name string, also checkpoint.Progress) (onProgress checkpoint.Progress, done func()) {
	if !isTerminal(stderr) {
		return also, func() {}
	}
	const large = 32 << 20 // bytes
	var bar *progressbar.ProgressBar
	onProgress = func(n, total int64) {
		if also != nil {
			also(n, total)
		}
		if bar == nil && total >= large {
			bar = byteBar(stderr, message("cli.loading", map[string]any{"Model": name}), total)
		}
		if bar != nil {
			_ = bar.Set64(n)
		}
	}
	return onProgress, func() {
		if bar != nil {
			_ = bar.Clear()
		}
	}
}

// byteBar returns a bar that counts bytes.
func byteBar(stderr io.Writer, what string, total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(beneath(stderr)), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
}
