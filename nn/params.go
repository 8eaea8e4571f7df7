package nn

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"slices"

	"github.com/adjointml/adjoint/graph"
)

// Params returns the parameters that model holds, each once, in the order of
// its fields: those in exported fields of structs and of embedded ones, and in
// what pointers, slices, arrays, maps (in the order of their keys) and
// interfaces lead to.
//
// It labels each parameter with its path from model, such as "Trunk.0.W", and
// each [graph.Scope] with the path of the struct that embeds it, such as
// "Trunk.0". Parameters that a layer makes exist once it has been applied.
func Params(model any) []*graph.Param {
	return walkModel(model).params
}

// Init gives each parameter of model its first value. The values depend on the
// seed and the parameter's path alone: adding a layer elsewhere, or applying
// layers in another order, does not change them. Call it after the model has
// been applied: layers make their parameters then. A parameter whose
// value cannot be made, such as one of unknown shape, is left to Compile, which
// reports it.
func Init(model any, seed uint64) {
	for _, p := range Params(model) {
		h := fnv.New64a()
		h.Write([]byte(p.Label))
		_ = p.Reset(rand.New(rand.NewPCG(seed, h.Sum64())))
	}
}

// A walk collects what a model holds.
type walk struct {
	params []*graph.Param
	kinds  map[string]string // the type of the struct that holds the scope with that label
	seen   map[visit]bool
}

// A visit is a place that is looked at once, by its first path.
type visit struct {
	typ reflect.Type
	at  uintptr
	n   int // of a slice
}

var (
	paramType = reflect.TypeFor[graph.Param]()
	scopeType = reflect.TypeFor[graph.Scope]()
)

func walkModel(model any) *walk {
	w := &walk{kinds: map[string]string{}, seen: map[visit]bool{}}
	w.value("", reflect.ValueOf(model))
	return w
}

// value looks at v, which lies at the path.
func (w *walk) value(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && w.first(v, 0) {
			w.value(path, v.Elem())
		}
	case reflect.Interface:
		w.value(path, v.Elem())
	case reflect.Slice:
		if w.first(v, v.Len()) {
			w.elements(path, v)
		}
	case reflect.Array:
		w.elements(path, v)
	case reflect.Map:
		if w.first(v, 0) {
			for _, k := range sortedKeys(v) {
				w.value(join(path, fmt.Sprint(k)), v.MapIndex(k))
			}
		}
	case reflect.Struct:
		w.structure(path, v)
	}
}

// first reports whether v, which refers to something, is met for the first
// time.
func (w *walk) first(v reflect.Value, n int) bool {
	at := visit{v.Type(), v.Pointer(), n}
	if w.seen[at] {
		return false
	}
	w.seen[at] = true
	return true
}

func (w *walk) elements(path string, v reflect.Value) {
	switch v.Type().Elem().Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Struct, reflect.Slice, reflect.Array, reflect.Map:
		for i := range v.Len() {
			w.value(join(path, fmt.Sprint(i)), v.Index(i))
		}
	}
}

func (w *walk) structure(path string, v reflect.Value) {
	switch v.Type() {
	case paramType:
		if reachable(v) && !w.seen[visit{paramType, v.UnsafeAddr(), 0}] {
			w.seen[visit{paramType, v.UnsafeAddr(), 0}] = true
			p := v.Addr().Interface().(*graph.Param)
			if path != "" { // a parameter by itself keeps its name
				p.Label = path
			}
			w.params = append(w.params, p)
		}
		return
	case scopeType:
		if reachable(v) {
			v.Addr().Interface().(*graph.Scope).Label = path
		}
		return
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case f.Anonymous && f.Type == scopeType:
			w.kinds[path] = v.Type().Name()
			w.value(path, v.Field(i))
		case f.IsExported(), f.Anonymous: // of an embedded struct the exported fields
			w.value(join(path, f.Name), v.Field(i))
		}
	}
}

// reachable reports whether v can be changed from here: it is no copy, as of a
// model passed by value, and no unexported field.
func reachable(v reflect.Value) bool { return v.CanAddr() && v.Addr().CanInterface() }

// sortedKeys returns the keys of a map, numbers by size and others by name.
func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		switch {
		case a.CanInt():
			return cmp.Compare(a.Int(), b.Int())
		case a.CanUint():
			return cmp.Compare(a.Uint(), b.Uint())
		}
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return keys
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
