package media

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
)

// WriteMultipart answers another server with the file as federation wants it: multipart/mixed of an empty JSON object
// and the bytes (server-server API, "Content repository").
func (f *File) WriteMultipart(w http.ResponseWriter) error {
	parts := multipart.NewWriter(w)
	w.Header().Set("Content-Type", "multipart/mixed; boundary="+parts.Boundary())
	meta, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/json"}})
	if err != nil {
		return fmt.Errorf("sending a file: %w", err)
	}
	if _, err := io.WriteString(meta, "{}"); err != nil {
		return fmt.Errorf("sending a file: %w", err)
	}
	body, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {f.ContentType},
		"Content-Disposition": {Disposition(f.ContentType, f.Filename)}})
	if err != nil {
		return fmt.Errorf("sending a file: %w", err)
	}
	if _, err := io.Copy(body, f); err != nil {
		return fmt.Errorf("sending a file: %w", err)
	}
	return parts.Close()
}

// maxMetadata bounds the first part of a multipart answer.
const maxMetadata = 64 << 10

// ReadMultipart reads the answer of another server: the file's bytes go to w. If the server only says where they are,
// location is set and nothing is written; the caller fetches that address, without its own authorization.
func ReadMultipart(contentType string, body io.Reader, w io.Writer) (about RemoteFile, location string, err error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/mixed" || params["boundary"] == "" {
		return RemoteFile{}, "", fmt.Errorf("reading a file: %q is not multipart/mixed with a boundary", contentType)
	}
	parts := multipart.NewReader(body, params["boundary"])
	meta, err := parts.NextRawPart()
	if err != nil {
		return RemoteFile{}, "", fmt.Errorf("reading a file's description: %w", err)
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(meta, maxMetadata+1)); err != nil || n > maxMetadata {
		return RemoteFile{}, "", fmt.Errorf("reading a file's description: %w", errors.Join(err, errTooLarge))
	}
	file, err := parts.NextRawPart()
	if err != nil {
		return RemoteFile{}, "", fmt.Errorf("reading a file: %w", err)
	}
	about = Describe(http.Header(file.Header))
	if location := file.Header.Get("Location"); location != "" {
		return about, location, nil
	}
	if _, err := io.Copy(w, file); err != nil {
		return RemoteFile{}, "", fmt.Errorf("reading a file: %w", err)
	}
	return about, "", nil
}

// Describe takes what the headers of an answer (a part, the old endpoints, a Location) say about a file.
func Describe(h http.Header) RemoteFile {
	about := RemoteFile{ContentType: h.Get("Content-Type")}
	if _, params, err := mime.ParseMediaType(h.Get("Content-Disposition")); err == nil {
		about.Filename = params["filename"]
	}
	return about
}
