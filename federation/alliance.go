package federation

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"medixchange/internal/web"
)

// alliancePrefix is where servers publish the documents of their alliance: under the path that every proxy before a
// homeserver hands on.
const alliancePrefix = "/_matrix/federation/unstable/org.medixchange.alliance"

// AllianceHead is the path of the page that names a server's newest documents.
const AllianceHead = alliancePrefix + "/head"

// AlliancePages is what the Server publishes of an alliance. All pages are open to everybody: the documents prove
// themselves.
type AlliancePages interface {
	// HeadPage names the newest documents, in JSON.
	HeadPage() ([]byte, error)
	// ChartersPage holds the charters after a version.
	ChartersPage(after int64) ([]byte, error)
	// MembersPage is the member list with its hash; nil before there is one.
	MembersPage() (list []byte, hash string)
	// Hinted is told that a server has something new. It must not block.
	Hinted(server string)
}

func (s *Server) allianceRoutes() {
	if s.o.Alliance == nil {
		return
	}
	s.router.Handle(http.MethodGet, AllianceHead, s.allianceHead)
	s.router.Handle(http.MethodGet, alliancePrefix+"/charters", s.allianceCharters)
	s.router.HandleHTTP(http.MethodGet, alliancePrefix+"/members", http.HandlerFunc(s.allianceMembers))
	s.post(alliancePrefix+"/hint", s.allianceHint)
}

func (s *Server) allianceHead(http.ResponseWriter, *http.Request) (any, error) {
	head, err := s.o.Alliance.HeadPage()
	return json.RawMessage(head), err
}

func (s *Server) allianceCharters(_ http.ResponseWriter, r *http.Request) (any, error) {
	after := int64(0)
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, web.InvalidParam("after must be the version of a charter.")
		}
	}
	page, err := s.o.Alliance.ChartersPage(after)
	return json.RawMessage(page), err
}

// allianceMembers serves the list with its hash as the ETag.
func (s *Server) allianceMembers(w http.ResponseWriter, r *http.Request) {
	list, hash := s.o.Alliance.MembersPage()
	if list == nil {
		web.WriteError(w, web.NotFound("There is no member list here yet."))
		return
	}
	etag := strconv.Quote(hash)
	w.Header().Set("ETag", etag)
	w.Header().Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(list)))
	_, _ = w.Write(list)
}

func (s *Server) allianceHint(r *request) (any, error) {
	s.o.Alliance.Hinted(r.origin)
	return struct{}{}, nil
}

// AlliancePage fetches a public page of the alliance from a server, whether it may take part or not. page begins after the
// alliance's own prefix; max bounds the answer in bytes. Its errors are those of [Client].
func (c *Client) AlliancePage(ctx context.Context, server, page string, max int64) ([]byte, error) {
	return c.transport.bytes(ctx, call{
		server: server, method: http.MethodGet, uri: alliancePrefix + page, maxBody: max, unsigned: true, public: true,
	})
}

// AllianceHint tells a server that there is something new of the alliance here.
func (c *Client) AllianceHint(ctx context.Context, server string) error {
	return c.transport.json(ctx, call{
		server: server, method: http.MethodPost, uri: alliancePrefix + "/hint", body: []byte("{}"), timeout: shortCall, canonical: true,
	}, nil)
}
