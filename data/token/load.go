package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// largest is the most bytes that are read of a file.
const largest = 64 << 20

// load reads the one JSON object of a file into v, and says where it fails. Names
// that v does not have are mistakes, and so is what follows the object.
func load(r io.Reader, v any) error {
	d := json.NewDecoder(io.LimitReader(r, largest))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return located(d, err)
	}
	return end(d)
}

// end checks that nothing follows.
func end(d *json.Decoder) error {
	at := d.InputOffset()
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("offset %d: something follows the JSON object", at)
	}
	return nil
}

// located returns an error of the decoder with its place in the file.
func located(d *json.Decoder, err error) error {
	at := d.InputOffset()
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = max(at, s.Offset)
	} else if u, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at = max(at, u.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("offset %d: the file ends before its JSON object: it is cut short or of another format", at)
	}
	return fmt.Errorf("offset %d: %w", at, err)
}
