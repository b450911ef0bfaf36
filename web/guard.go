package web

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"kvstep/sim"
)

// csp lets the page use its own files and socket, and nothing else; and no script
// may make markup or code out of text, which no script of the page does.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// reach says who may make a browser ask for a route.
type reach int

const (
	// anyone costs next to nothing and runs no model: files, words, whether the server
	// lives. The socket is one too: it looks at Host and Origin itself.
	anyone reach = iota
	// engine runs a model, opens one or draws. It is for pages of this server and for
	// whoever is no page at all: the address bar, a mail, a command.
	engine
	// document is engine for a whole page: a link on another site may lead there, and
	// then the page says what it would run and waits for a press.
	document
)

// guard refuses hosts that are not this server's own before any route sees
// them (a foreign name that resolves to loopback is DNS rebinding), and sets
// the headers of every answer.
func guard(hosts []string, next http.Handler) http.Handler {
	allowed := allowList(hosts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-cache")
		if !allowed[strings.ToLower(r.Host)] {
			http.Error(w, "this server does not answer to that Host", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// fence keeps other sites from what costs something.
func fence(who reach, next http.Handler) http.Handler {
	if who == anyone {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Sec-Fetch-Site, Sec-Fetch-Dest, Origin, Referer")
		if who == engine {
			w.Header().Set("Cache-Control", "no-store")
		}
		if !foreign(r) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store") // the same address is another answer after the press
		followed, known := followedLink(r)
		switch {
		case who != document || !followed:
			refuse(w, http.StatusForbidden, sim.NewProblem("site.foreign"))
		case known:
			waits(w, r, http.StatusOK)
		default:
			waits(w, r, http.StatusForbidden)
		}
	})
}

// foreign reports whether another site caused the request. Browsers say so in
// Sec-Fetch-Site, which no page can write; "same-site" is another server of this
// machine. Those that do not say it may still name the page in Origin or Referer.
// What says nothing at all is no page.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		// Without referrers a browser says "null" as the Origin of a page's own form; a
		// page in a sandbox says it too, and is cross-site.
		return r.Header.Get("Origin") != "null" && !own(r, r.Header.Get("Origin"))
	case "none":
		return !own(r, r.Header.Get("Origin"))
	case "":
		return !own(r, r.Header.Get("Origin")) || !own(r, r.Header.Get("Referer"))
	}
	return true
}

// own reports whether an address is of this server, by the name it was asked by; "" is
// none at all.
func own(r *http.Request, address string) bool {
	if address == "" {
		return true
	}
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && strings.EqualFold(u.Host, r.Host)
}

// followedLink reports whether a person followed a link to a whole page, and whether the
// browser said so or it is guessed from what it accepts.
func followedLink(r *http.Request) (followed, known bool) {
	if r.Method != http.MethodGet {
		return false, false
	}
	if r.Header.Get("Sec-Fetch-Site") != "" {
		yes := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
		return yes, yes
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html"), false
}

func allowList(hosts []string) map[string]bool {
	allowed := make(map[string]bool, len(hosts))
	for _, h := range hosts {
		allowed[strings.ToLower(h)] = true
	}
	return allowed
}

// hostsOf returns the names under which a listener on loopback may be asked for: the
// address that it prints, and the usual names of this machine.
func hostsOf(addr net.Addr) []string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return nil
	}
	var hosts []string
	for _, name := range []string{"localhost", "127.0.0.1", "::1", host} {
		hosts = append(hosts, net.JoinHostPort(name, port))
		if port == "80" { // browsers leave the default port out
			hosts = append(hosts, strings.TrimSuffix(net.JoinHostPort(name, port), ":80"))
		}
	}
	return hosts
}
