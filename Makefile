# `make` lists the targets. What one needs (a linter, a Python kernel) it installs under this checkout: bin/tools, .venv,
# .cache.

# Not ?= for HOST: some shells export one of their own, the machine's name. `make run HOST=0.0.0.0` works all the same.
HOST     = 127.0.0.1
PORT    ?= 44772
SOAK    ?= 20
FUZZTIME ?= 10s
# What make test fuzzes too: the parsers of the daemon, and not those of its tests.
FUZZED   = actors fsops httpapi kernel metrics shell
# flake repeats the tests of PKG this often.
PKG     ?= ./...
COUNT   ?= 20

# The commit's date, not the clock's: the same commit gives the same binary.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
LDFLAGS  = -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)

# Expanded by the shell of the recipe, so that only the targets that need a kernel look for one. The tests of the other
# languages ask scripts/kernels.sh themselves: the rest is not to depend on what it finds.
KERNELS = export JUPYTER_PATH="$$(scripts/python-kernel.sh)"
UNIT    = $$(go list ./... | grep -v /e2e)
# The race detector is linked by a C compiler: without one the tests still run, and say so.
HAS_CC  = command -v "$$(go env CC | cut -d' ' -f1)" >/dev/null
RACE    = $$($(HAS_CC) && echo -race || scripts/skipped.sh 'the race detector: there is no C compiler' >&2)

.DEFAULT_GOAL := help
# One after the other, also with -j: the steps share two cores and time out on a crowded machine.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

.PHONY: help build run kernel kernels test unit race flake fuzz lint e2e bench soak cover release docker image clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/execd: static, with its version inside
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/execd .

run: build ## start execd with a Python kernel on HOST:PORT (127.0.0.1:44772)
	@HOST='$(HOST)' PORT='$(PORT)' scripts/run.sh

kernel: ## find the Python kernel, or install it into .venv
	@scripts/python-kernel.sh

kernels: kernel ## get every kernel that execd is tested with: six languages, into .venv and .cache/kernels
	@scripts/kernels.sh

test: export EXECD_SKIPPED = $(CURDIR)/.cache/skipped
test: ## the whole truth: build, lint, unit with the race detector, fuzz for a moment, e2e; says what it skipped
	@mkdir -p .cache && : >.cache/skipped
	@for part in python-kernel kernels jupyter-servers sdk-clients notebook-client; do scripts/$$part.sh >/dev/null & done; wait
	@$(MAKE) build lint unit
	@QUIET=1 FUZZTIME=2000x scripts/fuzz.sh $(FUZZED)
	@$(MAKE) e2e
	@echo 'make test: passed; a test that was skipped is named above, with its reason'
	@sort -u .cache/skipped | sed 's/^/  left out: /'

unit: ## run the tests beside the code, with the race detector
	@$(KERNELS); PACKAGES="$(UNIT)" scripts/gotest.sh $(RACE) -timeout 30m

race: ## the same uncached and in random order
	@$(KERNELS); PACKAGES="$(UNIT)" scripts/gotest.sh -race -count 1 -shuffle on -timeout 30m

flake: build ## run the tests of PKG (./...) COUNT (20) times, to find the one that sometimes fails
	@$(KERNELS) EXECD_BIN='$(CURDIR)/bin/execd'; PACKAGES='$(PKG)' scripts/gotest.sh $(RACE) -count $(COUNT) -shuffle on -timeout 60m

fuzz: ## run every fuzz target for FUZZTIME (10s, or 2000x for so many inputs) each
	@FUZZTIME='$(FUZZTIME)' scripts/fuzz.sh

lint: ## gofmt, go vet, golangci-lint, govulncheck, shellcheck
	@scripts/lint.sh

e2e: build ## run the tests against the built binary, and the rules of the tree
	@$(KERNELS) EXECD_BIN='$(CURDIR)/bin/execd'; PACKAGES=./e2e/... scripts/gotest.sh -count 1 -timeout 30m
	@go -C e2e/kubernetes test ./...

bench: build ## measure the built binary, into bench.json
	@$(KERNELS) EXECD_BIN='$(CURDIR)/bin/execd'; go run ./e2e/bench -o bench.json

soak: build ## run the tests of endurance SOAK (20) times as long as in make test, and those of faults again and again
	@EXECD_SOAK='$(SOAK)' EXECD_BIN='$(CURDIR)/bin/execd' go test -count 1 -v -timeout 170m -run 'TestSoak|TestStorm|TestInit|TestCrossTalk|TestSearch_Memory' ./e2e
	@$(KERNELS) EXECD_BIN='$(CURDIR)/bin/execd'; PACKAGES='./e2e ./kernel' scripts/gotest.sh -count 5 -shuffle on \
		-timeout 60m -run 'Fault|Cut|Die|Kill|Full|Down|Vanish|Stall'

cover: ## run the unit tests for coverage, into .cache/cover.html
	@mkdir -p .cache
	@$(KERNELS); PACKAGES="$(UNIT)" scripts/gotest.sh -timeout 5m -coverpkg=./... -coverprofile=.cache/cover.out
	@go tool cover -html=.cache/cover.out -o .cache/cover.html
	@go tool cover -func=.cache/cover.out | tail -n 1

release: ## build every platform into dist/, with bills of materials and SHA256SUMS
	@VERSION='$(VERSION)' LDFLAGS='$(LDFLAGS)' scripts/release.sh

docker: ## build the images execd:VERSION, to copy from, and execd-kernels:VERSION, to start
	@DOCKER_BUILDKIT=1 docker build --target execd -t execd:$(VERSION) --build-arg LDFLAGS='$(LDFLAGS)' .
	@DOCKER_BUILDKIT=1 docker build --target kernels -t execd-kernels:$(VERSION) --build-arg LDFLAGS='$(LDFLAGS)' .

image: build ## run the steps of the images and check what comes out, with or without a container engine
	@scripts/image.sh execd
	@scripts/image.sh kernels

clean: ## remove what make made: bin, dist, .cache, bench.json, and .venv unless it is your own
	@rm -rf bin dist .cache bench.json
	@if [ -e .venv/.execd-kernel ] || [ -e .venv/.execd-making ]; then rm -rf .venv; fi
