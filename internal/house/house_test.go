package house_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/adjointml/adjoint"
	root   = "../.."
)

// engine is what runs programs: no package above it knows more than graph does.
var engine = []string{"internal/exact", "internal/ir", "internal/kernel", "internal/cpu", "internal/cpu/gemm", "internal/cpu/conv", "internal/cpu/par"}

// gonum are the packages that factorise and transform.
var gonum = []string{"gonum.org/v1/gonum/blas", "gonum.org/v1/gonum/blas/gonum", "gonum.org/v1/gonum/lapack", "gonum.org/v1/gonum/lapack/gonum", "gonum.org/v1/gonum/dsp/fourier"}

// above lists, for each package, the ones of this module that it may import,
// directly or not, and the modules outside. Examples and tests may import all.
var above = map[string]struct{ own, others []string }{
	".":                     {},
	"graph":                 {engine, []string{"gorgonia.org/tensor", "go4.org/unsafe/assume-no-moving-gc"}},
	"ops":                   {append([]string{"graph"}, engine...), gonum},
	"autodiff":              {append([]string{"graph", "ops"}, engine...), nil},
	"autodiff/gradtest":     {append([]string{"graph", "ops", "autodiff"}, engine...), nil},
	"nn":                    {append([]string{"graph", "ops"}, engine...), nil},
	"nn/dist":               {append([]string{"graph", "ops"}, engine...), nil},
	"nn/latent":             {append([]string{"graph", "ops"}, engine...), nil},
	"nn/zoo":                {append([]string{"graph", "ops", "nn"}, engine...), []string{"gorgonia.org/tensor"}},
	"optim":                 {append([]string{"graph", "ops", "autodiff"}, engine...), nil},
	"optim/fullbatch":       {append([]string{"graph", "ops", "autodiff"}, engine...), []string{"gonum.org/v1/gonum/optimize"}},
	"internal/exact":        {nil, nil},
	"internal/ir":           {[]string{"internal/exact"}, nil},
	"internal/cpu":          {[]string{"internal/exact", "internal/ir", "internal/kernel", "internal/cpu/gemm", "internal/cpu/conv", "internal/cpu/par"}, nil},
	"data":                  {[]string{"internal/exact", "internal/kernel", "internal/cpu/par"}, []string{"gorgonia.org/tensor", "golang.org/x/image/draw", "golang.org/x/image/math/f64"}},
	"data/download":         {nil, nil},
	"data/token":            {nil, nil},
	"train":                 {append([]string{"graph", "ops", "autodiff", "nn", "optim", "data"}, engine...), []string{"gorgonia.org/tensor"}},
	"train/tune":            {append([]string{"graph", "ops", "autodiff", "nn", "optim", "data", "train"}, engine...), nil},
	"train/tensorboard":     {append([]string{"graph", "ops", "autodiff", "nn", "optim", "data", "train"}, engine...), []string{"google.golang.org/protobuf/encoding/protowire", "gorgonia.org/tensor"}},
	"formula":               {nil, nil},
	"formula/graphs":        {append([]string{"graph", "ops", "formula"}, engine...), nil},
	"chart":                 {nil, []string{"golang.org/x/image/draw", "gonum.org/v1/plot", "gonum.org/v1/plot/font", "gonum.org/v1/plot/text", "gonum.org/v1/plot/vg", "gonum.org/v1/plot/vg/draw", "gonum.org/v1/plot/vg/vgimg", "gonum.org/v1/plot/vg/vgsvg"}},
	"report":                {append([]string{"graph", "ops", "autodiff", "nn", "optim", "data", "train", "train/tune", "chart", "formula", "viz"}, engine...), []string{"gorgonia.org/tensor"}},
	"explain":               {append([]string{"graph", "ops", "autodiff", "nn"}, engine...), []string{"gorgonia.org/tensor"}},
	"viz/live":              {append([]string{"graph", "ops", "autodiff", "nn", "optim", "data", "train", "explain", "viz", "formula", "formula/graphs"}, engine...), []string{"gorgonia.org/tensor"}},
	"viz":                   {append([]string{"graph", "ops", "autodiff", "formula"}, engine...), []string{"gorgonia.org/tensor", "golang.org/x/image/font/gofont/gobold", "golang.org/x/image/font/gofont/goregular", "golang.org/x/image/font/sfnt", "golang.org/x/image/math/fixed", "golang.org/x/image/vector"}},
	"internal/cpu/conv":     {[]string{"internal/exact", "internal/kernel"}, nil},
	"internal/cpu/par":      {nil, nil},
	"internal/kernel":       {[]string{"internal/exact"}, []string{"golang.org/x/sys/cpu"}},
	"internal/cpu/gemm":     {[]string{"internal/exact", "internal/kernel"}, nil},
	"internal/golden":       {nil, nil},
	"internal/differential": {nil, nil},
	"internal/gorgonia":     {nil, nil},
	"internal/house":        {nil, nil},
	"internal/mistakes":     {nil, nil},
	"cmd/adjoint":           {append([]string{"graph", "ops", "autodiff", "nn", "optim", "data", "train", "train/tune", "chart", "report", "formula", "formula/graphs", "explain", "viz", "viz/live"}, engine...), []string{"gorgonia.org/tensor", "go.yaml.in/yaml/v3"}},
	"docs":                  {nil, nil},
	"docs/lessons":          {nil, nil},
	"examples":              {nil, nil},
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
}

// list runs go list and returns the packages it prints.
func list(t *testing.T, arg ...string) (all []listed) {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("needs the go command")
	}
	cmd := exec.Command(goTool, append([]string{"list", "-json=ImportPath,Imports,Deps,Standard"}, arg...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	require.NoError(t, err)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := d.Decode(&p)
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		all = append(all, p)
	}
}

// TestLayers fails for an import against the table above.
func TestLayers(t *testing.T) {
	standard := map[string]bool{}
	for _, p := range list(t, "-deps", "./...") {
		standard[p.ImportPath] = p.Standard
	}
	for _, p := range list(t, "./...") {
		name := short(p.ImportPath)
		if strings.HasPrefix(name, "examples/") || strings.Contains(name, "testdata/") {
			continue
		}
		may, known := above[name]
		if !assert.True(t, known, "package %s has no line in the table of layers", name) {
			continue
		}
		for _, d := range p.Deps {
			if strings.HasPrefix(d, module) {
				assert.Contains(t, may.own, short(d), "package %s depends on %s", name, short(d))
			}
			assert.False(t, strings.HasPrefix(d, "gorgonia.org/gorgonia"), "package %s links gorgonia, which is for tests only", name)
		}
		for _, i := range p.Imports {
			if !standard[i] && !strings.HasPrefix(i, module) {
				assert.Contains(t, may.others, i, "package %s imports %s", name, i)
			}
		}
	}
}

func short(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// goFiles visits the module's own Go files that are not generated.
func goFiles(t *testing.T, visit func(path string, file *ast.File, set *token.FileSet)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			if d != nil && d.IsDir() {
				return filepath.SkipDir
			}
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if ast.IsGenerated(file) {
			return nil
		}
		n++
		visit(path, file, set)
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, n, 30, "the walk has found the sources")
}

// TestFileLength fails for a file over 800 lines.
func TestFileLength(t *testing.T) {
	goFiles(t, func(path string, file *ast.File, set *token.FileSet) {
		lines := set.Position(file.FileEnd).Line
		assert.LessOrEqual(t, lines, 800, "%s is too long: give a subject of it a file of its own", path)
	})
}

// TestDocs fails for an exported name without a comment.
func TestDocs(t *testing.T) {
	goFiles(t, func(path string, file *ast.File, set *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") || file.Name.Name == "main" {
			return
		}
		for _, name := range undocumented(file) {
			assert.Fail(t, fmt.Sprintf("%s: %s has no comment", path, name))
		}
	})
}

// undocumented returns the exported names of a file that have no comment.
// Methods of unexported types, such as those of ops, document themselves by
// the interface they satisfy, as do those named after a method of graph.Op.
func undocumented(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d)) {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
						names = append(names, s.Name.Name)
					}
				case *ast.ValueSpec:
					for _, n := range s.Names {
						if n.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
							names = append(names, n.Name)
						}
					}
				}
			}
		}
	}
	return names
}

// opMethods are the methods of graph.Op, which graph.Param has too.
var opMethods = []string{"Name", "Infer", "Eval", "VJP", "Doc"}

func exportedReceiver(d *ast.FuncDecl) bool {
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.IsExported() && !slices.Contains(opMethods, d.Name.Name)
}

// TestWords fails for package names that say nothing.
func TestWords(t *testing.T) {
	goFiles(t, func(path string, file *ast.File, _ *token.FileSet) {
		for _, bad := range []string{"util", "utils", "common", "types", "helpers", "misc"} {
			assert.NotEqual(t, bad, file.Name.Name, path)
		}
	})
}

// TestTypedData fails for a tensor's array that is asked for by Data, whose memory the
// collector may take meanwhile: see "Arrays are read by their type" in the rationale.
func TestTypedData(t *testing.T) {
	goFiles(t, func(path string, file *ast.File, set *token.FileSet) {
		ast.Inspect(file, func(n ast.Node) bool {
			a, ok := n.(*ast.TypeAssertExpr)
			if !ok {
				return true
			}
			call, ok := a.X.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, named := call.Fun.(*ast.SelectorExpr)
			array, isArray := a.Type.(*ast.ArrayType)
			if named && f.Sel.Name == "Data" && isArray {
				t.Errorf("%s: Data().([]%v): use Float32s and its like", set.Position(n.Pos()), array.Elt)
			}
			return true
		})
	})
}
