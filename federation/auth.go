package federation

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"

	"medixchange/internal/signing"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// request is one whose origin has been proved and may talk to us.
type request struct {
	*http.Request
	writer http.ResponseWriter
	origin string
	body   []byte // strict JSON in canonical form; nil without
}

func (r *request) variable(name string) string { return web.Var(r.Request, name) }

// signedHandler answers such a request.
type signedHandler func(r *request) (any, error)

// signed lets a request in when the server in whose name it is signed may talk to us and the signature is right
// (Server-Server API, Request Authentication). This is the one place that decides about origins.
func (s *Server) signed(maxBody int64, h signedHandler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		claims, err := authorizations(r.Header)
		if err != nil {
			return nil, web.Unauthorized("Missing or malformed X-Matrix authorization").Because(err)
		}
		origin, err := s.originOf(claims)
		if err != nil {
			return nil, err
		}
		counted := s.bodies.reserve(r)
		defer counted.release()
		body, err := bodyOf(r, maxBody)
		if counted.refused != nil {
			return nil, counted.refused
		}
		if err != nil {
			return nil, err
		}
		if err := s.prove(r, claims, body); err != nil {
			return nil, err
		}
		s.keys.heard(origin)
		s.o.Heard(origin)
		return h(&request{Request: r, writer: w, origin: origin, body: body})
	}
}

// bodyOf returns the body as it was signed, nil without one.
func bodyOf(r *http.Request, maxBody int64) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	body, err := web.ReadJSON(r, maxBody)
	if err != nil {
		return nil, err
	}
	if body, err = canonicalBody(body); err != nil {
		return nil, web.NotJSON("The body is not JSON").Because(err)
	}
	return body, nil
}

// originOf checks what the headers claim before anything is read or fetched: one origin, which is another server that may
// talk to us, and this server as the destination.
func (s *Server) originOf(claims []xMatrix) (string, error) {
	origin := claims[0].origin
	for _, c := range claims {
		if c.origin != origin {
			return "", web.Unauthorized("The authorizations are of several servers")
		}
		if c.destination != "" && c.destination != s.name {
			return "", web.Unauthorized("The request is for another server")
		}
	}
	if origin == s.name || !validServerName(origin) {
		return "", web.Unauthorized("The origin is not another server")
	}
	if !s.o.AllowServer(origin) {
		return "", web.Forbidden("This server does not federate with %s", origin)
	}
	return origin, nil
}

// prove looks for one claim whose signature is right.
func (s *Server) prove(r *http.Request, claims []xMatrix, body []byte) error {
	var last error
	for _, c := range claims[:min(len(claims), maxClaims)] {
		if last = s.proveOne(r, c, body); last == nil {
			return nil
		}
	}
	if errors.Is(last, rooms.ErrKeysUnreachable) {
		return web.Unauthorized("The keys of %s could not be fetched", claims[0].origin).Because(last)
	}
	if errors.Is(last, signing.ErrSignature) {
		return web.Unauthorized("The signature is wrong").Because(last)
	}
	return last
}

// maxClaims bounds the keys with which one request may be signed.
const maxClaims = 4

func (s *Server) proveOne(r *http.Request, c xMatrix, body []byte) error {
	signature, err := signing.DecodeBase64(c.signature)
	if err != nil || len(signature) != ed25519.SignatureSize {
		return fmt.Errorf("malformed signature: %w", signing.ErrSignature)
	}
	key, err := s.keyOf(r.Context(), c)
	if err != nil {
		return err
	}
	if !s.o.AllowKey(c.origin, c.keyID, key) {
		return fmt.Errorf("key %s is not one that the alliance knows of %s: %w", c.keyID, c.origin, signing.ErrSignature)
	}
	if !ed25519.Verify(key, requestPayload(r.Method, r.RequestURI, c.origin, c.destination, body), signature) {
		return fmt.Errorf("request of %s: %w", c.origin, signing.ErrSignature)
	}
	return nil
}

// keyOf returns the key of a claim. Only some requests at a time may make us ask other servers.
func (s *Server) keyOf(ctx context.Context, c xMatrix) (ed25519.PublicKey, error) {
	now := s.o.Now().UnixMilli()
	if key, ok := s.keys.cached(c.origin, c.keyID, now); ok {
		return key, nil
	}
	select {
	case s.proofs <- struct{}{}:
		defer func() { <-s.proofs }()
		return s.keys.Key(ctx, c.origin, c.keyID, now, true)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// limited bounds how often an origin may ask. Transactions are bounded by their number at a time instead: a rate would
// hold up the messages of a busy hospital.
func (s *Server) limited(h signedHandler) signedHandler {
	return func(r *request) (any, error) {
		if err := s.rate.Check(r.origin); err != nil {
			return nil, err
		}
		return h(r)
	}
}

// admitted lets a request about a room in if the room's access list allows its origin (m.room.server_acl). Rooms that are
// not here have none; what is asked about them is for the handler to say.
func (s *Server) admitted(h signedHandler) signedHandler {
	return func(r *request) (any, error) {
		allowed, err := s.o.Rooms.ServerACLAllows(r.Context(), r.origin, r.variable("roomID"))
		if err != nil && !errors.Is(err, rooms.ErrNotFound) {
			return nil, err
		}
		if err == nil && !allowed {
			return nil, web.Forbidden("The room's access list denies %s", r.origin)
		}
		return h(r)
	}
}
