package markup

import "net/http"

// Strict is the policy of a page that has nothing but its own style and script files and sends forms home.
const Strict = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Serve answers with a page that no cache keeps and no other site may frame. policy is its Content-Security-Policy.
func Serve(w http.ResponseWriter, status int, policy string, page HTML) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page))
}
