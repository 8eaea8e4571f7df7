package live

// The bundler is a module of its own, so that nobody depends on it.
//go:generate go run -C build .
