package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"kvstep/sim"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/web/limits"
	"kvstep/web/live"
	"kvstep/web/wire"
)

const (
	// drainWait is how long a stop waits for what is being written and for sessions to
	// say goodbye; what is being computed ends at once. Whoever asked the process to end
	// waits two seconds at most.
	drainWait = 1200 * time.Millisecond
	// maxHeader bounds the head of a request; the longest link fits.
	maxHeader = wire.MaxLinkBytes + 64<<10
)

// Listen takes a loopback address; any other is Problem "addr.loopback", a
// port that is taken is "addr.in_use".
func Listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, sim.NewProblem("addr.form", "Addr", addr).Because(err)
	}
	if ip := net.ParseIP(host); !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
		return nil, sim.NewProblem("addr.loopback", "Addr", addr)
	}
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, sim.NewProblem("addr.in_use", "Addr", addr).Because(err)
	case malformed(err):
		return nil, sim.NewProblem("addr.form", "Addr", addr).Because(err)
	case err != nil:
		return nil, sim.NewProblem("addr.bad", "Addr", addr).Because(err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() { // a machine may call another one localhost
		l.Close()
		return nil, sim.NewProblem("addr.loopback", "Addr", addr)
	}
	return l, nil
}

// malformed reports whether a port is none: a number that is too large, or a name that
// nobody knows.
func malformed(err error) bool {
	var port *net.AddrError
	var name *net.DNSError
	return errors.As(err, &port) || errors.As(err, &name)
}

// Serve answers on l, within limits, until ctx ends, then stops gracefully: requests lose their
// context and with it whatever they compute, live sessions get a closing frame, what is
// being written has drainWait to be read. Nobody who does not read, and nothing that
// cannot be interrupted, is waited for longer; that is no error.
func Serve(ctx context.Context, l net.Listener, models *library.Library, lessons *lesson.Case, version string, within limits.Limits) error {
	hosts := hostsOf(l.Addr())
	origins := allowList(nil)
	for _, h := range hosts {
		origins["http://"+h] = true
	}
	hub := live.NewHub(models, lessons, func(origin string) bool { return origins[origin] }, within)
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	server := &http.Server{
		Handler:           guard(hosts, routes(allRoutes(models, lessons, hub, version, within))),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      within.Answer() + 5*time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	go addresses() // joining the page's files takes a tenth of a second, which the first page need not wait for
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(l) }()
	select {
	case err := <-stopped:
		hub.Close()
		return err
	case <-ctx.Done():
	}
	endRequests()
	drain, cancel := context.WithTimeout(context.Background(), drainWait)
	defer cancel()
	goodbye := make(chan struct{})
	go func() {
		defer close(goodbye)
		hub.Close()
	}()
	if server.Shutdown(drain) != nil {
		server.Close()
	}
	select {
	case <-goodbye:
	case <-drain.Done():
	}
	if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
