# Everything here works with nothing but Go, make and the module proxy, as the
# first command after git clone or in an unpacked archive.

GO      ?= go
PREFIX  ?= /usr/local
DESTDIR ?=

# Of make test-etcd: releases, or lines of which the newest release is taken.
ETCD ?= 3.4 3.5 3.6 3.7

# Of make torture.
DURATION ?= 10m
SEED     ?= 0

# The tools of lint, fmt and package run straight from the module proxy, so that they and
# what they depend on stay out of go.mod.
GOFUMPT     = $(GO) run mvdan.cc/gofumpt@v0.12.0
GOLANGCI    = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Without a git checkout, or a git that reads it, the version is dev and Go must
# not look for one either: it fails where git does.
ifneq ($(wildcard .git),)
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
endif
ifeq ($(VERSION),)
override VERSION := dev
BUILDFLAGS := -buildvcs=false
else
BUILDFLAGS := -buildvcs=auto
endif
# A command is a process of ten milliseconds: without the tables for debuggers, and
# without gRPC's web pages about its requests, which nobody could open.
BUILD = CGO_ENABLED=0 $(GO) build $(BUILDFLAGS) -trimpath -tags grpcnotrace -ldflags "-s -w -X main.version=$(VERSION)"

# Where our own sources are.
DIRECTORIES = .ci $(filter-out bin/ dist/,$(wildcard */))

# Of make package. A version begins with a digit, and may hold no hyphen in .rpm;
# without a tag it is 0.0.0. The time is that of the commit, or any that stays.
PACKAGE_VERSION = $(shell echo '$(VERSION)' | sed -E '/^v?[0-9]+\.[0-9]/!s/^/0.0.0+/; s/^v//; s/-(alpha|beta|rc)/~\1/; s/-/+/; s/-/./g')
EPOCH          := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),1767225600)

# The program that writes the manual of the other one.
GENERATE = $(GO) run $(BUILDFLAGS) -tags generate -ldflags "-X main.version=$(VERSION)" ./cmd/calicoctl

SOURCES = go.mod go.sum $(shell find cmd pkg internal tools -name '*.go' ! -name '*_test.go')

.DEFAULT_GOAL := build
.PHONY: build test test-etcd test-server race torture demo bench sandbox lint fmt docs man screencast package release vulncheck install clean help

build: ## build bin/calicoctl (the default)
	$(BUILD) -o bin/calicoctl ./cmd/calicoctl

test: ## run all tests; those that need a Docker engine only if one answers
	$(GO) test -timeout 15m -parallel 6 ./...

race: ## run all tests with the race detector, which needs a C compiler
	$(GO) test -race $(RACEFLAGS) -p 1 -timeout 20m -parallel 6 ./...

test-etcd: ## run scripts, documents and the store on servers of other versions: ETCD="3.4 3.5.12 3.6"
	$(GO) run $(BUILDFLAGS) ./tools/etcdservers $(ETCD) -- $(MAKE) --no-print-directory test-server

# With the server that CALICOCTL_TEST_ETCD names, instead of the one in the tests.
test-server:
	$(GO) test -count=1 -timeout 15m -parallel 6 ./pkg/store ./internal/etcd
	$(GO) test -count=1 -timeout 15m -parallel 6 -run '^(TestScripts|TestDocs)$$' ./cmd/calicoctl

torture: ## run the torture test of the store for DURATION (10m); SEED repeats its choices
	$(GO) test -count=1 -v -timeout 24h -run '^TestTorture$$' ./internal/torture -torture.duration=$(DURATION) -torture.seed=$(SEED)

demo: build bin/demo ## run the walkthrough, as root and with dockerd on an engine with Calico's driver
	$(BUILD) -o bin/calico-docker ./cmd/calico-docker
	@bin/demo

bench: ## measure calicoctl beside bare programs and etcdctl, into docs/performance.md
	$(BUILD) -o bin/bench/ ./cmd/calicoctl ./tools/bench ./tools/bench/floor ./tools/bench/floor-bare ./tools/bench/stopwatch
	bin/bench/bench --go "$(GO)"

sandbox: build bin/sandbox ## run an etcd to try calicoctl on, until Ctrl-C
	@bin/sandbox

lint: ## check the format (gofumpt), then go vet, staticcheck and golangci-lint
	@list=$$($(GOFUMPT) -l $(DIRECTORIES)) || exit 1; \
	if [ -n "$$list" ]; then echo "not in gofumpt's format, run make fmt:"; echo "$$list"; exit 1; fi
	$(GO) vet ./...
	$(STATICCHECK) ./...
	$(GOLANGCI) run ./...
	$(GO) vet -tags generate ./cmd/calicoctl ./cmd/calico-docker
	$(STATICCHECK) -tags generate ./cmd/calicoctl

fmt: ## bring all files into gofumpt's format
	$(GOFUMPT) -w $(DIRECTORIES)

docs: ## write docs/reference.md from the commands
	$(GENERATE) reference docs/reference.md

# MAN is where they go.
MAN ?= bin/man
man: ## write the manual pages into bin/man
	@rm -rf $(MAN) && mkdir -p $(MAN)
	SOURCE_DATE_EPOCH=$(EPOCH) $(GENERATE) man $(MAN)
	SOURCE_DATE_EPOCH=$(EPOCH) $(GO) run $(BUILDFLAGS) -tags generate -ldflags "-X main.version=$(VERSION)" ./cmd/calico-docker man $(MAN)
	SOURCE_DATE_EPOCH=$(EPOCH) GO="$(GO)" VERSION=$(VERSION) packaging/man $(MAN)

screencast: build ## play the walkthrough of README.md into docs/walkthrough.svg
	$(GO) run $(BUILDFLAGS) ./tools/screencast

package: ## make packages, archives and images of both programs in dist/
	GO="$(GO)" VERSION=$(VERSION) PACKAGE_VERSION=$(PACKAGE_VERSION) SOURCE_DATE_EPOCH=$(EPOCH) \
		BUILDFLAGS=$(BUILDFLAGS) packaging/build

# Everything that the page of a release holds, from a commit that has been tested: also its
# section of CHANGELOG.md, which must have the date.
release: ## make all that a release page holds: VERSION=v0.1.0
	@echo '$(VERSION)' | grep -Eqx 'v[0-9]+\.[0-9]+\.[0-9]+' || { echo "say which release: make release VERSION=v0.1.0"; exit 1; }
	@grep -Eq '^## $(patsubst v%,%,$(VERSION)) - [0-9]{4}-[0-9]{2}-[0-9]{2}$$' CHANGELOG.md || \
		{ echo "CHANGELOG.md has no section \"## $(patsubst v%,%,$(VERSION)) - DATE\""; exit 1; }
	@$(MAKE) --no-print-directory package VERSION=$(VERSION)
	awk '/^## / { on = index($$0, "## $(patsubst v%,%,$(VERSION)) - ") == 1; next } on' CHANGELOG.md > dist/RELEASE_NOTES.md

vulncheck: ## check for known vulnerabilities that our programs reach
	GO="$(GO)" packaging/vulncheck

install: bin/calicoctl ## install calicoctl into DESTDIR/PREFIX/bin (PREFIX=/usr/local)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 bin/calicoctl "$(DESTDIR)$(PREFIX)/bin/calicoctl"

clean: ## remove what was built
	rm -rf bin dist

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s  %s\n", $$1, $$2 }' Makefile

# For install, which may run under sudo where Go is not in the PATH: built only
# when a source is newer.
bin/calicoctl: $(SOURCES)
	@$(MAKE) --no-print-directory build

# Built as the tests are, so that what they have compiled is used again.
bin/sandbox: $(SOURCES)
	$(GO) build $(BUILDFLAGS) -o $@ ./cmd/sandbox

bin/demo: $(SOURCES)
	CGO_ENABLED=0 $(GO) build $(BUILDFLAGS) -o $@ ./tools/demo
