package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/adjointml/adjoint/bench/measure"
)

// A column of the table is a program.
type column struct {
	peer
	run []string
}

// A row of the table is a case of a workload.
type row struct{ workload, variant string }

func (r row) String() string { return strings.TrimSpace(r.workload + " " + r.variant) }

// A table holds what was measured.
type table struct {
	columns []column
	rows    []row                                        // in the order they were met
	lines   map[row]map[string]map[string][]measure.Line // by column and mode
	log     io.Writer
}

// newTable prepares the programs of adjoint, which is this one, and of those
// peers that are there.
func newTable(folder string, with []peer, log io.Writer) (*table, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	t := &table{lines: map[row]map[string]map[string][]measure.Line{}, log: log}
	t.columns = append(t.columns, column{peer{name: "adjoint", title: "adjoint"}, []string{self}})
	for _, p := range with {
		command, err := p.command(folder)
		if err != nil {
			fmt.Fprintf(log, "without %s: %v\n", p.title, err)
			continue
		}
		t.columns = append(t.columns, column{p, command})
	}
	return t, nil
}

// measure runs the workloads, each in all programs by turns, so that what slows
// the machine down for a while slows all of them.
func (t *table) measure(o measure.Options, names []string) {
	for _, name := range names {
		for round := range o.Reps {
			for _, c := range t.columns {
				switch {
				case !c.slow:
					t.add(c, name, 1, o)
				case round == 0:
					t.add(c, name, min(3, o.Reps), o)
				}
			}
		}
	}
}

// add runs a program in each of its modes.
func (t *table) add(c column, workload string, reps int, o measure.Options) {
	o.Reps = reps
	modes := [][]string{nil}
	if c.modes != nil {
		for _, m := range c.modes(workload) {
			modes = append(modes, []string{"-m", m})
		}
	}
	for _, m := range modes {
		got, err := lines(c.run, slices.Concat(o.Args(), m, []string{workload})...)
		if err != nil {
			fmt.Fprintf(t.log, "%s %s %s: %v\n", c.title, workload, strings.Join(m, " "), err)
		}
		for _, l := range got {
			json.NewEncoder(t.log).Encode(l)
			t.put(c.name, l)
			if l.Nodes > 0 && l.Build > 0 { // building is half of what the case is about
				l.Variant, l.Unit, l.Value, l.Seconds = l.Variant+", build", "s", l.Build, l.Build
				t.put(c.name, l)
			}
		}
	}
}

func (t *table) put(column string, l measure.Line) {
	r := row{l.Workload, l.Variant}
	if t.lines[r] == nil {
		t.rows = append(t.rows, r)
		t.lines[r] = map[string]map[string][]measure.Line{}
	}
	if t.lines[r][column] == nil {
		t.lines[r][column] = map[string][]measure.Line{}
	}
	t.lines[r][column][l.Mode] = append(t.lines[r][column][l.Mode], l)
}

// A cell is what one program reached, in its best mode.
type cell struct {
	seconds, value float64 // medians
	unit, mode     string
}

func (t *table) cell(r row, column string) (best cell, ok bool) {
	byMode := t.lines[r][column]
	for _, mode := range slices.Sorted(maps.Keys(byMode)) {
		all := byMode[mode]
		seconds, values := make([]float64, len(all)), make([]float64, len(all))
		for i, l := range all {
			seconds[i], values[i] = l.Seconds, l.Value
		}
		c := cell{measure.Median(seconds), measure.Median(values), all[0].Unit, mode}
		if !ok || c.seconds < best.seconds {
			best, ok = c, true
		}
	}
	return best, ok
}

// write prints the table in Markdown. The peers' columns say how many times
// faster adjoint is.
func (t *table) write(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", t.caption())
	fmt.Fprint(w, "| | unit |")
	for _, c := range t.columns {
		fmt.Fprintf(w, " %s |", c.title)
	}
	for _, c := range t.columns[1:] {
		fmt.Fprintf(w, " × %s |", c.title)
	}
	fmt.Fprintf(w, "\n|%s\n", strings.Repeat("---|", 1+2*len(t.columns)))
	for _, r := range t.rows {
		t.writeRow(w, r)
	}
	switch lost, compared := t.lost(); {
	case compared == 0: // no peer ran, which proves nothing
	case len(lost) == 0:
		fmt.Fprint(w, "\nadjoint is slower at none of these.\n")
	default:
		fmt.Fprintf(w, "\nadjoint is slower at %s.\n", strings.Join(lost, ", "))
	}
}

// lost lists the cases in which a peer is faster, and counts those compared.
func (t *table) lost() (list []string, compared int) {
	for _, r := range t.rows {
		ours, ok := t.cell(r, t.columns[0].name)
		if !ok {
			continue
		}
		for _, c := range t.columns[1:] {
			theirs, ok := t.cell(r, c.name)
			if !ok {
				continue
			}
			compared++
			if theirs.seconds < ours.seconds {
				list = append(list, fmt.Sprintf("%s than %s (%sx)", r, c.title, digits(theirs.seconds/ours.seconds)))
			}
		}
	}
	return list, compared
}

func (t *table) writeRow(w io.Writer, r row) {
	var unit string
	var factor float64
	var values, ratios []string
	ours, known := t.cell(r, t.columns[0].name)
	for i, c := range t.columns {
		value, ratio := "", ""
		if theirs, ok := t.cell(r, c.name); ok {
			if unit == "" {
				unit, factor = scale(theirs)
			}
			value = digits(theirs.value * factor)
			if _, mode, ok := strings.Cut(theirs.mode, " "); ok && c.modes != nil && len(c.modes(r.workload)) > 0 {
				value += " " + mode
			}
			if known {
				ratio = digits(theirs.seconds/ours.seconds) + "x"
			}
		}
		values = append(values, value)
		if i > 0 {
			ratios = append(ratios, ratio)
		}
	}
	fmt.Fprintf(w, "| %s | %s | %s |\n", r, unit, strings.Join(append(values, ratios...), " | "))
}

// scale returns a unit in which a value is no tiny fraction, and what to
// multiply the values with.
func scale(c cell) (unit string, factor float64) {
	switch {
	case c.unit != "s":
		return c.unit, 1
	case c.value < 1e-3:
		return "µs", 1e6
	case c.value < 1:
		return "ms", 1e3
	}
	return "s", 1
}

// digits writes a number with three digits.
func digits(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// caption tells the machine and the versions, and how much it was disturbed.
func (t *table) caption() string {
	var others []float64
	versions := map[string]bool{}
	threads := 0
	for _, columns := range t.lines {
		for _, modes := range columns {
			for _, all := range modes {
				for _, l := range all {
					others = append(others, l.OtherCPU)
					versions[l.Version] = true
					threads = l.Threads
				}
			}
		}
	}
	if len(others) == 0 {
		return "Nothing was measured."
	}
	return fmt.Sprintf("%s, %d threads; %s. Other processes used %.0f %% of the machine in the median, %.0f %% at most.",
		processor(), threads, strings.Join(slices.Sorted(maps.Keys(versions)), ", "), 100*measure.Median(others), 100*slices.Max(others))
}

// processor returns the name of the machine's processor.
func processor() string {
	about := map[string]string{}
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if key, value, ok := strings.Cut(s.Text(), ":"); ok {
				about[strings.TrimSpace(key)] = strings.TrimSpace(value)
			}
		}
	}
	if about["model name"] == "" {
		return fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	}
	return fmt.Sprintf("%s (family %s, model %s), %d processors", about["model name"], about["cpu family"], about["model"], runtime.NumCPU())
}

// The lines of a page between which the table stands.
const (
	tableBegins = "<!-- the table begins -->\n"
	tableEnds   = "<!-- the table ends -->\n"
)

// into puts the table into a page, in place of the one that is there.
func (t *table) into(page string) (string, error) {
	before, rest, ok := strings.Cut(page, tableBegins)
	if ok {
		var text strings.Builder
		t.write(&text)
		if _, after, ends := strings.Cut(rest, tableEnds); ends {
			return before + tableBegins + text.String() + tableEnds + after, nil
		}
	}
	return "", fmt.Errorf("the page has no lines %q and %q", strings.TrimSpace(tableBegins), strings.TrimSpace(tableEnds))
}
