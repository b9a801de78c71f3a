package page

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/conference/pages"
	"medixchange/internal/markup"
	"medixchange/internal/web"
	"medixchange/rooms"
)

const root = "/conference/"

// Login says who looks at the page; accounts/pagelogin implements it.
type Login interface {
	// Page gives who asks; it sends a browser that is not logged in to the form, and reports false then.
	Page(w http.ResponseWriter, r *http.Request) (*accounts.Device, bool)
}

// Rooms says who is in a room; *rooms.Rooms implements it.
type Rooms interface {
	Snapshot(ctx context.Context, roomID string) (*rooms.Snapshot, error)
	ResolveAlias(ctx context.Context, alias string) (roomID string, servers []string, err error)
}

// Options of a Page. Every field without "optional" is needed.
type Options struct {
	Rooms Rooms
	Login Login
	// Language gives the language that a user reads in a room, "" for none; optional.
	Language func(ctx context.Context, userID, roomID string) string
	// Plain lets the page speak to SFUs without TLS: only for nodes whose own address has none.
	Plain   bool
	Log     *logrus.Entry
	Metrics *web.Metrics // optional
}

// Page is the page. It is safe for concurrent use.
type Page struct{ o Options }

// New makes the page.
func New(o Options) *Page { return &Page{o} }

// Handler answers everything below /conference/.
func (p *Page) Handler() http.Handler {
	rt := web.NewRouter(web.Options{Name: "conference", Log: p.o.Log, Metrics: p.o.Metrics})
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		rt.HandleHTTP(method, root+"static/{file}", served)
		rt.HandleHTTP(method, root+"{room}", http.HandlerFunc(p.room))
	}
	return rt
}

//go:embed static
var files embed.FS

//go:embed livekit
var livekit embed.FS

//go:embed strings/*.yaml
var wordFiles embed.FS

var catalogue = markup.NewCatalogue(wordFiles, "strings")

// library is livekit-client as it is served, compressed; nil in a build without it.
var library = sync.OnceValue(func() []byte {
	data, err := livekit.ReadFile("livekit/livekit-client.js.gz")
	if err != nil {
		return nil
	}
	return data
})

// HasLibrary reports whether the build has livekit-client, without which nobody can join here.
func HasLibrary() bool { return library() != nil }

const libraryName = "livekit-client.js"

var served = pages.NewFiles(files, map[string]func() []byte{libraryName: library})

// policy lets the page run its own scripts alone. It may connect to the SFUs of other hospitals, whose addresses are known when
// their members come.
func (p *Page) policy() string {
	connect := "connect-src 'self' https: wss:"
	if p.o.Plain {
		connect += " http: ws:"
	}
	return strings.Replace(markup.Strict, "connect-src 'self'", connect, 1) + "; media-src 'self' blob: mediastream:"
}

func (p *Page) room(w http.ResponseWriter, r *http.Request) {
	device, ok := p.o.Login.Page(w, r)
	if !ok {
		return
	}
	roomID, snap, err := p.joined(r.Context(), web.Var(r, "room"), device.UserID)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	words := p.words(r, device.UserID, roomID)
	w.Header().Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)")
	b := &markup.Builder{}
	p.head(b, words, device, roomID)
	switch {
	case encrypted(snap):
		b.Put(`<p class="notice">%s</p>`, words.Text("encrypted"))
	case !HasLibrary():
		b.Put(`<p class="notice">%s</p>`, words.Text("no_library"))
	default:
		body(b, words)
	}
	b.Put("</main></body></html>\n")
	markup.Serve(w, http.StatusOK, p.policy(), b.HTML())
}

func encrypted(snap *rooms.Snapshot) bool {
	_, found := snap.StateNIDOf("m.room.encryption", "")
	return found
}

var errNotHere = web.NotFound("There is no such room, or you are not in it.")

// joined gives a room, by its id or alias, that a user is in.
func (p *Page) joined(ctx context.Context, name, userID string) (string, *rooms.Snapshot, error) {
	if strings.HasPrefix(name, "#") {
		roomID, _, err := p.o.Rooms.ResolveAlias(ctx, name)
		if err != nil {
			return "", nil, errNotHere.Because(err)
		}
		name = roomID
	}
	snap, err := p.o.Rooms.Snapshot(ctx, name)
	if errors.Is(err, rooms.ErrNotFound) {
		return "", nil, errNotHere.Because(err)
	}
	if err != nil {
		return "", nil, fmt.Errorf("reading the room of a conference: %w", err)
	}
	if snap.Membership(userID) != "join" {
		return "", nil, errNotHere
	}
	return name, snap, nil
}

func (p *Page) words(r *http.Request, userID, roomID string) *markup.Words {
	reader := ""
	if p.o.Language != nil {
		reader = p.o.Language(r.Context(), userID, roomID)
	}
	return pages.Words(r, catalogue, reader)
}

// refuse says in the browser's language that there is no conference here for the one who asks.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, errNotHere) && !web.IsCode(err, "M_NOT_FOUND") {
		p.o.Log.WithError(err).Warn("a conference cannot be shown")
		web.WriteError(w, err)
		return
	}
	words := catalogue.For(r)
	b := &markup.Builder{}
	beginning(b, words)
	b.Put(`</head><body><main><h1>%s</h1><p class="notice">%s</p></main></body></html>`+"\n", words.Text("conference"), words.Text("not_here"))
	markup.Serve(w, http.StatusNotFound, p.policy(), b.HTML())
}

func (p *Page) head(b *markup.Builder, words *markup.Words, device *accounts.Device, roomID string) {
	beginning(b, words)
	if HasLibrary() {
		b.Put(`<script defer src="/conference/static/` + libraryName + `"></script><script type="module" src="/conference/static/conference.js"></script>`)
	}
	b.Put("</head>\n"+`<body data-room="%s" data-user="%s" data-device="%s" data-words="%s"><a class="skip" href="#text">%s</a>`+"\n",
		roomID, device.UserID, device.DeviceID, pages.ForScript(words), words.Text("skip"))
	b.Put(`<header class="bar"><h1 id="title"><bdi>%s</bdi></h1><p id="recording" role="status" hidden></p>`, words.Text("conference"))
	pages.LanguageMenu(b, catalogue, words)
	b.Put("</header>\n" + `<main id="text" tabindex="-1">`)
	b.Put(`<noscript><p class="notice">%s</p></noscript><p id="trouble" role="alert" hidden></p>`+"\n", words.Text("needs_script"))
}
