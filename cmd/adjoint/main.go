// Command adjoint trains networks that a file describes, and looks into what a
// training left, for people who do not want to write Go for it.
//
//	adjoint train iris.yaml        # leaves runs/iris
//	adjoint eval runs/iris
//	adjoint predict runs/iris flowers.csv
//	adjoint inspect runs/iris/model.safetensors
//
// Its exit code is 0, or 1 if something failed, or 2 if it was called wrongly. See
// docs/command.md for descriptions.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, cancel) // a second interrupt ends the program
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// A command is one thing to do. Its define registers flags and returns what does it.
type command struct {
	name, arguments, does string
	help                  string // more about it, with examples
	define                func(*flag.FlagSet) action
}

// An action does a command with the arguments that follow the flags.
type action func(ctx context.Context, t *tool, arguments []string) error

var commands = []command{trainCommand, evalCommand, predictCommand, summaryCommand, inspectCommand, vizCommand, benchCommand, versionCommand}

// A tool is where a command writes.
type tool struct {
	out  io.Writer
	json bool
}

// print writes the result: as one line of JSON, or as text.
func (t *tool) print(result any, text string) error {
	if !t.json {
		_, err := io.WriteString(t.out, text)
		return err
	}
	return json.NewEncoder(t.out).Encode(result)
}

// told returns where to tell how it goes: nowhere if the result is to be JSON.
func (t *tool) told() io.Writer {
	if t.json {
		return io.Discard
	}
	return t.out
}

// A usageError is a mistake in how the command was called.
type usageError struct{ error }

func usage(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

// run returns the exit code.
func run(ctx context.Context, arguments []string, out, errs io.Writer) int {
	if len(arguments) == 0 {
		fmt.Fprint(errs, overview())
		return 2
	}
	name, rest := arguments[0], arguments[1:]
	if name == "help" || name == "-h" || name == "-help" || name == "--help" {
		if len(rest) == 0 {
			fmt.Fprint(out, overview())
			return 0
		}
		name, rest = rest[0], []string{"-h"}
	}
	for _, c := range commands {
		if c.name == name {
			return c.run(ctx, rest, out, errs)
		}
	}
	fmt.Fprintf(errs, "adjoint: unknown command %q: want %s, or help\n", name, strings.Join(names(), ", "))
	return 2
}

func names() (list []string) {
	for _, c := range commands {
		list = append(list, c.name)
	}
	return list
}

func overview() string {
	var b strings.Builder
	b.WriteString("adjoint trains networks that a file describes, and looks into what a training left.\n\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  adjoint %-24s %s\n", c.name+" "+c.arguments, c.does)
	}
	b.WriteString("\nadjoint help COMMAND tells more. Each has -json, whose result is one line of JSON.\n")
	return b.String()
}

func (c *command) run(ctx context.Context, arguments []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	t := &tool{out: out}
	flags.BoolVar(&t.json, "json", false, "print the result as one line of JSON")
	do := c.define(flags)
	rest, err := parse(flags, arguments)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(out, "%s\n\n%s\n", strings.TrimSpace("adjoint "+c.name+" [flags] "+c.arguments), strings.Trim(c.help, "\n"))
		fmt.Fprintln(out, "\nflags:")
		flags.SetOutput(out)
		flags.PrintDefaults()
		return 0
	case err != nil:
		err = usage("%w: adjoint help %s lists the flags", err, c.name)
	default:
		err = do(ctx, t, rest)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintf(errs, "adjoint %s: %s\n", c.name, strings.ReplaceAll(place.ReplaceAllString(err.Error(), ""), "\n", "; "))
	var wrong usageError
	if errors.As(err, &wrong) {
		return 2
	}
	return 1
}

// place is where in this command's source a mistake was made, which is nobody's line.
var place = regexp.MustCompile(`(?m)^\w+\.go:\d+: `)

// parse takes flags before and after arguments.
func parse(flags *flag.FlagSet, arguments []string) (rest []string, err error) {
	for len(arguments) > 0 {
		if err := flags.Parse(arguments); err != nil {
			return nil, err
		}
		arguments = flags.Args()
		if len(arguments) > 0 {
			rest, arguments = append(rest, arguments[0]), arguments[1:]
		}
	}
	return rest, nil
}

// one returns the only argument.
func one(arguments []string, what string) (string, error) {
	if len(arguments) != 1 {
		return "", usage("want one argument, %s, got %d", what, len(arguments))
	}
	return arguments[0], nil
}
