package web

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// lot keeps the connections of requests that have left their goroutines, and of those that were answered since and have
// not asked again.
type lot struct {
	base  context.Context // of everything that works for a request; has Draining
	sight *sight          // nil where the system offers none: nothing leaves then

	mu     sync.Mutex
	spots  map[uint64]*spot
	last   uint64
	closed bool
	empty  chan struct{} // closed when no spot is left after closing
	sweep  *time.Timer   // nil while nothing rests
}

// door is where the connections of one server leave to the lot, and come back by.
type door struct {
	lot     *lot
	back    *returns
	handler http.Handler // of the server
}

func newLot(base context.Context) *lot {
	return &lot{base: base, sight: newSight(), spots: map[uint64]*spot{}, empty: make(chan struct{})}
}

// park takes the connection of a request. Nothing that net/http still does with it touches the connection.
func (d *door) park(w http.ResponseWriter, r *http.Request, u *unfinished) {
	s := &spot{lot: d.lot, door: d, path: strings.Clone(r.URL.Path), request: u, busy: true}
	if !d.lot.enter(s) { // it drains: the answer is there
		body, err := u.resume(r.Context())
		u.finish(r.Context(), w, body, err)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		d.lot.leave(s)
		u.finish(r.Context(), w, nil, err)
		return
	}
	s.take(conn, buffered.Reader)
	s.watched = d.lot.sight.add(s.id, conn) == nil
	u.later.Await(s.wake)
	s.settle()
}

func (l *lot) enter(s *spot) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.last++
	s.id = l.last
	l.spots[s.id] = s
	return true
}

func (l *lot) leave(s *spot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.spots, s.id)
	if l.closed && len(l.spots) == 0 {
		close(l.empty)
	}
}

// run follows what is seen of the connections, until close.
func (l *lot) run() {
	if l.sight != nil {
		l.sight.follow(func(id uint64) {
			l.mu.Lock()
			s := l.spots[id]
			l.mu.Unlock()
			if s != nil {
				s.noticed()
			}
		})
	}
}

// drain has every request answered, and closes the connections. What is not done by the deadline is cut off.
func (l *lot) drain(deadline context.Context, cut context.CancelFunc) {
	for _, s := range l.shut() {
		s.end()
	}
	select {
	case <-l.empty:
	case <-deadline.Done():
		cut()
		for _, s := range l.all() {
			s.closeConn()
		}
	}
	l.sight.close()
}

// shut refuses new spots and returns those that there are.
func (l *lot) shut() []*spot {
	l.mu.Lock()
	l.closed = true
	if len(l.spots) == 0 {
		close(l.empty)
	}
	l.mu.Unlock()
	return l.all()
}

func (l *lot) all() []*spot {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*spot, 0, len(l.spots))
	for _, s := range l.spots {
		all = append(all, s)
	}
	return all
}

func (l *lot) draining() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// sweepEvery is how much longer than idleTimeout a connection may rest.
const sweepEvery = 15 * time.Second

// keepSweeping looks for connections that have rested too long, as long as any rests.
func (l *lot) keepSweeping() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sweep == nil && !l.closed {
		l.sweep = time.AfterFunc(sweepEvery, l.sweepOnce)
	}
}

func (l *lot) sweepOnce() {
	l.mu.Lock()
	l.sweep = nil
	l.mu.Unlock()
	now, rest := time.Now(), false
	for _, s := range l.all() {
		rest = s.restsAfter(now) || rest
	}
	if rest {
		l.keepSweeping()
	}
}

// returns is the listener by which connections come back to their server with the next request.
type returns struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newReturns(addr net.Addr) *returns {
	return &returns{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// give hands a connection to the server, or closes it when the server has gone.
func (r *returns) give(conn net.Conn) {
	select {
	case r.conns <- conn:
	case <-r.closed:
		_ = conn.Close()
	}
}

// Accept implements net.Listener.
func (r *returns) Accept() (net.Conn, error) {
	select {
	case conn := <-r.conns:
		return conn, nil
	case <-r.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (r *returns) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}

// Addr implements net.Listener.
func (r *returns) Addr() net.Addr { return r.addr }
