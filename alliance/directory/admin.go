package directory

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

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
