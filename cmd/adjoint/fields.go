package main

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fields are the entries of a part of a description, by name, with their lines. What
// is wrong in them is collected; what nobody asks for is wrong, too.
type fields struct {
	of    string // which part
	line  int
	value map[string]*yaml.Node
	asked map[string]bool
	wrong *[]string
}

func newFields(of string, n *yaml.Node, wrong *[]string) *fields {
	f := &fields{of: of, line: n.Line, value: map[string]*yaml.Node{}, asked: map[string]bool{}, wrong: wrong}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			f.value[n.Content[i].Value] = n.Content[i+1]
		}
	case yaml.ScalarNode: // a name alone, as in "- flatten"
		f.value[n.Value] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true", Line: n.Line}
	default:
		f.fail(n.Line, "want names with values")
	}
	return f
}

func (f *fields) fail(line int, format string, a ...any) {
	*f.wrong = append(*f.wrong, fmt.Sprintf("line %d: %s: %s", line, f.of, fmt.Sprintf(format, a...)))
}

// read decodes an entry into v, and reports whether it is there.
func (f *fields) read(name string, v any, want string) bool {
	f.asked[name] = true
	n, ok := f.value[name]
	if !ok {
		return false
	}
	if err := n.Decode(v); err != nil {
		f.fail(n.Line, "%s: want %s, got %q", name, want, strings.TrimSpace(n.Value))
		return false
	}
	return true
}

func (f *fields) text(name, otherwise string) string {
	f.read(name, &otherwise, "a word")
	return otherwise
}

func (f *fields) texts(name string) (list []string) {
	f.read(name, &list, "a list of words")
	return list
}

// whole reads a number of at least least.
func (f *fields) whole(name string, otherwise, least int) int {
	if f.read(name, &otherwise, "a whole number") && otherwise < least {
		f.fail(f.value[name].Line, "%s is %d: want at least %d", name, otherwise, least)
	}
	return otherwise
}

func (f *fields) number(name string, otherwise float64) float64 {
	f.read(name, &otherwise, "a number")
	return otherwise
}

func (f *fields) yes(name string) (v bool) {
	f.read(name, &v, "true or false")
	return v
}

// wholes reads a number or a list of them.
func (f *fields) wholes(name string, otherwise ...int) (list []int) {
	n, ok := f.value[name]
	if ok && n.Kind == yaml.ScalarNode {
		return []int{f.whole(name, 0, 0)}
	}
	if !f.read(name, &list, "a whole number or a list of them") {
		return otherwise
	}
	return list
}

// part returns the entries of an entry, empty ones if it is not there.
func (f *fields) part(name string) *fields {
	f.asked[name] = true
	n, ok := f.value[name]
	if !ok {
		n = &yaml.Node{Kind: yaml.MappingNode, Line: f.line}
	}
	return newFields(name, n, f.wrong)
}

// rest reports entries that nobody asked for.
func (f *fields) rest() {
	var known []string
	for name := range f.asked {
		known = append(known, name)
	}
	slices.Sort(known)
	var unknown []string
	for name := range f.value {
		if !f.asked[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		f.fail(f.value[name].Line, "unknown entry %q: want some of %s", name, strings.Join(known, ", "))
	}
}
