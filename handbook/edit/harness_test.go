package edit

import (
	"context"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/draft"
	"medixchange/handbook/editions"
	"medixchange/internal/sqldb/sqldbtest"
)

// world is the desk on the small edition of the pages' tests, with a store of editions behind it.
type world struct {
	t      *testing.T
	desk   *desk.Desk
	shelf  *handbook.Shelf
	server *httptest.Server
}

// loud answers in capitals, and with nothing for what has "SpO2" in it.
type loud struct{}

func (loud) Translate(_ context.Context, text draft.Text) (draft.Answer, error) {
	if strings.Contains(text.Plain, "SpO2") {
		return draft.Answer{Machine: "loud", Reasons: []string{"number (90 → 9)"}}, nil
	}
	if text.HTML == "" {
		return draft.Answer{Machine: "loud", HTML: html.EscapeString(text.Plain)}, nil
	}
	return draft.Answer{Machine: "loud", HTML: strings.ReplaceAll(text.HTML, "Fever", "Fieber!")}, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	db := sqldbtest.New(t)
	store := editions.New(editions.Options{DB: db, Dir: t.TempDir(), Folder: "../site/testdata/edition", Log: sqldbtest.Quiet(),
		Switched: func(e *handbook.Edition) { w.shelf.Show(e) }})
	w.shelf = handbook.NewShelfOf(store.Read, nil)
	w.desk = desk.New(desk.Options{
		DB: db, Edition: w.shelf.Edition,
		Files: func(ctx context.Context, _ *handbook.Edition) (fs.FS, func(), error) {
			now, _, err := store.Current(ctx)
			require.NoError(t, err)
			files, err := store.Files(now.Mark)
			return files, func() {}, err
		},
		Publish: func(ctx context.Context, files fs.FS, by string) error {
			e, err := store.Install(ctx, files, editions.Origin{Kind: editions.Editor, From: by})
			require.NoError(t, err)
			return store.Activate(ctx, e.Mark, by)
		},
	})
	pages := New(Options{Desk: w.desk, Who: who, Translator: loud{}, LogOut: "/out", Log: sqldbtest.Quiet(),
		Said: func(_ context.Context, hash string) (string, bool, error) {
			return "## Before {#x}\n\nold words\n", true, nil
		}})
	w.server = httptest.NewServer(pages.Handler())
	t.Cleanup(w.server.Close)
	return w
}

var people = map[string]desk.Person{
	"ana":  {ID: "@ana:a.example", Name: "Ana", Roles: map[desk.Role][]string{desk.Editor: {"de", "th"}}},
	"ben":  {ID: "@ben:a.example", Name: "Ben", Roles: map[desk.Role][]string{desk.Reviewer: {desk.AllLanguages}}},
	"eve":  {ID: "@eve:a.example", Name: "Eve", Roles: map[desk.Role][]string{desk.Publisher: {desk.AllLanguages}}},
	"none": {ID: "@none:a.example", Name: "<b>None"},
}

func who(w http.ResponseWriter, r *http.Request) (desk.Person, bool) {
	name, _, ok := r.BasicAuth()
	if !ok {
		http.Error(w, "log in", http.StatusUnauthorized)
		return desk.Person{}, false
	}
	return people[name], true
}

// send asks for a page as somebody; a form makes it a POST.
func (w *world) send(user, path string, form url.Values) (status int, body, at string) {
	w.t.Helper()
	if form == nil {
		return w.ask(user, http.MethodGet, path, "", "")
	}
	return w.ask(user, http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
}

// upload sends a file.
func (w *world) upload(user, path, file string) (status int, body, at string) {
	w.t.Helper()
	var content strings.Builder
	form := multipart.NewWriter(&content)
	part, err := form.CreateFormFile("file", "fever.file")
	require.NoError(w.t, err)
	_, err = io.WriteString(part, file)
	require.NoError(w.t, err)
	require.NoError(w.t, form.Close())
	return w.ask(user, http.MethodPost, path, form.FormDataContentType(), content.String())
}

func (w *world) ask(user, method, path, kind, content string) (status int, body, at string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, w.server.URL+path, strings.NewReader(content))
	require.NoError(w.t, err)
	r.SetBasicAuth(user, "")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	client := &http.Client{CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		next.SetBasicAuth(user, "")
		return nil
	}}
	res, err := client.Do(r)
	require.NoError(w.t, err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	return res.StatusCode, string(data), res.Request.URL.RequestURI()
}

// formOf reads what a browser would send of the form that has the button with this value.
func formOf(t *testing.T, page, do string) url.Values {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	for node := range document.Descendants() {
		if node.Type != html.ElementNode || node.Data != "form" || !strings.Contains(textOf(node, "button"), do) {
			continue
		}
		form := url.Values{"do": {do}}
		for field := range node.Descendants() {
			switch {
			case field.Data == "textarea":
				text := ""
				if field.FirstChild != nil {
					text = field.FirstChild.Data
				}
				form.Add(attr(field, "name"), text)
			case field.Data == "input" && (attr(field, "type") != "checkbox" || has(field, "checked")):
				form.Add(attr(field, "name"), attr(field, "value"))
			}
		}
		return form
	}
	require.Fail(t, "there is no form", "to %s in %s", do, page)
	return nil
}

// textOf lists the values of the elements of a kind.
func textOf(node *html.Node, kind string) string {
	var values []string
	for child := range node.Descendants() {
		if child.Type == html.ElementNode && child.Data == kind {
			values = append(values, attr(child, "value"))
		}
	}
	return strings.Join(values, " ")
}

func attr(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(node *html.Node, name string) bool {
	for _, a := range node.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
