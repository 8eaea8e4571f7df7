// Package differential holds tests that compare the engine with the reference
// executor, which calls each op's own Eval, on random graphs, and tests of what
// the engine promises for every program: the same bits for any number of
// threads, no memory that grows, no parameter changed by a run that fails.
//
// # When two results agree
//
// Integers and truths agree when they are equal, and a result must be infinite or
// NaN where the other is. Floats may
// differ by what rounding explains and no more: each op may be wrong by two ulp of
// its result, a sum of n numbers by 2·√n ulp of the sum of their magnitudes, and
// a product that is added to something may stay unrounded. How far such errors
// move the final result depends on the graph. So it is measured: the graph is
// evaluated up to forty times by the ops' own Eval, with an error of that size, drawn
// at random, added to the result of every op that rounds; three times at first, and
// more often for what that does not allow.
// Results agree when they differ by at most four times the largest deviation
// seen. A comparison that errors of this size can tip, such as x < y
// of two numbers that agree in all but the last bits, has no one right answer,
// so what depends on it is not judged; the tests count how often that happens
// and fail if it is often.
//
// # Repeating a failure
//
// A failure prints its seed, the smallest part of the graph that still fails,
// and where it differs. ADJOINT_SEED=n runs the graph of that seed alone, and
// ADJOINT_SEED=n:m those from n to m.
package differential
