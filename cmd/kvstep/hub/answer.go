package hub

import (
	"net/http"
	"strconv"
	"strings"

	"kvstep/sim"
)

// status returns a status as this program words it: what the server wrote beside the number
// is a stranger's text.
func status(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// refused returns the Problem for an answer that is not what was asked for, nil for one that
// is. Hubs say what is wrong in X-Error-Code: the status alone does not tell a mistyped
// name from a model with terms, since nobody may learn what there is in secret. file is
// "" for the list of files.
func (c *Client) refused(resp *http.Response, repo, file string) error {
	code := resp.StatusCode
	if code == http.StatusOK || code == http.StatusPartialContent {
		return nil
	}
	from := host(resp.Request.URL)
	unknown := sim.NewProblem("hub.unknown", "Name", repo, "Endpoint", c.shown())
	switch resp.Header.Get("X-Error-Code") {
	case "RepoNotFound":
		return unknown
	case "GatedRepo":
		return sim.NewProblem("hub.denied", "Name", repo)
	case "RevisionNotFound":
		return sim.NewProblem("hub.revision", "Name", repo)
	case "EntryNotFound":
		if file == "" { // the list itself
			return unknown
		}
		return sim.NewProblem("hub.gone", "Name", repo, "File", file)
	case "DisabledRepo":
		return sim.NewProblem("hub.forbidden", "Name", repo)
	}
	switch {
	case code == http.StatusUnauthorized && c.Token == "":
		return sim.NewProblem("hub.token", "Name", repo)
	case code == http.StatusUnauthorized:
		return sim.NewProblem("hub.token_bad", "Host", from)
	case code == http.StatusForbidden:
		return sim.NewProblem("hub.forbidden", "Name", repo)
	case code == http.StatusNotFound && file != "":
		return sim.NewProblem("hub.gone", "Name", repo, "File", file)
	case code == http.StatusNotFound:
		return unknown
	case code == http.StatusProxyAuthRequired && c.proxy(resp.Request.URL) != "": // else a server says what it cannot mean
		return sim.NewProblem("hub.proxy", "Proxy", c.proxy(resp.Request.URL), "Why", status(code))
	case code == http.StatusTooManyRequests:
		return sim.NewProblem("hub.busy", "Host", from)
	case code >= 500:
		return sim.NewProblem("hub.broken", "Host", from, "Status", status(code))
	}
	if file == "" {
		file = repo
	}
	return sim.NewProblem("hub.status", "File", file, "Status", status(code))
}
