package finder

import (
	"context"
	"net/http"

	"medixchange/internal/web"
)

// Paths of what administrators ask over the local socket.
const (
	PathStatus  = "/search"         // GET
	PathRebuild = "/search/rebuild" // POST
)

// Status is how far the index of the chat is.
type Status struct {
	// Position is up to where the stream is indexed, Upto how far it goes.
	Position int64 `json:"position"`
	Upto     int64 `json:"upto"`
	// Rebuilding says that the old index is being removed; then it is built again from position 0.
	Rebuilding bool          `json:"rebuilding"`
	Indexes    []IndexStatus `json:"indexes"`
}

// IndexStatus is one index: "chat", or "chat.es" with the translations into Spanish.
type IndexStatus struct {
	Name      string `json:"name"`
	Documents int64  `json:"documents"`
}

// AddRoutes adds what administrators ask of the search to the router of the local socket.
func (f *Finder) AddRoutes(router *web.Router) {
	router.Handle(http.MethodGet, PathStatus, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return f.Status(r.Context())
	})
	router.Handle(http.MethodPost, PathRebuild, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		if err := f.Rebuild(r.Context()); err != nil {
			return nil, err
		}
		return f.Status(r.Context())
	})
}

// Status says how far the index is.
func (f *Finder) Status(ctx context.Context) (*Status, error) {
	states, err := f.o.Engine.States(ctx, indexName)
	if err != nil {
		return nil, err
	}
	s := &Status{Position: f.handled.Load(), Upto: f.o.Hub.Position(), Rebuilding: f.dropped.Load(), Indexes: []IndexStatus{}}
	for _, state := range states {
		if state.Name == indexName || isTranslationIndex(state.Name) {
			s.Indexes = append(s.Indexes, IndexStatus{state.Name, state.Documents})
		}
	}
	return s, nil
}
