package alliance

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"medixchange/alliance/signed"
	"medixchange/internal/web"
)

// Paths of what administrators ask over the local socket.
const (
	PathStatus    = "/alliance"           // GET
	PathCharter   = "/alliance/charter"   // GET
	PathMembers   = "/alliance/members"   // GET
	PathDocuments = "/alliance/documents" // POST: a charter or member list, as it was signed
	PathPoll      = "/alliance/poll"      // POST
	PathAudit     = "/alliance/audit"     // GET ?after=
)

// Standing is how a node stands in its alliance.
type Standing struct {
	Head
	Mode      Mode    `json:"mode"`
	Hospitals int     `json:"hospitals"`
	Suspended int     `json:"suspended"`
	Self      Refusal `json:"self"` // how this server stands in the list: "" admitted
	Countries int     `json:"countries"`
}

// Taken answers a document that was handed in.
type Taken struct {
	Changed bool `json:"changed"` // false: it was there already
	Head    Head `json:"head"`
}

// AuditPage is a part of the log.
type AuditPage struct {
	Entries []AuditEntry `json:"entries"`
	// Broken says that the line after the last of these was changed or removed.
	Broken bool `json:"broken"`
}

const auditPage = 200

// AddRoutes adds what administrators ask of the alliance to the router of the local socket.
func (k *Keeper) AddRoutes(router *web.Router) {
	router.Handle(http.MethodGet, PathStatus, func(http.ResponseWriter, *http.Request) (any, error) { return k.Standing(), nil })
	router.Handle(http.MethodGet, PathCharter, func(http.ResponseWriter, *http.Request) (any, error) {
		return json.RawMessage(k.Charter().Raw()), nil
	})
	router.Handle(http.MethodGet, PathMembers, k.showMembers)
	router.Handle(http.MethodPost, PathDocuments, k.handIn)
	router.Handle(http.MethodPost, PathPoll, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		k.Poll(r.Context())
		return k.Standing(), nil
	})
	router.Handle(http.MethodGet, PathAudit, k.showAudit)
}

// Standing returns how this node stands.
func (k *Keeper) Standing() Standing {
	s := Standing{Head: k.Head(), Mode: k.o.Gate.o.Mode, Self: RefusedNoList}
	list := k.Members()
	if list == nil {
		return s
	}
	countries := map[string]bool{}
	for _, h := range list.Hospitals {
		if h.Status == signed.Suspended {
			s.Suspended++
			continue
		}
		countries[h.Country] = true
	}
	s.Hospitals, s.Countries, s.Self = len(list.Hospitals), len(countries), RefusedUnknown
	if own, ok := list.Find(k.o.Self); ok {
		if s.Self = ""; own.Status == signed.Suspended {
			s.Self = RefusedSuspended
		}
	}
	return s
}

func (k *Keeper) showMembers(http.ResponseWriter, *http.Request) (any, error) {
	list, _ := k.MembersPage()
	if list == nil {
		return nil, web.NotFound("This node has no member list yet; `medix alliance fetch` asks its peers.")
	}
	return json.RawMessage(list), nil
}

// handIn takes a document from the administrator and tells others.
func (k *Keeper) handIn(_ http.ResponseWriter, r *http.Request) (any, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, signed.MaxBytes+1))
	if err != nil {
		return nil, web.InvalidParam("The document could not be read.").Because(err)
	}
	var head struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(raw, &head) != nil {
		return nil, web.InvalidParam("The document is not JSON.")
	}
	take := k.TakeMembers
	if head.Type == signed.TypeCharter {
		take = k.TakeCharter
	}
	changed, err := take(r.Context(), raw, "")
	if err != nil {
		return nil, refusal(err)
	}
	if changed {
		k.Tell(r.Context())
	}
	return Taken{changed, k.Head()}, nil
}

// refusal tells the administrator why a document was not taken.
func refusal(err error) error {
	for _, known := range []error{signed.ErrMalformed, signed.ErrSignatures, signed.ErrOlder, signed.ErrFork, signed.ErrForeign} {
		if errors.Is(err, known) {
			return web.InvalidParam("The document was not taken: %v", err).Because(err)
		}
	}
	return err
}

func (k *Keeper) showAudit(_ http.ResponseWriter, r *http.Request) (any, error) {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil && r.URL.Query().Has("after") {
		return nil, web.InvalidParam("after must be the number of a line.")
	}
	entries, err := k.Audit(r.Context(), after, auditPage)
	if err != nil && !errors.Is(err, ErrAuditBroken) {
		return nil, err
	}
	if entries == nil {
		entries = []AuditEntry{}
	}
	return AuditPage{Entries: entries, Broken: err != nil}, nil
}
