package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/web/limits"
)

// limitFlag is the flag of one limit, which stands in a value of limits.Limits.
type limitFlag struct {
	*limits.Limit
	value *int64
}

// defineLimits gives the command a flag for every limit of a server, and returns what they say.
func defineLimits(c *cobra.Command) *limits.Limits {
	within := limits.Default()
	for i := range limits.All {
		l := &limits.All[i]
		help := message("recipe.help.range", map[string]any{
			"Help": message("limit."+l.Flag, nil), "Least": written(l.Unit, l.Least), "Most": written(l.Unit, l.Most),
		})
		c.Flags().Var(&limitFlag{l, l.In(&within)}, l.Flag, help)
	}
	return &within
}

func (f *limitFlag) String() string { return written(f.Unit, *f.value) }

// Type returns what help says that the flag takes.
func (f *limitFlag) Type() string {
	if f.Unit == limits.Bytes {
		return "bytes"
	}
	return "int"
}

// Set reads a value in the flag's unit. One that is none, or out of range, is Problem
// "recipe.whole", one that is no number of bytes "cache.bytes".
func (f *limitFlag) Set(text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if f.Unit == limits.Bytes {
		n, err = kv.ParseBytes(text)
		if p := (*sim.Problem)(nil); errors.As(err, &p) && p.ID == "cache.bytes" {
			return p
		}
	}
	if err != nil || n < f.Least || n > f.Most {
		return sim.NewProblem("recipe.whole", "Field", "--"+f.Flag, "Have", fmt.Sprintf("%.40s", text), "Least", f.Least, "Most", f.Most)
	}
	*f.value = n
	return nil
}

// written returns a value as its flag takes it: bytes with the largest unit that leaves them whole.
func written(unit limits.Unit, n int64) string {
	suffix := ""
	if unit == limits.Bytes {
		for _, larger := range []string{"KiB", "MiB", "GiB"} {
			if n%1024 != 0 {
				break
			}
			n, suffix = n/1024, larger
		}
	}
	return strconv.FormatInt(n, 10) + suffix
}
