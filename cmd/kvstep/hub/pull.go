package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kvstep/sim"
)

// Pull downloads a model into dir/name, and tells where that is; again is true if it
// was there already. name is a short name or owner/name. Until all is there and
// checked it lies in dir/.name, so that nobody takes a part for the whole; a pull
// that was stopped goes on from there.
func (c *Client) Pull(ctx context.Context, name, dir string) (place string, again bool, err error) {
	repo, err := Resolve(name)
	if err != nil {
		return "", false, err
	}
	owner, last, _ := strings.Cut(name, "/")
	place = filepath.Join(dir, name) // a short name
	if last != "" {
		dir = filepath.Join(dir, owner)
		place = filepath.Join(dir, last)
	}
	if _, err := os.Stat(filepath.Join(place, "config.json")); err == nil {
		return place, true, nil
	}
	l, err := c.list(ctx, repo)
	if err != nil {
		return "", false, err
	}
	files, err := l.choose(repo)
	if err != nil {
		return "", false, err
	}
	staging := filepath.Join(dir, "."+filepath.Base(place))
	if err := stage(staging, l.Commit); err != nil {
		return "", false, write(staging, err)
	}
	p := &pull{c: c, repo: repo, commit: l.Commit, dir: staging}
	for _, f := range files {
		p.total += f.length()
	}
	for _, f := range files {
		if err := p.file(ctx, f); err != nil {
			return "", false, err
		}
	}
	if err := os.Remove(filepath.Join(staging, commitFile)); err != nil {
		return "", false, write(staging, err)
	}
	if err := os.Rename(staging, place); err != nil {
		return "", false, write(place, err)
	}
	return place, false, nil
}

// commitFile holds the commit that the files of a pull are of.
const commitFile = ".commit"

// stage makes the folder of a pull. One of another commit is of no use.
func stage(dir, commit string) error {
	if was, err := os.ReadFile(filepath.Join(dir, commitFile)); err == nil && string(was) != commit {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, commitFile), []byte(commit), 0o644)
}

func write(file string, err error) error {
	return sim.NewProblem("hub.write", "File", file).Because(err)
}

// pull is one model on its way.
type pull struct {
	c           *Client
	repo        string
	commit      string
	dir         string
	done, total int64 // bytes; done counts the files that are complete
}

// tries is how often in a row nothing new may arrive.
const tries = 5

// file downloads one file, going on with what is there.
func (p *pull) file(ctx context.Context, f file) error {
	whole := filepath.Join(p.dir, f.Name)
	if _, err := os.Stat(whole); err == nil { // complete, and checked then
		p.hear(f.length())
		p.done += f.length()
		return nil
	}
	part, err := os.OpenFile(whole+".part", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return write(whole, err)
	}
	defer part.Close()
	d := &download{pull: p, f: f, to: part}
	if err := d.resume(); err != nil {
		return write(whole, err)
	}
	for failures, spoilt := 0, 0; ; {
		if d.have == f.length() {
			if d.right() {
				break
			}
			// Another time, from the start: the first part may be of an older try.
			if spoilt++; spoilt > 1 {
				return sim.NewProblem("hub.checksum", "File", f.Name)
			}
			if err := d.restart(); err != nil {
				return write(whole, err)
			}
		}
		before := d.have
		err := d.more(ctx)
		switch {
		case err == nil && d.have == f.length():
			continue
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && !passing(err):
			return err
		}
		if failures++; d.have > before {
			failures = 1
		}
		if failures >= tries {
			if err != nil && !errors.Is(err, errCut) {
				return err
			}
			return sim.NewProblem("hub.cut", "File", f.Name, "Have", d.have, "Want", f.length()).Because(err)
		}
		select {
		case <-time.After(p.c.Wait(failures)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if err := part.Close(); err != nil {
		return write(whole, err)
	}
	if err := os.Rename(whole+".part", whole); err != nil {
		return write(whole, err)
	}
	p.done += f.length()
	return nil
}

// hear tells that n bytes of the current file are there.
func (p *pull) hear(n int64) {
	if p.c.Heard != nil {
		p.c.Heard(p.done+n, p.total)
	}
}

// errCut is a connection that ended too early.
var errCut = errors.New("the connection ended too early")

// passing tells whether an error may be gone the next time: broken connections,
// servers that are busy or fail.
func passing(err error) bool {
	var p *sim.Problem
	if !errors.As(err, &p) {
		return errors.Is(err, errCut)
	}
	status, _ := p.Args["Status"].(string)
	return p.ID == "hub.offline" || p.ID == "hub.status" && (strings.HasPrefix(status, "5") || strings.HasPrefix(status, "429") || strings.HasPrefix(status, "416"))
}

// download is one file on its way.
type download struct {
	*pull
	f    file
	to   *os.File
	have int64
	sum  hash.Hash // of the bytes that are there
}

// restart forgets what is there.
func (d *download) restart() error {
	d.have, d.sum = 0, d.f.hash()
	if err := d.to.Truncate(0); err != nil {
		return err
	}
	_, err := d.to.Seek(0, io.SeekStart)
	return err
}

// resume finds out how much is there, and its checksum.
func (d *download) resume() error {
	d.sum = d.f.hash()
	var err error
	if d.have, err = io.Copy(d.sum, d.to); err != nil {
		return err
	}
	if d.have > d.f.length() {
		return d.restart()
	}
	d.hear(d.have)
	return nil
}

// hash is an empty checksum of the kind that the hub tells.
func (f file) hash() hash.Hash {
	if f.LFS != nil {
		return sha256.New()
	}
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", f.Size) // as git does
	return h
}

// right tells whether what is there is what the hub has.
func (d *download) right() bool {
	want := d.f.BlobID
	if d.f.LFS != nil {
		want = d.f.LFS.SHA256
	}
	return hex.EncodeToString(d.sum.Sum(nil)) == want
}

func rangeFrom(n int64) string { return fmt.Sprintf("bytes=%d-", n) }

// more asks for the rest of the file and appends what arrives of it.
func (d *download) more(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	stalled := time.AfterFunc(d.c.Stall, func() { stop(errCut) })
	defer stalled.Stop()
	resp, err := d.c.get(ctx, d.c.Endpoint+"/"+d.repo+"/resolve/"+d.commit+"/"+d.f.Name, d.have)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable { // the file there is shorter than what is here
		if err := d.restart(); err != nil {
			return write(d.f.Name, err)
		}
	}
	if err := refused(resp, d.repo, d.f.Name); err != nil {
		return err
	}
	if err := d.begins(resp); err != nil {
		return err
	}
	buf := make([]byte, 256<<10)
	for {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			stalled.Reset(d.c.Stall)
			if d.have+int64(n) > d.f.length() {
				return d.length(d.have + int64(n))
			}
			if _, err := d.to.Write(buf[:n]); err != nil {
				return write(d.f.Name, err)
			}
			d.sum.Write(buf[:n])
			d.have += int64(n)
			d.hear(d.have)
		}
		if err != nil {
			if d.have == d.f.length() {
				return nil
			}
			return fmt.Errorf("%w: %w", errCut, err)
		}
	}
}

// begins checks from where the answer goes on, and how long it is. A server that
// knows no ranges sends everything again.
func (d *download) begins(resp *http.Response) error {
	from := int64(0)
	if resp.StatusCode == http.StatusPartialContent {
		var to, all int64
		n, _ := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &all)
		if n < 2 || from != d.have {
			if err := d.restart(); err != nil {
				return write(d.f.Name, err)
			}
			return errCut
		}
		if n == 3 && all != d.f.length() {
			return d.length(all)
		}
	} else if d.have > 0 {
		if err := d.restart(); err != nil {
			return write(d.f.Name, err)
		}
	}
	if resp.ContentLength >= 0 && from+resp.ContentLength != d.f.length() {
		return d.length(from + resp.ContentLength)
	}
	return nil
}

func (d *download) length(have int64) error {
	return sim.NewProblem("hub.length", "File", d.f.Name, "Have", have, "Want", d.f.length())
}
