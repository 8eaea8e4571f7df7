// Package live serves pages on which networks can be looked at while they compute:
//
//   - a playground that trains small networks on points of the plane,
//   - a training step, one op at a time, forward, backward and update ([Lesson]),
//   - a graph, with the formulas, values and source lines of its nodes,
//   - a training, with its curves and histograms ([Recorder]),
//   - a lab for losses that are typed as formulas,
//   - explanations of models of images ([Exhibit]), of sequences ([Reading]) and of
//     tables ([Table]).
//
// All of them work without settings, on examples; [Options] give them your own:
//
//	s, err := live.Serve(live.Options{Graph: []*graph.Node{loss}, Feeds: feeds})
//	...
//	defer s.Close()
//	fmt.Println(s.URL)
//	history, err := model.Fit(ctx, rows, train.Options{Epochs: 10, Callbacks: []train.Callback{s.Recorder()}})
//
// The server listens on a loopback address only. Its URL holds a random token,
// without which it answers nothing, and it refuses requests that name another
// host or come from another page, so other users of the machine and other pages
// in the same browser do not reach it. The page asks for nothing outside of it.
//
// Nothing but this package and data/download imports net/http: programs that
// import neither link no server.
package live

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/adjointml/adjoint/graph"
)

// Options say what the pages show; the zero value shows examples.
type Options struct {
	Addr   string  // loopback address and port; "" is a free port of 127.0.0.1
	Lesson *Lesson // for the page that walks through a training step; nil is Xor(1)
	// Graph is what the page of the graph shows, the loss first; nil is the
	// lesson's. Feeds are its inputs, for values; without, it has none.
	Graph []*graph.Node
	Feeds []graph.Feed
	// Replay names finished runs for the page of curves: files as [train.NDJSON]
	// writes them, or folders of package report.
	Replay []string
	// Saved names a file that the page of the playground has saved, for it to begin
	// with; "" is the setup in the page's address.
	Saved string
	// Explain is the model of images that is explained, Attention that of
	// sequences, and Table that of tables.
	Explain   Exhibit
	Attention Reading
	Table     Table
}

// A Server serves the pages until it is closed.
type Server struct {
	URL string // of the first page, with the token

	http  *http.Server
	host  string // that requests must name
	token string
	done  chan struct{}
	close sync.Once
	play  sessions

	patience time.Duration // with who reads slowly

	lesson   *walk
	canvas   *canvas
	show     *show
	reading  *reading
	table    *table
	recorder *Recorder
	replays  []replay
	saved    *saved
}

// Serve starts a server. An address that is not a loopback address is an error.
func Serve(o Options) (*Server, error) { return serve(o, patience) }

// serve gives its readers up after a patience that tests shorten.
func serve(o Options, patience time.Duration) (*Server, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if err := loopback(o.Addr); err != nil {
		return nil, err
	}
	s := &Server{token: rand.Text(), done: make(chan struct{}), patience: patience}
	if err := s.prepare(o); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	s.host = l.Addr().String()
	s.URL = "http://" + s.host + "/" + s.token + "/"
	s.http = &http.Server{
		Handler:           s.guard(s.routes()),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			_ = c.(*net.TCPConn).SetWriteBuffer(writeBuffer) // else it holds less, or more
			return ctx
		},
		ErrorLog: log.New(discard{}, "", 0), // a browser that goes away is no news
	}
	go func() { _ = s.http.Serve(l) }() // returns when s is closed
	return s, nil
}

// discard takes the words of net/http.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// loopback says why an address would be seen by other machines.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("live: %w: want an address such as 127.0.0.1:8080", err)
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("live: %s is no loopback address: other machines could reach the page; want one such as 127.0.0.1:8080", addr)
	}
	return nil
}

// prepare makes what the pages show.
func (s *Server) prepare(o Options) (err error) {
	s.show, s.reading, s.table = &show{Exhibit: o.Explain}, &reading{Reading: o.Attention}, &table{Table: o.Table}
	s.recorder, s.replays = newRecorder(), []replay{}
	for _, path := range o.Replay {
		r, err := readReplay(path)
		if err != nil {
			return err
		}
		s.replays = append(s.replays, r)
	}
	if o.Saved != "" {
		if s.saved, err = readSaved(o.Saved); err != nil {
			return err
		}
	}
	lesson := Xor(1)
	if o.Lesson != nil {
		lesson = *o.Lesson
	}
	if s.lesson, err = lesson.walk(); err != nil {
		return err
	}
	if o.Graph == nil {
		o.Graph, o.Feeds = []*graph.Node{lesson.Loss}, lesson.Feeds
	}
	s.canvas, err = newCanvas(o.Graph, o.Feeds)
	return err
}

// Close ends the server, its connections and the trainings of its playgrounds.
// A training that a page has paused goes on.
func (s *Server) Close() error {
	s.close.Do(func() { close(s.done); s.recorder.end() })
	return s.http.Close()
}

//go:embed dist
var dist embed.FS

// A page is a tab of the page.
type page struct{ Path, Name string }

// pages are the tabs, in their order.
var pages = []page{{"playground", "Playground"}, {"step", "Step"}, {"graph", "Graph"}, {"train", "Train"}, {"loss", "Loss lab"}, {"explain", "Explain"}}

// shell is the document of each page, which the script fills.
var shell = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Name}} · adjoint</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="app.css">
<body data-page="{{.Path}}">
<a class="skip" href="#main">Skip to the page</a>
<header><strong class="brand">adjoint</strong><nav aria-label="Pages">
{{- range .Pages}}<a href="{{.Path}}"{{if eq .Path $.Path}} aria-current="page"{{end}}>{{.Name}}</a>{{end -}}
</nav></header>
<main id="main" tabindex="-1"></main>
<div id="live" aria-live="polite" class="off-screen"></div>
<script type="module" src="app.js"></script>
</html>
`))

// routes are below the token.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", pages[0].Path) // relative, so that it stays below the token
		w.WriteHeader(http.StatusSeeOther)
	})
	for _, p := range pages {
		mux.HandleFunc("GET /"+p.Path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_ = shell.Execute(w, struct {
				page
				Pages []page
			}{p, pages})
		})
	}
	for _, name := range []string{"app.js", "app.css"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, dist, "dist/"+name)
		})
	}
	s.playRoutes(mux)
	s.lessonRoutes(mux)
	s.graphRoutes(mux)
	s.trainRoutes(mux)
	s.lossRoutes(mux)
	s.explainRoutes(mux)
	s.attentionRoutes(mux)
	s.tableRoutes(mux)
	return mux
}

// reply writes a value, or what is wrong, as JSON. What is wrong is the user's.
func reply(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		status := http.StatusBadRequest
		if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
			status, err = http.StatusRequestEntityTooLarge, fmt.Errorf("more than the %d bytes that are taken", large.Limit)
		}
		w.WriteHeader(status)
		v = struct {
			Error string `json:"error"`
		}{err.Error()}
	}
	_ = json.NewEncoder(w).Encode(v)
}

// read decodes a request's JSON, which must have no fields that v has not.
func read(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	return nil
}
