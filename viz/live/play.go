package live

import (
	"crypto/rand"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
)

const (
	reach       = 6.0 // the plane is shown from -reach to reach
	fine        = 100 // points of the boundary's picture along a side
	coarse      = 32  // and of a unit's
	beat        = 50 * time.Millisecond
	maxSessions = 8
)

// sessions are the playgrounds that are open, one for each tab. A session lives
// as long as its stream of events: a tab that is closed ends its training.
type sessions struct {
	sync.Mutex
	open map[string]session
}

// A session takes orders until it has ended.
type session struct {
	orders chan order
	ended  chan struct{} // closed at the end
}

// An order is what a tab wants of its session.
type order struct {
	Do    string `json:"do"` // play, pause, step, reset
	Setup *setup `json:"setup"`
	Saved *saved `json:"saved"` // goes on from a file
	Speed int    `json:"speed"` // epochs of a beat, 0 for as before
	done  chan error
}

func (s *Server) playRoutes(mux *http.ServeMux) {
	s.play.open = map[string]session{}
	mux.HandleFunc("GET /playground/events", s.playEvents)
	mux.HandleFunc("POST /playground/{id}", s.playOrder)
	mux.HandleFunc("POST /playground/csv", func(w http.ResponseWriter, r *http.Request) {
		points, err := readPoints(r.Body)
		reply(w, points, err)
	})
	mux.HandleFunc("POST /playground/code", func(w http.ResponseWriter, r *http.Request) {
		var c setup
		err := read(r, &c)
		if err == nil {
			err = c.check()
		}
		if err != nil {
			reply(w, nil, err)
			return
		}
		reply(w, goCode(&c), nil)
	})
}

// playOrder hands an order to a session and answers when it is done.
func (s *Server) playOrder(w http.ResponseWriter, r *http.Request) {
	o := order{done: make(chan error, 1)}
	if err := read(r, &o); err != nil {
		reply(w, nil, err)
		return
	}
	s.play.Lock()
	to, ok := s.play.open[r.PathValue("id")]
	s.play.Unlock()
	if !ok {
		reply(w, nil, errEnded)
		return
	}
	select {
	case to.orders <- o:
	case <-to.ended: // since it was looked up
		reply(w, nil, errEnded)
		return
	case <-r.Context().Done():
		return
	case <-time.After(2 * s.patience):
		reply(w, nil, errors.New("the playground does not answer: load the page again"))
		return
	}
	select {
	case err := <-o.done: // of every order that is taken
		reply(w, struct{}{}, err)
	case <-r.Context().Done():
	}
}

var errEnded = errors.New("this playground has ended: load the page again")

// playEvents runs a session: it trains between the events that it writes, so a
// reader that is slow is slow to see, and costs nobody else anything.
func (s *Server) playEvents(w http.ResponseWriter, r *http.Request) {
	id, self := rand.Text(), session{make(chan order), make(chan struct{})}
	s.play.Lock()
	full := len(s.play.open) >= maxSessions
	if !full {
		s.play.open[id] = self
	}
	s.play.Unlock()
	if full {
		http.Error(w, fmt.Sprintf("%d playgrounds are open: close one of their tabs first", maxSessions), http.StatusServiceUnavailable)
		return
	}
	defer func() {
		s.play.Lock()
		delete(s.play.open, id)
		s.play.Unlock()
		close(self.ended)
	}()
	e := s.events(w)
	if e.send("hello", struct {
		ID    string `json:"id"`
		Saved *saved `json:"saved,omitempty"` // what the page begins with
	}{id, s.saved}) != nil {
		return
	}
	p := &playground{speed: 1}
	for {
		var tick <-chan time.Time
		if p.playing {
			tick = time.After(beat)
		}
		var o *order
		select {
		case <-r.Context().Done():
			return
		case <-s.done:
			return
		case got := <-self.orders:
			o = &got
		case <-tick:
		}
		f, err := p.turn(o)
		if o != nil {
			o.done <- err
		}
		if err != nil && o == nil {
			p.playing = false
			err = e.send("mistake", err.Error())
		} else if f != nil {
			err = e.send("frame", f)
		} else {
			err = nil
		}
		if err != nil {
			return
		}
	}
}

// A playground is the training of one tab.
type playground struct {
	*network
	setup
	train, test *data.Arrays
	points      *pointSets // sent once after each reset
	epoch       int
	playing     bool
	speed       int
	small, big  *tensor.Dense // the places that the pictures show
}

// turn follows an order, or trains for a beat if there is none, and returns what
// is to be shown.
func (p *playground) turn(o *order) (*frame, error) {
	if o == nil {
		return p.advance(p.speed)
	}
	if o.Speed > 0 {
		p.speed = min(o.Speed, 100)
	}
	if o.Setup != nil {
		if err := o.Setup.check(); err != nil {
			return nil, err
		}
		p.setup = *o.Setup
		return p.reset()
	}
	if o.Saved != nil {
		return p.open(o.Saved)
	}
	if p.network == nil {
		return nil, errors.New("the playground has no setup yet")
	}
	switch o.Do {
	case "play", "pause":
		p.playing = o.Do == "play"
		return nil, nil
	case "step":
		p.playing = false
		return p.advance(1)
	case "reset":
		return p.reset()
	case "":
		return nil, nil
	}
	return nil, fmt.Errorf("the order %q is unknown: want play, pause, step or reset", o.Do)
}

// reset makes the network and its data anew.
func (p *playground) reset() (*frame, error) {
	if err := p.renew(); err != nil {
		return nil, err
	}
	return p.frame()
}

// renew makes what the setup says.
func (p *playground) renew() (err error) {
	if p.train, p.test, err = p.rows(); err != nil {
		return err
	}
	if p.network, err = p.build(); err != nil {
		return err
	}
	p.epoch = 0
	p.small, p.big = plane(coarse), plane(fine)
	p.points = &pointSets{list(p.train), list(p.test)}
	return nil
}

// advance trains for some epochs, for as long as a beat has time.
func (p *playground) advance(epochs int) (*frame, error) {
	for start := time.Now(); epochs > 0 && time.Since(start) < 2*beat; epochs-- {
		for b, err := range p.train.Shuffle(p.Seed + uint64(p.epoch)).Batches(p.Batch) {
			if err != nil {
				return nil, err
			}
			out, err := p.step.Run(p.x.Is(b[0]), p.y.Is(b[1]))
			if err != nil {
				return nil, err
			}
			if loss, ok := out[0].Data().(float32); !ok || math.IsNaN(float64(loss)) || math.IsInf(float64(loss), 0) {
				return nil, fmt.Errorf("the loss is no number any more in epoch %d: a smaller learning rate may help", p.epoch+1)
			}
		}
		p.epoch++
	}
	return p.frame()
}

// A frame is what a playground shows at one moment.
type frame struct {
	Epoch    int         `json:"epoch"`
	Train    score       `json:"train"`
	Test     score       `json:"test"`
	Boundary []byte      `json:"boundary"` // the probability of class 1 in 255ths, [fine fine], from the top left
	Maps     [][][]byte  `json:"maps"`     // of the features, then of each hidden layer's units: [coarse coarse], 128 is 0
	Weights  [][]float32 `json:"weights"`  // of each layer, [in out]
	Biases   [][]float32 `json:"biases"`
	Points   *pointSets  `json:"points,omitempty"`
}

type score struct {
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"`
}

// pointSets hold x, y and class of each point.
type pointSets struct {
	Train [][3]float32 `json:"train"`
	Test  [][3]float32 `json:"test"`
}

func list(a *data.Arrays) [][3]float32 {
	xs, ys := a.Column(0).Float32s(), a.Column(1).Float32s()
	points := make([][3]float32, len(ys))
	for i, y := range ys {
		points[i] = [3]float32{xs[2*i], xs[2*i+1], y}
	}
	return points
}

// plane returns n by n places, row by row from the top left.
func plane(n int) *tensor.Dense {
	xs := make([]float32, 0, 2*n*n)
	for i := range n {
		for j := range n {
			at := func(k int) float32 { return float32(reach * (2*(float64(k)+0.5)/float64(n) - 1)) }
			xs = append(xs, at(j), -at(i))
		}
	}
	return tensor.New(tensor.WithShape(n*n, 2), tensor.WithBacking(xs))
}

func (p *playground) frame() (f *frame, err error) {
	f = &frame{Epoch: p.epoch, Points: p.points}
	p.points = nil
	if f.Train, err = p.score(p.train); err != nil {
		return nil, err
	}
	if f.Test, err = p.score(p.test); err != nil {
		return nil, err
	}
	out, err := p.look.Run(p.x.Is(p.big))
	if err != nil {
		return nil, err
	}
	for _, v := range out[0].Float32s() {
		f.Boundary = append(f.Boundary, byte(255*v+0.5))
	}
	if out, err = p.look.Run(p.x.Is(p.small)); err != nil {
		return nil, err
	}
	for _, h := range out[1:] {
		f.Maps = append(f.Maps, maps8(h))
	}
	for _, d := range p.dense {
		w, err := graph.FromDense(d.W.Value)
		if err != nil {
			return nil, err
		}
		b, err := graph.FromDense(d.B.Value)
		if err != nil {
			return nil, err
		}
		f.Weights, f.Biases = append(f.Weights, finite(w)), append(f.Biases, finite(b))
	}
	return f, nil
}

// finite returns the elements, with 0 for what JSON cannot say.
func finite(t graph.Tensor) []float32 {
	list := make([]float32, t.Len())
	for i := range list {
		if v := t.At(i); !math.IsNaN(v) && !math.IsInf(v, 0) {
			list[i] = float32(v)
		}
	}
	return list
}

// maps8 returns the columns of h [places units] as bytes, each unit in its own
// scale around 128.
func maps8(h *tensor.Dense) [][]byte {
	v, units := h.Float32s(), h.Shape()[1]
	m := make([][]byte, units)
	for u := range m {
		most := 1e-6
		for i := u; i < len(v); i += units {
			if a := math.Abs(float64(v[i])); a > most && !math.IsInf(a, 0) {
				most = a
			}
		}
		m[u] = make([]byte, 0, len(v)/units)
		for i := u; i < len(v); i += units {
			m[u] = append(m[u], byte(math.Round(128+127*math.Max(-1, math.Min(1, float64(v[i])/most)))))
		}
	}
	return m
}

func (p *playground) score(rows *data.Arrays) (score, error) {
	out, err := p.scores.Run(p.x.Is(rows.Column(0)), p.y.Is(rows.Column(1)))
	if err != nil {
		return score{}, err
	}
	loss, right := float64(out[0].Data().(float32)), float64(out[1].Data().(float32))
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return score{}, errors.New("the loss is no number any more: a smaller learning rate may help")
	}
	return score{loss, right}, nil
}

// readPoints reads lines of x, y and class, with or without a line of names, and
// scales x and y to what is shown. It reads no further than the first mistake,
// or than it takes points.
func readPoints(from io.Reader) ([][3]float32, error) {
	r := csv.NewReader(from)
	r.FieldsPerRecord, r.TrimLeadingSpace, r.ReuseRecord = -1, true, true
	var points [][3]float32
	classes := map[string]float32{}
	for {
		f, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if len(points) == maxPoints {
			return nil, fmt.Errorf("line %d: more than %d points: take a part of them", line, maxPoints)
		}
		if len(f) != 3 {
			return nil, fmt.Errorf("line %d has %d fields: want x, y and class", line, len(f))
		}
		x, errX := strconv.ParseFloat(strings.TrimSpace(f[0]), 32)
		y, errY := strconv.ParseFloat(strings.TrimSpace(f[1]), 32)
		if errX != nil || errY != nil {
			if line == 1 {
				continue // the names
			}
			return nil, fmt.Errorf("line %d: %q, %q: want two numbers", line, f[0], f[1])
		}
		name := strings.TrimSpace(f[2])
		c, ok := classes[name]
		if !ok {
			if len(classes) == 2 {
				return nil, fmt.Errorf("line %d: %q is a third class: want two", line, name)
			}
			c = float32(len(classes))
			classes[strings.Clone(name)] = c
		}
		points = append(points, [3]float32{float32(x), float32(y), c})
	}
	if err := checkPoints(points); err != nil {
		return nil, err
	}
	scaled(points)
	return points, nil
}

// scaled moves x and y to -5 to 5.
func scaled(points [][3]float32) {
	for k := range 2 {
		lo, hi := points[0][k], points[0][k]
		for _, p := range points {
			lo, hi = min(lo, p[k]), max(hi, p[k])
		}
		for i := range points {
			if hi > lo {
				points[i][k] = 10*(points[i][k]-lo)/(hi-lo) - 5
			} else {
				points[i][k] = 0
			}
		}
	}
}
