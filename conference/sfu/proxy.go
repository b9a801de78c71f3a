package sfu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"medixchange/internal/web"
)

// maxPerIdentity bounds the connections of one participant: the old one may hang while a new one comes.
const maxPerIdentity = 3

// signalPaths are what clients may reach of the embedded SFU; its API is for this node alone.
var signalPaths = map[string]bool{"/rtc": true, "/rtc/validate": true, "/rtc/v1": true, "/rtc/v1/validate": true}

// openCounts counts the connections through the proxy.
type openCounts struct {
	mu         sync.Mutex
	all        int
	byIdentity map[string]int
}

func (o *openCounts) total() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all
}

func (o *openCounts) take(identity string, most int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all >= most || o.byIdentity[identity] >= maxPerIdentity {
		return false
	}
	o.all++
	o.byIdentity[identity]++
	return true
}

func (o *openCounts) release(identity string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all--
	if o.byIdentity[identity]--; o.byIdentity[identity] <= 0 {
		delete(o.byIdentity, identity)
	}
}

// Admit says whether a participant with a good token may (still) come in.
type Admit func(ctx context.Context, room, identity string) error

// Handler answers under PathPrefix: it lets clients with a token, whom admit lets in, through to the embedded SFU. A room that
// the SFU lost when it ended is made again, so that everybody comes back by themselves.
func (s *SFU) Handler(admit Admit) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "*")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		who, err := s.letIn(r, admit)
		if err != nil {
			s.metrics.refused.Inc()
			web.WriteError(w, err)
			return
		}
		defer s.open.release(who.identity)
		defer s.used()
		for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Headers"} {
			w.Header().Del(name) // the SFU sets its own
		}
		s.proxy.ServeHTTP(&listener{ResponseWriter: w, lines: &s.lines, who: who}, r)
	})
}

// letIn decides about a connection and counts it.
func (s *SFU) letIn(r *http.Request, admit Admit) (who seat, refused *web.Error) {
	if !s.embedded || r.Method != http.MethodGet || !signalPaths[strings.TrimPrefix(r.URL.Path, PathPrefix)] {
		return seat{}, web.Unrecognized(http.StatusNotFound)
	}
	token, ok := web.AccessToken(r)
	if !ok {
		return seat{}, web.MissingToken()
	}
	c, err := s.verify(token)
	if err != nil || c.Video == nil || !c.Video.RoomJoin || c.Video.Room == "" {
		s.o.Log.WithError(err).Warn("a token for the SFU was refused")
		return seat{}, web.UnknownToken(false).Because(err)
	}
	if err := admit(r.Context(), c.Video.Room, c.Subject); err != nil {
		s.o.Log.WithError(err).Warn("a participant was refused")
		return seat{}, web.Forbidden("You may not take part in this conference.").Because(err)
	}
	if err := s.EnsureRoom(r.Context(), c.Video.Room); err != nil {
		s.o.Log.WithError(err).Error("a conference could not begin")
		return seat{}, web.Unavailable("The conference cannot begin now. Try again in a moment.").Because(err)
	}
	if !s.open.take(c.Subject, s.o.Config.MaxConnections) {
		return seat{}, web.LimitExceeded(5 * time.Second)
	}
	return seat{room: c.Video.Room, identity: c.Subject}, nil
}

// newProxy hands requests on to the child. It dials the child's port on loopback and nothing else.
func (s *SFU) newProxy() http.Handler {
	var dialer net.Dialer
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "sfu"})
			r.Out.URL.Path = strings.TrimPrefix(r.In.URL.Path, PathPrefix)
			r.Out.URL.RawPath = ""
			r.SetXForwarded()
		},
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				port := s.child.port()
				if port == 0 {
					return nil, ErrUnavailable
				}
				return dialer.DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", port))
			},
			ResponseHeaderTimeout: startTimeout, DisableKeepAlives: true,
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if !errors.Is(err, context.Canceled) {
				s.o.Log.WithError(err).Warn("a connection to the SFU failed")
			}
			web.WriteError(w, web.Unavailable("The conference is not to be reached now. Try again in a moment."))
		},
	}
}
