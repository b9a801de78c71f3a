package page

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/markup/markuptest"
)

func TestThePageHasWordsInEveryLanguage(t *testing.T) { markuptest.Complete(t, catalogue) }

func TestEveryWordThatScriptsSayIsThere(t *testing.T) {
	said := regexp.MustCompile(`\bsay\("([a-z_]+)"`)
	scripts, err := filepath.Glob("static/*.js")
	require.NoError(t, err)
	found := 0
	for _, script := range scripts {
		data, err := os.ReadFile(script)
		require.NoError(t, err)
		for _, m := range said.FindAllStringSubmatch(string(data), -1) {
			found++
			require.NotEmpty(t, catalogue.Of("en").Text(m[1]), "%s: %s", script, m[1])
		}
	}
	require.Positive(t, found)
}

func TestElementCallIsServedFromItsFolderAndNothingElseIs(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.html")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o600))
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "assets"), 0o700))
	const page = `element call<script>window.global = window;</script><script src="./a.js"></script><script>never closed`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte(page), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "assets", "app-1.js"), []byte("script"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("not served"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "link.html")))
	folder, err := os.OpenRoot(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, folder.Close()) })
	serve := ElementCall(folder, false)
	ask := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = path
		serve.ServeHTTP(w, r)
		return w
	}
	for _, path := range []string{"/element-call/", "/element-call/index.html", "/element-call/room"} {
		w := ask(path)
		require.Equal(t, page, w.Body.String(), path)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "script-src 'self' 'wasm-unsafe-eval' blob: 'sha256-pQY0fuQAnnVQH5nQfjo80rzGkQzeN3JeAtAJ+1KcD4k='; ", "the page's own scripts run, and no others")
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "connect-src 'self' https: wss: data: blob:; ")
		require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	}
	require.Contains(t, ask("/element-call/assets/app-1.js").Header().Get("Cache-Control"), "max-age")
	for _, path := range []string{
		"/element-call/link.html", "/element-call/notes.txt", "/element-call/assets", "/element-call/../" + filepath.Base(outside), "/element-call/../../etc/passwd.html",
	} {
		w := ask(path)
		require.NotContains(t, w.Body.String(), "secret", path)
		require.NotContains(t, w.Body.String(), "not served", path)
	}
}

func TestThePageLoadsNothingFromOthers(t *testing.T) {
	for _, plain := range []bool{true, false} {
		policy := New(Options{Plain: plain}).policy()
		require.Contains(t, policy, "default-src 'none'")
		require.Contains(t, policy, "script-src 'self';")
		require.Contains(t, policy, "style-src 'self';")
		require.Equal(t, plain, regexp.MustCompile(`connect-src [^;]*ws:`).MatchString(regexp.MustCompile(`wss:`).ReplaceAllString(policy, "")))
	}
}
