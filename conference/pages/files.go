package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"sync"

	"medixchange/internal/web"
)

//go:embed static
var shared embed.FS

// Files are the scripts, styles and pictures of a page, in the folder static. Safe for concurrent use.
type Files struct {
	own    fs.FS
	packed map[string]func() []byte
	mark   func() string
}

// NewFiles takes a page's own files, and those that are compressed by gzip, by name; one that gives nil is not there.
func NewFiles(own fs.FS, packed map[string]func() []byte) *Files {
	f := &Files{own: own, packed: packed}
	f.mark = sync.OnceValue(f.sum)
	return f
}

// sum changes with the files: what browsers keep is then old.
func (f *Files) sum() string {
	sum := sha256.New()
	for _, files := range []fs.FS{f.own, shared} {
		_ = fs.WalkDir(files, "static", func(name string, entry fs.DirEntry, _ error) error {
			if !entry.IsDir() {
				data, _ := fs.ReadFile(files, name) // embedded: it is there
				fmt.Fprintf(sum, "%s %d ", name, len(data))
				sum.Write(data)
			}
			return nil
		})
	}
	for _, data := range f.packed { // a build has one at most
		sum.Write(data())
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}

func (f *Files) read(name string) (data []byte, packed bool, err error) {
	if packing := f.packed[name]; packing != nil {
		if data = packing(); data != nil {
			return data, true, nil
		}
	}
	if data, err = fs.ReadFile(f.own, "static/"+name); err == nil {
		return data, false, nil
	}
	data, err = shared.ReadFile("static/" + name)
	return data, false, err
}

var types = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}

// ServeHTTP answers with the file that the route's variable "file" names; they are the same for everybody.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := web.Var(r, "file")
	kind, known := types[path.Ext(name)]
	data, packed, err := f.read(name)
	if err != nil || !known {
		web.WriteError(w, web.Unrecognized(http.StatusNotFound))
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	mark := `"` + f.mark() + `"`
	h.Set("ETag", mark)
	if r.Header.Get("If-None-Match") == mark {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if packed {
		h.Set("Content-Encoding", "gzip") // every browser that has WebRTC reads it
	}
	_, _ = w.Write(data)
}
