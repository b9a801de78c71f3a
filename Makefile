# The two commands of the README are demo and test; both install what they need.
export GOFLAGS := -tags=goolm
export CGO_ENABLED := 1

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GO_FILES := $(shell git ls-files '*.go' 2>/dev/null)

.PHONY: all build demo test check lint race bench safety eval fuzz clean

all: build

build: bin/medix

# medix carries medix-media, the SFU and the recorder, inside.
MEDIA := cmd/medix/media/medix-media

bin/medix: $(MEDIA).sum FORCE | needs-build
	go build -tags goolm,media -ldflags "-X medixchange/cmd/medix/node.Version=$(VERSION)" -o $@ ./cmd/medix

bin/medix-media: FORCE | needs-build
	go build -ldflags "-s -w" -o $@ ./cmd/medix-media

$(MEDIA).sum: bin/medix-media
	@scripts/pack-media $< $(MEDIA)

FORCE:

.PHONY: needs-build needs-demo needs-test
needs-build:
	@scripts/install-needs build
	@scripts/install-livekit
needs-demo:
	@scripts/install-needs build demo
	@scripts/install-livekit
needs-test:
	@scripts/install-needs build demo test
	@scripts/install-livekit
	@scripts/install-clients

# Two hospitals on this machine. DEMO="--check" ends by itself; DEMO='--say "…" --from en --to es' says your own sentence.
demo: needs-demo bin/medix
	bin/medix demo $(DEMO)

# Everything that CI runs.
test: needs-test check race

check: needs-test bin/medix
	@echo "gofmt"; out=$$(gofmt -l $(GO_FILES)); [ -z "$$out" ] || { echo "not gofmt-clean:"; echo "$$out"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

# The packages that take longest come first, or one of them ends alone.
# check has vetted, so that this need not vet every dependency once more as built with the race detector.
race: needs-test bin/medix
	scripts/with-postgres go test -race -vet=off -timeout 20m ./tests ./cmd/medix-media ./rooms/... ./translator/bridge ./...

lint:
	golangci-lint run

# The figures of docs/benchmarks.md, in about ten minutes. BENCH=FanOut runs one scenario.
bench: needs-build
	scripts/bench $(BENCH)

# The figures of docs/safety.md: each language of the safety suite with each other one, the fresh sentences and the human translations, damaged.
safety:
	go test ./translator/check -count=1 -v -run 'TestSafetySuite|TestFreshSentences|TestHumanTranslations'

# How well Apertium translates, and what protection costs; fails if it costs too much or a wrong number passes.
eval: needs-demo
	go run ./tests/eval

FUZZTIME ?= 30s
fuzz:
	scripts/fuzz $(FUZZTIME)

clean:
	rm -rf bin build
