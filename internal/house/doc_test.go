package house_test

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestOpsExplainThemselves fails for a type with the methods of graph.Op, its own
// or those of a struct in it, that has no Doc: see graph.Documented. Examples need
// none.
func TestOpsExplainThemselves(t *testing.T) {
	type kind struct {
		methods map[string]bool
		parts   []string // embedded structs of the same package
	}
	packages := map[string]map[string]*kind{}
	of := func(path, name string) *kind {
		p := packages[filepath.Dir(path)]
		if p == nil {
			p = map[string]*kind{}
			packages[filepath.Dir(path)] = p
		}
		if p[name] == nil {
			p[name] = &kind{methods: map[string]bool{}}
		}
		return p[name]
	}
	goFiles(t, func(path string, file *ast.File, _ *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, filepath.Join(root, "examples")) {
			return
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil {
					of(path, typeName(d.Recv.List[0].Type)).methods[d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					s, ok := s.(*ast.TypeSpec)
					if !ok {
						continue
					}
					if body, ok := s.Type.(*ast.StructType); ok {
						for _, f := range body.Fields.List {
							if len(f.Names) == 0 {
								k := of(path, s.Name.Name)
								k.parts = append(k.parts, typeName(f.Type))
							}
						}
					}
				}
			}
		}
	})
	ops := 0
	for folder, types := range packages {
		var has func(name, method string) bool
		has = func(name, method string) bool {
			k := types[name]
			if name == "graph.Result" { // of loops, which has all methods but one
				return method != "VJP" && method != "Doc"
			}
			if k == nil {
				return false
			}
			for _, p := range k.parts {
				if has(p, method) {
					return true
				}
			}
			return k.methods[method]
		}
		for name := range types {
			if has(name, "Name") && has(name, "Infer") && has(name, "Eval") && has(name, "VJP") {
				ops++
				assert.True(t, has(name, "Doc"), "op %s in %s has no Doc: give it a sentence, its formula and its gradient's, as graph.Doc says", name, folder)
			}
		}
	}
	assert.Greater(t, ops, 115)
}

// typeName returns the name of a receiver's or an embedded type, with its
// package if that is another one.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	}
	return ""
}
