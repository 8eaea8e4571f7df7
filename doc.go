// Package adjoint is the root of a framework for networks written as symbolic
// expression graphs. The packages that do the work are graph, ops, autodiff,
// nn, optim and data; README.md shows how they fit together.
package adjoint
