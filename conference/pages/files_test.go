package pages

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/web"
)

func TestAPageServesItsFilesAndTheSharedOnes(t *testing.T) {
	own := fstest.MapFS{"static/page.js": {Data: []byte("own")}, "static/notes.txt": {Data: []byte("of nobody's concern")}}
	files := NewFiles(own, map[string]func() []byte{
		"packed.js":  func() []byte { return []byte("gz") },
		"missing.js": func() []byte { return nil },
	})
	router := web.NewRouter(web.Options{Name: "pages", Log: sqldbtest.Quiet()})
	router.HandleHTTP(http.MethodGet, "/static/{file}", files)
	get := func(name, known string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/static/"+name, nil)
		r.Header.Set("If-None-Match", known)
		router.ServeHTTP(w, r)
		return w
	}
	answer := get("page.js", "")
	require.Equal(t, "own", answer.Body.String())
	require.Equal(t, "text/javascript; charset=utf-8", answer.Header().Get("Content-Type"))
	require.Empty(t, answer.Header().Get("Content-Encoding"))
	mark := answer.Header().Get("ETag")
	require.Contains(t, get("say.js", "").Body.String(), "export function")
	require.Equal(t, "gzip", get("packed.js", "").Header().Get("Content-Encoding"))
	again := get("packed.js", mark)
	require.Equal(t, http.StatusNotModified, again.Code)
	require.Empty(t, again.Header().Get("Content-Encoding"))
	for _, name := range []string{"notes.txt", "missing.js", "none.js", "..%2Ffiles.go", ".."} {
		require.Equal(t, http.StatusNotFound, get(name, "").Code, name)
	}
	own["static/page.js"] = &fstest.MapFile{Data: []byte("newer")}
	require.NotEqual(t, mark, NewFiles(own, nil).mark())
}
