package live_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/viz/live"
)

func serve(t *testing.T, o live.Options) *live.Server {
	t.Helper()
	s, err := live.Serve(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// ask makes a request and returns the answer's status and text.
func ask(t *testing.T, method, address string, body io.Reader, change func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, address, body)
	require.NoError(t, err)
	if change != nil {
		change(r)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

func TestOnlyLoopback(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:0":     "live: 0.0.0.0:0 is no loopback address: other machines could reach the page; want one such as 127.0.0.1:8080",
		":8080":         "live: :8080 is no loopback address: other machines could reach the page; want one such as 127.0.0.1:8080",
		"192.168.1.2:0": "live: 192.168.1.2:0 is no loopback address: other machines could reach the page; want one such as 127.0.0.1:8080",
		"8080":          "live: address 8080: missing port in address: want an address such as 127.0.0.1:8080",
	} {
		_, err := live.Serve(live.Options{Addr: addr})
		assert.EqualError(t, err, want)
	}
}

func TestGuard(t *testing.T) {
	s := serve(t, live.Options{})
	home, err := url.Parse(s.URL)
	require.NoError(t, err)
	for _, c := range []struct {
		name, method, address string
		change                func(*http.Request)
		status                int
		text                  string
	}{
		{"the page", "GET", s.URL + "playground", nil, 200, "<main"},
		{"the script", "GET", s.URL + "app.js", nil, 200, "EventSource"},
		{"no token", "GET", "http://" + home.Host + "/playground", nil, 403, "lacks the token"},
		{"nothing", "GET", "http://" + home.Host + "/", nil, 403, "lacks the token"},
		{"another token", "GET", "http://" + home.Host + "/AAAAAAAAAAAAAAAAAAAAAAAAAA/playground", nil, 403, "lacks the token"},
		{"a name that leads here", "GET", s.URL + "playground", func(r *http.Request) { r.Host = "evil.example" }, 421, "answers as " + home.Host},
		{"another name of the machine", "GET", s.URL + "playground", func(r *http.Request) { r.Host = "localhost:" + home.Port() }, 421, "answers as"},
		{"another page", "POST", s.URL + "playground/code", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403, "other pages"},
		{"a sandboxed page", "POST", s.URL + "playground/code", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403, "other pages"},
		{"another verb", "DELETE", s.URL + "playground", nil, 405, "want GET or POST"},
		{"no such page", "GET", s.URL + "secrets", nil, 404, ""},
		{"a file above", "GET", s.URL + "../server.go", nil, 307, ""},
	} {
		status, text := ask(t, c.method, c.address, nil, c.change)
		assert.Equal(t, c.status, status, c.name)
		assert.Contains(t, text, c.text, c.name)
	}
	other := serve(t, live.Options{})
	assert.NotEqual(t, strings.Split(s.URL, "/")[3], strings.Split(other.URL, "/")[3], "tokens are random")
}

// TestPolicy asks for what keeps the page to itself.
func TestPolicy(t *testing.T) {
	s := serve(t, live.Options{})
	r, err := http.Get(s.URL + "playground")
	require.NoError(t, err)
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	policy := r.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
	assert.NotContains(t, policy, "unsafe")
	assert.Equal(t, "no-referrer", r.Header.Get("Referrer-Policy"), "the token does not leave with a link")
	assert.NotRegexp(t, `<script>|style="|\son[a-z]+="|https?://`, string(page))
	script, style := "", ""
	_, script = ask(t, "GET", s.URL+"app.js", nil, nil)
	_, style = ask(t, "GET", s.URL+"app.css", nil, nil)
	assert.NotRegexp(t, `https?://`, strings.ReplaceAll(script, "http://www.w3.org/2000/svg", ""))
	assert.NotRegexp(t, `https?://|@import`, style)
}

func TestLargeBodies(t *testing.T) {
	s := serve(t, live.Options{})
	status, text := ask(t, "POST", s.URL+"playground/csv", bytes.NewReader(make([]byte, 2<<20)), nil)
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	assert.Contains(t, text, "2097152 bytes are more than the 1048576 that are taken")
	// of unknown length: read up to the limit, or to the first mistake
	status, text = ask(t, "POST", s.URL+"playground/code", struct{ io.Reader }{strings.NewReader(`{"data":"` + strings.Repeat("x", 2<<20))}, nil)
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	assert.Contains(t, text, "more than the 1048576 bytes that are taken")
}

// endless is a table of ten million rows.
type endless struct {
	rows int
	read atomic.Int64
}

func (e *endless) Read(p []byte) (n int, err error) {
	if e.rows == 0 {
		return 0, io.EOF
	}
	e.rows--
	n = copy(p, fmt.Sprintf("%d,%d,%d\n", e.rows%7, e.rows%5, e.rows%2))
	e.read.Add(int64(n))
	return n, nil
}

func TestCSV(t *testing.T) {
	s := serve(t, live.Options{})
	for _, c := range []struct{ csv, want string }{
		{"x,y,class\n0,0,a\n10,1,b\n5,4,a\n1,1,b\n", `[[-5,-5,0],[5,-2.5,1],[0,5,0],[-4,-2.5,1]]`},
		{"1,2,a\n1,2,b\n1,2,a\n1,2,b\n", `[[0,0,0],[0,0,1],[0,0,0],[0,0,1]]`},
		{"1,2\n", "line 1 has 2 fields: want x, y and class"},
		{"x,y,class\n1,two,a\n", `line 2: \"1\", \"two\": want two numbers`},
		{"1,2,a\n1,2,b\n1,2,c\n", `line 3: \"c\" is a third class: want two`},
		{"1,2,a\n1,NaN,b\n1,2,a\n1,2,b\n", "point 2 lies at 1, NaN"},
		{"1,2,a\n1,1e30,b\n", "point 2 lies at 1, 1e+30"},
		{"1,2,a\n", "1 points of class 0 and 0 of class 1: want at least 2 of each"},
		{"", "0 points of class 0"},
		{"\"1,2,a\n", "parse error on line 1"},
		{"\x00\xff\xfe", "line 1 has 1 fields"},
	} {
		_, text := ask(t, "POST", s.URL+"playground/csv", strings.NewReader(c.csv), nil)
		assert.Contains(t, text, c.want, "%q", c.csv)
	}
	long := &endless{rows: 10_000_000}
	status, text := ask(t, "POST", s.URL+"playground/csv", long, nil)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, text, "line 5001: more than 5000 points: take a part of them")
	assert.Less(t, long.read.Load(), int64(16<<20), "the rest is not read")
}

// A player is a tab of the playground without a browser.
type player struct {
	t      *testing.T
	url    string
	id     string
	events *bufio.Reader
	close  func() error
}

func open(t *testing.T, s *live.Server) *player {
	t.Helper()
	r, err := http.Get(s.URL + "playground/events")
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Body.Close() })
	p := &player{t: t, url: s.URL, events: bufio.NewReader(r.Body), close: r.Body.Close}
	require.Equal(t, http.StatusOK, r.StatusCode)
	var hello struct{ ID string }
	p.next("hello", &hello)
	p.id = hello.ID
	return p
}

// next reads the next event, which is of a kind.
func (p *player) next(kind string, v any) {
	p.t.Helper()
	var lines [3]string
	for i := range lines {
		line, err := p.events.ReadString('\n')
		require.NoError(p.t, err)
		lines[i] = strings.TrimSpace(line)
	}
	require.Equal(p.t, "event: "+kind, lines[0], lines[1])
	require.NoError(p.t, json.Unmarshal([]byte(strings.TrimPrefix(lines[1], "data: ")), v))
}

type shown struct {
	Epoch       int
	Train, Test struct{ Loss, Accuracy float64 }
	Boundary    []byte
	Maps        [][][]byte
	Weights     [][]float32
	Points      *struct{ Train, Test [][3]float32 }
}

func (p *player) order(format string, arg ...any) string {
	p.t.Helper()
	_, text := ask(p.t, "POST", p.url+"playground/"+p.id, strings.NewReader(fmt.Sprintf(format, arg...)), nil)
	return text
}

const small = `{"data":"gauss","points":[],"noise":0.1,"count":60,"share":0.5,"features":["x","xy"],"layers":[{"units":3,"act":"relu"}],
	"dropout":0.1,"l1":0.001,"l2":0.001,"optimizer":"adam","rate":0.03,"batch":10,"seed":1}`

// TestPlayground trains in two tabs: they do not know of each other, and what is
// the same gives the same.
func TestPlayground(t *testing.T) {
	s := serve(t, live.Options{})
	a, b := open(t, s), open(t, s)
	assert.Contains(t, a.order(`{"do":"step"}`), "the playground has no setup yet")
	var first, last, other shown
	assert.Equal(t, "{}\n", a.order(`{"setup":%s}`, small))
	a.next("frame", &first)
	assert.Equal(t, 0, first.Epoch)
	require.NotNil(t, first.Points)
	assert.Len(t, first.Points.Train, 30)
	assert.Len(t, first.Boundary, 100*100)
	assert.Len(t, first.Maps, 2)
	assert.Len(t, first.Maps[1], 3)
	assert.Len(t, first.Weights[0], 6)
	for range 30 {
		assert.Equal(t, "{}\n", a.order(`{"do":"step"}`))
		last = shown{}
		a.next("frame", &last)
	}
	assert.Equal(t, 30, last.Epoch)
	assert.Nil(t, last.Points, "points are sent once")
	assert.Less(t, last.Train.Loss, 0.7*first.Train.Loss)

	b.order(`{"setup":%s}`, small)
	b.next("frame", &other)
	assert.Equal(t, first.Weights, other.Weights, "the same seed")
	b.order(`{"do":"play","speed":3}`)
	for i := 1; i <= 4; i++ {
		b.next("frame", &other)
		assert.Greater(t, other.Epoch, i)
	}
	b.order(`{"do":"pause"}`)
	assert.Contains(t, b.order(`{"do":"dance"}`), `the order \"dance\" is unknown: want play, pause, step or reset`)
}

func TestPlaygroundMistakes(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s)
	for _, c := range []struct{ old, new, want string }{
		{`"units":3`, `"units":1000000000`, "layer 1 has 1000000000 units: want 1 to 12"},
		{`"units":3`, `"units":-1`, "layer 1 has -1 units"},
		{`[{"units":3,"act":"relu"}]`, `[` + strings.Repeat(`{"units":3,"act":"relu"},`, 99) + `{"units":3,"act":"relu"}]`, "100 hidden layers: want at most 6"},
		{"relu", "magic", `layer 1 has the activation \"magic\": want one of gelu, identity, relu, sigmoid, silu, sin, softplus, tanh`},
		{"adam", "magic", `no optimizer is called \"magic\"`},
		{"gauss", "magic", `no points are called \"magic\"`},
		{`"count":60`, `"count":10000000`, "10000000 points: want 20 to 5000"},
		{`["x","xy"]`, `[]`, "no feature is chosen"},
		{`["x","xy"]`, `["x","x"]`, `feature \"x\": want each once`},
		{`"rate":0.03`, `"rate":-1`, "learning rate -1: want 0 to 100"},
		{`"batch":10`, `"batch":0`, "batch 0: want 1 to 5000"},
		{`"share":0.5`, `"share":1`, "a share of 1"},
		{`"noise":0.1`, `"noise":1e9`, "noise 1e+09: want 0 to 10"},
		{`"gauss"`, `"own"`, "0 points of class 0"},
		{`"seed":1`, `"seed":1,"extra":2`, `unknown field \"extra\"`},
	} {
		assert.Contains(t, p.order(`{"setup":%s}`, strings.ReplaceAll(small, c.old, c.new)), c.want)
	}
	// a training that diverges says so and stops
	assert.Equal(t, "{}\n", p.order(`{"setup":%s}`, strings.NewReplacer(`"rate":0.03`, `"rate":100`, "adam", "sgd", "relu", "identity", `"l2":0.001`, `"l2":10`).Replace(small)))
	var f shown
	p.next("frame", &f)
	text := ""
	for range 50 {
		if text = p.order(`{"do":"step"}`); text != "{}\n" {
			break
		}
		p.next("frame", &f)
	}
	assert.Contains(t, text, "the loss is no number any more")
}

// TestSessionsEnd opens and leaves more playgrounds than may be open.
func TestSessionsEnd(t *testing.T) {
	s := serve(t, live.Options{})
	var players []*player
	for range 8 {
		players = append(players, open(t, s))
	}
	status, text := ask(t, "GET", s.URL+"playground/events", nil, nil)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, text, "8 playgrounds are open: close one of their tabs first")
	players[0].order(`{"setup":%s}`, small)
	players[0].order(`{"do":"play"}`) // and its browser dies
	require.NoError(t, players[0].close())
	require.Eventually(t, func() bool {
		return strings.Contains(players[0].order(`{"do":"pause"}`), "this playground has ended")
	}, 10*time.Second, 20*time.Millisecond)
	open(t, s)
}

// TestNoServerElsewhere fails if a program that does not serve links net/http.
func TestNoServerElsewhere(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("needs the go command")
	}
	cmd := exec.Command(goTool, "list", "-deps", "../../train", "../../nn", "..")
	out, err := cmd.CombinedOutput()
	if err != nil && strings.Contains(string(out), "no Go files") {
		cmd = exec.Command(goTool, "list", "-deps", "../../train", "../../nn")
		out, err = cmd.CombinedOutput()
	}
	require.NoError(t, err, string(out))
	assert.NotContains(t, strings.Fields(string(out)), "net/http")
}
