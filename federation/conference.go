package federation

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// SignedHandler answers a POST of a server that has proved who it is and may talk to us; body is strict JSON.
type SignedHandler = func(ctx context.Context, origin string, body []byte) (any, error)

// moreRoutes are what other parts of the node answer other servers.
func (s *Server) moreRoutes() {
	for path, h := range s.o.More {
		s.post(path, func(r *request) (any, error) { return h(r.Context(), r.origin, r.body) })
	}
}

// OpenIDUser asks a server whose OpenID token it is (Server-Server API, OpenID).
func (c *Client) OpenIDUser(ctx context.Context, server, token string) (string, error) {
	request := get(server, withQuery("/_matrix/federation/v1/openid/userinfo", url.Values{"access_token": {token}}))
	request.timeout, request.maxBody, request.unsigned = shortCall, smallAnswer, true
	var answer struct {
		Sub string `json:"sub"`
	}
	err := c.transport.json(ctx, request, &answer)
	return answer.Sub, err
}

// Conference posts a request about conferences to the first of the paths that the server knows.
func (c *Client) Conference(ctx context.Context, server string, body, answer any, paths ...string) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	for _, path := range paths {
		err = c.transport.json(ctx, call{server: server, method: http.MethodPost, uri: path, body: encoded, timeout: shortCall, maxBody: smallAnswer}, answer)
		var refused *RemoteError
		if !errors.As(err, &refused) || !refused.unknownEndpoint() {
			return err
		}
	}
	return err
}

// Refusal is what the server said.
func (e *RemoteError) Refusal() (status int, code, message string) {
	return e.Status, e.Code, e.Message
}
