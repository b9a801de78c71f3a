package topics

import (
	"net/http"

	"medixchange/internal/web"
)

// Path is where administrators ask over the local socket: GET lists the spaces, POST makes a topic.
const Path = "/alliance/topics"

// CreateRequest makes a topic.
type CreateRequest struct {
	Name  string `json:"name"`
	Topic string `json:"topic"`
}

// maxRequest bounds the bytes of a CreateRequest.
const maxRequest = 8 << 10

// AddRoutes adds what administrators ask to the router of the local socket.
func (k *Keeper) AddRoutes(router *web.Router) {
	router.Handle(http.MethodGet, Path, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		spaces, err := k.Spaces(r.Context())
		return map[string][]Space{"spaces": spaces}, err
	})
	router.Handle(http.MethodPost, Path, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		var req CreateRequest
		if err := web.Decode(r, &req, maxRequest); err != nil {
			return nil, err
		}
		return k.Create(r.Context(), req.Name, req.Topic)
	})
}
