package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
)

// Format is the version of the checkpoints that are written. Those of all versions
// up to it are read.
const Format = 2

// A Manifest is what a checkpoint says beside its arrays: where training was, and
// what was trained.
type Manifest struct {
	Format   int      `json:"format"`
	Position Position `json:"position"`
	Model    string   `json:"model,omitempty"` // a listing, for people
	Note     string   `json:"note,omitempty"`
}

// A Position is a place in the data of a training, after some of its rows.
type Position struct {
	Epoch int    `json:"epoch"` // epochs that are done
	Rows  int    `json:"rows"`  // rows of the present one that are done
	Steps int    `json:"steps"` // in all
	Seed  uint64 `json:"seed"`  // of the order of rows
	// States are those of [Run.Checkpoint]: of the figures, and of callbacks in
	// their order.
	States []State `json:"states,omitempty"`
}

// manifestKey is where in the file's metadata the manifest is.
const manifestKey = "adjoint"

// SaveFile writes parameters and the manifest as one safetensors file: those of a
// model, of nn.Params, or all that training changes, of [Trainer.State], which has
// the optimizer's state, counters and random streams too.
//
// The file is written beside its place, brought to the disk, and then renamed: at
// any time there is either the old one or the new one, whole.
func SaveFile(path string, params []*graph.Param, m Manifest) error {
	return saveFile(osDisk{}, path, params, m)
}

func saveFile(d disk, path string, params []*graph.Param, m Manifest) error {
	arrays := make(map[string]*tensor.Dense, len(params))
	for _, p := range params {
		switch {
		case p.Label == "":
			return fmt.Errorf("train: a parameter %v has no name: save what nn.Params or Program.Params returns", p.Type)
		case arrays[p.Label] != nil:
			return fmt.Errorf("train: two parameters are named %s: give their layers different fields", p.Label)
		case p.Value == nil:
			return fmt.Errorf("train: parameter %s has no value: call nn.Init first", p.Label)
		}
		arrays[p.Label] = p.Value
	}
	for i, state := range m.Position.States {
		for name, a := range state.Arrays {
			arrays[stateName(i, name)] = a
		}
	}
	m.Format = Format
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	var b bytes.Buffer
	if err := data.WriteSafetensors(&b, &data.Tensors{Arrays: arrays, About: map[string]string{manifestKey: string(text)}}); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := writeWhole(d, path, b.Bytes()); err != nil {
		return fmt.Errorf("train: cannot save: %w", err)
	}
	return nil
}

// LoadOptions say how strict [LoadFile] is.
type LoadOptions struct {
	Partial bool // take what fits and leave other parameters as they are
}

// LoadFile gives parameters the values that a file has for their names. Where a
// name is missing, is left over or has another type, it fails with all such names,
// and changes nothing; with Partial it takes what fits. A file without a manifest,
// from elsewhere, has an empty one.
func LoadFile(path string, params []*graph.Param, o ...LoadOptions) (Manifest, error) {
	t, err := data.OpenSafetensors(path)
	if err != nil {
		return Manifest{}, fmt.Errorf("train: cannot load: %w", err)
	}
	m, err := manifest(t)
	if err == nil {
		err = fill(params, t.Arrays, len(o) > 0 && o[0].Partial)
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("train: cannot load: %s: %w", path, err)
	}
	return m, nil
}

// ReadManifest returns what a checkpoint says beside its arrays.
func ReadManifest(path string) (Manifest, error) {
	t, err := data.OpenSafetensors(path)
	if err != nil {
		return Manifest{}, err
	}
	m, err := manifest(t)
	if err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func manifest(t *data.Tensors) (m Manifest, err error) {
	text, ok := t.About[manifestKey]
	if !ok {
		return m, nil
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, fmt.Errorf("its manifest is damaged: %w", err)
	}
	if m.Format < 1 || m.Format > Format {
		return m, fmt.Errorf("format %d: this version reads 1 to %d", m.Format, Format)
	}
	takeStates(&m, t.Arrays)
	return m, nil
}

// fill sets the parameters to the arrays of their names, all or none.
func fill(params []*graph.Param, arrays map[string]*tensor.Dense, partial bool) error {
	left := maps.Clone(arrays)
	var wrong []string
	fits := make([]*tensor.Dense, len(params))
	for i, p := range params {
		a, ok := left[p.Label]
		delete(left, p.Label)
		switch {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("%s %v is missing%s", p.Label, p.Type, near(p.Label, arrays)))
		case !same(p, a):
			wrong = append(wrong, fmt.Sprintf("%s is %v here and %v %v in the file", p.Label, p.Type, a.Dtype(), a.Shape()))
		default:
			fits[i] = a
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		wrong = append(wrong, fmt.Sprintf("%s of the file is of no parameter", name))
	}
	if len(wrong) > 0 && !partial {
		const few = 6
		more := ""
		if len(wrong) > few {
			more = fmt.Sprintf("; and %d more", len(wrong)-few)
		}
		return fmt.Errorf("the model is another one: %s%s: set Partial to take what fits", strings.Join(wrong[:min(few, len(wrong))], "; "), more)
	}
	for i, p := range params {
		if fits[i] != nil {
			p.Value = fits[i]
		}
	}
	return nil
}

// same reports whether an array has the type of a parameter.
func same(p *graph.Param, a *tensor.Dense) bool {
	t, err := graph.FromDense(a)
	if err != nil || t.DType != p.Type.DType || len(t.Shape) != p.Type.Rank() {
		return false
	}
	for i, n := range t.Shape {
		if graph.Dim(n) != p.Type.Dim(i) {
			return false
		}
	}
	return true
}

// near names the array whose name is most like the one that is missing.
func near(name string, arrays map[string]*tensor.Dense) string {
	best, least := "", len(name)/2+1
	for _, other := range slices.Sorted(maps.Keys(arrays)) {
		if d := distance(name, other); d < least {
			best, least = other, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (there is %s)", best)
}

// distance is the number of letters to insert, delete or replace between two words
// (Levenshtein 1966).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// A Saver writes checkpoints into a folder, numbered by their steps, and keeps the
// last few.
type Saver struct {
	Dir    string
	Keep   int // how many; 0 means 3
	Params []*graph.Param
	disk   disk // nil for the real one
}

const (
	checkpointName = "checkpoint-%09d.safetensors"
	tempPrefix     = ".writing-"
)

// Save writes a checkpoint and returns its path. Older ones beyond Keep are
// removed afterwards, and so are the remains of writings that were cut off.
func (s *Saver) Save(m Manifest) (path string, err error) {
	if s.Dir == "" {
		return "", errors.New("train: cannot save: there is no folder: set Saver.Dir")
	}
	d := s.disk
	if d == nil {
		d = osDisk{}
	}
	if err := d.MkdirAll(s.Dir); err != nil {
		return "", fmt.Errorf("train: cannot save: %w", err)
	}
	path = filepath.Join(s.Dir, fmt.Sprintf(checkpointName, m.Position.Steps))
	if err := saveFile(d, path, s.Params, m); err != nil {
		return "", err
	}
	if err := prune(d, s.Dir, max(s.Keep, 0)); err != nil {
		return path, fmt.Errorf("train: cannot remove old checkpoints: %w", err)
	}
	return path, nil
}

// prune removes remains, and all checkpoints but the last few.
func prune(d disk, dir string, keep int) error {
	if keep == 0 {
		keep = 3
	}
	names, err := d.Names(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, tempPrefix) {
			err = errors.Join(err, d.Remove(filepath.Join(dir, name)))
		}
	}
	old := checkpoints(names)
	for _, name := range old[:max(0, len(old)-keep)] {
		err = errors.Join(err, d.Remove(filepath.Join(dir, name)))
	}
	return err
}

// checkpoints returns those of the names that are checkpoints, the oldest first.
func checkpoints(names []string) (list []string) {
	for _, name := range names {
		var n int
		if k, _ := fmt.Sscanf(name, checkpointName, &n); k == 1 && name == fmt.Sprintf(checkpointName, n) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// Resume loads the last checkpoint of a folder into the parameters. Without one it
// returns false and changes nothing. A last one that cannot be read is an error:
// remove it to go on from the one before.
func Resume(dir string, params []*graph.Param) (m Manifest, found bool, err error) {
	names, err := osDisk{}.Names(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("train: cannot resume: %w", err)
	}
	list := checkpoints(names)
	if len(list) == 0 {
		return m, false, nil
	}
	m, err = LoadFile(filepath.Join(dir, list[len(list)-1]), params)
	return m, err == nil, err
}

// writeWhole puts a file in its place such that a crash leaves the old one or the
// new one.
func writeWhole(d disk, path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	f, temp, err := d.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			d.Remove(temp)
		}
	}()
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = d.Rename(temp, path); err != nil {
		return err
	}
	return d.SyncDir(dir)
}

// A disk is what saving needs of a file system, so that tests can let it fail.
type disk interface {
	MkdirAll(dir string) error
	CreateTemp(dir, pattern string) (diskFile, string, error)
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error
	Names(dir string) ([]string, error)
}

type diskFile interface {
	Write(b []byte) (int, error)
	Sync() error
	Close() error
}

// osDisk is the real file system.
type osDisk struct{}

func (osDisk) MkdirAll(dir string) error    { return os.MkdirAll(dir, 0o777) }
func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) Remove(path string) error     { return os.Remove(path) }
func (osDisk) CreateTemp(dir, pattern string) (diskFile, string, error) {
	f, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return nil, "", err
	}
	if err := f.Chmod(0o666 &^ umask); err != nil { // a checkpoint is no secret
		f.Close()
		os.Remove(f.Name())
		return nil, "", err
	}
	return f, f.Name(), nil
}

// umask is what is taken from the rights of new files.
const umask = 0o022

// SyncDir brings the names in a folder to the disk, where the system can do that.
func (osDisk) SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

func (osDisk) Names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}
