package updates

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"medixchange/handbook"
	"medixchange/handbook/bundle"
	"medixchange/handbook/editions"
	"medixchange/internal/web"
)

// Paths of what administrators ask over the local socket.
const (
	PathEditions = "/handbook/editions" // GET: []editions.Edition
	PathInstall  = "/handbook/install"  // POST File: Outcome
	PathVerify   = "/handbook/verify"   // POST File: bundle.Manifest
	PathActivate = "/handbook/activate" // POST Choice: editions.Edition
	PathRollback = "/handbook/rollback" // POST Choice without a mark: editions.Edition
	PathPin      = "/handbook/pin"      // POST Pinning: editions.Edition
	PathPublish  = "/handbook/publish"  // POST Publication: Published
	PathFetch    = "/handbook/fetch"    // POST Source: Outcome
)

// File is a bundle that the administrator hands in.
type File struct {
	Bundle []byte `json:"bundle"` // base64 in JSON
}

// Choice names an edition by its mark or the beginning of it, and who chose it.
type Choice struct {
	Mark string `json:"mark"`
	By   string `json:"by"`
}

// Pinning pins an edition, or ends that. Without a mark it is the one that is shown.
type Pinning struct {
	Mark   string `json:"mark"`
	Pinned bool   `json:"pinned"`
}

// Publication is what is to be published: an edition by its mark, the one that is shown without it, or a signed bundle.
type Publication struct {
	Mark   string `json:"mark"`
	Bundle []byte `json:"bundle"` // base64 in JSON
	Want   bool   `json:"want"`   // answer with the bundle
}

// Published answers it.
type Published struct {
	Head   Head   `json:"head"`
	Bundle []byte `json:"bundle,omitempty"`
}

// Source names a publisher.
type Source struct {
	Server string `json:"server"`
}

const (
	// maxSmall and maxHandedIn bound the requests of administrators, in bytes.
	maxSmall    = 4 << 10
	maxHandedIn = bundle.MaxBytes*4/3 + maxSmall
	// maxAnswered bounds the bundles that are answered with: the client of the socket reads no more.
	maxAnswered = 40 << 20
)

// AddRoutes adds what administrators ask of the handbook's editions to the router of the local socket.
func (u *Updates) AddRoutes(router *web.Router) {
	router.Handle(http.MethodGet, PathEditions, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return u.o.Editions.List(r.Context())
	})
	for path, handle := range map[string]func(r *http.Request) (any, error){
		PathInstall: u.adminInstall, PathVerify: u.adminVerify, PathActivate: u.adminActivate, PathRollback: u.adminRollback,
		PathPin: u.adminPin, PathPublish: u.adminPublish, PathFetch: u.adminFetch,
	} {
		router.Handle(http.MethodPost, path, func(_ http.ResponseWriter, r *http.Request) (any, error) {
			answer, err := handle(r)
			return answer, explained(err)
		})
	}
}

// explained tells the administrator why something was refused.
func explained(err error) error {
	var problems handbook.Problems
	for _, known := range []error{
		ErrUntrusted, ErrSignature, editions.ErrOlder, editions.ErrFork, editions.ErrUnknown, editions.ErrPinned, errAnnounce, errNoWayBack,
	} {
		if errors.Is(err, known) {
			return web.InvalidParam("%v", err).Because(err)
		}
	}
	if errors.As(err, &problems) {
		return web.InvalidParam("%v", err).Because(err)
	}
	return err
}

func read(r *http.Request, max int64, into any) error {
	raw, err := io.ReadAll(io.LimitReader(r.Body, max+1))
	if err != nil {
		return web.InvalidParam("The request could not be read.").Because(err)
	}
	if int64(len(raw)) > max {
		return web.InvalidParam("The request is larger than %d bytes.", max)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return web.InvalidParam("The request is not of the form.").Because(err)
	}
	return nil
}

func (u *Updates) adminInstall(r *http.Request) (any, error) {
	var f File
	if err := read(r, maxHandedIn, &f); err != nil {
		return nil, err
	}
	return u.TakeFile(r.Context(), f.Bundle)
}

func (u *Updates) adminVerify(r *http.Request) (any, error) {
	var f File
	if err := read(r, maxHandedIn, &f); err != nil {
		return nil, err
	}
	b, err := u.verify(r.Context(), f.Bundle)
	if err != nil {
		return nil, err
	}
	return b.Manifest, nil
}

func (u *Updates) adminActivate(r *http.Request) (any, error) {
	var c Choice
	if err := read(r, maxSmall, &c); err != nil {
		return nil, err
	}
	e, err := u.o.Editions.Find(r.Context(), c.Mark)
	if err != nil {
		return nil, err
	}
	if err := u.o.Editions.Activate(r.Context(), e.Mark, c.By); err != nil {
		return nil, err
	}
	return u.o.Editions.Find(r.Context(), e.Mark)
}

// errNoWayBack means that no other edition was shown before.
var errNoWayBack = errors.New("no other edition that is kept was shown before this one")

func (u *Updates) adminRollback(r *http.Request) (any, error) {
	var c Choice
	if err := read(r, maxSmall, &c); err != nil {
		return nil, err
	}
	before, err := u.o.Editions.Before(r.Context())
	if err != nil {
		return nil, err
	}
	if before == "" {
		return nil, errNoWayBack
	}
	if err := u.o.Editions.Activate(r.Context(), before, c.By); err != nil {
		return nil, err
	}
	return u.o.Editions.Find(r.Context(), before)
}

func (u *Updates) adminPin(r *http.Request) (any, error) {
	var p Pinning
	if err := read(r, maxSmall, &p); err != nil {
		return nil, err
	}
	if p.Mark == "" {
		current, installed, err := u.o.Editions.Current(r.Context())
		if err != nil {
			return nil, err
		}
		if !installed {
			return nil, fmt.Errorf("%w: what is shown came with medix, and nothing takes its place in the mode stage", editions.ErrUnknown)
		}
		p.Mark = current.Mark
	}
	e, err := u.o.Editions.Find(r.Context(), p.Mark)
	if err != nil {
		return nil, err
	}
	if err := u.o.Editions.Pin(r.Context(), e.Mark, p.Pinned); err != nil {
		return nil, err
	}
	e.Pinned = p.Pinned
	return e, nil
}

func (u *Updates) adminPublish(r *http.Request) (any, error) {
	var p Publication
	if err := read(r, maxHandedIn, &p); err != nil {
		return nil, err
	}
	head, err := u.publishAsked(r, p)
	if err != nil || !p.Want {
		return Published{Head: head}, err
	}
	if head.Size > maxAnswered {
		return nil, web.InvalidParam("The edition is published; its bundle is too large to be answered with: %d bytes.", head.Size)
	}
	file, err := os.ReadFile(u.publishedPath(head.Serial))
	if err != nil {
		return nil, fmt.Errorf("reading a bundle that is published: %w", err)
	}
	return Published{Head: head, Bundle: file}, nil
}

func (u *Updates) publishAsked(r *http.Request, p Publication) (Head, error) {
	if len(p.Bundle) > 0 {
		return u.PublishFile(r.Context(), p.Bundle)
	}
	if p.Mark == "" {
		mark, err := u.o.Editions.KeepShown(r.Context())
		if err != nil {
			return Head{}, err
		}
		return u.Publish(r.Context(), mark)
	}
	e, err := u.o.Editions.Find(r.Context(), p.Mark)
	if err != nil {
		return Head{}, err
	}
	return u.Publish(r.Context(), e.Mark)
}

func (u *Updates) adminFetch(r *http.Request) (any, error) {
	var s Source
	if err := read(r, maxSmall, &s); err != nil {
		return nil, err
	}
	return u.Fetch(r.Context(), s.Server)
}
