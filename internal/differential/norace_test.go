//go:build !race

package differential_test

// raced says that the race detector watches.
const raced = false
