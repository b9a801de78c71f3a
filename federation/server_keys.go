package federation

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"medixchange/internal/web"
)

const (
	// notaryFresh is the age from which a notary asks a server anew, if its last answer counts no longer.
	notaryFresh = time.Minute
	// maxQueried bounds the servers of one question to the notary.
	maxQueried     = 100
	queriedAtOnce  = 8
	notaryDeadline = 30 * time.Second
)

func (s *Server) keyRoutes() {
	s.router.Handle(http.MethodGet, "/_matrix/key/v2/server", s.ownServerKeys)
	s.router.Handle(http.MethodGet, "/_matrix/key/v2/server/{keyID}", s.ownServerKeys)
	s.router.Handle(http.MethodGet, "/_matrix/key/v2/query/{serverName}", s.queryServerKeys)
	s.router.Handle(http.MethodPost, "/_matrix/key/v2/query", s.queryManyServerKeys)
}

// ownServerKeys answers GET /server.
func (s *Server) ownServerKeys(http.ResponseWriter, *http.Request) (any, error) {
	return s.keys.Published()
}

// queryServerKeys answers GET /query/{serverName}: one server's keys, signed by us too.
func (s *Server) queryServerKeys(_ http.ResponseWriter, r *http.Request) (any, error) {
	var until int64
	if text := r.URL.Query().Get("minimum_valid_until_ts"); text != "" {
		var err error
		if until, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, web.InvalidParam("minimum_valid_until_ts must be a number")
		}
	}
	return s.notarise(r, map[string]int64{web.Var(r, "serverName"): until})
}

// queryManyServerKeys answers POST /query. Which keys are asked for does not matter: each server's whole answer is given.
func (s *Server) queryManyServerKeys(_ http.ResponseWriter, r *http.Request) (any, error) {
	var body struct {
		Servers map[string]map[string]struct {
			Until int64 `json:"minimum_valid_until_ts"`
		} `json:"server_keys"`
	}
	if err := web.Decode(r, &body, smallBody); err != nil {
		return nil, err
	}
	if len(body.Servers) > maxQueried {
		return nil, web.InvalidParam("At most %d servers at a time", maxQueried)
	}
	wanted := make(map[string]int64, len(body.Servers))
	for server, keys := range body.Servers {
		wanted[server] = 0
		for _, key := range keys {
			wanted[server] = max(wanted[server], key.Until)
		}
	}
	return s.notarise(r, wanted)
}

// notarise collects what can be had; servers that cannot be reached and were never heard of are left out.
func (s *Server) notarise(r *http.Request, wanted map[string]int64) (any, error) {
	ctx, cancel := context.WithTimeout(r.Context(), notaryDeadline)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(queriedAtOnce)
	answers := make(chan json.RawMessage, len(wanted))
	for server, until := range wanted {
		group.Go(func() error {
			answer, err := s.keys.notarised(ctx, server, until, s.mayBeAsked)
			if answer != nil {
				answers <- answer
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	close(answers)
	list := []json.RawMessage{}
	for a := range answers {
		list = append(list, a)
	}
	return map[string]any{"server_keys": list}, nil
}

// mayBeAsked reports whether a server may be asked for its keys on behalf of someone else.
func (s *Server) mayBeAsked(server string) bool {
	return validServerName(server) && s.o.AllowServer(server)
}
