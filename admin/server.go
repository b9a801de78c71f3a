package admin

import (
	"errors"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/sqldb"
	"medixchange/internal/web"
	"medixchange/rooms"
)

const maxBody = 64 << 10

// Options is what a Server is built from. All fields are needed but the last two.
type Options struct {
	Accounts   *accounts.Accounts
	Rooms      *rooms.Rooms
	DB         *sqldb.DB
	ServerName string
	Version    string
	Started    time.Time
	Log        *logrus.Entry
	Translator Translator // nil: the node has none
	// More adds what other parts of the node let administrators do; optional.
	More []func(*web.Router)
}

// Server answers the administrator. It is safe for concurrent use.
type Server struct {
	Options
	router *web.Router
}

// NewServer returns a server; Handler and Listen put it on a socket.
func NewServer(o Options) *Server {
	s := &Server{Options: o, router: web.NewRouter(web.Options{Name: "admin", Log: o.Log, MapError: mapError})}
	s.router.Handle(http.MethodGet, "/status", s.status)
	s.router.Handle(http.MethodGet, "/users", s.listUsers)
	s.router.Handle(http.MethodPost, "/users", s.createUser)
	s.router.Handle(http.MethodPost, "/users/{userID}/password", s.resetPassword)
	s.router.Handle(http.MethodPost, "/users/{userID}/deactivate", s.deactivate)
	s.router.Handle(http.MethodGet, "/tokens", s.listTokens)
	s.router.Handle(http.MethodPost, "/tokens", s.createToken)
	s.router.Handle(http.MethodDelete, "/tokens/{token}", s.revokeToken)
	s.router.Handle(http.MethodGet, "/translator/engines", s.listEngines)
	s.router.Handle(http.MethodPost, "/translator/try", s.tryEngines)
	for _, add := range o.More {
		add(s.router)
	}
	return s
}

// Handler returns what answers on the socket.
func (s *Server) Handler() http.Handler { return s.router }

func (s *Server) status(http.ResponseWriter, *http.Request) (any, error) {
	return Status{
		ServerName: s.ServerName, Version: s.Version, Position: s.DB.Position(),
		UptimeMS: time.Since(s.Started).Milliseconds(),
	}, nil
}

// mapError turns the errors of accounts into answers whose sentence reaches the administrator.
func mapError(err error) *web.Error {
	var e *accounts.Error
	switch {
	case errors.As(err, &e):
		return web.NewError(e.Status, e.Code, "%s", e.Message).Because(err)
	case errors.Is(err, accounts.ErrNotFound):
		return web.NotFound("There is no such user or token.").Because(err)
	case sqldb.IsDiskFull(err):
		return web.Unavailable("The disk is full: nothing was changed.").Because(err)
	}
	return nil
}
