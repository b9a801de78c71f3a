package sfu

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"medixchange/internal/pace"
)

// Without help LiveKit takes 20 seconds to see that somebody's network is gone. Its clients send something every five seconds and
// answer its own pings, which come every ten, so that whoever is silent for longer is gone; so is whoever does not come back.
const (
	longestSilence = 14 * time.Second
	longestAbsence = 12 * time.Second
	silenceEvery   = time.Second
)

// seat is one participant of one room.
type seat struct{ room, identity string }

// line is what is known of a participant's connections.
type line struct {
	heard time.Time
	conns map[net.Conn]struct{}
}

// lines are the connections of all participants.
type lines struct {
	mu   sync.Mutex
	now  func() time.Time
	most int // participants
	all  map[seat]*line
}

// opened notes a connection of a participant.
func (l *lines) opened(who seat, c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.all[who]
	if found == nil {
		if len(l.all) >= l.most {
			return // the SFU finds out by itself
		}
		found = &line{conns: map[net.Conn]struct{}{}}
		l.all[who] = found
	}
	found.heard = l.now()
	found.conns[c] = struct{}{}
}

// heard notes that something came over a connection.
func (l *lines) heard(who seat, c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.touch(who, c)
}

// touch notes a sign of life on a connection that is not over yet; l.mu is held.
func (l *lines) touch(who seat, c net.Conn) {
	found := l.all[who]
	if found == nil {
		return
	}
	if _, open := found.conns[c]; open {
		found.heard = l.now()
	}
}

// closed notes that a connection is over.
func (l *lines) closed(who seat, c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.touch(who, c)
	if found := l.all[who]; found != nil {
		delete(found.conns, c)
	}
}

// lost forgets those who are gone, closes their connections, and returns them.
func (l *lines) lost() []seat {
	out, conns := l.takeLost()
	for _, c := range conns {
		_ = c.Close() // whoever comes back after all connects anew, rather than hear that they were removed
	}
	return out
}

func (l *lines) takeLost() (out []seat, conns []net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for who, found := range l.all {
		most := longestSilence
		if len(found.conns) == 0 {
			most = longestAbsence
		}
		if l.now().Sub(found.heard) < most {
			continue
		}
		conns = slices.AppendSeq(conns, maps.Keys(found.conns))
		delete(l.all, who)
		out = append(out, who)
	}
	return out, conns
}

// removeTheLost has the SFU tell everybody of those who are gone, until ctx ends.
func (s *SFU) removeTheLost(ctx context.Context) {
	pace.Every(ctx, silenceEvery, func() {
		for _, who := range s.lines.lost() {
			if err := s.Remove(ctx, who.room, who.identity); err != nil && ctx.Err() == nil {
				s.o.Log.WithError(err).Warn("a participant whose connection is gone could not be removed")
			}
		}
	})
}

// listener lets the proxy's connection to a client be listened to.
type listener struct {
	http.ResponseWriter
	lines *lines
	who   seat
}

// Unwrap is for http.ResponseController.
func (l *listener) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// Hijack hands over the connection, as http.Hijacker says.
func (l *listener) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(l.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("taking over a connection: %w", err)
	}
	heard := &heardConn{Conn: c, lines: l.lines, who: l.who}
	l.lines.opened(l.who, heard)
	return heard, rw, nil
}

// heardConn notes whenever something comes.
type heardConn struct {
	net.Conn
	lines *lines
	who   seat
}

func (c *heardConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.lines.heard(c.who, c)
	}
	return n, err
}

func (c *heardConn) Close() error {
	c.lines.closed(c.who, c)
	return c.Conn.Close()
}
