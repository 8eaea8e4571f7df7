package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// loadLimit is the largest file that is read: a tokenizer of 50,000 byte pairs takes
// about 0.6 MB.
const loadLimit = 4 << 20

// load reads a file that was saved as JSON, all of it, and returns its length. Errors
// name the offset.
func load(r io.Reader, what string, into any) (int, error) {
	text, err := io.ReadAll(io.LimitReader(r, loadLimit+1))
	if err == nil && len(text) > loadLimit {
		err = fmt.Errorf("the file is larger than %d bytes", loadLimit)
	}
	at := int64(len(text))
	if err == nil && !utf8.Valid(text) { // json would read it, with other letters instead
		at, err = 0, errors.New("it is no UTF-8")
	}
	if err == nil {
		err = json.Unmarshal(text, into) // nothing may follow the value
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			at = syntax.Offset
		case errors.As(err, &kind):
			at = kind.Offset
		}
	}
	if err != nil {
		return len(text), fmt.Errorf("token: %s: offset %d: %w", what, at, err)
	}
	return len(text), nil
}
