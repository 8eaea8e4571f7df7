package live

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	bodyLimit = 1 << 20 // bytes of a request: a table of about 50,000 points
	patience  = 5 * time.Second

	// writeBuffer is what the system holds for a reader, in bytes. By itself it takes
	// megabytes, so that a slow page would see what was long ago.
	writeBuffer = 64 << 10
)

// policy lets the page load its own script and style and talk to this server:
// nothing inline, nothing from elsewhere, no frames around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard lets only requests through that a page of this server makes: those that
// name its own address as host (others come by a name that someone points at the
// loopback address), have no origin but it, and know the token.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if status, why := s.refuse(r); why != "" {
			http.Error(w, why, status)
			return
		}
		_, rest, _ := strings.Cut(r.URL.Path[1:], "/")
		r.URL.Path, r.URL.RawPath = "/"+rest, ""
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
		if r.Method == http.MethodPost { // a slow body holds no connection for ever
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.patience))
		}
		next.ServeHTTP(w, r)
	})
}

// refuse says why a request is none of ours, or nothing.
func (s *Server) refuse(r *http.Request) (status int, why string) {
	origin := r.Header.Get("Origin")
	token, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.Host != s.host:
		return http.StatusMisdirectedRequest, fmt.Sprintf("this server answers as %s only", s.host)
	case origin != "" && origin != "http://"+s.host:
		return http.StatusForbidden, "requests of other pages are refused"
	case subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) != 1:
		return http.StatusForbidden, "the address lacks the token: open the one that the program has printed"
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed, "want GET or POST"
	case r.ContentLength > bodyLimit:
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("%d bytes are more than the %d that are taken", r.ContentLength, bodyLimit)
	}
	return 0, ""
}
