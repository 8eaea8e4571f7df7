package live_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
	"github.com/adjointml/adjoint/viz/live"
)

// small returns a model with dropout, and data for it.
func pupil(t *testing.T) (*train.Model, *data.Arrays) {
	t.Helper()
	rows, err := data.Plane("moons", 400, 0.2, 1)
	require.NoError(t, err)
	return &train.Model{
		Net:       nn.Sequential{&nn.Dense{Out: 8, Act: ops.Tanh}, &nn.Dropout{Rate: 0.1}, &nn.Dense{Out: 1}},
		Loss:      func(pred, y *graph.Node) *graph.Node { return nn.BinaryCrossEntropy(pred, y) },
		Optimizer: optim.Adam(0.01),
		Metrics:   []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
	}, rows
}

type newsOf struct {
	Status string
	Fresh  bool
	Curves []struct {
		Name string
		All  bool
		X, Y []float64
	}
	Shapes []struct {
		Step    int
		Name    string
		Weights struct {
			Low, High float64
			Bins      []int
		}
		Slopes struct{ Bins []int }
	}
}

// A watcher is a page without a browser.
type watcher struct {
	curves map[string][2][]float64
	shapes map[string]int
	status string
	found  newsOf
	body   io.Closer
	events *bufio.Reader
}

func watch(t *testing.T, s *live.Server) *watcher {
	t.Helper()
	r, err := http.Get(s.URL + "train/events")
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Body.Close() })
	require.Equal(t, http.StatusOK, r.StatusCode)
	return &watcher{curves: map[string][2][]float64{}, shapes: map[string]int{}, body: r.Body, events: bufio.NewReader(r.Body)}
}

// read takes in news until a condition holds.
func (w *watcher) read(t *testing.T, until func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !until(); {
		require.True(t, time.Now().Before(end), "it never comes to that: status %q", w.status)
		line, err := w.events.ReadString('\n')
		require.NoError(t, err)
		text, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var n newsOf
		require.NoError(t, json.Unmarshal([]byte(text), &n))
		w.status = n.Status
		for _, c := range n.Curves {
			old := w.curves[c.Name]
			if c.All {
				old = [2][]float64{}
			}
			w.curves[c.Name] = [2][]float64{append(old[0], c.X...), append(old[1], c.Y...)}
		}
		for _, s := range n.Shapes {
			w.shapes[s.Name]++
			w.found.Shapes = append(w.found.Shapes, s)
		}
	}
}

// TestRecorder looks at a training from two pages, which see the same.
func TestRecorder(t *testing.T) {
	s := serve(t, live.Options{})
	a, b := watch(t, s), watch(t, s)
	a.read(t, func() bool { return true })
	m, rows := pupil(t)
	m.Optimizer = m.Optimizer.Schedule(func(lr, step *graph.Node) *graph.Node { return ops.Mul(lr, ops.Exp(ops.Scale(step, -1e-5))) })
	var losses, rates []float64
	done := make(chan error, 1)
	go func() {
		_, err := m.Fit(context.Background(), rows, train.Options{Epochs: 200, Batch: 20, Callbacks: []train.Callback{
			s.Recorder(), train.OnStep(func(r *train.Run) error {
				losses, rates = append(losses, r.Loss), append(rates, r.Rate)
				time.Sleep(200 * time.Microsecond)
				return nil
			})}})
		done <- err
	}()
	for _, w := range []*watcher{a, b} {
		w.read(t, func() bool { return w.status == "done" })
	}
	require.NoError(t, <-done)
	assert.Equal(t, a.curves["loss"], b.curves["loss"])
	loss := a.curves["loss"]
	assert.Less(t, len(loss[0]), 2001, "4,000 steps are thinned")
	assert.Greater(t, len(loss[0]), 500)
	for i, step := range loss[0] {
		assert.Equal(t, losses[int(step)-1], loss[1][i], "the loss of step %v", step)
	}
	assert.Len(t, a.curves["epoch accuracy"][0], 200)
	assert.Greater(t, a.curves["epoch accuracy"][1][199], 0.95)
	assert.NotEmpty(t, a.curves["gradient norm"][0])
	assert.Contains(t, a.curves, "gradient norm of 0.W")
	assert.NotEmpty(t, a.curves["rows per second"][0])
	rate := a.curves["learning rate"]
	assert.Greater(t, len(rate[0]), 500)
	for i, step := range rate[0] {
		assert.Equal(t, rates[int(step)-1], rate[1][i], "the learning rate of step %v", step)
	}
	assert.Equal(t, a.shapes["0.W"], a.shapes["2.B"])
	sum := 0
	for _, n := range a.found.Shapes[0].Weights.Bins {
		sum += n
	}
	assert.Equal(t, 16, sum, "all elements of 0.W are in the histogram")
}

// TestRecorderAlone trains without a page: nothing is recorded, and training is the
// same to the last bit as with a page, and as without the recorder.
func TestRecorderAlone(t *testing.T) {
	weights := func(looked bool, callbacks ...train.Callback) []float32 {
		m, rows := pupil(t)
		m.Seed = 5
		_, err := m.Fit(context.Background(), rows, train.Options{Epochs: 5, Batch: 20, Callbacks: callbacks})
		require.NoError(t, err)
		return m.Net.(nn.Sequential)[0].(*nn.Dense).W.Value.Float32s()
	}
	want := weights(false)
	s := serve(t, live.Options{})
	assert.Equal(t, want, weights(false, s.Recorder()))
	w := watch(t, s)
	w.read(t, func() bool { return w.status == "done" })
	assert.Empty(t, w.curves, "no page has looked")
	assert.Equal(t, want, weights(true, s.Recorder()), "the random state of the dropout is left alone")
	w.read(t, func() bool { return len(w.curves["epoch loss"][0]) == 5 })
}

func TestPauseStepStop(t *testing.T) {
	s := serve(t, live.Options{})
	order := func(verb string) string {
		_, text := ask(t, "POST", s.URL+"train/"+verb, nil, nil)
		return text
	}
	assert.Contains(t, order("pause"), "no training goes on: give the server's Recorder")
	w := watch(t, s)
	m, rows := pupil(t)
	var steps int
	stepped := make(chan int, 1<<20)
	done := make(chan *train.History, 1)
	go func() {
		h, _ := m.Fit(context.Background(), rows, train.Options{Epochs: 1 << 20, Batch: 20, Callbacks: []train.Callback{
			s.Recorder(), train.OnStep(func(r *train.Run) error { stepped <- r.Position.Steps; return nil })}})
		done <- h
	}()
	w.read(t, func() bool { return len(w.curves["loss"][0]) > 3 })
	assert.Equal(t, "{}\n", order("pause"))
	w.read(t, func() bool { return w.status == "paused" })
	time.Sleep(100 * time.Millisecond)
	for len(stepped) > 0 {
		steps = <-stepped
	}
	assert.Never(t, func() bool { return len(stepped) > 0 }, 200*time.Millisecond, 20*time.Millisecond, "paused")
	order("step")
	next := <-stepped
	assert.Equal(t, steps+1, next)
	assert.Never(t, func() bool { return len(stepped) > 0 }, 200*time.Millisecond, 20*time.Millisecond, "one step")
	assert.Contains(t, order("jump"), `the order \"jump\" is unknown: want pause, resume, step or stop`)
	order("resume")
	<-stepped
	order("stop")
	h := <-done
	assert.Equal(t, "stopped by the page", h.Stopped)
	w.read(t, func() bool { return w.status == "stopped by the page" })
}

// TestServerCloses lets a paused training go on when its server is closed.
func TestServerCloses(t *testing.T) {
	s := serve(t, live.Options{})
	w := watch(t, s)
	m, rows := pupil(t)
	done := make(chan error, 1)
	go func() {
		_, err := m.Fit(context.Background(), rows, train.Options{Epochs: 3, Batch: 1, Callbacks: []train.Callback{s.Recorder(), train.OnStep(func(*train.Run) error {
			time.Sleep(time.Millisecond)
			return nil
		})}})
		done <- err
	}()
	w.read(t, func() bool { return len(w.curves["loss"][0]) > 0 })
	ask(t, "POST", s.URL+"train/pause", nil, nil)
	require.NoError(t, s.Close())
	assert.NoError(t, <-done)
}

// TestSlowReader opens pages that never read: the training takes no longer, and
// they are cut off.
func TestSlowReader(t *testing.T) {
	s := serve(t, live.Options{})
	home, err := url.Parse(s.URL)
	require.NoError(t, err)
	for range 8 {
		c, err := net.Dial("tcp", home.Host)
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, c.(*net.TCPConn).SetReadBuffer(1024))
		_, err = fmt.Fprintf(c, "GET %strain/events HTTP/1.1\r\nHost: %s\r\n\r\n", home.Path, home.Host)
		require.NoError(t, err)
	}
	m, rows := pupil(t)
	longest, last := time.Duration(0), time.Now()
	_, err = m.Fit(context.Background(), rows, train.Options{Epochs: 100, Batch: 10, Callbacks: []train.Callback{s.Recorder(), train.OnStep(func(r *train.Run) error {
		if d := time.Since(last); r.Position.Steps > 1 && d > longest {
			longest = d
		}
		last = time.Now()
		return nil
	})}})
	require.NoError(t, err)
	assert.Less(t, longest, 3*time.Second, "no step waits for a reader until it is given up after 5 s")
}

func TestReplay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "digits")
	require.NoError(t, os.Mkdir(dir, 0o777))
	f, err := os.Create(filepath.Join(dir, "history.ndjson"))
	require.NoError(t, err)
	m, rows := pupil(t)
	h, err := m.Fit(context.Background(), rows, train.Options{Epochs: 4, Split: 0.2, Callbacks: []train.Callback{train.NDJSON{W: f}}})
	require.NoError(t, err)
	require.NoError(t, f.Close())
	s := serve(t, live.Options{Replay: []string{dir}})
	_, text := ask(t, "GET", s.URL+"train/replays", nil, nil)
	var got []struct {
		Name   string
		Curves map[string]struct{ X, Y []float64 }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	require.Len(t, got, 1)
	assert.Equal(t, "digits", got[0].Name)
	assert.Equal(t, []float64{1, 2, 3, 4}, got[0].Curves["epoch loss"].X)
	assert.Equal(t, h.Values("val_accuracy"), got[0].Curves["epoch val_accuracy"].Y)

	broken := filepath.Join(t.TempDir(), "broken.ndjson")
	require.NoError(t, os.WriteFile(broken, []byte("{\"epoch\":1}\n{\"epoch\":\n"), 0o666))
	_, err = live.Serve(live.Options{Replay: []string{broken}})
	assert.EqualError(t, err, "live: "+broken+": line 2: unexpected end of JSON input")
	_, err = live.Serve(live.Options{Replay: []string{"nowhere"}})
	assert.ErrorContains(t, err, "nowhere: no such file")
}
