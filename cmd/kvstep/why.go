package main

import (
	"errors"
	"io/fs"
	"maps"
	"strings"
	"syscall"

	"kvstep/sim"
)

// reasons are the messages for what a system says when it refuses a file.
var reasons = []struct {
	err error
	id  string
}{
	{syscall.ENOSPC, "reason.space"}, {syscall.EDQUOT, "reason.quota"}, {syscall.EROFS, "reason.read_only"}, {syscall.EISDIR, "reason.folder"},
	{syscall.ENOTDIR, "reason.not_folder"}, {syscall.ENAMETOOLONG, "reason.name_long"}, {syscall.EMFILE, "reason.many"}, {syscall.ENFILE, "reason.many"},
	{syscall.ECONNREFUSED, "reason.refused"}, {syscall.ECONNRESET, "reason.reset"}, {syscall.ETIMEDOUT, "reason.timeout"},
	{syscall.ENETUNREACH, "reason.unreachable"}, {syscall.EHOSTUNREACH, "reason.unreachable"},
	{syscall.EFBIG, "reason.large"}, {syscall.EIO, "reason.io"}, {syscall.EACCES, "reason.permission"}, {syscall.EPERM, "reason.permission"},
	{fs.ErrPermission, "reason.permission"}, {syscall.ENOENT, "reason.missing"}, {fs.ErrNotExist, "reason.missing"},
}

// why returns the reason that the system gave, in the person's language, "" if it gave none.
func why(err error) string {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return message(r.id, nil)
		}
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return message("reason.system", map[string]any{"Why": errno.Error()})
	}
	return ""
}

// sayFile words a problem with a file and the reason for it.
func sayFile(p *sim.Problem) string {
	said := message("problem."+p.ID, p.Args)
	if reason := why(p.Cause); reason != "" {
		return message("reason.said", map[string]any{"Said": said, "Reason": reason})
	}
	return said
}

// sayHub words a problem of a download. What the system says is told in the person's language
// where it has words there; most of these sentences go on behind it.
func sayHub(p *sim.Problem) string {
	args := maps.Clone(p.Args)
	if reason := why(p.Cause); reason != "" && args["Why"] != nil {
		if args["Why"] = reason; p.ID != "hub.write" {
			args["Why"] = strings.TrimRight(reason, ".。")
		}
	}
	return message("problem."+p.ID, args)
}

// ofFile reports whether a problem is about a file or an address that the system refused.
func ofFile(p *sim.Problem) bool {
	return strings.HasPrefix(p.ID, "file.") || p.ID == "addr.bad"
}
