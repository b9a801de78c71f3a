package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
)

// ElementCallPrefix is where Element Call's own package is served.
const ElementCallPrefix = "/element-call/"

// elementCallPolicy is what Element Call needs: its WebAssembly, workers, and connections to the homeserver and SFUs. Clients show it
// as a widget, so it may be framed. INLINE and PLAIN stand for what differs.
const elementCallPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob:INLINE; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; " +
	"media-src 'self' blob: mediastream: data:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self' https: wss:PLAIN data: blob:; base-uri 'self'; form-action 'self'"

// elementCallTypes are the Content-Types that do not depend on what the machine knows of types.
var elementCallTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json",
	".wasm": "application/wasm", ".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".ico": "image/x-icon",
	".woff2": "font/woff2", ".woff": "font/woff", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".tflite": "application/octet-stream", ".map": "application/json",
}

// maxElementCallPage bounds a page, in bytes.
const maxElementCallPage = 1 << 20

// ElementCall serves Element Call's package from a folder that the operator names, as widgets load it. Nothing outside of the
// folder is served, whatever the path or a symbolic link says. plain lets it speak to hospitals and SFUs without TLS: only for nodes
// whose own address has none.
func ElementCall(folder *os.Root, plain bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policyFor(nil, plain))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+strings.TrimPrefix(r.URL.Path, ElementCallPrefix)), "/")
		if path.Ext(name) == "" {
			name = "index.html" // a page of the application
		}
		kind, known := elementCallTypes[path.Ext(name)]
		f, err := folder.Open(name)
		if err != nil || !known {
			if err == nil {
				_ = f.Close()
			}
			http.NotFound(w, r)
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			http.NotFound(w, r)
			return
		}
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "no-cache")
		if strings.HasPrefix(name, "assets/") { // their names change with what is in them
			h.Set("Cache-Control", "public, max-age=604800")
		}
		if path.Ext(name) != ".html" {
			http.ServeContent(w, r, "", info.ModTime(), f)
			return
		}
		text, err := io.ReadAll(io.LimitReader(f, maxElementCallPage))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		h.Set("Content-Security-Policy", policyFor(text, plain))
		http.ServeContent(w, r, "", info.ModTime(), bytes.NewReader(text))
	})
}

// policyFor lets the scripts run that stand in a page as the operator has it, by their hashes, and no others.
func policyFor(page []byte, plain bool) string {
	var inline strings.Builder
	schemes := ""
	if plain {
		schemes = " http: ws:"
	}
	for _, after := range bytes.Split(page, []byte("<script>"))[1:] {
		if script, _, closed := bytes.Cut(after, []byte("</script>")); closed {
			sum := sha256.Sum256(script)
			inline.WriteString(" 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
		}
	}
	return strings.NewReplacer("INLINE", inline.String(), "PLAIN", schemes).Replace(elementCallPolicy)
}
