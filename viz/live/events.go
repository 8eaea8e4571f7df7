package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// An eventStream writes server-sent events to one reader. Whoever writes waits
// for the reader, so only a goroutine that belongs to the reader may.
type eventStream struct {
	w        http.ResponseWriter
	c        *http.ResponseController
	patience time.Duration
}

// events begins a stream of events.
func (s *Server) events(w http.ResponseWriter) eventStream {
	w.Header().Set("Content-Type", "text/event-stream")
	return eventStream{w, http.NewResponseController(w), s.patience}
}

// send writes an event. A reader that does not take it in time, all of it, has gone:
// it is not enough to take a byte now and then.
func (e eventStream) send(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := e.c.SetWriteDeadline(time.Now().Add(e.patience)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", name, b); err != nil {
		return err
	}
	return e.c.Flush()
}
