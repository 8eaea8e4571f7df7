package live

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/adjointml/adjoint/train"
)

// A replay is the history of a finished run.
type replay struct {
	Name   string           `json:"name"`
	Curves map[string]curve `json:"curves"`
}

type curve struct {
	X []float64 `json:"x"`
	Y []float64 `json:"y"`
}

const (
	replayLimit = 64 << 20 // bytes of a history
	pause       = 100 * time.Millisecond
)

// readReplay reads a history as train.NDJSON writes it, or that of a folder of
// package report.
func readReplay(path string) (replay, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "history.ndjson")
	}
	f, err := os.Open(path)
	if err != nil {
		return replay{}, fmt.Errorf("live: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > replayLimit {
		return replay{}, fmt.Errorf("live: %s has %d bytes: want a history of at most %d", path, info.Size(), replayLimit)
	}
	name := filepath.Base(path)
	if name == "history.ndjson" {
		name = filepath.Base(filepath.Dir(path))
	}
	all := map[string]*series{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var e train.Epoch
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return replay{}, fmt.Errorf("live: %s: line %d: %w", path, n, err)
		}
		for _, f := range epochFigures(e) {
			if all[f.name] == nil {
				all[f.name] = &series{}
			}
			all[f.name].add(float64(e.Number), f.value)
		}
	}
	if err := lines.Err(); err != nil {
		return replay{}, fmt.Errorf("live: %s: %w", path, err)
	}
	r := replay{name, map[string]curve{}}
	for name, s := range all {
		r.Curves["epoch "+name] = curve{s.X, s.Y}
	}
	return r, nil
}

// A growth is what has come to a curve since it was sent last, or all of it.
type growth struct {
	Name string    `json:"name"`
	All  bool      `json:"all"`
	X    []float64 `json:"x"`
	Y    []float64 `json:"y"`
}

// news is what has come since a page was told last.
type news struct {
	Status string   `json:"status"`
	Step   int      `json:"step"` // the last one, which a curve may not have yet
	Loss   num      `json:"loss"`
	Fresh  bool     `json:"fresh"` // another training has begun
	Curves []growth `json:"curves"`
	Shapes []shapes `json:"shapes"`
}

// A cursor is what a page has been told: it reads the recorder at its own pace,
// and misses what has been forgotten meanwhile.
type cursor struct {
	version int
	curves  map[*series][2]int // era and length
	names   map[string]*series
	shapes  int // of all that ever were
}

// read waits for news, for a while.
func (c *cursor) read(r *Recorder) (n news, any bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if c.version == r.version {
		return n, false
	}
	c.version = r.version
	n = r.now()
	for _, name := range r.names {
		s := r.curves[name]
		if old, ok := c.names[name]; ok && old != s {
			n.Fresh = true
			*c = cursor{version: r.version, curves: map[*series][2]int{}, names: map[string]*series{}, shapes: c.shapes}
		}
		at, known := c.curves[s]
		g := growth{Name: name}
		if !known || at[0] != s.Era {
			at, g.All = [2]int{s.Era, 0}, true
		}
		if len(s.X) > at[1] {
			g.X, g.Y = append(g.X, s.X[at[1]:]...), append(g.Y, s.Y[at[1]:]...)
			n.Curves = append(n.Curves, g)
		}
		c.curves[s], c.names[name] = [2]int{s.Era, len(s.X)}, s
	}
	from := max(c.shapes-r.drops, 0)
	n.Shapes = append(n.Shapes, r.shapes[min(from, len(r.shapes)):]...)
	c.shapes = r.drops + len(r.shapes)
	return n, true
}

func (s *Server) trainRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /train/replays", func(w http.ResponseWriter, r *http.Request) { reply(w, s.replays, nil) })
	mux.HandleFunc("POST /train/{verb}", func(w http.ResponseWriter, r *http.Request) {
		reply(w, struct{}{}, s.recorder.order(r.PathValue("verb")))
	})
	mux.HandleFunc("GET /train/events", s.trainEvents)
}

const maxWatchers = 32

// trainEvents tells a page what is recorded. The training does not wait for it.
func (s *Server) trainEvents(w http.ResponseWriter, r *http.Request) {
	rec := s.recorder
	if rec.watching.Add(1) > maxWatchers {
		rec.watching.Add(-1)
		http.Error(w, fmt.Sprintf("%d pages look at the training: close one of them first", maxWatchers), http.StatusServiceUnavailable)
		return
	}
	defer func() {
		rec.mutex.Lock()
		rec.left = time.Now()
		rec.mutex.Unlock()
		rec.watching.Add(-1)
		rec.turn.Broadcast()
	}()
	e := s.events(w)
	c := cursor{version: -1, curves: map[*series][2]int{}, names: map[string]*series{}}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for quiet := 0; ; quiet++ {
		n, any := c.read(rec)
		if any || quiet > 50 { // now and then, to see whether the page is there
			quiet = 0
			if !any {
				rec.mutex.Lock()
				n = rec.now()
				rec.mutex.Unlock()
			}
			if e.send("news", n) != nil {
				return
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.done:
			return
		case <-tick.C:
		}
	}
}

// now is where the training is; the mutex is held.
func (r *Recorder) now() news {
	return news{Status: r.status, Step: r.at, Loss: num(r.loss), Curves: []growth{}, Shapes: []shapes{}}
}
