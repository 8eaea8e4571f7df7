// Package webtest tests the pages of package live in a browser. It is a module of
// its own, so that nobody else depends on what drives the browser.
package webtest
