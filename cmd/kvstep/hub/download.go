package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"kvstep/sim"
)

// errCut is a connection that ended too early.
var errCut = errors.New("the connection ended too early")

// download is one file on its way.
type download struct {
	*pull
	f       file
	to      *os.File
	have    int64
	unasked bool // for ranges: what they mean is not sure there
}

// restart forgets what is there.
func (d *download) restart() error {
	d.have = 0
	if err := d.to.Truncate(0); err != nil {
		return err
	}
	_, err := d.to.Seek(0, io.SeekStart)
	return err
}

// resume finds out how much is there.
func (d *download) resume() (err error) {
	if d.have, err = d.to.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	if d.have > d.f.length() {
		return d.restart()
	}
	d.progress(d.have)
	return nil
}

// tries is how often in a row nothing new may arrive.
const tries = 5

// all brings what is missing of the file, over as many connections as it takes.
func (d *download) all(ctx context.Context) error {
	for failures := 0; d.have < d.f.length(); {
		before := d.have
		err := d.more(ctx)
		switch {
		case err == nil && d.have == d.f.length():
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && !passing(err):
			return err
		}
		if failures++; d.have > before {
			failures = 1
		}
		if failures >= tries {
			return d.given(err)
		}
		select {
		case <-time.After(d.c.Wait(failures)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// given returns the Problem of a download that is given up.
func (d *download) given(err error) error {
	if p := (*sim.Problem)(nil); errors.As(err, &p) {
		return p
	}
	return sim.NewProblem("hub.cut", "File", d.f.Name, "Have", d.have, "Want", d.f.length()).Because(err)
}

// passing reports whether an error may be gone the next time: broken connections,
// servers that are busy or fail.
func passing(err error) bool {
	var p *sim.Problem
	if !errors.As(err, &p) {
		return errors.Is(err, errCut)
	}
	word, _ := p.Args["Status"].(string)
	return slices.Contains([]string{"hub.offline", "hub.silent", "hub.dns", "hub.busy", "hub.broken"}, p.ID) ||
		p.ID == "hub.status" && (strings.HasPrefix(word, "416") || strings.HasPrefix(word, "408"))
}

// more asks for the rest of the file and appends what arrives of it.
func (d *download) more(ctx context.Context) error {
	from := d.have
	if d.unasked {
		from = 0
	}
	resp, err := d.c.get(ctx, d.c.Endpoint+"/"+d.repo+"/resolve/"+d.commit+"/"+d.f.Name, from)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable { // the file there is shorter than what is here
		if err := d.restart(); err != nil {
			return unwritten(d.to.Name(), err)
		}
	}
	if err := d.c.refused(resp, d.repo, d.f.Name); err != nil {
		return err
	}
	if isPage(resp, nil) {
		return sim.NewProblem("hub.html", "Host", host(resp.Request.URL))
	}
	body, err := d.c.plain(resp, d.f.Name)
	if err != nil {
		return err
	}
	if err := d.begins(resp, body != resp.Body); err != nil {
		return err
	}
	return d.take(ctx, resp, body)
}

// take appends what arrives.
func (d *download) take(ctx context.Context, resp *http.Response, body io.Reader) error {
	buf := make([]byte, 256<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if d.have+int64(n) > d.f.length() {
				return d.length(d.have + int64(n))
			}
			if _, err := d.to.Write(buf[:n]); err != nil {
				return unwritten(d.to.Name(), err)
			}
			d.have += int64(n)
			d.progress(d.have)
		}
		switch {
		case err == nil:
		case d.have == d.f.length() && (err == io.EOF || ctx.Err() == nil):
			return nil
		case errors.Is(err, errSilent):
			return d.c.silent(resp.Request.URL)
		case mispacked(err):
			return d.c.encoded(resp, d.f.Name)
		default:
			return fmt.Errorf("%w: %w", errCut, err)
		}
	}
}

// begins checks from where the answer goes on, and how long it is. A server that
// knows no ranges sends everything again; ranges of something compressed on the way
// are nothing to go on with.
func (d *download) begins(resp *http.Response, packed bool) error {
	from, again := int64(0), resp.StatusCode != http.StatusPartialContent
	if !again {
		var to, all int64
		n, _ := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &all)
		if n == 3 && all != d.f.length() && !packed {
			return d.length(all)
		}
		if n < 2 || from != d.have || packed {
			d.unasked = true
			if err := d.restart(); err != nil {
				return unwritten(d.to.Name(), err)
			}
			return errCut
		}
	} else if d.have > 0 {
		if err := d.restart(); err != nil {
			return unwritten(d.to.Name(), err)
		}
	}
	if resp.ContentLength >= 0 && !packed && from+resp.ContentLength != d.f.length() {
		return d.length(from + resp.ContentLength)
	}
	return nil
}

func (d *download) length(have int64) error {
	return sim.NewProblem("hub.length", "File", d.f.Name, "Have", have, "Want", d.f.length())
}
