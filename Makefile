# make test is the whole suite; CI runs the same (.ci/run).

# Compilers and linters are built once for a version, and for a version of Go.
TOOLS      = .cache/bin/$(shell go env GOVERSION)
TEMPL      = $(TOOLS)/templ@v0.3.1020
STATICCHECK = $(TOOLS)/staticcheck@v0.8.2
KERNELS    = $(TOOLS)/kernels

# Without paths in it a package is compiled once for all copies of the tree (TestAdding makes
# one), and lint vets all of it, once.
export GOFLAGS := $(shell go env GOFLAGS) -trimpath -vet=off
BROWSER    = chromium-headless-shell --version || chromium --version || chromium-browser --version || google-chrome --version
NODE       = node -e 'process.exit(+(parseInt(process.versions.node) < 18))'
FUZZTIME   = 10s
TIMEOUT   ?= 15m

# Debian's own, where another python stands before it in the path.
PYTHON     = $(firstword $(wildcard /usr/bin/python3) python3)

.PHONY: ready compiled mutate attack attack-frames attack-files test all lint go js browser notebooks train arch race fuzz bench templates generate need

# Those that take longest begin first, the browser at once. .ci/suite tells what each took.
test: need ready
	@.ci/suite "make test" browser go race arch notebooks train lint js

# Every combination where make test has a seeded sample, and every fuzz target.
all: need ready
	@TIMEOUT=60m KVSTEP_ALL=1 .ci/suite "make all" browser go race arch notebooks train lint js fuzz

# What several targets need is there before they begin: each would make it for itself, at once.
ready:
	@$(MAKE) --no-print-directory -j2 static/test/node_modules compiled

# A compiler lives too short a time to collect its garbage as often as a server does.
compiled lint: export GOGC = 400
compiled:
	go build ./...

# What the machine must have beside Go and git.
need:
	@.ci/need "chromium-headless-shell --version" chromium-headless-shell fonts-noto-cjk 2>/dev/null || .ci/need "$(BROWSER)" chromium fonts-noto-cjk
	@.ci/need "$(NODE) && npm --version" nodejs npm
	@.ci/need "qemu-aarch64-static --version" qemu-user-static

	@.ci/need "$(PYTHON) -c 'import nbconvert, ipykernel, numpy, matplotlib'" python3-nbconvert python3-ipykernel python3-numpy python3-matplotlib
	@.ci/need "$(PYTHON) -c 'import torch' && ls /usr/lib/*/libopenblas.so.0" python3-torch libopenblas0-pthread

# Format, vet and lint. What is generated from lists has tests that say when it is stale.
lint: $(STATICCHECK) static/test/node_modules
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt"; exit 1; }
	cd static/test && npm run --silent formatted
	@$(MAKE) --no-print-directory templates
	@git diff --exit-code --stat -- '*_templ.go' '*_amd64.*' || { echo "generated files are stale: commit what make generate wrote"; exit 1; }
	go mod tidy -diff
	cd sim/mat/gen && go mod tidy -diff
	go vet ./...
	$(STATICCHECK) ./...

$(TOOLS)/templ@%:
	GOBIN=$(CURDIR)/$(TOOLS) go install github.com/a-h/templ/cmd/templ@$* && mv $(TOOLS)/templ $@

$(TOOLS)/staticcheck@%:
	GOBIN=$(CURDIR)/$(TOOLS) go install honnef.co/go/tools/cmd/staticcheck@$* && mv $(TOOLS)/staticcheck $@

$(KERNELS): $(wildcard sim/mat/gen/*)
	cd sim/mat/gen && go build -o $(CURDIR)/$@ .

# What is written from templates.
templates: $(TEMPL) $(KERNELS)
	cd web/page && $(CURDIR)/$(TEMPL) generate -log-level error
	cd sim/mat/gen && $(CURDIR)/$(KERNELS) -pkg mat -out ../kernels_amd64.s -stubs ../kernels_amd64.go

generate: templates
	go test ./web/wire -run TestFramesForTheBrowser -count=1 -args -write >/dev/null
	go test ./sim/kv -run ThePolicies -count=1 -args -write >/dev/null
	go test ./sim/recipe ./cmd/kvstep -run TheTable -count=1 -args -write >/dev/null
	go test ./sim/lens -run WhatThePageIsTold -count=1 -args -write
	go test ./web/page -run TestPanelsScript -count=1 -args -write >/dev/null

# The browser's tests have a target of their own.
go:
	KVSTEP_BROWSER=skip go test -timeout $(TIMEOUT) ./...

# What is concurrent again, under the race detector: the server and its rooms, downloads, the
# library; of the simulator and the command the tests that have to do with goroutines. Figures
# are made one after another.
race: export KVSTEP_ALL =
race: export CGO_ENABLED = 1
race:
	go test -race -short -timeout $(TIMEOUT) -skip Figure ./web/room ./web/live ./web ./cmd/kvstep/hub ./sim/library
	go test -race -short -timeout $(TIMEOUT) $$(.ci/concurrent)

# The same bits on other processors.
arch:
	.ci/arch

# Types and unit tests of the page's modules.
js: static/test/node_modules
	cd static/test && npm run --silent check && npm test --silent

static/test/node_modules: static/test/package-lock.json
	cd static/test && npm ci --silent --no-audit --no-fund
	@touch $@

# The page in a real browser; without KVSTEP_BROWSER=require a machine without one skips.
browser:
	KVSTEP_BROWSER=require go test -count=1 -timeout $(TIMEOUT) ./web/browsertest

# Every notebook again, from its first cell; fails where a number is not what is saved.
notebooks:
	cd notebooks && PYDEVD_DISABLE_FILE_VALIDATION=1 OPENBLAS_NUM_THREADS=1 $(PYTHON) check.py *.ipynb

# The whole way of a model, with a tiny one: train, export, load in Go, generate.
train:
	@rm -rf .cache/quick
	cd notebooks/train && OPENBLAS_NUM_THREADS=1 $(PYTHON) train.py --quick --out ../../.cache/quick/story.pt && \
	  $(PYTHON) export.py ../../.cache/quick/story.pt ../../.cache/quick/model
	go run ./cmd/kvstep trace --model .cache/quick/model --prompt "Tom has" --max-new 8 --format table

fuzz:
	@git grep -oE '^func Fuzz[[:alnum:]_]+' -- '*_test.go' | sed 's/:func / /' | while read -r file f; do \
	  echo "$$file $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "./$${file%/*}" || exit 1; done

bench:
	go test -run '^$$' -bench . -benchmem ./...

# Random recipes against the oracles of sim/run, or what is shown of them against those of
# web/wire, until one fails or nobody wants more: make attack SEED=7
SEED       = 14
attack:
	go test ./sim/run -run '^TestGenerator$$' -timeout 0 -v -args -forever -seed $(SEED)
attack-frames:
	go test ./web/wire -run '^TestGeneratorFrames$$' -timeout 0 -v -args -forever -seed $(SEED)
attack-files:
	go test ./web/export -run '^TestGeneratorFiles$$' -timeout 0 -v -args -forever -seed $(SEED)

# Does anybody notice when an entry of a list is taken away, or a field has another name?
# By hand: make mutate KIND='filter|lens'. docs/reliability.md has what came of it.
KIND       = .
mutate: static/test/node_modules
	go run $(wildcard .ci/mutate/*.go) -kind '$(KIND)'
