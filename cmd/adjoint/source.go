package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
)

// A source says where the data are.
type source struct {
	kind, path, labels string
	line               int
	csv                data.CSV
	target             []string
	features           []string
	task               string // "classify" or "regress", or "" for what the target suggests
	rows               int
	noise              float64
	images             data.Images
	test               float64 // share of the rows that is held out
	scale              string  // "standard", "range" or ""
}

// sources are the kinds of data.
var sources = map[string]bool{"digits": true, "plane": true, "mnist": true, "cifar10": true, "csv": true, "idx": true, "npy": true, "images": true}

func readSource(f *fields, folder string) source {
	s := source{kind: f.text("kind", "csv"), line: f.line, test: f.number("test", 0.2), scale: f.text("scale", "")}
	path := func(name string) string {
		p := f.text(name, "")
		if p != "" && !filepath.IsAbs(p) {
			p = filepath.Join(folder, p)
		}
		return p
	}
	if !sources[s.kind] {
		f.fail(f.line, "kind %q: want one of %s", s.kind, sorted(sources))
		return s
	}
	switch s.kind {
	case "digits":
		s.rows = f.whole("rows", 10_000, 10)
	case "plane":
		s.path, s.rows, s.noise = f.text("name", "spiral"), f.whole("rows", 600, 10), f.number("noise", 0.1)
	case "csv":
		s.path, s.features, s.task = path("path"), f.texts("features"), f.text("task", "")
		if s.target = f.texts("target"); len(s.target) == 0 {
			f.fail(f.line, "target: want the name of the column to predict, or a list of them")
		}
		s.csv = data.CSV{Null: f.texts("missing"), NoHeader: f.yes("no_header")}
		if f.yes("drop_missing") {
			s.csv.Missing = data.DropMissing
		}
		if comma := []rune(f.text("comma", ",")); len(comma) == 1 {
			s.csv.Comma = comma[0]
		} else {
			f.fail(f.line, "comma: want one character")
		}
	case "idx", "npy":
		s.path, s.labels = path("path"), path("labels")
	case "images":
		s.path = path("path")
		size := f.wholes("size", 0, 0)
		if len(size) == 1 {
			size = append(size, size[0])
		}
		if len(size) == 2 {
			s.images.Height, s.images.Width = size[0], size[1]
		}
		s.images.Gray = f.yes("gray")
	default:
		s.path = path("path")
	}
	if s.path == "" && s.kind != "digits" {
		f.fail(f.line, "path: where are the data?")
	}
	if s.scale != "" && s.scale != "standard" && s.scale != "range" {
		f.fail(f.line, "scale %q: want standard or range", s.scale)
	}
	if s.task != "" && s.task != "classify" && s.task != "regress" {
		f.fail(f.line, "task %q: want classify or regress", s.task)
	}
	if s.test < 0 || s.test >= 1 {
		f.fail(f.line, "test is %g: want a share of the rows below 1", s.test)
	}
	f.rest()
	return s
}

// A set is data ready to train on: columns x and y.
type set struct {
	learn, test *data.Arrays // test is nil if nothing is held out
	classes     []string     // nil where numbers are predicted
	outputs     int          // numbers of a row to predict
	features    []string     // of a CSV file
	scaler      *data.Scaler
}

func (s *set) target() string {
	if s.classes != nil {
		return fmt.Sprintf("one of %d classes", len(s.classes))
	}
	return fmt.Sprintf("%d numbers", s.outputs)
}

// numbers are classes without names.
func numbers(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

// open reads the data and divides them.
func (s *source) open(seed uint64) (*set, error) {
	d := &set{}
	var all *data.Arrays
	var err error
	switch s.kind {
	case "digits":
		all, d.classes = data.Digits(s.rows, seed), numbers(10)
	case "plane":
		if all, err = data.Plane(s.path, s.rows, s.noise, seed); err == nil {
			all, d.classes, err = planeClasses(all)
		}
	case "mnist":
		d.learn, d.test, err = data.MNIST(s.path)
		d.classes = numbers(10)
	case "cifar10":
		d.learn, d.test, err = data.CIFAR10(s.path)
		d.classes = data.CIFARClasses
	case "csv":
		all, err = s.openCSV(d)
	case "images":
		all, d.classes, err = s.images.Open(s.path)
	default:
		all, err = s.openArrays(d)
	}
	if err != nil {
		return nil, err
	}
	if d.learn == nil {
		if err := d.divide(all, s.test, seed); err != nil {
			return nil, err
		}
	}
	return d, d.scale(s.scale)
}

// planeClasses makes class numbers of labels that are floats.
func planeClasses(a *data.Arrays) (*data.Arrays, []string, error) {
	y := a.Column(1).Float32s()
	labels := make([]int64, len(y))
	for i, v := range y {
		labels[i] = int64(v)
	}
	all, err := data.Of(a.Column(0), tensor.New(tensor.WithShape(len(y)), tensor.WithBacking(labels)))
	return all, numbers(2), err
}

// openArrays reads images or features and their labels from idx or npy files.
func (s *source) openArrays(d *set) (*data.Arrays, error) {
	open := data.OpenNpy
	if s.kind == "idx" {
		open = data.OpenIdx
	}
	if s.labels == "" {
		return nil, fmt.Errorf("line %d: data: labels: where are they?", s.line)
	}
	x, err := open(s.path)
	if err != nil {
		return nil, err
	}
	y, err := open(s.labels)
	if err != nil {
		return nil, err
	}
	if x, err = floats(x); err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	if y.Dims() == 1 {
		if labels, n, ok := classNumbers(y); ok {
			y, d.classes = labels, numbers(n)
		}
	}
	if d.classes == nil {
		if y, err = floats(y); err != nil {
			return nil, fmt.Errorf("%s: %w", s.labels, err)
		}
		if y.Dims() == 1 {
			if err := y.Reshape(y.Shape()[0], 1); err != nil {
				return nil, err
			}
		}
		d.outputs = y.Shape()[1:].TotalSize()
	}
	return data.Of(x, y)
}

// floats returns x as float32; bytes become 0 to 1.
func floats(x *tensor.Dense) (*tensor.Dense, error) {
	v := make([]float32, x.Shape().TotalSize())
	switch x.Dtype() {
	case tensor.Float32:
		return x, nil
	case tensor.Uint8:
		for i, b := range x.Uint8s() {
			v[i] = float32(b) / 255
		}
	case tensor.Float64:
		for i, b := range x.Float64s() {
			v[i] = float32(b)
		}
	case tensor.Int32:
		for i, b := range x.Int32s() {
			v[i] = float32(b)
		}
	case tensor.Int64:
		for i, b := range x.Int64s() {
			v[i] = float32(b)
		}
	default:
		return nil, fmt.Errorf("elements of type %v: want numbers", x.Dtype())
	}
	return tensor.New(tensor.WithShape(x.Shape()...), tensor.WithBacking(v)), nil
}

// classNumbers returns integers from 0 on as int64, and how many classes there are.
func classNumbers(y *tensor.Dense) (labels *tensor.Dense, n int, ok bool) {
	var v []int64
	switch y.Dtype() {
	case tensor.Uint8:
		for _, c := range y.Uint8s() {
			v = append(v, int64(c))
		}
	case tensor.Int32:
		for _, c := range y.Int32s() {
			v = append(v, int64(c))
		}
	case tensor.Int64:
		v = append(v, y.Int64s()...)
	default:
		return nil, 0, false
	}
	for _, c := range v {
		if c < 0 || c > 1<<16 {
			return nil, 0, false
		}
		n = max(n, int(c)+1)
	}
	return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v)), n, true
}

// openCSV reads features and the target from a table.
func (s *source) openCSV(d *set) (rows *data.Arrays, err error) {
	defer func() {
		if err != nil {
			err = errors.New(csvWords.Replace(err.Error()))
		}
	}()
	layout := s.csv
	if len(s.features) > 0 { // what other columns lack does not matter
		layout.Columns = append(slices.Clone(s.features), s.target...)
	}
	t, err := data.OpenCSV(s.path, layout)
	if err != nil {
		return nil, err
	}
	if d.features = s.features; len(d.features) == 0 {
		for _, name := range t.Names() {
			if !slices.Contains(s.target, name) {
				d.features = append(d.features, name)
			}
		}
	}
	x, err := t.Floats(d.features...)
	if err != nil {
		return nil, err
	}
	numeric, wrong := t.Floats(s.target...)
	classify := s.task == "classify" || s.task == "" && wrong != nil && len(s.target) == 1
	if !classify {
		d.outputs = len(s.target)
		if wrong != nil {
			return nil, wrong
		}
		return data.Of(x, numeric)
	}
	y, classes, err := t.Classes(s.target[0])
	if err != nil {
		return nil, err
	}
	d.classes = classes
	return data.Of(x, y)
}

// csvWords says in a description's words what package data says to programmers.
var csvWords = strings.NewReplacer(
	"set CSV.Missing to DropMissing or KeepMissing", "add drop_missing: true to leave such rows out",
	"use Classes, or list it in CSV.Null if it stands for a missing one", "leave the column out of features, or list the cell in missing if it stands for nothing",
	": use Floats64", "",
)

// divide holds a share of the rows out, of each class where there are classes.
func (d *set) divide(all *data.Arrays, share float64, seed uint64) (err error) {
	switch {
	case share == 0:
		d.learn = all
	case d.classes != nil:
		d.test, d.learn, err = all.StratifiedSplit(share, 1, seed)
	default:
		d.test, d.learn = all.Shuffle(seed).Split(share)
	}
	return err
}

// scale fits the scaler to what is learned from, and applies it to all.
func (d *set) scale(how string) (err error) {
	switch how {
	case "":
		return nil
	case "standard":
		d.scaler, err = data.Standard(d.learn, 0)
	default:
		d.scaler, err = data.Range(d.learn, 0)
	}
	return err
}

// scaled returns data with the scaler applied.
func (d *set) scaled(a *data.Arrays) data.Dataset {
	if d.scaler == nil {
		return a
	}
	return data.Map(a, d.scaler.Transform(0))
}
