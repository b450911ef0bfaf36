package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	simrun "kvstep/sim/run"
)

// load is loadShown for commands that have no other standard error at hand.
func load(model, tokenizer string) (*simrun.Loaded, error) {
	return loadShown(model, tokenizer, os.Stderr)
}

// loadShown opens a model: an embedded name, one of the models folder, a Hugging Face
// folder, or a llama2.c .bin file with its tokenizer (which may be ""). Where stderr
// is a terminal a large model has a progress bar there.
func loadShown(model, tokenizer string, stderr io.Writer) (*simrun.Loaded, error) {
	info, err := os.Stat(model)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// A name; "owner/name" looks like a path, but "./x" is one.
		library := newLibrary(stderr)
		m, nameErr := library.Get(model)
		var p *sim.Problem
		if errors.As(nameErr, &p) && p.ID == "model.unknown" && strings.ContainsRune(filepath.ToSlash(model), '/') {
			return nil, sim.NewProblem("file.open", "File", model).Because(err)
		}
		return m, nameErr
	case err != nil:
		return nil, sim.NewProblem("file.open", "File", model).Because(err)
	case info.IsDir():
		return openFolder(filepath.Base(model), model, stderr, nil)
	}
	name := strings.TrimSuffix(filepath.Base(model), filepath.Ext(model))
	return openBin(name, model, tokenizer)
}

// openFolder opens a Hugging Face folder. heard, which may be nil, hears of it too.
func openFolder(name, dir string, stderr io.Writer, heard checkpoint.Progress) (*simrun.Loaded, error) {
	heard, done := progress(stderr, name, heard)
	defer done()
	return simrun.OpenFolder(name, mappedDir{os.DirFS(dir)}, heard)
}

// openBin opens a llama2.c file.
func openBin(name, file, tokenizer string) (*simrun.Loaded, error) {
	data, mapped, err := seeFile(file)
	if err != nil {
		return nil, sim.NewProblem("file.open", "File", file).Because(err)
	}
	var words []byte
	if tokenizer != "" {
		if words, err = os.ReadFile(tokenizer); err != nil {
			return nil, sim.NewProblem("file.open", "File", tokenizer).Because(err)
		}
	}
	m, err := simrun.OpenLlama2c(name, data, words)
	if err == nil && mapped {
		settleSoon(data)
	}
	var p *sim.Problem
	if errors.As(err, &p) && p.Args["File"] == "llama2.c" {
		p.Args["File"] = filepath.Base(file)
	}
	return m, err
}

// seeFile is the bytes of a file: in place where that can be done, else read.
func seeFile(name string) (data []byte, mapped bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	if data, err := mapFile(f); err == nil {
		return data, true, nil
	}
	data, err = io.ReadAll(f)
	return data, false, err
}

// mappedDir is a folder whose files can be seen in place (checkpoint.Viewer).
type mappedDir struct{ fs.FS }

func (d mappedDir) Open(name string) (fs.File, error) {
	f, err := d.FS.Open(name)
	if file, ok := f.(*os.File); ok {
		return &mappedFile{File: file}, nil
	}
	return f, err
}

// Stat does not open the file, which would wait for the other end of a pipe.
func (d mappedDir) Stat(name string) (fs.FileInfo, error) { return fs.Stat(d.FS, name) }

// mappedFile is a checkpoint.Keeper.
type mappedFile struct {
	*os.File
	view []byte
}

func (f *mappedFile) View() (view []byte, err error) {
	f.view, err = mapFile(f.File)
	return f.view, err
}

// Keep moves the file where it is read faster, unless much of it is not weights:
// GPT-2's matrices are stored the other way round and have been copied.
func (f *mappedFile) Keep(used int64) {
	if used > int64(len(f.view))*3/4 {
		settleSoon(f.view)
	}
}

// settling are the files that are being moved.
var settling sync.WaitGroup

// settleSoon moves a mapped file, and nothing else, beside what else is done. It is
// read meanwhile.
func settleSoon(data []byte) { settling.Go(func() { _ = settle(data) }) }

// progress is a bar on a terminal, and nothing elsewhere; done removes it. What
// takes no time shows none. also hears the same, unless it is nil.
func progress(stderr io.Writer, name string, also checkpoint.Progress) (heard checkpoint.Progress, done func()) {
	if !isTerminal(stderr) {
		return also, func() {}
	}
	const large = 32 << 20 // bytes
	var bar *progressbar.ProgressBar
	heard = func(n, total int64) {
		if also != nil {
			also(n, total)
		}
		if bar == nil && total >= large {
			bar = byteBar(stderr, words("cli.loading", map[string]any{"Model": name}), total)
		}
		if bar != nil {
			_ = bar.Set64(n)
		}
	}
	return heard, func() {
		if bar != nil {
			_ = bar.Clear()
		}
	}
}

// byteBar is a bar that counts bytes.
func byteBar(stderr io.Writer, what string, total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(beneath(stderr)), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
}
