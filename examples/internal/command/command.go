// Package command is what the examples' command lines have in common: their flags,
// the folder of a run, and the result as JSON.
//
//	c := command.New("rl")
//	episodes := flag.Int("episodes", 500, "games to learn from")
//	c.Parse()
//	f, err := c.Folder()
//	...
//	err = c.Finish(f, result)
package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/report"
)

// A Command is an example's command line.
type Command struct {
	Seed  uint64    // -seed
	JSON  bool      // -json: the result is the last line, as JSON
	Quiet bool      // -quiet: nothing but the result
	Runs  string    // -runs: the folder of all runs
	Name  string    // -name: of this run
	Going bool      // -resume: go on with the last run of this name; see [Command.Resumable]
	Out   io.Writer // where to tell how it goes: standard output, or nowhere if quiet

	result io.Writer
	flags  *flag.FlagSet
}

// New registers the flags that all examples have, with the defaults that its run is
// named after the example and the seed is 1.
func New(example string) *Command { return in(flag.CommandLine, os.Stdout, example) }

func in(flags *flag.FlagSet, out io.Writer, example string) *Command {
	c := &Command{Out: out, result: out, flags: flags}
	flags.Uint64Var(&c.Seed, "seed", 1, "of all that is random")
	flags.BoolVar(&c.JSON, "json", false, "print the result as JSON in the last line")
	flags.BoolVar(&c.Quiet, "quiet", false, "print nothing but the result")
	flags.StringVar(&c.Runs, "runs", "runs", "`folder` that gains one for this run")
	flags.StringVar(&c.Name, "name", example, "of the run's folder; it gains a number if it is taken")
	return c
}

// Resumable registers -resume, of examples that save checkpoints.
func (c *Command) Resumable() {
	c.flags.BoolVar(&c.Going, "resume", false, "go on with the last run of this name, with its settings where none are given")
}

// Parse reads the flags. What is wrong ends the program with exit code 2.
func (c *Command) Parse() {
	if err := c.parse(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(0)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func (c *Command) parse(arguments []string) error {
	if err := c.flags.Parse(arguments); err != nil {
		return err
	}
	if c.flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", c.flags.Arg(0))
	}
	if c.Quiet {
		c.Out = io.Discard
	}
	return nil
}

// Context returns one that an interrupt from the keyboard ends. A second interrupt ends
// the program.
func (c *Command) Context() (context.Context, context.CancelFunc) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, cancel)
	return ctx, cancel
}

// Folder makes the folder of the run, with all flags in its config.json. With
// -resume it opens that of the last run, and flags that are not given are those of
// its config.json, so call it before they are read.
func (c *Command) Folder() (*report.Folder, error) {
	if c.Going {
		return c.resume()
	}
	f, err := report.New(c.Runs, c.Name)
	if err != nil {
		return nil, err
	}
	return f, f.Config(c.settings())
}

func (c *Command) resume() (*report.Folder, error) {
	dir, found := report.Latest(c.Runs, c.Name)
	if !found {
		return nil, fmt.Errorf("-resume: there is no run %s in %s", c.Name, c.Runs)
	}
	f, err := report.Open(dir)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(f.Path("config.json"))
	if err != nil {
		return nil, fmt.Errorf("-resume: %w", err)
	}
	settings := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &settings); err != nil {
		return nil, fmt.Errorf("-resume: %s: %w", f.Path("config.json"), err)
	}
	c.flags.Visit(func(f *flag.Flag) { delete(settings, f.Name) })
	for name, value := range settings {
		text := string(value)
		var word string
		if json.Unmarshal(value, &word) == nil {
			text = word
		}
		if err := c.flags.Set(name, text); err != nil {
			return nil, fmt.Errorf("-resume: %s: %s: %w", f.Path("config.json"), name, err)
		}
	}
	return f, f.Config(c.settings())
}

// settings are the values of all flags that say what the run is.
func (c *Command) settings() map[string]any {
	all := map[string]any{}
	c.flags.VisitAll(func(f *flag.Flag) {
		if strings.HasPrefix(f.Name, "test.") || slices.Contains([]string{"json", "quiet", "runs", "name", "resume"}, f.Name) {
			return
		}
		if v, ok := f.Value.(flag.Getter); ok {
			all[f.Name] = v.Get()
		}
	})
	return all
}

// Finish writes the result to result.json and the page of the folder, says where
// that is, and with -json prints the result as one line of JSON.
func (c *Command) Finish(f *report.Folder, result any) error {
	line, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("the result: %w", err)
	}
	if err := os.WriteFile(f.Path("result.json"), append(line, '\n'), 0o666); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "see %s\n", filepath.ToSlash(f.Path("report.html")))
	if c.JSON {
		fmt.Fprintf(c.result, "%s\n", line)
	}
	return nil
}
