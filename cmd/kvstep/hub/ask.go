package hub

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"kvstep/sim"
)

// errSilent is a connection on which nothing came for too long.
var errSilent = errors.New("nothing arrived")

// transport returns the standard one (proxies of the environment, HTTP/2), but for what it
// does without being asked: it would unpack what arrives, and then no length is right.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true
	t.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
		if resp.StatusCode != http.StatusOK {
			return &proxyError{proxy.Host, status(resp.StatusCode)}
		}
		return nil
	}
	return t
}

// proxyError is a proxy that does not let a connection through.
type proxyError struct{ proxy, why string }

func (e *proxyError) Error() string { return e.proxy + ": " + e.why }

// redirectError is an answer that sends on to where this client does not go.
type redirectError struct{ from, to *url.URL }

func (e *redirectError) Error() string { return host(e.from) + " -> " + host(e.to) }

// redirect follows to wherever the files lie, but not from a safe connection to an
// open one, and not round and round. The token is for the hub alone: the same host,
// port and scheme, which is less than net/http takes for one place.
func redirect(next *http.Request, via []*http.Request) error {
	last := via[len(via)-1].URL
	if len(via) >= 10 || last.Scheme == "https" && next.URL.Scheme != "https" {
		return &redirectError{last, next.URL}
	}
	if origin(next.URL) != origin(via[0].URL) {
		next.Header.Del("Authorization")
	}
	return nil
}

// origin returns scheme, host and port of an address.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// host returns an address as people are told it: what comes after the host may be secret.
func host(u *url.URL) string { return u.Scheme + "://" + u.Host }

// get asks for a URL, from byte from on. What it gives ends with errSilent when nothing
// arrives for a while, before the answer or within it.
func (c *Client) get(ctx context.Context, address string, from int64) (*http.Response, error) {
	asked, stop := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(asked, http.MethodGet, address, nil)
	if err != nil {
		stop(nil)
		return nil, sim.NewProblem("hub.endpoint", "Endpoint", clip(c.shown())).Because(err)
	}
	req.Header.Set("User-Agent", "kvstep")
	req.Header.Set("Accept-Encoding", "identity") // lengths are those of the files
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	silence := time.AfterFunc(c.Stall, func() { stop(errSilent) })
	resp, err := c.HTTP.Do(req)
	silence.Stop()
	if err == nil {
		resp.Body = &watched{resp.Body, asked, stop, silence, c.Stall}
		return resp, nil
	}
	silent := errors.Is(context.Cause(asked), errSilent)
	stop(nil)
	if ctx.Err() != nil && !silent {
		return nil, context.Cause(ctx)
	}
	return nil, c.unreached(req, err, silent)
}

// watched is a body that breaks when nothing arrives for a while.
type watched struct {
	io.ReadCloser
	asked   context.Context
	stop    context.CancelCauseFunc
	silence *time.Timer
	stall   time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	w.silence.Reset(w.stall)
	n, err := w.ReadCloser.Read(p)
	w.silence.Stop()
	if err != nil && err != io.EOF && errors.Is(context.Cause(w.asked), errSilent) {
		err = errSilent
	}
	return n, err
}

func (w *watched) Close() error {
	w.silence.Stop()
	w.stop(nil)
	return w.ReadCloser.Close()
}

func (c *Client) silent(u *url.URL) error {
	return sim.NewProblem("hub.silent", "Host", host(u), "Seconds", seconds(c.Stall))
}

// unreached returns why a request had no answer.
func (c *Client) unreached(req *http.Request, err error, silent bool) error {
	at := req.URL
	var from *url.Error // names the address that it was sent on to
	if errors.As(err, &from) {
		if u, parseErr := at.Parse(from.URL); parseErr == nil {
			at = u
		}
		err = from.Err
	}
	var (
		redirected *redirectError
		refused    *proxyError
		op         *net.OpError
		name       *net.DNSError
		timed      net.Error
	)
	isOp := errors.As(err, &op)
	problem := func(id string, pairs ...any) error {
		return sim.NewProblem("hub."+id, append([]any{"Host", host(at)}, pairs...)...).Because(err)
	}
	switch {
	case errors.As(err, &redirected):
		return sim.NewProblem("hub.redirect", "From", host(redirected.from), "To", host(redirected.to)).Because(err)
	case errors.As(err, &refused):
		return sim.NewProblem("hub.proxy", "Proxy", refused.proxy, "Why", refused.why).Because(err)
	case isOp && (op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks")):
		return sim.NewProblem("hub.proxy", "Proxy", c.proxy(at), "Why", innermost(op.Err)).Because(err)
	case silent:
		return c.silent(at)
	case errors.As(err, &name) && !name.IsTimeout:
		return sim.NewProblem("hub.dns", "Host", name.Name).Because(err)
	case isTLS(err):
		return problem("tls", "Why", innermost(err))
	case errors.As(err, &timed) && timed.Timeout():
		return problem("offline", "Why", innermost(err))
	case strings.Contains(err.Error(), "malformed"): // something answers that is no web server
		return problem("answer", "Why", brief(err.Error()))
	case strings.Contains(err.Error(), "readLoopPeekFail"): // it talks before it is asked
		return problem("answer", "Why", "no HTTP")
	}
	return problem("offline", "Why", innermost(err))
}

// proxy returns the proxy that a request goes through.
func (c *Client) proxy(u *url.URL) string {
	if t, ok := c.HTTP.Transport.(*http.Transport); ok && t.Proxy != nil {
		if p, err := t.Proxy(&http.Request{URL: u}); err == nil && p != nil {
			return p.Host
		}
	}
	return ""
}

// isTLS reports whether no safe connection came about.
func isTLS(err error) bool {
	var (
		cert   *tls.CertificateVerificationError
		alert  tls.AlertError
		record tls.RecordHeaderError
	)
	return errors.As(err, &cert) || errors.As(err, &alert) || errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch) ||
		strings.Contains(err.Error(), "tls: ") || strings.Contains(err.Error(), "x509: ")
}

// innermost returns the text of the innermost cause of an error.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return brief(err.Error())
		}
		err = inner
	}
}

// plain returns the body of an answer as the hub has it: some proxies compress what they were
// asked to leave as it is.
func (c *Client) plain(resp *http.Response, name string) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))) {
	case "", "identity":
		return resp.Body, nil
	case "gzip", "x-gzip":
		return &unpacked{from: resp.Body}, nil
	}
	return nil, c.encoded(resp, name)
}

func (c *Client) encoded(resp *http.Response, name string) error {
	return sim.NewProblem("hub.encoded", "Host", host(resp.Request.URL), "File", name, "Encoding", clip(resp.Header.Get("Content-Encoding")))
}

// mispacked reports whether what was said to be gzip is not.
func mispacked(err error) bool {
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, new(flate.CorruptInputError))
}

// unpacked unpacks gzip; the first bytes are read when somebody asks for them.
type unpacked struct {
	from io.Reader
	zip  *gzip.Reader
}

func (u *unpacked) Read(p []byte) (n int, err error) {
	if u.zip == nil {
		if u.zip, err = gzip.NewReader(u.from); err != nil {
			return 0, err
		}
	}
	return u.zip.Read(p)
}
