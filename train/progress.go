package train

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// A progress shows how a training goes: on a terminal in one line that is
// rewritten at most ten times a second, else in one line for each epoch. It uses
// no colours.
type progress struct {
	w        io.Writer // nil is quiet
	terminal bool
	width    int

	epochs, number int
	rows, total    int // done, and in all or data.Unknown
	first          int // rows that were done before
	start, next    time.Time
	dirty          bool // there is a line to rewrite
	now            func() time.Time
}

const redraw = 100 * time.Millisecond

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, width: 80, now: time.Now}
	if f, ok := w.(*os.File); ok {
		p.terminal = isTerminal(f)
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		p.width = n
	}
	return p
}

// isTerminal reports whether f is a terminal that can rewrite a line.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" {
		return false
	}
	null, err := os.Stat(os.DevNull) // a character device too
	return err != nil || !os.SameFile(info, null)
}

// live reports whether there is a line that steps rewrite.
func (p *progress) live() bool { return p.w != nil && p.terminal }

func (p *progress) begin(number, epochs, total, done int) {
	if !p.live() {
		return
	}
	p.number, p.epochs, p.rows, p.total, p.first = number, epochs, done, total, done
	p.start = p.now()
	p.next = p.start.Add(redraw)
}

// step counts the rows of a step, after which the mean of the loss in this epoch
// is given, if it is known, and the learning rate, or 0.
func (p *progress) step(rows int, mean float64, known bool, rate float64) {
	p.rows += rows
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(redraw)
	speed := float64(p.rows-p.first) / now.Sub(p.start).Seconds()
	line := fmt.Sprintf("epoch %d/%d  %d", p.number, p.epochs, p.rows)
	if p.total > 0 {
		line += fmt.Sprintf("/%d rows  %.0f rows/s  %s left", p.total, speed, left(float64(p.total-p.rows)/speed))
	} else {
		line += fmt.Sprintf(" rows  %.0f rows/s", speed)
	}
	if known {
		line += fmt.Sprintf("  mean loss so far %.4f", mean)
	}
	line += rated(rate)
	fmt.Fprintf(p.w, "\r%s\x1b[K", line[:min(len(line), p.width-1)])
	p.dirty = true
}

// rated writes a learning rate for people, nothing if it is not known.
func rated(rate float64) string {
	if rate == 0 {
		return ""
	}
	return fmt.Sprintf("  rate %.3g", rate)
}

// left writes seconds for people.
func left(seconds float64) string {
	return time.Duration(max(seconds, 0) * float64(time.Second)).Round(time.Second).String()
}

// epoch leaves a line about the epoch that is done.
func (p *progress) epoch(h *History, epochs int) {
	if p.w == nil {
		return
	}
	p.clear()
	fmt.Fprintln(p.w, h.line(epochs))
}

func (p *progress) end() { p.clear() }

func (p *progress) clear() {
	if p.dirty {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.dirty = false
	}
}
