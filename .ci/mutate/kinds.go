package main

import (
	"fmt"
	"os/exec"
)

// kind is one seam: what is taken away, and who may notice.
type kind struct {
	name   string
	find   func() []*mutation
	checks []string
}

// Generated files are as make generate would leave them after the mutation: a check that
// only says that they are stale is no check here.
const fresh = "ThePolicies|TheTable|WhatThePageIsTold|PanelsScript|FramesForTheBrowser"

const (
	glossary = "go test -vet=off ./docs -run 'Term|Word|CodeIsThere'"
	types    = "cd static/test && npm run --silent check"
	page     = "go test -vet=off ./web/page -skip '" + fresh + "'"
	wire     = "go test -vet=off ./web/wire -skip '" + fresh + "|Generator'"
	stays    = "go test -vet=off ./sim/lens -run WhatThePageIsTold -args -write" // make generate, which lets no name go
	text     = "go test -vet=off ./web/text"
)

// kinds are all.
var kinds = []kind{
	{"cache policy", entries("sim/kv/policy.go", "Policies"), []string{glossary}},
	{"sampler filter", entries("sim/sample/filter.go", "Filters"), []string{glossary}},
	{"sampler", entries("sim/sample/check.go", "Kinds"), []string{glossary}},
	{"recipe field", entries("sim/recipe/fields.go", "Fields"), []string{
		"go test -vet=off ./sim/recipe -skip '" + fresh + "'",
		"go test -vet=off ./cmd/kvstep -run 'Notation|Flag'"}},
	{"recipe field's notation", keys("sim/recipe/fields.go", "Fields", "Path", "Key", "Flag"), []string{
		"go test -vet=off ./sim/recipe -skip '" + fresh + "'",
		"go test -vet=off ./cmd/kvstep -run 'Notation|Flag'"}},
	{"schedule", entries("sim/recipe/fields.go", "Schedules"), []string{
		"go test -vet=off ./sim/recipe -skip '" + fresh + "'", "go test -vet=off ./sim/library"}},
	{"key of links", entries("web/wire/linkkeys.go", "keys"), []string{"go test -vet=off ./web/wire -run 'Link|Key'"}},
	{"lens", entries("sim/lens/lens.go", "All"), []string{glossary}},
	{"what a viewer may have open", entries("sim/lens/view.go", "Panels"), []string{"go test -vet=off ./web/page -run 'ModulesOpen|PanelFolders'"}},
	{"op", entries("sim/explain/ops.go", "Ops"), []string{glossary}},
	{"op's place", words("web/page/ops.go", "groups"), []string{"go test -vet=off ./web/page -run EveryOp"}},
	{"breakpoint", entries("sim/breakpoint/breakpoint.go", "Kinds"), []string{"go test -vet=off ./sim/breakpoint", page}},
	{"panel", entries("web/page/panels.go", "Panels"), []string{"go test -vet=off ./web/page -run 'Panel|Stylesheets' -skip '" + fresh + "'"}},
	{"route", entries("web/routes.go", "allRoutes"), []string{"go test -vet=off ./web -run 'OtherSites|EveryRoute'"}},
	{"file that pages load", entries("web/loads.go", "loads"), []string{"go test -vet=off ./web -run 'PagesNameWhatThereIs'"}},
	{"limit of a server", entries("web/limits/limits.go", "All"), []string{"go test -vet=off ./cmd/kvstep -run EveryLimit"}},
	{"class of Hugging Face", both(entries("sim/hf/classes.go", "classTable"), entries("sim/hf/classes.go", "inner")), []string{
		"go test -vet=off ./sim/hf", "go test -vet=off ./sim/cost -run 'Config|Class'"}},
	{"model type", both(entries("sim/checkpoint/config.go", "familyOf"), entries("sim/cost/hf.go", "hfFamilies"),
		entries("sim/model/model.go", "Families")), []string{
		"go test -vet=off ./sim/checkpoint -run 'EveryType|Config|LoadFolder'", "go test -vet=off ./sim/cost -run 'Config|Class'",
		"go test -vet=off ./sim/model ./sim/run -run 'Famil'"}},
	{"floor of the house", words("cmd/kvstep/house_test.go", "floors"), []string{"go test -vet=off ./cmd/kvstep -run 'ImportsGoDown'"}},
	{"message of one language", both(some(messages("en")), some(messages("zh"))), []string{text}},
	{"message", some(messages("en", "zh")), []string{text, page, "go test -vet=off ./cmd/kvstep -run EveryFlag"}},
	{"term of the glossary", terms, []string{glossary}},
	{"line of a cache", lines(".ci/mutate/kv.txt"), []string{"go test ./sim/kv"}},
	{"mending of the page", mendings(".ci/mutate/page.txt"), nil},
	{"name of a lens or tensor", lensNames, []string{glossary, stays}},
	{"key of a frame", fields, []string{types, stays}},
	{"key of a trace or command", otherFields, []string{"go test -vet=off ./sim/export -run EveryKey", "go test -vet=off ./web/wire -run 'CommandKey|Protocol'"}},
}

// sed returns a file as an expression of sed changes it.
func sed(path, expression string) (string, error) {
	out, err := exec.Command("sed", expression, path).Output()
	if err != nil {
		err = fmt.Errorf("%s: sed %s: %w", path, expression, err)
	}
	return string(out), err
}
