//go:build race

package differential_test

// raced says that the race detector watches, which makes all of this some ten
// times slower.
const raced = true
