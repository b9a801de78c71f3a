package media

import (
	"encoding/hex"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	unknownType       = "application/octet-stream"
	maxContentType    = 200
	maxFilename       = 255
	contentPolicy     = "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; object-src 'self';"
	cacheAuthorized   = "private, max-age=31536000, immutable"
	crossOriginPolicy = "cross-origin"
)

// inlineTypes are what browsers may show in place (client-server API, "Serving inline content"). Anything else is an
// attachment, above all HTML and SVG, which can hold scripts.
var inlineTypes = map[string]bool{
	"text/css": true, "text/plain": true, "text/csv": true, "application/json": true, "application/ld+json": true,
	"image/jpeg": true, "image/gif": true, "image/png": true, "image/apng": true, "image/webp": true, "image/avif": true,
	"video/mp4": true, "video/webm": true, "video/ogg": true, "video/quicktime": true,
	"audio/mp4": true, "audio/webm": true, "audio/aac": true, "audio/mpeg": true, "audio/ogg": true, "audio/wave": true,
	"audio/wav": true, "audio/x-wav": true, "audio/x-pn-wav": true, "audio/flac": true, "audio/x-flac": true,
}

// Disposition returns the Content-Disposition of a file. An empty filename is left out.
func Disposition(contentType, filename string) string {
	kind := "attachment"
	if base, _, err := mime.ParseMediaType(contentType); err == nil && inlineTypes[base] {
		kind = "inline"
	}
	if filename == "" {
		return kind
	}
	return mime.FormatMediaType(kind, map[string]string{"filename": filename})
}

// Serve answers an HTTP request with the file: ranges, conditional requests, and headers that keep a browser from
// running what someone uploaded. filename, if not empty, takes the place of the file's own (the path's fileName).
func (f *File) Serve(w http.ResponseWriter, r *http.Request, filename string) {
	name := f.Filename
	if filename != "" {
		name = cleanFilename(filename)
	}
	h := w.Header()
	h.Set("Content-Type", f.ContentType)
	h.Set("Content-Disposition", Disposition(f.ContentType, name))
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Cross-Origin-Resource-Policy", crossOriginPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", cacheAuthorized)
	h.Set("ETag", `"`+hex.EncodeToString(f.SHA256)+`"`)
	http.ServeContent(w, r, "", f.Created, f.ReadSeekCloser)
}

// cleanContentType returns a content type that is safe in a header.
func cleanContentType(text string) string {
	if len(text) > maxContentType {
		return unknownType
	}
	base, params, err := mime.ParseMediaType(text)
	if err != nil || !strings.Contains(base, "/") {
		return unknownType
	}
	if clean := mime.FormatMediaType(base, params); clean != "" {
		return clean
	}
	return unknownType
}

// cleanFilename removes what does not belong in a file's name: control and formatting characters (which could turn
// "exe.png" around), folders, invalid UTF-8.
func cleanFilename(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	for len(name) > maxFilename {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return strings.TrimSpace(name)
}
