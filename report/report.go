// Package report keeps what a run leaves: a folder with its settings, history,
// charts and weights, and a page, report.html, that shows them.
//
//	f, err := report.New("runs", "digits")
//	f.Section("Digits", "A network of two layers reads handwritten digits.")
//	history, err := m.Fit(ctx, learn, train.Options{Epochs: 10, Callbacks: []train.Callback{f.Callback()}})
//	err = f.Close()
//
// The page is one file: it opens offline, prints, and keeps to the reader's light or
// dark setting.
package report

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/adjointml/adjoint/chart"
)

// A Folder is where a run leaves its files, and the page about it. It is not to be
// used by several goroutines at once.
type Folder struct {
	Dir string // such as runs/digits-2

	name     string
	config   string
	sections []*section
}

// A section of the page is a heading with what follows it.
type section struct {
	Title string
	Parts []part
}

// A part of a section is one of its fields.
type part struct {
	File     string // of a picture
	Text     string
	Head     []string
	Rows     [][]string
	Inline   template.HTML
	Picture  template.URL
	Numbered []bool // which columns of a table hold numbers
}

var plain = regexp.MustCompile(`^[\pL\pN][\pL\pN._ -]*$`)

// New makes the folder root/name, or root/name-2, root/name-3 and so on if that is
// taken. A name is letters, digits, dots, dashes, underscores and blanks.
func New(root, name string) (*Folder, error) {
	if !plain.MatchString(name) {
		return nil, fmt.Errorf("report: the run is named %q: want letters, digits, dots and dashes, and a letter or digit first", name)
	}
	if err := os.MkdirAll(root, 0o777); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	for n := 1; ; n++ {
		dir := filepath.Join(root, name)
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", dir, n)
		}
		err := os.Mkdir(dir, 0o777)
		if err == nil {
			return &Folder{Dir: dir, name: filepath.Base(dir)}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("report: %w", err)
		}
	}
}

// Latest returns the last folder that [New] made for a name, and whether there is
// one.
func Latest(root, name string) (dir string, found bool) {
	for n := 1; ; n++ {
		next := filepath.Join(root, name)
		if n > 1 {
			next = fmt.Sprintf("%s-%d", next, n)
		}
		if _, err := os.Stat(next); err != nil {
			return dir, found
		}
		dir, found = next, true
	}
}

// Open returns a folder that is there already, to go on with its run. Its page is
// written anew.
func Open(dir string) (*Folder, error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no folder", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("report: cannot open the run: %w", err)
	}
	f := &Folder{Dir: dir, name: filepath.Base(dir)}
	if text, err := os.ReadFile(f.Path("config.json")); err == nil {
		f.config = string(text)
	}
	return f, nil
}

// Path returns the path of a file in the folder.
func (f *Folder) Path(file string) string { return filepath.Join(f.Dir, file) }

// Config writes the settings of the run to config.json, and into the page.
func (f *Folder) Config(v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("report: config.json: %w", err)
	}
	f.config = string(text) + "\n"
	return f.write("config.json", []byte(f.config))
}

// Section begins a section of the page. Blank lines in the text part paragraphs.
func (f *Folder) Section(title, text string) {
	f.sections = append(f.sections, &section{Title: title})
	f.Text(text)
}

// Text adds paragraphs, which blank lines part, to the section.
func (f *Folder) Text(text string) {
	for _, paragraph := range strings.Split(text, "\n\n") {
		if p := strings.TrimSpace(paragraph); p != "" {
			f.add(part{Text: p})
		}
	}
}

// Table adds a table to the section. Columns of numbers are set to the right; rows
// may be shorter than the head.
func (f *Folder) Table(head []string, rows [][]string) {
	numbered := make([]bool, len(head))
	for j := range numbered {
		numbered[j] = len(rows) > 0
		for _, row := range rows {
			if j < len(row) && !figure.MatchString(row[j]) {
				numbered[j] = false
			}
		}
	}
	f.add(part{Head: head, Rows: rows, Numbered: numbered})
}

var figure = regexp.MustCompile(`^[-+−]?[\d.,]+(e[-+]?\d+)?\s*(%|[µnm]?s|[kMGT]?i?B)?$|^(NaN|[-+]?Inf|[-–]?)$`)

// Chart writes a chart to the file, of which the name gains .svg, and adds it to the
// section. A chart of the same file takes the place of the one before.
func (f *Folder) Chart(file string, c *chart.Chart) error {
	var b bytes.Buffer
	if err := c.SVG(&b); err != nil {
		return fmt.Errorf("report: %s: %w", file, err)
	}
	file = ending(file, ".svg")
	f.add(part{File: file, Text: c.Title, Inline: template.HTML(b.String())})
	return f.write(file, b.Bytes())
}

// SVG writes an SVG document that was made elsewhere to the file, and adds it to the
// section. Its text says what it shows, for those who do not see it.
func (f *Folder) SVG(file, text string, document []byte) error {
	file = ending(file, ".svg")
	f.add(part{File: file, Text: text, Picture: embed("image/svg+xml", document)})
	return f.write(file, document)
}

// Picture writes an image to the file, of which the name gains .png, and adds it to
// the section. A picture of the same file takes the place of the one before.
func (f *Folder) Picture(file string, m image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return fmt.Errorf("report: %s: %w", file, err)
	}
	file = ending(file, ".png")
	f.add(part{File: file, Text: strings.TrimSuffix(file, ".png"), Picture: embed("image/png", b.Bytes())})
	return f.write(file, b.Bytes())
}

func embed(kind string, content []byte) template.URL {
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(content))
}

func ending(file, end string) string { return strings.TrimSuffix(file, end) + end }

// add puts a part at the end, or in the place of the one with its file.
func (f *Folder) add(p part) {
	for _, s := range f.sections {
		for i := range s.Parts {
			if p.File != "" && s.Parts[i].File == p.File {
				s.Parts[i] = p
				return
			}
		}
	}
	if len(f.sections) == 0 {
		f.sections = []*section{{}}
	}
	s := f.sections[len(f.sections)-1]
	s.Parts = append(s.Parts, p)
}

func (f *Folder) write(file string, content []byte) error {
	path := f.Path(file)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Close writes report.html. More may be added afterwards, and Close called again.
func (f *Folder) Close() error {
	var b bytes.Buffer
	err := page.Execute(&b, map[string]any{"Name": f.name, "Config": f.config, "Sections": f.sections})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return f.write("report.html", b.Bytes())
}
