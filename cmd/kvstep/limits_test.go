package main

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"kvstep/sim"
	"kvstep/web/limits"
	"kvstep/web/text"
)

// TestEveryLimitIsAFlag: each can be set from its least to its most, says its default, changes
// nothing else, and refuses what lies beyond.
func TestEveryLimitIsAFlag(t *testing.T) {
	all := reflect.ValueOf(limits.Default())
	for i := range all.NumField() {
		if all.Field(i).IsZero() {
			t.Errorf("%s is in no entry of limits.All", all.Type().Field(i).Name)
		}
	}
	for _, l := range limits.All {
		c := &cobra.Command{}
		within := defineLimits(c)
		f := c.Flags().Lookup(l.Flag)
		if f == nil || *within != limits.Default() || f.DefValue != written(l.Unit, l.Default) {
			t.Fatalf("--%s: %+v", l.Flag, f)
		}
		want := limits.Default()
		for _, n := range []int64{l.Least, l.Most} {
			*l.In(&want) = n
			if err := f.Value.Set(written(l.Unit, n)); err != nil || *within != want {
				t.Errorf("--%s %d: %v, %+v", l.Flag, n, err, *within)
			}
		}
		for _, bad := range []string{"", fmt.Sprint(l.Least - 1), fmt.Sprint(l.Most + 1), "-1", "1e3", "many"} {
			var p *sim.Problem
			if err := f.Value.Set(bad); !errors.As(err, &p) || *within != want {
				t.Errorf("--%s %q: %v", l.Flag, bad, err)
			}
		}
	}
}

// TestTheTableOfLimits: docs/reliability.md has every limit. With -write it is written anew.
func TestTheTableOfLimits(t *testing.T) {
	var b strings.Builder
	b.WriteString("| flag | default | from | to | |\n|---|---|---|---|---|\n")
	for _, l := range limits.All {
		fmt.Fprintf(&b, "| `--%s` | %s | %s | %s | %s |\n", l.Flag, written(l.Unit, l.Default), written(l.Unit, l.Least),
			written(l.Unit, l.Most), text.In("en").T("limit."+l.Flag, nil))
	}
	tableIn(t, "../../docs/reliability.md", "limits", b.String())
}
