package site

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"

	"medixchange/internal/web"
)

func offlinePage(q *request) (string, []byte, error) {
	return q.view(q.words.Text("offline_title"), "").render(offlineBody)
}

// manifest says how the book of one language is put on the home screen of a phone.
func manifest(q *request) (string, []byte, error) {
	titles, tongue := q.titles()
	home := root + q.tongue.Tag + "/"
	body, err := json.Marshal(map[string]any{
		"name": titles.Title, "short_name": q.words.Text("handbook"), "lang": tongue.Lang, "dir": tongue.Dir, "id": home,
		"start_url": home, "scope": home, "display": "standalone", "background_color": "#ffffff", "theme_color": "#0b4f6c",
		"icons": []map[string]string{{"src": staticAddress("icon.svg"), "sizes": "any", "type": "image/svg+xml"}},
	})
	if err != nil {
		return "", nil, fmt.Errorf("writing the manifest: %w", err)
	}
	return "application/manifest+json", body, nil
}

// worker is the script that keeps one language's book in the browser. Its bytes change with the edition and the program,
// which is when browsers fetch the book again.
func worker(q *request) (string, []byte, error) {
	home := root + q.tongue.Tag + "/"
	pages := []string{home, home + "glossary", home + "changes", home + "offline", home + "manifest.json"}
	for _, id := range q.edition.SectionIDs() {
		pages = append(pages, home+id)
	}
	for _, image := range q.edition.Images() {
		pages = append(pages, root+image)
	}
	for _, file := range []string{"book.css", "book.js", "icon.svg"} {
		pages = append(pages, staticAddress(file))
	}
	prefix := "handbook-" + q.tongue.Tag + " "
	settings, err := json.Marshal(map[string]any{
		"prefix": prefix, "cache": prefix + q.edition.Mark + programMark(), "pages": pages, "home": home, "offline": home + "offline",
	})
	if err != nil {
		return "", nil, fmt.Errorf("writing the worker: %w", err)
	}
	script, err := files.ReadFile("static/worker.js")
	if err != nil {
		return "", nil, fmt.Errorf("reading the worker: %w", err)
	}
	return "text/javascript; charset=utf-8", bytes.Join([][]byte{[]byte("const book = "), settings, []byte(";\n"), script}, nil), nil
}

// front serves the script that leads readers without a network from the handbook's first address to the language that is kept.
func (s *Site) front(w http.ResponseWriter, r *http.Request) { s.file(w, r, "front.js") }

func staticAddress(file string) string { return root + "static/" + file + "?v=" + programMark() }

// forever lets browsers keep what has its mark in its address.
const forever = "public, max-age=31536000, immutable"

// static serves style, script and icon.
func (s *Site) static(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("v") == programMark() && s.o.Admit == nil {
		w.Header().Set("Cache-Control", forever)
	}
	s.file(w, r, web.Var(r, "file"))
}

func (s *Site) file(w http.ResponseWriter, r *http.Request, name string) {
	key := "static " + name
	a, ok := s.pages.get(key)
	if !ok {
		body, err := files.ReadFile("static/" + path.Base(name))
		if err == nil {
			a, err = newAnswer(mime.TypeByExtension(path.Ext(name)), body)
		}
		if err != nil {
			http.NotFound(w, r)
			return
		}
		s.pages.put(key, a)
	}
	a.send(w, r, http.StatusOK)
}

// image serves an image of the edition. It is not kept in memory: browsers keep it.
func (s *Site) image(w http.ResponseWriter, r *http.Request) {
	name := web.Var(r, "file")
	body, err := s.o.Shelf.Image("images/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	a := &answer{kind: mime.TypeByExtension(path.Ext(name)), plain: body, tag: tagOf(body)}
	a.send(w, r, http.StatusOK)
}
