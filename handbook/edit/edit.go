package edit

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/sirupsen/logrus"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/draft"
	"medixchange/handbook/exchange"
	"medixchange/handbook/site"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

// Root is the address of the pages.
const Root = "/handbook/edit/"

// Options of an Editing.
type Options struct {
	Desk *desk.Desk
	// Who tells who asks for a page; where it reports false it has answered.
	Who func(w http.ResponseWriter, r *http.Request) (desk.Person, bool)
	// Person tells who somebody is whom an administrator names, by user name or id.
	Person func(ctx context.Context, name string) (desk.Person, error)
	// LogOut is the address that a form is sent to by those who leave; optional.
	LogOut string
	// Translator makes drafts; nil offers none.
	Translator draft.Translator
	// Said gives what a heading of the source said when it had a hash; optional.
	Said func(ctx context.Context, hash string) (text string, ok bool, err error)
	// Item names what a check is about, such as a dose, in a language; optional.
	Item    func(language, code string) string
	Log     *logrus.Entry
	Metrics *web.Metrics // optional
}

// Editing is the pages. It is safe for concurrent use.
type Editing struct {
	o      Options
	drafts chan struct{} // places for machine drafts that are under way
}

// maxDrafts bounds how many sections the machine translates at a time.
const maxDrafts = 2

// New makes the pages.
func New(o Options) *Editing { return &Editing{o, make(chan struct{}, maxDrafts)} }

// Handler answers everything below Root.
func (e *Editing) Handler() http.Handler {
	rt := web.NewRouter(web.Options{Name: "handbook editing", Log: e.o.Log, Metrics: e.o.Metrics})
	rt.HandleHTTP(http.MethodGet, Root+"static/{file}", http.HandlerFunc(e.static))
	for _, route := range []struct { // the first that fits answers
		method, path string
		handler      func(q *request)
	}{
		{http.MethodGet, Root, overviewPage},
		{http.MethodGet, Root + "publish", publishPage},
		{http.MethodPost, Root + "publish", publish},
		{http.MethodGet, Root + "{lang}/export", exportFile},
		{http.MethodGet, Root + "{lang}/import", importPage},
		{http.MethodPost, Root + "{lang}/import", importFile},
		{http.MethodGet, Root + "{lang}/{part}", editorPage},
		{http.MethodPost, Root + "{lang}/{part}", act},
		{http.MethodPost, Root + "{lang}/{part}/preview", previewBlock},
		{http.MethodGet, Root + "{lang}/{part}/review", reviewPage},
		{http.MethodGet, Root + "{lang}/{part}/history", historyPage},
		{http.MethodGet, Root + "{lang}/{part}/history/{version}", stepPage},
	} {
		rt.HandleHTTP(route.method, route.path, e.guarded(route.handler))
	}
	return rt
}

// request is what a page is made from.
type request struct {
	*http.Request
	w       http.ResponseWriter
	e       *Editing
	who     desk.Person
	book    *handbook.Edition
	words   *markup.Words // of the desk
	reading *markup.Words // of the readers' pages
	shown   site.Tongue   // the language of the words
	name    desk.Name
}

// maxForm bounds what is sent, in bytes: a section of 64 KiB, in letters that a form writes with nine bytes each.
const maxForm = 1 << 20

// guarded lets in who works at the desk.
func (e *Editing) guarded(next func(q *request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			limit := int64(maxForm)
			if strings.HasSuffix(r.URL.Path, "/import") {
				limit += exchange.MaxBytes
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
		}
		who, ok := e.o.Who(w, r)
		if !ok {
			return
		}
		book, err := e.o.Desk.Edition()
		if err != nil {
			e.o.Log.WithError(err).Error("the handbook cannot be edited")
			web.WriteError(w, err)
			return
		}
		q := &request{Request: r, w: w, e: e, who: who, book: book, name: desk.Name{Language: web.Var(r, "lang"), Part: web.Var(r, "part")}}
		q.speak()
		switch {
		case !who.Works():
			q.trouble(http.StatusForbidden, "no_role")
		case !q.read():
		default:
			next(q)
		}
	})
}

// speak chooses the language of the words: the one that somebody reads the handbook in, or has chosen here.
func (q *request) speak() {
	tag := site.LanguageFor(q.Request, q.book.Book)
	for _, offered := range q.book.Languages {
		if offered == q.URL.Query().Get("ui") {
			tag = offered
			site.Remember(q.w, tag)
		}
	}
	q.words, q.reading = catalogue.Of(tag), site.WordsOf(tag)
	q.shown = site.TongueOf(q.words.Tag)
}

// read reads a form. Where it reports false it has answered.
func (q *request) read() bool {
	if q.Method != http.MethodPost {
		return true
	}
	err := q.ParseForm()
	if err == nil && strings.HasPrefix(q.Header.Get("Content-Type"), "multipart/form-data") {
		err = q.ParseMultipartForm(maxForm)
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		q.trouble(http.StatusRequestEntityTooLarge, "too_large")
	case err != nil:
		q.trouble(http.StatusBadRequest, "failed")
	}
	return err == nil
}

// copyOf opens the working copy that the address names. Where it reports false it has answered.
func (q *request) copyOf() (*desk.Copy, bool) {
	c, err := q.e.o.Desk.Open(q.Context(), q.name)
	if err != nil {
		q.fail(err)
		return nil, false
	}
	return c, true
}

// source is the original of a section; nil for what has none.
func (q *request) source(c *desk.Copy) *handbook.Section {
	if c.Original || !c.IsSection() {
		return nil
	}
	s, ok := q.book.Section(q.book.Source, c.Part)
	if !ok {
		return nil
	}
	return s
}

// troubles are the words for what went wrong.
var troubles = []struct {
	err    error
	status int
	word   string
}{
	{desk.ErrUnknown, http.StatusNotFound, "not_found"},
	{desk.ErrNotAllowed, http.StatusForbidden, "not_allowed"},
	{desk.ErrOwnWords, http.StatusForbidden, "own_words"},
	{desk.ErrWrongState, http.StatusConflict, "wrong_state"},
	{desk.ErrNoReason, http.StatusBadRequest, "no_reason"},
	{desk.ErrReason, http.StatusBadRequest, "long_reason"},
	{desk.ErrSourceMoved, http.StatusConflict, "source_moved"},
	{desk.ErrNothing, http.StatusBadRequest, "nothing_chosen"},
	{desk.ErrSameName, http.StatusBadRequest, "same_name"},
	{desk.ErrMoved, http.StatusConflict, "moved"},
	{desk.ErrNotBetter, http.StatusConflict, "not_better"},
	{draft.ErrNoTranslation, http.StatusBadGateway, "no_translation"},
	{errBusy, http.StatusServiceUnavailable, "busy"},
}

var errBusy = errors.New("too many drafts are under way")

// wordOf tells an error in the reader's words; the key is "failed" for what is not theirs to mend.
func wordOf(err error) (status int, key string) {
	for _, t := range troubles {
		if errors.Is(err, t.err) {
			return t.status, t.word
		}
	}
	var conflict *desk.Conflict
	if errors.As(err, &conflict) {
		return http.StatusConflict, "changed_meanwhile"
	}
	return http.StatusInternalServerError, "failed"
}

// fail answers with a page that says what went wrong.
func (q *request) fail(err error) {
	var problems handbook.Problems
	if errors.As(err, &problems) {
		q.page(http.StatusUnprocessableEntity, q.words.Text("desk"), func(b *markup.Builder) {
			b.Put("<h1>%s</h1>\n", q.words.Text("desk"))
			q.troubles(b, &writing{alert: "not_taken", problems: problems})
		})
		return
	}
	status, key := wordOf(err)
	if status == http.StatusInternalServerError {
		q.e.o.Log.WithError(err).Error("the handbook's desk has failed")
	}
	q.trouble(status, key)
}

func (q *request) trouble(status int, key string) {
	q.page(status, q.words.Text("desk"), func(b *markup.Builder) {
		b.Put(`<h1>%s</h1><p class="state outdated" role="alert">%s</p>`+"\n", q.words.Text("desk"), q.words.Text(key))
		if q.who.Works() {
			b.Put(`<p><a href="%s">%s</a></p>`+"\n", Root, q.words.Text("overview"))
		}
	})
}

// back sends the browser to a page after something was done.
func (q *request) back(to string) { http.Redirect(q.w, q.Request, to, http.StatusSeeOther) }

// address is that of a part's pages.
func address(name desk.Name) string { return Root + name.Language + "/" + name.Part }

func (q *request) version() int64 {
	version, err := strconv.ParseInt(web.Var(q.Request, "version"), 10, 64)
	if err != nil {
		return 0
	}
	return version
}
