package webtest

import (
	"bytes"
	"context"
	"flag"
	"image/jpeg"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/viz/live"
)

// pictures is where screenshots go, if they are asked for.
const pictures = "../../docs/pictures"

var keep = flag.Bool("pictures", false, "write the screenshots into docs/pictures")

// browser is one browser for all tests, which ends with the program.
var browser = sync.OnceValues(func() (context.Context, error) {
	dir, err := os.MkdirTemp("", "webtest")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.UserDataDir(dir), chromedp.NoSandbox, chromedp.Flag("disable-quic", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	closers = append(closers, func() {
		stop()
		for range 20 { // children write for a moment after the end
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return ctx, chromedp.Do(ctx)
})

var closers []func()

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	for _, c := range closers {
		c()
	}
	os.Exit(code)
}

// A tab is a page in the browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mutex    sync.Mutex
	requests []string
	mistakes []string
}

// open shows an address in a new tab of the given size.
func open(t *testing.T, address string, width, height int64, dark ...bool) *tab {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("needs Chromium: apt-get install chromium")
	}
	root, err := browser()
	require.NoError(t, err)
	ctx, stop := chromedp.NewContext(root)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(stop)
	p := &tab{t: t, ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, p.hear))
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, height)))
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	scheme := "light"
	if len(dark) > 0 && dark[0] {
		scheme = "dark"
	}
	p.prefer(scheme, "reduce")
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(address)))
	return p
}

// prefer sets what the reader prefers: a light or dark scheme, and motion reduced or
// no-preference.
func (p *tab) prefer(scheme, motion string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: motion}},
	})
	require.NoError(p.t, err)
}

// hear notes what the page asks for and what goes wrong in it.
func (p *tab) hear(event any) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		p.mistakes = append(p.mistakes, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	}
}

// homely fails for a request to another host than the server's, and for a mistake
// in the script.
func (p *tab) homely(s *live.Server) {
	p.t.Helper()
	home, err := url.Parse(s.URL)
	require.NoError(p.t, err)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	require.NotEmpty(p.t, p.requests)
	for _, r := range p.requests {
		u, err := url.Parse(r)
		require.NoError(p.t, err)
		assert.True(p.t, u.Host == home.Host || u.Scheme == "data" || u.Scheme == "blob", "a request to %s", r)
	}
	assert.Empty(p.t, p.mistakes, "mistakes of the script")
}

// js returns the value of an expression in the page.
func js[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	require.NoError(p.t, err, expression)
	return v
}

// wait waits until an expression is true.
func (p *tab) wait(expression string) {
	p.t.Helper()
	for end := time.Now().Add(40 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		if js[bool](p, "!!("+expression+")") {
			return
		}
		if time.Now().After(end) {
			require.Fail(p.t, "the page never comes to it", "%s\n%.600s", expression, js[string](p, "document.querySelector('main').innerText"))
		}
	}
}

// press types keys.
func (p *tab) press(keys string) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.KeyEvent(keys)))
}

// click clicks an element.
func (p *tab) click(selector string) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.Click(selector)))
}

// picture takes a screenshot, which must not be empty, and keeps it if pictures
// are asked for.
func (p *tab) picture(name string) {
	p.t.Helper()
	shot, err := chromedp.Call(p.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: "jpeg", Quality: new(int64(72))})
	require.NoError(p.t, err)
	b := shot.Data
	m, err := jpeg.Decode(bytes.NewReader(b))
	require.NoError(p.t, err)
	colours := map[[3]uint32]bool{}
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y += 4 {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x += 4 {
			r, g, b, _ := m.At(x, y).RGBA()
			colours[[3]uint32{r, g, b}] = true
		}
	}
	assert.Greater(p.t, len(colours), 20, "colours of %s", name)
	if *keep {
		require.NoError(p.t, os.MkdirAll(pictures, 0o777))
		require.NoError(p.t, os.WriteFile(filepath.Join(pictures, name), b, 0o666))
	}
}

// serve starts a server for a test.
func serve(t *testing.T, o live.Options) *live.Server {
	t.Helper()
	s, err := live.Serve(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// focused describes the element with the focus.
func (p *tab) focused() string {
	p.t.Helper()
	return js[string](p, "(e => e.id || e.getAttribute('aria-label') || e.textContent)(document.activeElement)")
}

// reach presses the tab key until the focus is on what a test accepts.
func (p *tab) reach(what string) {
	p.t.Helper()
	var seen []string
	for range 120 {
		p.press("\t")
		if f := p.focused(); f == what {
			return
		} else {
			seen = append(seen, f)
		}
	}
	seen = slices.Compact(seen)
	require.Fail(p.t, "the tab key does not reach "+what, strings.Join(seen, ", "))
}
