package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	// DrainTimeout is how long Serve lets requests finish after it was told to stop.
	DrainTimeout = 8 * time.Second
)

// Listener is one address that Serve answers on.
type Listener struct {
	net.Listener
	Handler http.Handler
	// TLS makes it HTTPS with HTTP/2; nil is plain HTTP.
	TLS *tls.Config
	// ReadTimeout bounds reading a whole request with its body; 0 means no bound (uploads over slow lines).
	ReadTimeout time.Duration
}

// Serve answers on the listeners until ctx ends, then drains: listeners close, long polls end at once (Draining),
// other requests have DrainTimeout to finish, what is left is cut off. It returns nil after a drain that ctx asked
// for, or the error of the first listener that failed. It closes all listeners.
func Serve(ctx context.Context, listeners ...Listener) error {
	draining := make(chan struct{})
	base, cut := context.WithCancel(context.WithValue(context.Background(), drainingKey{}, (<-chan struct{})(draining)))
	defer cut()

	servers := make([]*http.Server, len(listeners))
	group, failed := errgroup.WithContext(ctx)
	parked := newLot(base)
	group.Go(func() error { parked.run(); return nil })
	for i, l := range listeners {
		d := &door{lot: parked, back: newReturns(l.Addr())}
		servers[i] = newServer(base, l, d)
		group.Go(func() error { return run(servers[i], l) })
		group.Go(func() error { return unlessClosed(servers[i].Serve(d.back), l) })
	}
	<-failed.Done()
	close(draining)

	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), DrainTimeout)
	defer cancel()
	var stops errgroup.Group
	for _, s := range servers {
		stops.Go(func() error { return stop(deadline, s, cut) })
	}
	stops.Go(func() error { parked.drain(deadline, cut); return nil })
	stopErr := stops.Wait()
	if err := group.Wait(); err != nil {
		return err
	}
	return stopErr
}

func newServer(base context.Context, l Listener, d *door) *http.Server {
	return &http.Server{
		Handler:           d.departing(patient(l.Handler, patience)),
		TLSConfig:         l.TLS,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       l.ReadTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return base },
		// What net/http says about single connections (broken handshakes) is noise that peers could fill a disk with.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

func run(s *http.Server, l Listener) error {
	listener := newCapped(l.Listener, maxConnections)
	if l.TLS != nil {
		return unlessClosed(s.ServeTLS(listener, "", ""), l)
	}
	return unlessClosed(s.Serve(listener), l)
}

// unlessClosed is what became of serving: nothing after a stop.
func unlessClosed(err error, l Listener) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving on %s: %w", l.Addr(), err)
}

// stop drains one server; what does not end by itself has its context cancelled and its connection closed.
func stop(deadline context.Context, s *http.Server, cut context.CancelFunc) error {
	err := s.Shutdown(deadline)
	if errors.Is(err, context.DeadlineExceeded) {
		cut()
		return s.Close()
	}
	return err
}
