// Package download fetches well-known data sets into a folder of the user's
// cache, once: [MNIST], [FashionMNIST], [CIFAR10], [Names], [TinyShakespeare].
//
//	dir, err := download.MNIST.Fetch(ctx)
//	train, test, err := data.MNIST(dir)
//
// Each file is checked against its known sum before it gets its name, and a
// download that broke off goes on where it stopped. Without a network, what is
// in the cache is used; what is not is a one-line error that says where to put
// the file by hand.
package download

import (
	"cmp"
	"context"
	"crypto/md5" // the sums that the makers of old data sets published; against damage, not attack
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Set is a data set to fetch.
type Set struct {
	Name    string // of the folder in the cache
	Files   []File
	Cache   string                              // folder for all sets; if empty, $ADJOINT_DATA or adjoint in the user's cache folder
	Client  *http.Client                        // http.DefaultClient if nil
	Observe func(file string, done, size int64) // called as bytes arrive; size is -1 if not known

	Patience time.Duration // how long to wait for the next bytes of a server; a minute if 0
}

// A File is one file of a set.
type File struct {
	Name string
	URL  string
	Sum  string // "sha256:" or "md5:" and hexadecimal digits
	Size int64  // no more is read
}

// The sets that are known by name.
var (
	// MNIST is handwritten digits (LeCun, Cortes and Burges), for data.MNIST.
	MNIST = Set{Name: "mnist", Files: idx("https://ossci-datasets.s3.amazonaws.com/mnist/", [4]string{
		"f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432", "9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"})}
	// FashionMNIST is clothes (Xiao et al. 2017, arXiv:1708.07747), for data.MNIST.
	FashionMNIST = Set{Name: "fashion-mnist", Files: idx("https://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", [4]string{
		"8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe", "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310"})}
	// CIFAR10 is small photographs (Krizhevsky 2009), for data.CIFAR10.
	CIFAR10 = Set{Name: "cifar10", Files: []File{{"cifar-10-binary.tar.gz", "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
		"sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", 170_052_171}}}
	// Names is first names, one a line (Karpathy's makemore, from ssa.gov).
	Names = Set{Name: "names", Files: []File{{"names.txt", "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
		"sha256:0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d", 228_145}}}
	// TinyShakespeare is a megabyte of plays (Karpathy's char-rnn).
	TinyShakespeare = Set{Name: "tinyshakespeare", Files: []File{{"input.txt",
		"https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
		"sha256:86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed", 1_115_394}}}
)

// idx returns the four files of a set like MNIST.
func idx(from string, sums [4]string) (files []File) {
	for i, name := range []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"} {
		files = append(files, File{name, from + name, "md5:" + sums[i], 64 << 20})
	}
	return files
}

// Folder returns where the files of the set are, or will be.
func (s Set) Folder() (string, error) {
	cache := cmp.Or(s.Cache, os.Getenv("ADJOINT_DATA"))
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("download: %w: set ADJOINT_DATA to a folder for data", err)
		}
		cache = filepath.Join(user, "adjoint")
	}
	return filepath.Join(cache, s.Name), nil
}

// Fetch returns the folder of the set's files after fetching those that are not
// there. It fails without a network, when nothing comes for a while, on a file whose
// sum is not the known one, and when ctx ends; what has arrived by then is kept for
// the next time.
func (s Set) Fetch(ctx context.Context) (dir string, err error) {
	if dir, err = s.Folder(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("download: %w", err)
	}
	for _, f := range s.Files {
		path := filepath.Join(dir, f.Name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := s.fetch(ctx, f, path); err != nil {
			return "", fmt.Errorf("download: %s: %w", f.Name, err)
		}
	}
	return dir, nil
}

// fetch puts one file at path by way of path.part.
func (s Set) fetch(ctx context.Context, f File, path string) error {
	part := path + ".part"
	out, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := s.receive(ctx, f, out); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: try again, or get it from %s by other means and put it at %s", oneLine(err), f.URL, path)
	}
	if err := f.check(out); err != nil {
		os.Remove(part)
		return err
	}
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// oneLine keeps what net/http says to one line.
func oneLine(err error) error { return errors.New(strings.ReplaceAll(err.Error(), "\n", " ")) }

// receive appends what is missing of the file to out.
func (s Set) receive(ctx context.Context, f File, out *os.File) error {
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := cmp.Or(s.Patience, time.Minute)
	quiet := time.AfterFunc(patience, func() { cancel(fmt.Errorf("nothing came for %v", patience)) })
	defer quiet.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return err
	}
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := cmp.Or(s.Client, http.DefaultClient).Do(request)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusPartialContent:
	case http.StatusRequestedRangeNotSatisfiable: // all of it is there already
		return nil
	case http.StatusOK:
		have = 0
		if err := out.Truncate(0); err != nil {
			return err
		}
		if _, err := out.Seek(0, io.SeekStart); err != nil {
			return err
		}
	default:
		return fmt.Errorf("the server answers %s", response.Status)
	}
	size := int64(-1)
	if response.ContentLength >= 0 {
		size = have + response.ContentLength
	}
	body := io.LimitReader(response.Body, f.Size-have+1)
	tell := func(done int64) {
		quiet.Reset(patience)
		if s.Observe != nil {
			s.Observe(f.Name, done, size)
		}
	}
	n, err := io.Copy(&observed{out, have, tell}, body)
	switch {
	case err != nil:
		return cmp.Or(context.Cause(ctx), err)
	case have+n > f.Size:
		out.Truncate(0)
		return fmt.Errorf("it is longer than the %d bytes it may have", f.Size)
	case size > have+n:
		return fmt.Errorf("%d of %d bytes came", have+n, size)
	}
	return nil
}

// observed tells how many bytes there are as they are written.
type observed struct {
	io.Writer
	done int64
	tell func(done int64)
}

func (o *observed) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	o.done += int64(n)
	o.tell(o.done)
	return n, err
}

// check compares the sum of a file with the known one.
func (f File) check(in io.ReadSeeker) error {
	kind, want, _ := strings.Cut(f.Sum, ":")
	var sum hash.Hash
	switch kind {
	case "sha256":
		sum = sha256.New()
	case "md5":
		sum = md5.New()
	default:
		return fmt.Errorf("the sum %q begins with neither sha256: nor md5: as it must", f.Sum)
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(sum, in); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("its %s is %s, not %s: it was damaged on the way or has changed at %s", kind, got, want, f.URL)
	}
	return nil
}
