package federation

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"medixchange/internal/web"
)

// handbookPrefix is where servers give each other editions of the clinical handbook.
const handbookPrefix = "/_matrix/federation/unstable/org.medixchange.handbook"

// HandbookPages is what the Server gives of the handbook's newest edition that is published here, to servers that prove who
// they are.
type HandbookPages interface {
	// HeadPage names the newest edition, in JSON; an error of web where there is none.
	HeadPage(ctx context.Context) ([]byte, error)
	// PartPage holds a part of the edition with a serial number from a byte on, in JSON; likewise.
	PartPage(ctx context.Context, serial, from int64) ([]byte, error)
}

func (s *Server) handbookRoutes() {
	if s.o.Handbook == nil {
		return
	}
	s.get(handbookPrefix+"/head", s.handbookHead)
	s.get(handbookPrefix+"/part", s.handbookPart)
}

func (s *Server) handbookHead(r *request) (any, error) {
	page, err := s.o.Handbook.HeadPage(r.Context())
	return json.RawMessage(page), err
}

func (s *Server) handbookPart(r *request) (any, error) {
	query := r.URL.Query()
	serial, err := strconv.ParseInt(query.Get("serial"), 10, 64)
	if err != nil {
		return nil, web.InvalidParam("serial must be the number of an edition.")
	}
	from, err := strconv.ParseInt(query.Get("from"), 10, 64)
	if err != nil || from < 0 {
		return nil, web.InvalidParam("from must be a number of bytes.")
	}
	page, err := s.o.Handbook.PartPage(r.Context(), serial, from)
	return json.RawMessage(page), err
}

// HandbookHead asks a server for its newest edition of the handbook. max bounds the answer in bytes. Its errors are those of
// [Client].
func (c *Client) HandbookHead(ctx context.Context, server string, max int64) ([]byte, error) {
	return c.transport.bytes(ctx, call{server: server, method: http.MethodGet, uri: handbookPrefix + "/head", maxBody: max})
}

// HandbookPart asks for a part of an edition from a byte on; otherwise as HandbookHead.
func (c *Client) HandbookPart(ctx context.Context, server string, serial, from, max int64) ([]byte, error) {
	query := url.Values{"serial": {strconv.FormatInt(serial, 10)}, "from": {strconv.FormatInt(from, 10)}}
	return c.transport.bytes(ctx, call{
		server: server, method: http.MethodGet, uri: handbookPrefix + "/part?" + query.Encode(), maxBody: max, lane: laneMedia,
	})
}
