package recording

import (
	"net/http"

	"medixchange/conference/manifest"
	"medixchange/internal/web"
)

// PathRecordings is what administrators ask over the local socket: GET lists (?room=), GET /ID shows, POST /ID/hold, /ID/release and
// /ID/verify, DELETE /ID.
const PathRecordings = "/recordings"

// List is the answer of [PathRecordings].
type List struct {
	Recordings []*Recording `json:"recordings"`
	Bytes      int64        `json:"bytes"`
	Quota      int64        `json:"quota"` // 0: none
}

// Shown is one recording with its manifest, if that can be read.
type Shown struct {
	*Recording
	Manifest *manifest.Manifest `json:"manifest,omitempty"`
}

// Verified is what a comparison of the files with their checksums found.
type Verified struct {
	Files int      `json:"files"`
	Wrong []string `json:"wrong"`
}

// Order is the body of what changes something: who, as the operating system knows them, and why.
type Order struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// AddRoutes adds what administrators ask to the router of the local socket.
func (s *Service) AddRoutes(rt *web.Router) {
	rt.Handle(http.MethodGet, PathRecordings, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		found, err := s.inRoom(r.Context(), r.URL.Query().Get("room"), maxListed)
		if err != nil {
			return nil, err
		}
		used, err := s.usedBytes(r.Context())
		return List{Recordings: found, Bytes: used, Quota: int64(s.o.Config.Quota)}, err
	})
	rt.Handle(http.MethodGet, PathRecordings+"/{id}", func(_ http.ResponseWriter, r *http.Request) (any, error) {
		rec, err := s.known(r.Context(), web.Var(r, "id"))
		if err != nil {
			return nil, err
		}
		m, err := manifest.Read(s.folder(rec.ID))
		if err != nil {
			m = nil // it runs, or was never begun
		}
		return Shown{rec, m}, nil
	})
	rt.Handle(http.MethodPost, PathRecordings+"/{id}/verify", func(_ http.ResponseWriter, r *http.Request) (any, error) {
		rec, err := s.known(r.Context(), web.Var(r, "id"))
		if err != nil {
			return nil, err
		}
		m, err := manifest.Read(s.folder(rec.ID))
		if err != nil {
			return nil, web.NotFound("The recording has no manifest: it runs still, or was never begun.").Because(err)
		}
		return Verified{Files: len(m.Tracks), Wrong: manifest.Verify(s.folder(rec.ID), m)}, nil
	})
	for path, do := range map[string]func(r *http.Request, id string, o Order) error{
		"/hold":    func(r *http.Request, id string, o Order) error { return s.Hold(r.Context(), id, o.By, o.Reason) },
		"/release": func(r *http.Request, id string, o Order) error { return s.Release(r.Context(), id, o.By) },
		"/delete":  func(r *http.Request, id string, o Order) error { return s.Delete(r.Context(), id, o.By, o.Reason) },
	} {
		rt.Handle(http.MethodPost, PathRecordings+"/{id}"+path, func(_ http.ResponseWriter, r *http.Request) (any, error) {
			var order Order
			if err := web.Decode(r, &order, maxBody); err != nil {
				return nil, err
			}
			if order.By == "" {
				return nil, web.MissingParam("by")
			}
			return struct{}{}, do(r, web.Var(r, "id"), order)
		})
	}
}
