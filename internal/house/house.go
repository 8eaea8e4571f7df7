// Package house holds the tests that keep the project's order: which package
// may import which, how long a file may be, and that what is exported is
// documented.
package house
