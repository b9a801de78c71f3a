package approvals

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"medixchange/internal/web"
)

// Paths of the local socket.
const (
	PathPhrases  = "/translate/phrases"          // GET ?language=es&state=approved
	PathApprove  = "/translate/phrases/approve"  // POST a Statement
	PathWithdraw = "/translate/phrases/withdraw" // POST a Statement
	PathHistory  = "/translate/phrases/history"  // GET ?after=0
)

const maxBody = 1 << 20

// Phrases is the answer of PathPhrases.
type Phrases struct {
	Phrases []Phrase `json:"phrases"`
}

// History is the answer of PathHistory, PathApprove and PathWithdraw: lines of the history.
type History struct {
	Entries []Entry `json:"entries"`
}

// AddRoutes adds what administrators ask of the book to the router of the local socket.
func (b *Book) AddRoutes(router *web.Router) {
	router.Handle(http.MethodGet, PathPhrases, b.list)
	router.Handle(http.MethodPost, PathApprove, b.say(ActionApprove))
	router.Handle(http.MethodPost, PathWithdraw, b.say(ActionWithdraw))
	router.Handle(http.MethodGet, PathHistory, b.history)
}

func (b *Book) list(_ http.ResponseWriter, r *http.Request) (any, error) {
	state := r.URL.Query().Get("state")
	if state != "" && !slices.Contains(States, state) {
		return nil, web.InvalidParam("%q is no state of a phrase.", state)
	}
	list, err := b.List(r.URL.Query().Get("language"), state)
	return Phrases{list}, refusal(err)
}

func (b *Book) say(action string) web.Handler {
	return func(_ http.ResponseWriter, r *http.Request) (any, error) {
		var s Statement
		if err := web.Decode(r, &s, maxBody); err != nil {
			return nil, err
		}
		said, err := b.Say(r.Context(), action, s)
		return History{said}, refusal(err)
	}
}

func (b *Book) history(_ http.ResponseWriter, r *http.Request) (any, error) {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil && r.URL.Query().Has("after") {
		return nil, web.InvalidParam("after is the number of a line.")
	}
	entries, err := b.History(r.Context(), after)
	return History{entries}, err
}

// refusal says to administrators what they did wrong.
func refusal(err error) error {
	if errors.Is(err, ErrBadStatement) {
		return web.InvalidParam("%s", err.Error())
	}
	return err
}
