package desk

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"

	"medixchange/alliance/signed"
	"medixchange/internal/web"
)

// Paths of what administrators ask over the local socket.
const (
	PathApplications = "/alliance/applications"     // GET ?state=
	PathDraft        = "/alliance/draft"            // GET; POST drafts again
	PathDocument     = "/alliance/draft/document"   // GET: what is to be signed
	PathSignatures   = "/alliance/draft/signatures" // POST: a signed copy
	PathPublish      = "/alliance/draft/publish"    // POST
	PathDecisions    = "/alliance/decisions"        // POST a Wish
	PathDropped      = "/alliance/decisions/drop"   // POST a Wish
)

// Wish is what an administrator says for a coordinator.
type Wish struct {
	Kind       Kind   `json:"kind,omitempty"`
	ServerName string `json:"server_name,omitempty"`
	Reason     string `json:"reason"`
	// As is the coordinator for whom it is said; it stands in the log. What counts is the signature.
	As string `json:"as,omitempty"`
	// Restart undoes the signatures that the draft has.
	Restart bool `json:"restart,omitempty"`
}

// Dossier is an application with what goes with it.
type Dossier struct {
	Application
	Papers []Paper `json:"papers"`
	// Near are members and applicants whose names differ little from this one.
	Near []string `json:"near,omitempty"`
}

// AddRoutes adds the review to the router of the local socket.
func (d *Desk) AddRoutes(router *web.Router) {
	const one = PathApplications + "/{id}"
	router.Handle(http.MethodGet, PathApplications, d.showAll)
	router.Handle(http.MethodGet, one, d.showOne)
	router.Handle(http.MethodGet, one+"/papers/{number}", d.showPaper)
	router.Handle(http.MethodPost, one+"/prove", func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return answer(d.Prove(r.Context(), web.Var(r, "id")))
	})
	router.Handle(http.MethodPost, one+"/accept", wished(func(r *http.Request, w Wish) (any, error) {
		return answer(d.Accept(r.Context(), web.Var(r, "id"), w.Reason, w.actor(), w.Restart))
	}))
	router.Handle(http.MethodPost, one+"/refuse", wished(func(r *http.Request, w Wish) (any, error) {
		return answer(d.Refuse(r.Context(), web.Var(r, "id"), w.Reason, w.actor()))
	}))
	router.Handle(http.MethodPost, PathDecisions, wished(func(r *http.Request, w Wish) (any, error) {
		return answer(d.DecideMember(r.Context(), w.Kind, w.ServerName, w.Reason, w.actor(), w.Restart))
	}))
	router.Handle(http.MethodPost, PathDropped, wished(func(r *http.Request, w Wish) (any, error) {
		return answer(d.DropDecision(r.Context(), w.ServerName, w.Reason, w.actor()))
	}))
	router.Handle(http.MethodGet, PathDraft, func(_ http.ResponseWriter, r *http.Request) (any, error) { return answer(d.Open(r.Context())) })
	router.Handle(http.MethodPost, PathDraft, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return answer(d.Redraft(r.Context(), Wish{}.actor()))
	})
	router.Handle(http.MethodGet, PathDocument, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		draft, err := d.Open(r.Context())
		return answer(json.RawMessage(draft.Document), err)
	})
	router.Handle(http.MethodPost, PathSignatures, d.takeCopy)
	router.Handle(http.MethodPost, PathPublish, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return answer(struct{}{}, d.Publish(r.Context(), Wish{}.actor()))
	})
}

// actor is who stands in the log: an administrator, for whom they say they speak.
func (w Wish) actor() string {
	if w.As == "" {
		return "administrator"
	}
	return "administrator for " + w.As
}

const maxWish = 8 << 10

func wished(do func(*http.Request, Wish) (any, error)) web.Handler {
	return func(_ http.ResponseWriter, r *http.Request) (any, error) {
		var wish Wish
		if err := json.NewDecoder(io.LimitReader(r.Body, maxWish)).Decode(&wish); err != nil {
			return nil, web.NotJSON("The request is not what the command line sends.").Because(err)
		}
		if len(wish.As) > 64 || !plain(wish.As, false) {
			return nil, web.InvalidParam("as is no coordinator's id.")
		}
		return do(r, wish)
	}
}

// answer gives a value, or an error in the administrator's words.
func answer[T any](value T, err error) (any, error) {
	if err != nil {
		return nil, refusal(err)
	}
	return value, nil
}

// refusal tells the administrator why something was not done.
func refusal(err error) error {
	if errors.Is(err, ErrUnknown) || errors.Is(err, ErrNoDraft) {
		return web.NotFound("%v", err).Because(err)
	}
	if Understood(err) {
		return web.InvalidParam("%v", err).Because(err)
	}
	return err
}

// Understood reports whether an error is the asker's to mend, so that its text may be shown to them.
func Understood(err error) bool {
	var faults *FaultsError
	return errors.As(err, &faults) || slices.ContainsFunc([]error{
		ErrState, ErrUnproven, ErrReason, ErrSigned, ErrOther, ErrUnsigned, ErrOvertaken, ErrPending, ErrFull, ErrTooMany, ErrNotApplied, ErrNoDraft, ErrUnknown,
		signed.ErrMalformed, signed.ErrSignatures, signed.ErrOlder, signed.ErrFork, signed.ErrForeign,
	}, func(known error) bool { return errors.Is(err, known) })
}

func (d *Desk) showAll(_ http.ResponseWriter, r *http.Request) (any, error) {
	var states []State
	for _, state := range r.URL.Query()["state"] {
		if !slices.Contains(States(), State(state)) {
			return nil, web.InvalidParam("state must be one of %v.", States())
		}
		states = append(states, State(state))
	}
	all, err := d.Applications(r.Context(), states...)
	return answer(map[string]any{"applications": all}, err)
}

func (d *Desk) showOne(_ http.ResponseWriter, r *http.Request) (any, error) {
	a, err := d.Application(r.Context(), web.Var(r, "id"))
	if err != nil {
		return nil, refusal(err)
	}
	papers, err := d.Papers(r.Context(), a.ID)
	if err != nil {
		return nil, refusal(err)
	}
	near, err := d.Near(r.Context(), a)
	return answer(Dossier{a, papers, near}, err)
}

func (d *Desk) showPaper(_ http.ResponseWriter, r *http.Request) (any, error) {
	number, err := strconv.ParseInt(web.Var(r, "number"), 10, 64)
	if err != nil {
		return nil, web.InvalidParam("Papers are numbered from 1 on.")
	}
	return answer(d.Paper(r.Context(), web.Var(r, "id"), number))
}

func (d *Desk) takeCopy(_ http.ResponseWriter, r *http.Request) (any, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, signed.MaxBytes+1))
	if err != nil {
		return nil, web.InvalidParam("The document could not be read.").Because(err)
	}
	return answer(d.HandIn(r.Context(), raw, Wish{}.actor()))
}
