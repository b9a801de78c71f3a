package replay

import (
	"context"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/conference/audit"
	"medixchange/internal/web"
	"medixchange/rooms"
)

const root = "/replay/"

// Login says who looks at a page; accounts/pagelogin implements it.
type Login interface {
	// Device gives who asks, by a cookie or an access token.
	Device(r *http.Request) (*accounts.Device, error)
	// Page is Device for pages: it sends a browser that is not logged in to the form, and reports false then.
	Page(w http.ResponseWriter, r *http.Request) (*accounts.Device, bool)
	// SameOrigin refuses requests that change something and come from pages of others.
	SameOrigin(r *http.Request) error
}

// Rooms says who is in a room; *rooms.Rooms implements it.
type Rooms interface {
	Snapshot(ctx context.Context, roomID string) (*rooms.Snapshot, error)
	Intervals(ctx context.Context, roomID, userID string) ([]rooms.Interval, error)
	EventNearHere(ctx context.Context, roomID string, ts int64, dir rooms.Direction) (*rooms.Event, error)
}

// Peers fetches from other hospitals; *federation.Client implements it.
type Peers interface {
	// RecordingPiece fetches bytes [from, to] of a file of a recording; to < 0 is all of it, max bytes at most.
	RecordingPiece(ctx context.Context, server, userID, id, file string, from, to, max int64) ([]byte, error)
}

// Captions is what was said in recordings that were made here, in writing. Its errors are rooms.ErrNotFound where there is
// nothing yet, and *web.Error.
type Captions interface {
	// VTT gives the captions in a language.
	VTT(ctx context.Context, id, lang string) ([]byte, error)
	// Transcript gives who said what when, in JSON.
	Transcript(ctx context.Context, id string) ([]byte, error)
	// Correct replaces the text of an utterance.
	Correct(ctx context.Context, id, utterance, userID, text string) error
}

// Options of a Replay. Every field without "optional" is needed.
type Options struct {
	// Folder has a folder for each recording, named by its id.
	Folder     string
	ServerName string
	Rooms      Rooms
	Login      Login
	Peers      Peers
	Audit      *audit.Log
	// Captions writes down what is said; optional: what lies in a recording's folder is shown.
	Captions Captions
	// Language gives the language that a user reads in a room, "" for none; optional.
	Language func(ctx context.Context, userID, roomID string) string
	// FFmpeg is the program that makes one file of a recording; "" for none.
	FFmpeg  string
	Log     *logrus.Entry
	Metrics *web.Metrics // optional
	Now     func() time.Time
}

// Replay is the pages. It is safe for concurrent use.
type Replay struct {
	o        Options
	seen     *sightings
	remotes  *remotes
	encoders chan struct{} // bounds the files that are made at a time
}

// New makes the pages. It reads nothing yet.
func New(o Options) (*Replay, error) {
	seen, err := newSightings(o.Now)
	if err != nil {
		return nil, err
	}
	remotes, err := newRemotes(o.Peers, o.Now)
	if err != nil {
		return nil, err
	}
	return &Replay{o: o, seen: seen, remotes: remotes, encoders: make(chan struct{}, maxEncoders)}, nil
}

// Handler answers everything below /replay/.
func (p *Replay) Handler() http.Handler {
	rt := web.NewRouter(web.Options{Name: "replay", Log: p.o.Log, Metrics: p.o.Metrics, MapError: mapError})
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		rt.HandleHTTP(method, root+"static/{file}", http.HandlerFunc(static))
		rt.HandleHTTP(method, root+"{id}", http.HandlerFunc(p.page))
		rt.Handle(method, root+"{id}/{file}", p.file)
		rt.Handle(method, root+"{id}/{folder}/{file}", p.file)
	}
	rt.Handle(http.MethodPut, root+"{id}/transcript/{utterance}", p.correct)
	return rt
}

// file answers with a file of a recording.
func (p *Replay) file(w http.ResponseWriter, r *http.Request) (any, error) {
	device, err := p.o.Login.Device(r)
	if err != nil {
		return nil, err
	}
	name := web.Var(r, "file")
	if folder := web.Var(r, "folder"); folder != "" {
		name = folder + "/" + name
	}
	rec, err := p.find(r.Context(), web.Var(r, "id"), device.UserID)
	if err == nil {
		err = p.send(w, r, rec, device.UserID, name)
	}
	if err != nil {
		p.refused(err, device.UserID, web.Var(r, "id"), name)
		return nil, err
	}
	return web.Written, nil
}

// maxLogged bounds a name from outside in the log, in bytes.
const maxLogged = 100

// refused logs that somebody was not given what they asked for: they may be trying names.
func (p *Replay) refused(err error, userID, recording, file string) {
	if mapError(err) != errNotHere {
		return
	}
	recording, file = recording[:min(len(recording), maxLogged)], file[:min(len(file), maxLogged)]
	p.o.Log.WithFields(map[string]any{"user": userID, "recording": recording, "file": file}).Warn("no recording for whoever asked")
}
