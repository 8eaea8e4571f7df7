package live

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
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
)

// A dripper reads a stream of events, one byte a second.
type dripper struct {
	net.Conn
	head string // of the answer, with the first event
}

func drip(t *testing.T, s *Server, stream string) *dripper {
	t.Helper()
	home, err := url.Parse(s.URL)
	require.NoError(t, err)
	c, err := net.Dial("tcp", home.Host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.(*net.TCPConn).SetReadBuffer(1024))
	_, err = fmt.Fprintf(c, "GET %s%s HTTP/1.1\r\nHost: %s\r\n\r\n", home.Path, stream, home.Host)
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(30*time.Second)))
	head, some := "", make([]byte, 512)
	for !strings.Contains(head, "data: {") || !strings.Contains(head, "}") { // the first event
		n, err := c.Read(some)
		require.NoError(t, err)
		head += string(some[:n])
	}
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	go func() {
		for one := make([]byte, 1); ; time.Sleep(time.Second) {
			if _, err := c.Read(one); err != nil {
				return
			}
		}
	}()
	return &dripper{c, head}
}

// dropped waits until the server has given a reader up.
func dropped(t *testing.T, gone func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !gone(); time.Sleep(10 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "a slow reader is given up")
	}
}

// heap is the number of bytes that are in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestDrippingTrain trains while eight pages take a byte a second: the training comes
// to the same bits at its own pace, little is held for the readers, and they are given
// up.
func TestDrippingTrain(t *testing.T) {
	s, err := serve(Options{}, 500*time.Millisecond)
	require.NoError(t, err)
	defer s.Close()
	fit := func() (weights []float32, median time.Duration) {
		rows, err := data.Plane("moons", 400, 0.2, 1)
		require.NoError(t, err)
		m := &train.Model{
			Net:       nn.Sequential{&nn.Dense{Out: 8, Act: ops.Tanh}, &nn.Dropout{Rate: 0.1}, &nn.Dense{Out: 1}},
			Loss:      func(pred, y *graph.Node) *graph.Node { return nn.BinaryCrossEntropy(pred, y) },
			Optimizer: optim.Adam(0.01),
			Seed:      5,
		}
		var steps []time.Duration
		last := time.Now()
		_, err = m.Fit(context.Background(), rows, train.Options{Epochs: 50, Batch: 20, Callbacks: []train.Callback{s.Recorder(), train.OnStep(func(*train.Run) error {
			steps = append(steps, time.Since(last))
			time.Sleep(100 * time.Microsecond) // so that the readers have their turns
			last = time.Now()
			return nil
		})}})
		require.NoError(t, err)
		slices.Sort(steps)
		return m.Net.(nn.Sequential)[0].(*nn.Dense).W.Value.Float32s(), steps[len(steps)/2]
	}
	want, alone := fit()
	before := heap()
	for range 8 {
		assert.True(t, strings.HasPrefix(drip(t, s, "train/events").head, "HTTP/1.1 200 OK"))
	}
	assert.EqualValues(t, 8, s.recorder.watching.Load())
	got, median := fit()
	assert.Equal(t, want, got)
	assert.Less(t, median, 2*alone+50*time.Microsecond, "the steps take no longer: %v, alone %v", median, alone)
	assert.Less(t, heap(), before+16<<20, "bytes of the recording and eight readers")
	run := &train.Run{}
	dropped(t, func() bool { // while there is more to read
		for range 200 {
			run.Position.Steps++
			s.recorder.note(run, time.Now())
		}
		return s.recorder.watching.Load() == 0
	})
}

// TestDrippingPlay plays while a tab takes a byte a second: it is given up, and its
// training with it, while another tab goes on.
func TestDrippingPlay(t *testing.T) {
	s, err := serve(Options{}, 500*time.Millisecond)
	require.NoError(t, err)
	defer s.Close()
	slow := drip(t, s, "playground/events")
	_, rest, _ := strings.Cut(slow.head, `{"id":"`)
	id, _, found := strings.Cut(rest, `"`)
	require.True(t, found, slow.head)
	before := heap()
	order := func(body string) string {
		r, err := http.Post(s.URL+"playground/"+id, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, "{}\n", order(`{"setup":{"data":"gauss","points":[],"noise":0.1,"count":60,"share":0.5,"features":["x","y"],"layers":[{"units":3,"act":"relu"}],"dropout":0,"l1":0,"l2":0,"optimizer":"adam","rate":0.03,"batch":10,"seed":1}}`))
	assert.Equal(t, "{}\n", order(`{"do":"play","speed":1}`))
	other, err := http.Get(s.URL + "playground/events")
	require.NoError(t, err)
	defer other.Body.Close()
	dropped(t, func() bool {
		s.play.Lock()
		defer s.play.Unlock()
		return s.play.open[id].orders == nil
	})
	assert.Contains(t, order(`{"do":"pause"}`), errEnded.Error())
	assert.Less(t, heap(), before+16<<20)
	s.play.Lock()
	assert.Len(t, s.play.open, 1, "the other tab is there")
	s.play.Unlock()
}
