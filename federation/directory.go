package federation

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// directoryPrefix is where members of an alliance ask each other for their clinicians.
const directoryPrefix = "/_matrix/federation/unstable/org.medixchange.directory"

// DirectoryPages is what the Server tells of the clinicians here.
type DirectoryPages interface {
	// PeoplePage is the listing for a member; known is the hash of the one that it has.
	PeoplePage(ctx context.Context, origin, known string) ([]byte, error)
	// SearchPage answers a user of another member who proves by an OpenID token in the body who they are.
	SearchPage(ctx context.Context, body []byte) ([]byte, error)
}

func (s *Server) directoryRoutes() {
	if s.o.Directory == nil {
		return
	}
	s.get(directoryPrefix+"/people", s.directoryPeople)
	s.router.Handle(http.MethodPost, directoryPrefix+"/search", s.directorySearch)
}

func (s *Server) directoryPeople(r *request) (any, error) {
	page, err := s.o.Directory.PeoplePage(r.Context(), r.origin, r.URL.Query().Get("known"))
	return json.RawMessage(page), err
}

// directorySearch answers a client rather than a server: the proof is in the body.
func (s *Server) directorySearch(_ http.ResponseWriter, r *http.Request) (any, error) {
	body, err := bodyOf(r, directoryQuestion)
	if err != nil {
		return nil, err
	}
	page, err := s.o.Directory.SearchPage(r.Context(), body)
	return json.RawMessage(page), err
}

// directoryQuestion bounds the body of a search.
const directoryQuestion = 16 << 10

// DirectoryPeople asks a member for its clinicians; known is the hash of the listing that is here, "" without one. max bounds
// the answer in bytes.
func (c *Client) DirectoryPeople(ctx context.Context, server, known string, max int64) ([]byte, error) {
	query := url.Values{}
	if known != "" {
		query.Set("known", known)
	}
	request := get(server, withQuery(directoryPrefix+"/people", query))
	request.timeout, request.maxBody = shortCall, max
	return c.transport.bytes(ctx, request)
}
