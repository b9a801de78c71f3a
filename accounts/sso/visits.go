package sso

import (
	"container/list"
	"crypto/rand"
	"crypto/subtle"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// Visit is one person on the way through the login service.
type Visit struct {
	Provider string
	// State comes back with the browser; Cookie is what only that browser has.
	State, Cookie string
	// Redirect is the client's address that gets the login token; "" when a session of user-interactive authentication is
	// confirmed, which is then Session.
	Redirect string
	Session  string

	nonce, verifier string
	born            time.Time
}

const (
	visitLifetime = 15 * time.Minute
	// maxVisits bounds the visits in memory; the oldest go first.
	maxVisits = 10_000
)

// Visits are the persons on the way. It is safe for concurrent use.
type Visits struct {
	now func() time.Time

	mu      sync.Mutex
	byState map[string]*list.Element
	order   list.List // of *Visit, by age
}

// NewVisits returns an empty set.
func NewVisits(now func() time.Time) *Visits {
	return &Visits{now: now, byState: map[string]*list.Element{}}
}

// Begin remembers a visit and fills in its secrets. cookie is that of the browser, if it brought one.
func (vs *Visits) Begin(v Visit, cookie string) *Visit {
	if v.Cookie = cookie; len(cookie) < 26 || len(cookie) > 64 {
		v.Cookie = rand.Text()
	}
	v.State, v.nonce, v.verifier, v.born = rand.Text(), rand.Text(), oauth2.GenerateVerifier(), vs.now()
	vs.mu.Lock()
	defer vs.mu.Unlock()
	for front := vs.order.Front(); front != nil; front = vs.order.Front() {
		oldest := front.Value.(*Visit)
		if vs.order.Len() < maxVisits && v.born.Sub(oldest.born) < visitLifetime {
			break
		}
		vs.order.Remove(front)
		delete(vs.byState, oldest.State)
	}
	vs.byState[v.State] = vs.order.PushBack(&v)
	return &v
}

// Take ends a visit and returns it, if the browser is the one that began it; nil otherwise. A state that comes from another
// browser does not end it.
func (vs *Visits) Take(state, cookie string) *Visit {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	element := vs.byState[state]
	if element == nil {
		return nil
	}
	v := element.Value.(*Visit)
	if subtle.ConstantTimeCompare([]byte(v.Cookie), []byte(cookie)) != 1 {
		return nil
	}
	vs.order.Remove(element)
	delete(vs.byState, state)
	if vs.now().Sub(v.born) > visitLifetime {
		return nil
	}
	return v
}
