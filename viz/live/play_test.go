package live

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestOrderAfterTheEnd gives an order to a session that ended after the order
// had looked it up: it is told at once.
func TestOrderAfterTheEnd(t *testing.T) {
	gone := session{make(chan order), make(chan struct{})}
	s := &Server{patience: patience}
	s.playRoutes(http.NewServeMux())
	s.play.open["gone"] = gone
	time.AfterFunc(20*time.Millisecond, func() { close(gone.ended) })
	r := httptest.NewRequest("POST", "/playground/gone", strings.NewReader(`{"do":"pause"}`))
	r.SetPathValue("id", "gone")
	w := httptest.NewRecorder()
	start := time.Now()
	s.playOrder(w, r)
	assert.Contains(t, w.Body.String(), "this playground has ended")
	assert.Less(t, time.Since(start), patience)
}
