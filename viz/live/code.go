package live

import (
	"fmt"
	"slices"
	"strings"
)

// goCode writes a setup as a program that trains its network.
func goCode(s *setup) string {
	var b strings.Builder
	w := func(format string, arg ...any) { fmt.Fprintf(&b, format, arg...) }
	w("// Command network trains the network of the playground.\npackage main\n\n")
	w("import (\n\t\"context\"\n\t\"fmt\"\n\t\"log\"\n\n")
	for _, p := range imports(s) {
		w("\t%q\n", p)
	}
	w(")\n\nfunc main() {\n")
	writeData(w, s)
	w("\trows = rows.Shuffle(%d)\n\ttrainRows, testRows := rows.Split(%g)\n\n", s.Seed, s.Share)
	w("\tmodel := &train.Model{\n\t\tNet: nn.Sequential{\n")
	if !slices.Equal(s.Features, []string{"x", "y"}) {
		w("\t\t\tnn.Func(features),\n")
	}
	for _, l := range s.Layers {
		init := "nn.GlorotUniform"
		if rectifies(l.Act) {
			init = "nn.HeUniform"
		}
		act := ""
		if l.Act != "identity" {
			act = ", Act: " + activations[l.Act].code
		}
		w("\t\t\t&nn.Dense{Out: %d%s, Init: %s},\n", l.Units, act, init)
		if s.Dropout > 0 {
			w("\t\t\t&nn.Dropout{Rate: %g},\n", s.Dropout)
		}
	}
	w("\t\t\t&nn.Dense{Out: 1},\n\t\t},\n")
	w("\t\tLoss:      func(logits, y *graph.Node) *graph.Node { return nn.BinaryCrossEntropy(logits, y) },\n")
	w("\t\tOptimizer: "+optimizers[s.Optimizer].code+",\n", s.Rate)
	w("\t\tMetrics:   []train.Metric{{Name: \"accuracy\", Of: nn.Accuracy}},\n")
	if p := penalty(s); p != "" {
		w("\t\tPenalty:   func(p []*graph.Param) *graph.Node { return %s },\n", p)
	}
	w("\t\tSeed:      %d,\n\t}\n", s.Seed)
	w("\thistory, err := model.Fit(context.Background(), trainRows, train.Options{\n")
	w("\t\tEpochs: 200, Batch: %d, Seed: %d, Validation: testRows,\n\t})\n", s.Batch, s.Seed)
	w("\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n")
	w("\tlast := history.Last()\n")
	w("\tfmt.Printf(\"loss %%.4f, accuracy %%.3f; of the test points %%.4f, %%.3f\\n\",\n")
	w("\t\tlast.Train[\"loss\"], last.Train[\"accuracy\"], last.Validation[\"loss\"], last.Validation[\"accuracy\"])\n}\n")
	writeFeatures(w, s)
	return b.String()
}

func imports(s *setup) []string {
	const module = "github.com/adjointml/adjoint/"
	list := []string{module + "data", module + "graph", module + "nn"}
	code := penalty(s)
	for _, l := range s.Layers {
		code += activations[l.Act].code
	}
	if strings.Contains(code, "ops.") || !slices.Equal(s.Features, []string{"x", "y"}) {
		list = append(list, module+"ops")
	}
	return append(list, module+"optim", module+"train")
}

func writeData(w func(string, ...any), s *setup) {
	check := "\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n"
	if s.Data != "own" {
		w("\trows, err := data.Plane(%q, %d, %g, %d)\n%s", s.Data, s.Count, s.Noise, s.Seed, check)
		return
	}
	w("\ttable, err := data.OpenCSV(\"points.csv\", data.CSV{}) // x, y and class, 0 or 1, below a line that says so\n%s", check)
	w("\tx, err := table.Floats(\"x\", \"y\")\n%s", check)
	w("\ty, err := table.Floats(\"class\")\n%s", check)
	w("\trows, err := data.Of(x, y)\n%s", check)
}

// penalty is the expression that is added to the loss, or nothing.
func penalty(s *setup) string {
	l1, l2 := fmt.Sprintf("nn.L1(p, %g)", s.L1), fmt.Sprintf("nn.L2(p, %g)", s.L2)
	switch {
	case s.L1 > 0 && s.L2 > 0:
		return "ops.Add(" + l1 + ", " + l2 + ")"
	case s.L1 > 0:
		return l1
	case s.L2 > 0:
		return l2
	}
	return ""
}

func writeFeatures(w func(string, ...any), s *setup) {
	if slices.Equal(s.Features, []string{"x", "y"}) {
		return
	}
	var code []string
	for _, f := range s.Features {
		code = append(code, features[f].code)
	}
	all := strings.Join(code, ", ")
	w("\n// features makes %s of points [batch 2].\n", strings.Join(s.Features, ", "))
	w("func features(points *graph.Node) *graph.Node {\n")
	if names := strings.Join(s.Features, ""); strings.Contains(names, "x") {
		w("\tu := ops.Slice(points, 1, 0, 1, 1)\n")
	}
	if names := strings.Join(s.Features, ""); strings.Contains(names, "y") {
		w("\tv := ops.Slice(points, 1, 1, 2, 1)\n")
	}
	w("\treturn ops.Concat(1, %s)\n}\n", all)
}
