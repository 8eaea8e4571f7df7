package webtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/viz/live"
)

// spiral is a setup that learns the spiral.
const spiral = "playground#data=spiral&noise=0.05&count=300&share=0.7&features=x,y,sin+x,sin+y&layers=8tanh,8tanh&optimizer=adam&rate=0.03&batch=20&seed=2"

// TestPlaygroundLearnsSpiral trains in the page and looks at the boundary's pixels.
func TestPlaygroundLearnsSpiral(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s.URL+spiral, 1280, 800)
	p.wait("+document.getElementById('epoch').textContent === 0 && document.querySelectorAll('.scores output').length === 4")
	js[any](p, "document.getElementById('speed').value = 20")
	p.click("#play")
	p.wait("+document.querySelectorAll('.scores output')[3].textContent > 95")
	p.click("#play")
	p.wait("document.getElementById('play').textContent.includes('Train')")

	// Along both arms the boundary has the colour of the arm: blue for class 1.
	right := js[float64](p, `(() => {
		const c = document.getElementById("boundary"), pixels = c.getContext("2d");
		let right = 0, all = 0;
		for (let i = 20; i < 140; i++) for (const k of [0, 1]) {
			const t = i / 150, a = 2 * Math.PI * 1.75 * t + Math.PI * k;
			// beside the points, which are drawn too
			const x = (5 * t * Math.sin(a) + 0.02) / 6, y = 5 * t * Math.cos(a) / 6;
			const [r, , b] = pixels.getImageData((x + 1) * c.width / 2, (1 - y) * c.height / 2, 1, 1).data;
			if (Math.abs(r - b) < 12) continue;
			all++;
			if ((b > r) === (k === 1)) right++;
		}
		return all > 100 ? right / all : 0;
	})()`)
	assert.Greater(t, right, 0.9, "share of right pixels on the arms")
	p.picture("playground.jpg")
	p.homely(s)
}

func TestPlaygroundKeyboard(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s.URL+"playground", 1280, 800, true)
	p.wait("document.querySelectorAll('.scores output').length === 4")
	p.press("s")
	p.wait("document.getElementById('epoch').textContent === '1'")
	p.press(" ")
	p.wait("+document.getElementById('epoch').textContent > 5")
	p.press(" ")
	p.wait("document.getElementById('play').textContent.includes('Train')")
	p.press("r")
	p.wait("document.getElementById('epoch').textContent === '0'")
	p.reach("add-layer")
	p.press("\r")
	p.wait("document.querySelectorAll('.head').length === 3")
	assert.Contains(t, js[string](p, "decodeURIComponent(location.hash)"), "layers=6tanh,4tanh,4tanh", "the address holds the network")
	assert.Equal(t, "add-layer", p.focused(), "the focus stays")
	p.reach("boundary")
	before := js[string](p, "location.hash")
	p.press("1")
	p.wait("location.hash !== " + `"` + before + `"`)
	assert.Contains(t, js[string](p, "location.hash"), "data=own")
	p.picture("playground-dark.jpg")
	p.homely(s)
}

// TestPlaygroundFile opens what the page writes into a file: weights, losses and the
// address are as they were.
func TestPlaygroundFile(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s.URL+"playground#data=xor&layers=5relu&l2=0.001&seed=3", 1280, 800)
	p.wait("document.querySelectorAll('.scores output').length === 4")
	// what is downloaded, a driven browser does not keep
	js[any](p, "(URL.createObjectURL = (b) => { b.text().then(t => { window.written = t; }); return 'blob:none'; }, HTMLAnchorElement.prototype.click = () => {}, 0)")
	for _, epoch := range []string{"1", "2", "3"} {
		p.press("s")
		p.wait("document.getElementById('epoch').textContent === '" + epoch + "'")
	}
	scores := js[string](p, "document.getElementById('scores').textContent")
	p.reach("save")
	p.press("\r")
	p.wait("window.written")
	file := js[string](p, "window.written")
	assert.Contains(t, file, `"epoch":3`)

	q := open(t, s.URL+"playground", 1280, 800)
	q.wait("document.querySelectorAll('.scores output').length === 4")
	choose := func(text string) {
		js[any](q, fmt.Sprintf(`(() => {
			const list = new DataTransfer(), input = document.getElementById("open");
			list.items.add(new File([%q], "mine.json"));
			input.files = list.files;
			input.dispatchEvent(new Event("change"));
		})()`, text))
	}
	choose(file)
	q.wait("document.getElementById('epoch').textContent === '3'")
	assert.Equal(t, scores, js[string](q, "document.getElementById('scores').textContent"))
	q.wait("location.hash.includes('data=xor') && location.hash.includes('layers=5relu')")
	choose(strings.Replace(file, `"epoch":3`, `"epoch":-1`, 1))
	q.wait("document.querySelector('.message').textContent === 'mine.json: epoch -1: want 0 or more'")
	choose("no file of this page")
	q.wait("document.querySelector('.message').textContent.startsWith('mine.json: ')")
	q.homely(s)
}

func TestPlaygroundTwoTabs(t *testing.T) {
	s := serve(t, live.Options{})
	a, b := open(t, s.URL+"playground#data=xor", 1280, 800), open(t, s.URL+"playground", 1280, 800)
	for _, p := range []*tab{a, b} {
		p.wait("document.querySelectorAll('.scores output').length === 4")
	}
	a.press("s")
	a.wait("document.getElementById('epoch').textContent === '1'")
	require.Equal(t, "0", js[string](b, "document.getElementById('epoch').textContent"), "the other tab has its own training")
	b.press("s")
	b.wait("document.getElementById('epoch').textContent === '1'")
}
