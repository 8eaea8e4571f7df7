package train

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
)

// params returns parameters of several types whose elements are v, v+1, ...
func params(t testing.TB, v float64) []*graph.Param {
	list := []*graph.Param{
		{Label: "Trunk.0.W", Type: graph.Type{Shape: graph.Of(2, 3)}},
		{Label: "Trunk.0.W/m", Type: graph.Type{DType: graph.Float64, Shape: graph.Of(3)}},
		{Label: "step", Type: graph.Type{DType: graph.Int64}},
	}
	for _, p := range list {
		p.Init = func(x graph.Tensor, _ *rand.Rand) {
			for i := range x.Len() {
				x.Set(i, v+float64(i))
			}
		}
		require.NoError(t, p.Reset(nil))
	}
	return list
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	from := params(t, 5)
	in := Manifest{Position: Position{Epoch: 2, Rows: 96, Steps: 40, Seed: 7}, Model: "a listing\n", Note: "n"}
	require.NoError(t, SaveFile(path, from, in))
	to := params(t, 0)
	out, err := LoadFile(path, to)
	require.NoError(t, err)
	in.Format = Format
	assert.Equal(t, in, out)
	for i := range from {
		assert.Equal(t, from[i].Value.Data(), to[i].Value.Data())
	}
	m, err := ReadManifest(path)
	require.NoError(t, err)
	assert.Equal(t, in, m)
	names, err := osDisk{}.Names(filepath.Dir(path))
	require.NoError(t, err)
	assert.Equal(t, []string{"x.safetensors"}, names, "nothing is left over")
}

// The files of released formats must be readable for ever.
func TestOldFormats(t *testing.T) {
	for format := 1; format <= Format; format++ {
		to := params(t, 0)
		m, err := LoadFile(fmt.Sprintf("testdata/format-%d.safetensors", format), to)
		require.NoError(t, err)
		if format > 1 {
			require.Len(t, m.Position.States, 2)
			assert.Equal(t, []float64{0.25, 1, 1}, m.Position.States[1].Arrays["watch"].Float64s())
		}
		m.Position.States = nil
		assert.Equal(t, Position{Epoch: 1, Rows: 64, Steps: 12, Seed: 3}, m.Position)
		for i, p := range params(t, 9) {
			assert.Equal(t, p.Value.Data(), to[i].Value.Data())
		}
	}
}

func TestLoadIntoAnotherModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	require.NoError(t, SaveFile(path, params(t, 5), Manifest{}))
	other := params(t, 0)
	other[0].Label = "Trunk.1.W"
	other[1].Type.Shape = graph.Of(4)
	require.NoError(t, other[1].Reset(nil))
	_, err := LoadFile(path, other)
	assert.EqualError(t, err, "train: cannot load: "+path+": the model is another one: Trunk.1.W f32[2 3] is missing (there is Trunk.0.W); "+
		"Trunk.0.W/m is f64[4] here and float64 (3) in the file; Trunk.0.W of the file is of no parameter: set Partial to take what fits")
	assert.Equal(t, int64(0), other[2].Value.Data(), "nothing is changed")
	_, err = LoadFile(path, other, LoadOptions{Partial: true})
	require.NoError(t, err)
	assert.Equal(t, int64(5), other[2].Value.Data())
	assert.Equal(t, []float64{0, 1, 2, 3}, other[1].Value.Float64s())

	twice := params(t, 1)
	twice[1].Label = "step"
	assert.EqualError(t, SaveFile(path, twice, Manifest{}), "train: two parameters are named step: give their layers different fields")
	twice[1].Label = ""
	assert.ErrorContains(t, SaveFile(path, twice, Manifest{}), "has no name")
	twice[1].Label, twice[1].Value = "v", nil
	assert.EqualError(t, SaveFile(path, twice, Manifest{}), "train: parameter v has no value: call nn.Init first")
	_, err = LoadFile(filepath.Join(t.TempDir(), "none"), twice)
	assert.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.Truncate(path, 50))
	_, err = LoadFile(path, params(t, 0))
	assert.ErrorContains(t, err, "train: cannot load: "+path+": safetensors: ")
	assert.NotContains(t, err.Error(), "\n")
}

func TestSaverKeepsTheLast(t *testing.T) {
	s := &Saver{Dir: filepath.Join(t.TempDir(), "runs", "a"), Keep: 2, Params: params(t, 0)}
	_, found, err := Resume(s.Dir, s.Params)
	require.NoError(t, err)
	assert.False(t, found)
	for step := range 5 {
		s.Params = params(t, float64(step))
		if step == 3 { // what a crash left
			require.NoError(t, os.WriteFile(filepath.Join(s.Dir, tempPrefix+"123"), []byte("half"), 0o666))
		}
		path, err := s.Save(Manifest{Position: Position{Steps: step * 1000}})
		require.NoError(t, err)
		assert.FileExists(t, path)
	}
	names, err := osDisk{}.Names(s.Dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"checkpoint-000003000.safetensors", "checkpoint-000004000.safetensors"}, names)
	to := params(t, 77)
	m, found, err := Resume(s.Dir, to)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, 4000, m.Position.Steps)
	assert.Equal(t, int64(4), to[2].Value.Data())
}

// faulty is a file system whose call number fail, of any kind, goes wrong.
type faulty struct {
	osDisk
	calls, fail int
}

var errDisk = errors.New("the disk is on fire")

func (f *faulty) next() error {
	f.calls++
	if f.calls == f.fail {
		return errDisk
	}
	return nil
}

func (f *faulty) MkdirAll(dir string) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.osDisk.MkdirAll(dir)
}
func (f *faulty) CreateTemp(dir, pattern string) (diskFile, string, error) {
	if err := f.next(); err != nil {
		return nil, "", err
	}
	file, name, err := f.osDisk.CreateTemp(dir, pattern)
	return &faultyFile{file, f}, name, err
}
func (f *faulty) Rename(from, to string) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.osDisk.Rename(from, to)
}
func (f *faulty) Remove(path string) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.osDisk.Remove(path)
}
func (f *faulty) SyncDir(dir string) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.osDisk.SyncDir(dir)
}
func (f *faulty) Names(dir string) ([]string, error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	return f.osDisk.Names(dir)
}

type faultyFile struct {
	diskFile
	on *faulty
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if err := f.on.next(); err != nil {
		n, _ := f.diskFile.Write(b[:len(b)/2])
		return n, err
	}
	return f.diskFile.Write(b)
}
func (f *faultyFile) Sync() error {
	if err := f.on.next(); err != nil {
		return err
	}
	return f.diskFile.Sync()
}
func (f *faultyFile) Close() error {
	return errors.Join(f.on.next(), f.diskFile.Close())
}

// Whichever call fails, the error comes back, and a checkpoint that is whole is
// there: the old one or, if it was in place already, the new one.
func TestEveryCallThatFails(t *testing.T) {
	counting := &faulty{}
	s := &Saver{Dir: t.TempDir(), Keep: 1, Params: params(t, 1), disk: counting}
	for step := range 2 {
		_, err := s.Save(Manifest{Position: Position{Steps: step}})
		require.NoError(t, err)
	}
	calls := counting.calls
	assert.Greater(t, calls, 12)
	for fail := 1; fail <= calls; fail++ {
		d := &faulty{fail: fail}
		s := &Saver{Dir: t.TempDir(), Keep: 1, disk: d}
		var failed error
		saved := -1
		for step := range 2 {
			s.Params = params(t, float64(step))
			_, err := s.Save(Manifest{Position: Position{Steps: step}})
			if err != nil {
				require.ErrorIs(t, err, errDisk, "call %d", fail)
				failed = err
			} else {
				saved = step
			}
		}
		require.Error(t, failed, "call %d", fail)
		to := params(t, 77)
		m, found, err := Resume(s.Dir, to)
		require.NoError(t, err, "call %d", fail)
		require.True(t, found, "call %d: one of two saves went well", fail)
		require.GreaterOrEqual(t, m.Position.Steps, saved, "call %d", fail)
		require.Equal(t, int64(m.Position.Steps), to[2].Value.Data(), "call %d", fail)
	}
}

// TestKilledWhileSaving kills processes that save as fast as they can.
func TestKilledWhileSaving(t *testing.T) {
	if dir := os.Getenv("ADJOINT_SAVE_UNTIL_KILLED"); dir != "" {
		saveUntilKilled(t, dir)
	}
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	written, last := 0, 0
	for written < 200 {
		c := exec.Command(os.Args[0], "-test.run", "^TestKilledWhileSaving$")
		c.Env = append(os.Environ(), "ADJOINT_SAVE_UNTIL_KILLED="+dir)
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, c.Start())
		lines := bufio.NewScanner(out)
		for n := 1 + r.IntN(20); n > 0 && lines.Scan(); n-- {
			_, err := fmt.Sscan(lines.Text(), &last)
			require.NoError(t, err)
			written++
		}
		time.Sleep(time.Duration(r.IntN(3000)) * time.Microsecond)
		require.NoError(t, c.Process.Kill())
		c.Wait()
		to := large(t, 0)
		m, found, err := Resume(dir, to)
		require.NoError(t, err)
		require.True(t, found)
		require.GreaterOrEqual(t, m.Position.Steps, last, "what was reported as saved")
		require.Equal(t, large(t, float64(m.Position.Steps))[0].Value.Data(), to[0].Value.Data())
	}
	s := &Saver{Dir: dir, Params: large(t, 1)}
	_, err := s.Save(Manifest{Position: Position{Steps: 1 << 20}})
	require.NoError(t, err)
	names, err := osDisk{}.Names(dir)
	require.NoError(t, err)
	assert.LessOrEqual(t, len(names), 3)
	for _, name := range names {
		assert.False(t, strings.HasPrefix(name, tempPrefix), "remains are cleaned")
	}
}

func large(t testing.TB, v float64) []*graph.Param {
	p := &graph.Param{Label: "w", Type: graph.Type{Shape: graph.Of(64, 1024)}, Init: func(x graph.Tensor, _ *rand.Rand) {
		for i := range x.Len() {
			x.Set(i, v+float64(i%100))
		}
	}}
	require.NoError(t, p.Reset(nil))
	return []*graph.Param{p}
}

func saveUntilKilled(t *testing.T, dir string) {
	s := &Saver{Dir: dir}
	m, _, err := Resume(dir, large(t, 0))
	require.NoError(t, err)
	for step := m.Position.Steps + 1; ; step++ {
		s.Params = large(t, float64(step))
		_, err := s.Save(Manifest{Position: Position{Steps: step}})
		require.NoError(t, err)
		fmt.Println(step)
	}
}

// FuzzLoadFile loads damaged checkpoints: all or nothing.
func FuzzLoadFile(f *testing.F) {
	for format := 1; format <= Format; format++ {
		b, err := os.ReadFile(fmt.Sprintf("testdata/format-%d.safetensors", format))
		require.NoError(f, err)
		f.Add(b)
		f.Add(b[:len(b)-1])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		require.NoError(t, os.WriteFile(path, b, 0o666))
		to := params(t, 3)
		if _, err := LoadFile(path, to); err != nil {
			for i, p := range params(t, 3) {
				require.Equal(t, p.Value.Data(), to[i].Value.Data(), "nothing changes on %v", err)
			}
		}
	})
}
