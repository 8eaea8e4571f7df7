// Command gen writes the assembly of package kernel. It is a module of its own,
// so that users of adjoint do not depend on the assembler:
//
//	go generate ./internal/kernel
package main

import (
	"bytes"
	"flag"
	"log"
	"os"

	"github.com/mmcloughlin/avo/build"
)

// families are the files that can be written.
var families = map[string]func(){
	"gemm":     gemm,
	"rows":     rows,
	"vector":   vector,
	"winograd": winograd,
}

func main() {
	family := flag.String("family", "", "which kernels to write")
	flag.Parse()
	write, ok := families[*family]
	if !ok {
		log.Fatalf("unknown family %q", *family)
	}
	build.ConstraintExpr("amd64")
	build.ConstraintExpr("!noasm")
	write()
	build.Generate()
	align(flag.Lookup("out").Value.String())
}

// align turns the comments that mark loops into the directive that avo lacks.
func align(path string) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, bytes.ReplaceAll(text, []byte("\t// PCALIGN32"), []byte("\tPCALIGN $32")), 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}
