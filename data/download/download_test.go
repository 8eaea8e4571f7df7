package download_test

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data/download"
)

var content = []byte(strings.Repeat("all the world's a stage\n", 1000))

// serve returns a set of one file on a local server that calls f with each
// request's range.
func serve(t *testing.T, f func(w http.ResponseWriter, r *http.Request)) download.Set {
	server := httptest.NewServer(http.HandlerFunc(f))
	t.Cleanup(server.Close)
	sum := sha256.Sum256(content)
	return download.Set{Name: "plays", Cache: t.TempDir(), Files: []download.File{
		{Name: "plays.txt", URL: server.URL + "/plays.txt", Sum: "sha256:" + hex.EncodeToString(sum[:]), Size: int64(len(content))},
	}}
}

func plain(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "plays.txt", time.Time{}, strings.NewReader(string(content)))
}

func TestFetchOnce(t *testing.T) {
	asked := 0
	set := serve(t, func(w http.ResponseWriter, r *http.Request) { asked++; plain(w, r) })
	var done, size int64
	set.Observe = func(file string, d, s int64) { assert.Equal(t, "plays.txt", file); done, size = d, s }
	for range 2 {
		dir, err := set.Fetch(context.Background())
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, "plays.txt"))
		require.NoError(t, err)
		assert.Equal(t, content, got)
		assert.NoFileExists(t, filepath.Join(dir, "plays.txt.part"))
	}
	assert.Equal(t, 1, asked)
	assert.EqualValues(t, len(content), done)
	assert.EqualValues(t, len(content), size)
}

func TestFetchResumes(t *testing.T) {
	var ranges []string
	set := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if len(ranges) == 1 { // promises all and breaks off
			w.Header().Set("Content-Length", "24000")
			w.Write(content[:10_000])
			panic(http.ErrAbortHandler)
		}
		plain(w, r)
	})
	_, err := set.Fetch(context.Background())
	require.ErrorContains(t, err, "download: plays.txt: ")
	assert.NotContains(t, err.Error(), "\n")
	dir, err := set.Fetch(context.Background())
	require.NoError(t, err)
	assert.Equal(t, []string{"", "bytes=10000-"}, ranges)
	got, err := os.ReadFile(filepath.Join(dir, "plays.txt"))
	require.NoError(t, err)
	assert.Equal(t, content, got)
}

// A server without ranges sends all again; a complete part needs nothing more.
func TestFetchWithoutRanges(t *testing.T) {
	for _, have := range []int{5000, len(content)} {
		set := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if have < len(content) {
				w.Write(content)
				return
			}
			plain(w, r)
		})
		dir, err := set.Folder()
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(dir, 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "plays.txt.part"), content[:have], 0o666))
		_, err = set.Fetch(context.Background())
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, "plays.txt"))
		require.NoError(t, err)
		assert.Equal(t, content, got)
	}
}

func TestFetchRefuses(t *testing.T) {
	for want, f := range map[string]func(w http.ResponseWriter, r *http.Request){
		"the server answers 404 Not Found: try again, or get it from": http.NotFound,
		"it is longer than the 24000 bytes it may have":               func(w http.ResponseWriter, _ *http.Request) { w.Write(append(content, '!')) },
		"its sha256 is ": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(strings.ToUpper(string(content)))) },
	} {
		set := serve(t, f)
		_, err := set.Fetch(context.Background())
		require.ErrorContains(t, err, "download: plays.txt: "+want)
		dir, _ := set.Folder()
		assert.NoFileExists(t, filepath.Join(dir, "plays.txt"))
		if strings.HasPrefix(want, "its") {
			assert.NoFileExists(t, filepath.Join(dir, "plays.txt.part"), "what is damaged is not gone on with")
		}
	}
	set := serve(t, plain)
	set.Files[0].Sum = "crc32:0"
	_, err := set.Fetch(context.Background())
	assert.EqualError(t, err, `download: plays.txt: the sum "crc32:0" begins with neither sha256: nor md5: as it must`)
	sum := md5.Sum(content)
	set.Files[0].Sum = "md5:" + hex.EncodeToString(sum[:])
	_, err = set.Fetch(context.Background())
	assert.NoError(t, err)
}

func TestFetchOffline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	l.Close() // nobody listens there now
	set := download.Names
	set.Cache = t.TempDir()
	set.Files = []download.File{{Name: "names.txt", URL: "http://" + address + "/names.txt", Sum: set.Files[0].Sum, Size: 10}}
	_, err = set.Fetch(context.Background())
	require.Error(t, err)
	assert.Contains(t, err.Error(), "get it from http://"+address+"/names.txt by other means and put it at "+filepath.Join(set.Cache, "names", "names.txt"))
	assert.NotContains(t, err.Error(), "\n")
}

func TestFetchCancelled(t *testing.T) {
	var begun atomic.Bool
	set := serve(t, func(w http.ResponseWriter, r *http.Request) {
		begun.Store(true)
		w.Write(content[:100])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(context.Background())
	set.Observe = func(string, int64, int64) { cancel() }
	_, err := set.Fetch(ctx)
	assert.ErrorIs(t, err, context.Canceled)
	assert.True(t, begun.Load())
}

// TestFetchStalls asks a server that falls silent, before its answer or within it, and
// goes on with what has come.
func TestFetchStalls(t *testing.T) {
	var ranges []string
	set := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch ranges = append(ranges, r.Header.Get("Range")); len(ranges) {
		case 1:
			<-r.Context().Done()
		case 2:
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
			w.Write(content[:100])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			plain(w, r)
		}
	})
	set.Patience = 500 * time.Millisecond
	for range 2 {
		_, err := set.Fetch(context.Background())
		assert.ErrorContains(t, err, "download: plays.txt: nothing came for 500ms: try again, or get it from ")
	}
	set.Patience = 0
	dir, err := set.Fetch(context.Background())
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(dir, "plays.txt"))
	require.NoError(t, err)
	assert.Equal(t, content, got)
	assert.Equal(t, []string{"", "", "bytes=100-"}, ranges)
}

func TestKnownSets(t *testing.T) {
	for _, set := range []download.Set{download.MNIST, download.FashionMNIST, download.CIFAR10, download.Names, download.TinyShakespeare} {
		assert.NotEmpty(t, set.Name)
		for _, f := range set.Files {
			kind, sum, _ := strings.Cut(f.Sum, ":")
			b, err := hex.DecodeString(sum)
			assert.NoError(t, err)
			assert.Len(t, b, map[string]int{"md5": md5.Size, "sha256": sha256.Size}[kind])
			assert.True(t, strings.HasPrefix(f.URL, "https://") && strings.HasSuffix(f.URL, "/"+f.Name), f.URL)
			assert.Positive(t, f.Size)
		}
	}
	t.Setenv("ADJOINT_DATA", "/elsewhere")
	dir, err := download.MNIST.Folder()
	require.NoError(t, err)
	assert.Equal(t, filepath.Join("/elsewhere", "mnist"), dir)
}
