package federation

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"medixchange/internal/web"
)

// ReachPages is what the Server tells of how much this hospital takes part.
type ReachPages interface {
	// ReachPage holds the figures of the last days for a member.
	ReachPage(ctx context.Context, origin string, days int) ([]byte, error)
}

func (s *Server) reachRoutes() {
	if s.o.Reach != nil {
		s.get(alliancePrefix+"/reach", s.reach)
	}
}

func (s *Server) reach(r *request) (any, error) {
	days, err := strconv.Atoi(r.URL.Query().Get("days"))
	if err != nil {
		return nil, web.InvalidParam("days must be the length of a period.")
	}
	page, err := s.o.Reach.ReachPage(r.Context(), r.origin, days)
	return json.RawMessage(page), err
}

// ReachPage asks a member how much it takes part; max bounds the answer in bytes.
func (c *Client) ReachPage(ctx context.Context, server string, days int, max int64) ([]byte, error) {
	request := get(server, withQuery(alliancePrefix+"/reach", url.Values{"days": {strconv.Itoa(days)}}))
	request.timeout, request.maxBody = shortCall, max
	return c.transport.bytes(ctx, request)
}
