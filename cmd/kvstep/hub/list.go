package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"kvstep/sim"
)

// list asks for the files of a model, as they are now.
func (c *Client) list(ctx context.Context, repo string) (*listing, error) {
	// A few kilobytes have arrived long before; somebody who sends a byte now and then
	// would hold this for ever.
	ctx, stop := context.WithTimeoutCause(ctx, 5*c.Stall, errSilent)
	defer stop()
	resp, err := c.get(ctx, c.Endpoint+"/api/models/"+repo+"/revision/main?blobs=true", 0)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if err := c.refused(resp, repo, ""); err != nil {
		return nil, err
	}
	body, err := c.plain(resp, repo)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(body, maxListing+1))
	switch {
	case err == nil:
	case errors.Is(context.Cause(ctx), errSilent) || errors.Is(err, errSilent):
		return nil, c.silent(resp.Request.URL)
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case mispacked(err):
		return nil, c.encoded(resp, repo)
	default:
		return nil, sim.NewProblem("hub.list_cut", "Host", host(resp.Request.URL)).Because(err)
	}
	return c.read(resp, text)
}

// read returns the list of files that a hub wrote.
func (c *Client) read(resp *http.Response, text []byte) (*listing, error) {
	where := host(resp.Request.URL)
	bad := func(why string) (*listing, error) {
		return nil, sim.NewProblem("hub.answer", "Host", where, "Why", why)
	}
	if len(text) > maxListing {
		return bad("list > 8 MiB")
	}
	if isPage(resp, text) {
		return nil, sim.NewProblem("hub.html", "Host", where)
	}
	l := &listing{}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if err := json.Unmarshal(text, l); errors.As(err, &syntax) && syntax.Offset >= int64(len(text)) {
		return nil, sim.NewProblem("hub.list_cut", "Host", where).Because(err)
	} else if errors.As(err, &kind) { // in the words of JSON, not in those of Go
		return bad("JSON " + strconv.Quote(clip(kind.Field)) + ": " + clip(kind.Value))
	} else if err != nil {
		return bad(brief(err.Error()))
	}
	if !commitName.MatchString(l.Commit) {
		return bad(`JSON "sha": ` + clip(l.Commit))
	}
	for _, f := range l.Files {
		if f.Size != nil && *f.Size < 0 || f.length() < 0 {
			return bad(`JSON "size" < 0: ` + clip(f.Name))
		}
	}
	return l, nil
}

// isPage reports whether an answer is a page for people: networks send one that want a
// login, and so do servers that are no hub.
func isPage(resp *http.Response, text []byte) bool {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	start := bytes.ToLower(bytes.TrimSpace(text[:min(len(text), 200)]))
	return kind == "text/html" || kind == "application/xhtml+xml" || bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

// seconds writes how long somebody was silent.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'g', 4, 64) + " s" }
