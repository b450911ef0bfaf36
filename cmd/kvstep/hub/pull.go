package hub

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"kvstep/sim"
)

// Pull downloads a model into dir/name, and tells where that is; again is true if it
// was there already. name is a short name or owner/name. Until all is there and
// checked it lies in dir/.name, so that nobody takes a part for the whole; a pull
// that was stopped goes on from there. Of two at once the second waits.
func (c *Client) Pull(ctx context.Context, name, dir string) (place string, again bool, err error) {
	repo, err := Resolve(name)
	if err != nil {
		return "", false, err
	}
	place = filepath.Join(dir, filepath.FromSlash(name))
	sweep(dir)
	if isModel(place) {
		return place, true, nil
	}
	if err := beside(place); err != nil {
		return "", false, err
	}
	if err := c.check(); err != nil {
		return "", false, err
	}
	l, err := c.wait(ctx, place)
	if err != nil {
		return "", false, err
	}
	defer l.release()
	if isModel(place) { // who had the lock has brought it
		return place, true, nil
	}
	p := &pull{c: c, repo: repo, dir: stagingOf(place)}
	if err := p.bring(ctx, place); err != nil {
		return "", false, err
	}
	return place, false, nil
}

func isModel(place string) bool {
	_, err := os.Stat(filepath.Join(place, "config.json"))
	return err == nil
}

// beside refuses a place where something else is: the model could not be put there
// when it has arrived. An empty folder is nothing.
func beside(place string) error {
	entries, err := os.ReadDir(place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(place); errors.Is(err, fs.ErrNotExist) {
			return nil
		} // a link to nowhere
	case err == nil && len(entries) == 0:
		return nil
	case err != nil && forbidden(err):
		return unwritten(place, err)
	}
	found := err == nil || errors.Is(err, fs.ErrNotExist) // a folder that is not empty, or a link to nowhere
	for at := place; err != nil && at != filepath.Dir(at); at = filepath.Dir(at) {
		if info, statErr := os.Stat(at); statErr == nil && !info.IsDir() {
			place, found = at, true // or a folder above it is a file
			break
		}
	}
	if !found { // its name is too long, the disk reports an error
		return unwritten(place, err)
	}
	return sim.NewProblem("hub.place", "Place", place).Because(err)
}

// pull is one model on its way.
type pull struct {
	c           *Client
	repo        string
	commit      string
	dir         string
	done, total int64 // bytes; done counts the files that are complete
}

// bring brings all files and puts them in their place.
func (p *pull) bring(ctx context.Context, place string) error {
	l, err := p.c.list(ctx, p.repo)
	if err != nil {
		return err
	}
	files, err := p.c.choose(l, p.repo)
	if err != nil {
		return err
	}
	p.commit = l.Commit
	if err := p.stage(files); err != nil {
		return unwritten(p.dir, err)
	}
	for _, f := range files {
		p.total += f.length()
	}
	for _, f := range files {
		if err := p.file(ctx, f); err != nil {
			return err
		}
	}
	return p.publish(place)
}

// stage makes the folder of a pull, and takes from it what does not belong to the files
// that are wanted now: parts of other contents, files that the hub no longer lists.
func (p *pull) stage(files []file) error {
	if info, err := os.Lstat(p.dir); err == nil && !info.IsDir() {
		if err := os.Remove(p.dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		wanted := slices.ContainsFunc(files, func(f file) bool { return e.Name() == f.Name || e.Name() == f.part() })
		if wanted && e.Type().IsRegular() {
			continue
		}
		if err := os.RemoveAll(filepath.Join(p.dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// part returns the name of a file while it arrives. It says what content it is to have, so
// that nothing is ever added to a part of another.
func (f file) part() string { return f.Name + "." + f.sum()[:16] + ".part" }

// publish gives the folder its name: it is whole, checked, and on the disk.
func (p *pull) publish(place string) error {
	if err := syncDir(p.dir); err != nil {
		return unwritten(p.dir, err)
	}
	if err := beside(place); err != nil {
		return err
	}
	if info, err := os.Lstat(place); err == nil && info.IsDir() {
		_ = os.Remove(place) // it is empty, and not every system renames over it
	}
	if err := os.Rename(p.dir, place); err != nil {
		return unwritten(place, err)
	}
	if err := syncDir(filepath.Dir(place)); err != nil {
		return unwritten(place, err)
	}
	return nil
}

// file brings one file, going on with what is there. Nothing is believed that lies
// there: a file that seems complete is checked like one that has just arrived.
func (p *pull) file(ctx context.Context, f file) error {
	whole := filepath.Join(p.dir, f.Name)
	part := filepath.Join(p.dir, f.part())
	right, err := p.right(ctx, whole, f)
	if err != nil {
		return err
	}
	if !right {
		if err := p.download(ctx, f, part); err != nil {
			return err
		}
		if err := os.Rename(part, whole); err != nil {
			return unwritten(whole, err)
		}
	}
	p.progress(f.length())
	p.done += f.length()
	return nil
}

// download brings one file into part, on the disk and checked there.
func (p *pull) download(ctx context.Context, f file, part string) error {
	to, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return unwritten(part, err)
	}
	defer to.Close()
	d := &download{pull: p, f: f, to: to}
	if err := d.resume(); err != nil {
		return unwritten(part, err)
	}
	for spoilt := 0; ; {
		if err := d.all(ctx); err != nil {
			return err
		}
		if err := to.Sync(); err != nil {
			return unwritten(part, err)
		}
		if right, err := p.right(ctx, part, f); right || err != nil {
			return err
		}
		// Once more, from the start: its first part may be of an older try.
		if err := d.restart(); err != nil {
			return unwritten(part, err)
		}
		if spoilt++; spoilt > 1 {
			return sim.NewProblem("hub.checksum", "File", f.Name)
		}
	}
}

// right reports whether a file, read back from the disk, is what the hub has.
func (p *pull) right(ctx context.Context, name string, f file) (bool, error) {
	in, err := os.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return false, unwritten(name, err)
	}
	defer in.Close()
	if info, err := in.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() != f.length() {
		return false, nil
	}
	sum, buf := f.hash(), make([]byte, 1<<20)
	for {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		n, err := in.Read(buf)
		sum.Write(buf[:n])
		if err == io.EOF {
			return hex.EncodeToString(sum.Sum(nil)) == f.sum(), nil
		} else if err != nil {
			return false, unwritten(name, err)
		}
	}
}

// progress reports that n bytes of the current file are there.
func (p *pull) progress(n int64) {
	if p.c.OnProgress != nil {
		p.c.OnProgress(p.done+n, p.total)
	}
}
