# make check is what a change must pass; .ci/run does the same in a fresh clone.
.PHONY: check lint staticcheck test race cross generated

# the tool's version; it is no requirement of the module
STATICCHECK = v0.8.2

check: lint generated test race cross

lint: staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	go vet ./...
	go mod tidy -diff

staticcheck:
	go run honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK) ./...

test:
	go test ./...

# the examples' test builds and runs them, without the race detector
race:
	go test -race -timeout 10m $$(go list ./... | grep -v /examples)

cross:
	GOOS=linux GOARCH=arm64 go build ./...
	GOOS=linux GOARCH=386 go build ./...
	GOOS=darwin GOARCH=arm64 go build ./...
	GOOS=windows GOARCH=amd64 go build ./...
	GOOS=js GOARCH=wasm go build ./...

# the assembly must be what the generator writes today
generated:
	t=$$(mktemp -d) && trap "rm -rf $$t" EXIT && cp -r internal/kernel $$t && (cd $$t/kernel && go generate generate.go) && \
	for f in internal/kernel/*_amd64.*; do cmp $$f $$t/kernel/$$(basename $$f) || exit 1; done
