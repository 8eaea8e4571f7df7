# make check is what a change must pass; .ci/run does the same in a fresh clone.
.PHONY: check lint generated staticcheck test web race portable checkptr cross bench baseline benchstat fuzz parquet

# the tools' versions; they are no requirements of the module
STATICCHECK = v0.8.2
BENCHSTAT = v0.0.0-20260908200009-22c9c6c9d4da

check: lint generated test web race portable cross bench parquet

lint: staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	go vet ./...
	go mod tidy -diff

staticcheck:
	go run honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK) ./...

test:
	go test ./...

# the pages in a browser; without Chromium the tests are skipped
web:
	cd viz/webtest && go vet ./... && go mod tidy -diff && go test -count=1 ./...

# without the examples, whose test builds and runs them; short, as it is ten times
# slower; every conversion of a pointer is checked, too; vet is lint's
race:
	go test -race -vet=off -short -timeout 15m $$(go list ./... | grep -v /examples)

# without assembly; for arm64 too where Debian's qemu-user can run it
portable:
	go test -vet=off -short -tags noasm ./internal/... ./ops
	@if command -v qemu-aarch64 >/dev/null; then \
		GOARCH=arm64 go test -vet=off -short -exec qemu-aarch64 ./internal/kernel ./internal/cpu/gemm; \
	else echo "no qemu-aarch64 here: the tests for arm64 are skipped"; fi

# race checks conversions of pointers as well, and this does alone, which is quicker
checkptr:
	go test -short -gcflags=all=-d=checkptr ./internal/kernel ./internal/cpu/... ./internal/differential

# Whether it compiles: without optimization, and one command is linked, for both take
# most of the time.
cross:
	@for target in linux/arm64 linux/386 darwin/arm64 windows/amd64 js/wasm; do \
		export GOOS=$${target%/*} GOARCH=$${target#*/}; \
		go list -export -gcflags='all=-N -l' -f '{{.Name}}' ./... >/dev/null && \
		go build -gcflags='all=-N -l' -o /dev/null ./cmd/adjoint || { echo "on $$target"; exit 1; }; \
	done

# the benchmark programs, which are modules of their own; this measures nothing
bench:
	cd bench && go vet ./... && go mod tidy -diff && go test ./...
	cd bench/gomlx && go vet ./... && go mod tidy -diff && go test ./...

# the reader of Parquet files, a module of its own
parquet:
	cd data/parquet && go vet ./... && go mod tidy -diff && go test ./...

# What baseline and benchstat measure with: see bench/baseline/README.md.
BASELINE = baseline/local.txt
MEASURE = cd bench && go test -run '^$$' -bench '$(or $(W),.)' -count $(or $(COUNT),6) -cpu 2 .

# measures into a file that later runs are compared with
baseline:
	$(MEASURE) > $(BASELINE)

# measures again and compares with the file
benchstat:
	$(MEASURE) > baseline/new.txt
	cd bench && go run golang.org/x/perf/cmd/benchstat@$(BENCHSTAT) $(BASELINE) baseline/new.txt

# every fuzz target for a while; FUZZTIME says how long each
fuzz:
	@for file in $$(grep -rl --include='*_test.go' '^func Fuzz' .); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' $$file); do \
			echo "== $$target in $$(dirname $$file)"; \
			(cd $$(dirname $$file) && go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),60s) -fuzzminimizetime 10x .) || exit 1; \
		done; done

# the assembly and the page's bundle must be what their generators write today
generated:
	t=$$(mktemp -d) && trap "rm -rf $$t" EXIT && cp -r internal/kernel $$t && (cd $$t/kernel && go generate generate.go) && \
	for f in internal/kernel/*_amd64.*; do cmp $$f $$t/kernel/$$(basename $$f) || exit 1; done
	go run -C viz/live/build . -check
