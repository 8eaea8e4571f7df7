// Package mistakes holds the test of what the commonest mistakes are told
// like: one line each, with the user's file and line, what did not fit, and the
// remedy.
package mistakes
