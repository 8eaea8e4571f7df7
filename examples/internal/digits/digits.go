// Package digits is where the examples that read digits have them from.
package digits

import (
	"github.com/adjointml/adjoint/data"
)

// Load returns MNIST's images and labels from a folder with its four idx files or,
// if the name is empty, synthetic ones that depend on the seed alone: as many to learn
// from, and to test on, as is asked for. Columns are those of [data.Digits].
func Load(folder string, learn, test int, seed uint64) (toLearn, toTest *data.Arrays, err error) {
	if folder != "" {
		return data.MNIST(folder)
	}
	all := data.Digits(test+learn, seed)
	return all.Rows(test, all.Len()), all.Rows(0, test), nil
}
