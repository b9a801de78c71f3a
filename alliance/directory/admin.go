package directory

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"medixchange/accounts"
	"medixchange/internal/web"
)

// Paths of what administrators ask over the local socket.
const (
	PathEntries  = "/directory"          // GET: all entries of this hospital; PUT: set one
	PathVerify   = "/directory/verify"   // POST
	PathSearch   = "/directory/search"   // GET ?q=
	PathBundle   = "/directory/bundle"   // GET
	PathFunction = "/directory/function" // GET, PUT
	PathShift    = "/directory/shift"    // POST
	PathCard     = "/directory/card"     // GET ?user=&format=png|svg
)

// VerifyRequest has an administrator say that an entry is true, or no longer.
type VerifyRequest struct {
	UserID string `json:"user_id"`
	By     string `json:"by"`
	Undo   bool   `json:"undo,omitempty"`
}

// SetRequest sets an entry for a user who has agreed.
type SetRequest struct {
	UserID string `json:"user_id"`
	Entry
}

// socketPatience is how long an administrator's search waits for other hospitals.
const socketPatience = 10 * time.Second

// AddRoutes adds what administrators ask of the directory to the router of the local socket.
func (d *Directory) AddRoutes(router *web.Router) {
	router.Handle(http.MethodGet, PathEntries, d.showEntries)
	router.Handle(http.MethodPut, PathEntries, d.putEntry)
	router.Handle(http.MethodPost, PathVerify, d.postVerify)
	router.Handle(http.MethodGet, PathSearch, d.showSearch)
	router.Handle(http.MethodGet, PathFunction, d.showFunctions)
	router.Handle(http.MethodPut, PathFunction, d.putFunction)
	router.Handle(http.MethodPost, PathShift, d.postShift)
	router.Handle(http.MethodGet, PathBundle, d.showBundle)
	router.Handle(http.MethodGet, PathCard, d.showCard)
}

// ShiftRequest has somebody be on duty, or nobody with UserID "".
type ShiftRequest struct {
	Localpart string `json:"localpart"`
	UserID    string `json:"user_id"`
}

// maxFunction bounds the bytes of a function account as it is set.
const maxFunction = 64 << 10

func (d *Directory) showFunctions(_ http.ResponseWriter, r *http.Request) (any, error) {
	all, err := d.Functions(r.Context())
	return map[string][]Function{"functions": all}, err
}

func (d *Directory) putFunction(w http.ResponseWriter, r *http.Request) (any, error) {
	var f Function
	if err := web.Decode(r, &f, maxFunction); err != nil {
		return nil, err
	}
	if err := d.SetFunction(r.Context(), f); err != nil {
		return nil, err
	}
	return d.showFunctions(w, r)
}

func (d *Directory) postShift(w http.ResponseWriter, r *http.Request) (any, error) {
	var req ShiftRequest
	if err := web.Decode(r, &req, maxEntry); err != nil {
		return nil, err
	}
	err := d.SetShift(r.Context(), req.Localpart, req.UserID)
	switch {
	case errors.Is(err, accounts.ErrNotFound):
		return nil, web.NotFound("There is no function account %q.", req.Localpart).Because(err)
	case errors.Is(err, ErrNotNamed):
		return nil, web.InvalidParam("%s is not among those who may be on duty for %s; add them with --may.", req.UserID, req.Localpart).Because(err)
	case err != nil:
		return nil, err
	}
	return d.showFunctions(w, r)
}

func (d *Directory) showEntries(_ http.ResponseWriter, r *http.Request) (any, error) {
	all, err := d.Entries(r.Context())
	if err != nil {
		return nil, err
	}
	return map[string][]Standing{"entries": all}, nil
}

// Entries lists the entries of this hospital that are listed, verified or not, by user id.
func (d *Directory) Entries(ctx context.Context) ([]Standing, error) {
	data, err := d.o.Accounts.DataOfType(ctx, TypeEntry)
	if err != nil {
		return nil, err
	}
	verified, err := d.readVerifications(ctx)
	if err != nil {
		return nil, err
	}
	all := []Standing{}
	for userID, raw := range data {
		if e, err := ReadEntry(raw); err == nil && e.Listed {
			all = append(all, standing(userID, e, verified))
		}
	}
	slices.SortFunc(all, func(a, b Standing) int { return strings.Compare(a.UserID, b.UserID) })
	return all, nil
}

func (d *Directory) putEntry(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req SetRequest
	if err := web.Decode(r, &req, maxEntry); err != nil {
		return nil, err
	}
	if _, err := d.o.Accounts.User(r.Context(), req.UserID); err != nil {
		return nil, err
	}
	if err := d.SetEntry(r.Context(), req.UserID, req.Entry); err != nil {
		return nil, err
	}
	return d.Standing(r.Context(), req.UserID)
}

func (d *Directory) postVerify(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req VerifyRequest
	if err := web.Decode(r, &req, maxEntry); err != nil {
		return nil, err
	}
	if req.By = strings.TrimSpace(req.By); req.By == "" || !printable(req.By) {
		return nil, web.InvalidParam("by says who verifies, in at most %d letters.", maxName)
	}
	change := d.Verify
	if req.Undo {
		change = d.Unverify
	}
	err := change(r.Context(), req.UserID, req.By)
	if errors.Is(err, ErrNotListed) {
		return nil, web.InvalidParam("%s has not agreed to be in the directory: they write !directory to the bot.", req.UserID).Because(err)
	}
	if err != nil {
		return nil, err
	}
	return d.Standing(r.Context(), req.UserID)
}

func (d *Directory) showSearch(_ http.ResponseWriter, r *http.Request) (any, error) {
	limit, err := web.QueryInt(r, "limit", defaultFound, 1, maxFound)
	if err != nil {
		return nil, err
	}
	found, err := d.Find(r.Context(), ParseQuery(r.URL.Query().Get("q")), cmp.Or(limit, defaultFound), socketPatience)
	if found.People == nil {
		found.People = []Person{}
	}
	return found, err
}

// CardAnswer is a contact card with its picture.
type CardAnswer struct {
	Card
	Picture []byte `json:"picture"`
}

func (d *Directory) showCard(_ http.ResponseWriter, r *http.Request) (any, error) {
	card, err := d.Card(r.Context(), r.URL.Query().Get("user"), "en")
	if err != nil {
		return nil, err
	}
	draw := card.PNG
	if r.URL.Query().Get("format") == "svg" {
		draw = card.SVG
	}
	picture, err := draw()
	return CardAnswer{card, picture}, err
}
