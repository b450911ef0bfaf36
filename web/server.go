package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"syscall"
	"time"

	"kvstep/sim"
	"kvstep/sim/run"
	"kvstep/web/live"
)

// drainWait is how long a graceful stop waits for plain requests.
const drainWait = 5 * time.Second

// Listen takes a loopback address; any other is Problem "addr.loopback", a
// port that is taken is "addr.in_use".
func Listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, sim.NewProblem("addr.bad", "Addr", addr).Because(err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, sim.NewProblem("addr.loopback", "Addr", addr)
	}
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, sim.NewProblem("addr.in_use", "Addr", addr).Because(err)
	case err != nil:
		return nil, sim.NewProblem("addr.bad", "Addr", addr).Because(err)
	}
	return l, nil
}

// Serve answers on l until ctx ends, then stops gracefully: live sessions get
// a closing frame, plain requests are finished, every goroutine is gone.
func Serve(ctx context.Context, l net.Listener, models *run.Library, version string) error {
	hosts := hostsOf(l.Addr())
	origins := allowList(nil)
	for _, h := range hosts {
		origins["http://"+h] = true
	}
	hub := live.NewHub(models, func(origin string) bool { return origins[origin] })
	server := &http.Server{
		Handler:           guard(hosts, routes(models, hub, version)),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    128 << 10, // a link may hold a long prompt
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(l) }()
	select {
	case err := <-stopped:
		hub.Close()
		return err
	case <-ctx.Done():
	}
	hub.Close()
	drain, cancel := context.WithTimeout(context.Background(), drainWait)
	defer cancel()
	err := server.Shutdown(drain)
	if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return err
}
