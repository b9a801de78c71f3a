package uia

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// The authentication types that this node knows.
const (
	Password          = "m.login.password"
	Dummy             = "m.login.dummy"
	RegistrationToken = "m.login.registration_token"
	Terms             = "m.login.terms"
	SSO               = "m.login.sso"
)

const (
	lifetime = 15 * time.Minute
	// maxSessions bounds the sessions in memory; the oldest go first.
	maxSessions = 10000
	// maxBody bounds the remembered parameters of a session.
	maxBody = 64 << 10
)

// Flow is a sequence of stages, all of which have to be done.
type Flow []string

// Request is one attempt at an endpoint that needs authentication.
type Request struct {
	// Body is the whole request body, the member "auth" included.
	Body json.RawMessage
	// Operation names what is done: method and path. A session is good for one operation with one body.
	Operation string
	// UserID is who is logged in; "" at registration. A session belongs to that user.
	UserID string
}

// Attempt is the "auth" of a request at one stage.
type Attempt struct {
	UserID  string // who is logged in; "" at registration
	Session string
	Auth    json.RawMessage
}

// Stage checks one attempt. It returns nil when the stage is done; a *Refusal goes to the client inside of the
// challenge; any other error ends the request. value is kept for Result.Values.
type Stage func(ctx context.Context, a Attempt) (value string, err error)

// Refusal says why a stage was not passed.
type Refusal struct{ Code, Message string }

func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Result is a finished authentication.
type Result struct {
	// Values holds what stages returned, for example the registration token.
	Values map[string]string
	// Body is the request's body without "auth"; if this request had none, that of the session's first.
	Body json.RawMessage
}

// Challenge is the 401 that asks the client to go on. Its body is Body.
type Challenge struct {
	Session   string
	Flows     []Flow
	Completed []string
	Params    map[string]json.RawMessage
	Refusal   *Refusal // why the last attempt was not accepted
}

func (c *Challenge) Error() string { return "authentication has to go on" }

// Body returns the body of the 401 answer.
func (c *Challenge) Body() map[string]any {
	flows := make([]map[string][]string, len(c.Flows))
	for i, f := range c.Flows {
		flows[i] = map[string][]string{"stages": f}
	}
	params := c.Params
	if params == nil {
		params = map[string]json.RawMessage{}
	}
	body := map[string]any{"session": c.Session, "flows": flows, "params": params}
	if len(c.Completed) > 0 {
		body["completed"] = c.Completed
	}
	if c.Refusal != nil {
		body["errcode"], body["error"] = c.Refusal.Code, c.Refusal.Message
	}
	return body
}

// ErrChanged says that a session was used for another request than the one it was begun with: 403 M_FORBIDDEN.
var ErrChanged = errors.New("the request changed during its authentication")

// ErrMalformed says that a body or its "auth" is not of the expected form: 400 M_BAD_JSON.
var ErrMalformed = errors.New("malformed authentication data")

// Options of Sessions.
type Options struct {
	Now func() time.Time
	// Stages by type.
	Stages map[string]Stage
	// Params are sent with the challenges whose flows have the stage.
	Params map[string]json.RawMessage
}

// Sessions are the authentications under way. It is safe for concurrent use.
type Sessions struct {
	o Options

	mu    sync.Mutex
	byID  map[string]*session
	order []*session // by age
}

type session struct {
	id        string
	born      time.Time
	operation string
	userID    string
	body      []byte // without auth, as first sent
	done      map[string]string
}

// New makes Sessions.
func New(o Options) *Sessions { return &Sessions{o: o, byID: map[string]*session{}} }

// Require returns nil once one of the flows is done: the session is over then and cannot be used again. Otherwise the
// error is a *Challenge, ErrChanged, ErrMalformed, or that of a stage.
func (s *Sessions) Require(ctx context.Context, r Request, flows []Flow) (*Result, error) {
	auth, body, err := split(r.Body)
	if err != nil {
		return nil, err
	}
	var attempt struct {
		Type    string `json:"type"`
		Session string `json:"session"`
	}
	if auth != nil {
		if err := json.Unmarshal(auth, &attempt); err != nil {
			return nil, fmt.Errorf("%w: auth: %w", ErrMalformed, err)
		}
	}
	current, err := s.enter(attempt.Session, r, body)
	if err != nil {
		return nil, err
	}
	if auth == nil {
		return nil, s.challenge(current, flows, nil)
	}
	refusal, err := s.try(ctx, current, flows, attempt.Type, Attempt{UserID: r.UserID, Session: current.id, Auth: auth})
	if err != nil {
		return nil, err
	}
	if result := s.finish(current, flows, body); result != nil {
		return result, nil
	}
	return nil, s.challenge(current, flows, refusal)
}

// split takes "auth" out of a body.
func split(raw json.RawMessage) (auth json.RawMessage, body []byte, err error) {
	fields := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(raw)) > 0 {
		if err := json.Unmarshal(raw, &fields); err != nil {
			return nil, nil, fmt.Errorf("%w: body: %w", ErrMalformed, err)
		}
	}
	auth = fields["auth"]
	if bytes.Equal(auth, []byte("null")) {
		auth = nil
	}
	delete(fields, "auth")
	body, err = json.Marshal(fields) // keys sorted, space removed
	return auth, body, err
}

// enter finds the session or begins one, and keeps it to its request.
func (s *Sessions) enter(id string, r Request, body []byte) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	current := s.byID[id]
	if current == nil {
		return s.begin(r, body), nil
	}
	if current.operation != r.Operation || current.userID != r.UserID {
		return nil, ErrChanged
	}
	if !bytes.Equal(body, current.body) && !isEmpty(body) {
		return nil, ErrChanged
	}
	return current, nil
}

func isEmpty(body []byte) bool { return bytes.Equal(body, []byte("{}")) }

func (s *Sessions) begin(r Request, body []byte) *session {
	if len(s.order) >= maxSessions {
		s.drop(s.order[0])
	}
	if len(body) > maxBody {
		body = nil
	}
	current := &session{id: rand.Text(), born: s.o.Now(), operation: r.Operation, userID: r.UserID, body: body, done: map[string]string{}}
	s.byID[current.id] = current
	s.order = append(s.order, current)
	return current
}

func (s *Sessions) expire() {
	old := s.o.Now().Add(-lifetime)
	for len(s.order) > 0 && s.order[0].born.Before(old) {
		s.drop(s.order[0])
	}
}

// drop forgets a session; the caller holds the lock.
func (s *Sessions) drop(gone *session) {
	delete(s.byID, gone.id)
	if i := slices.Index(s.order, gone); i >= 0 {
		s.order = slices.Delete(s.order, i, i+1)
	}
}

// try runs the attempted stage. An empty type only asks whether the session is done.
func (s *Sessions) try(ctx context.Context, current *session, flows []Flow, typ string, a Attempt) (*Refusal, error) {
	if typ == "" {
		return nil, nil
	}
	offered := slices.ContainsFunc(flows, func(f Flow) bool { return slices.Contains(f, typ) })
	stage := s.o.Stages[typ]
	if !offered || stage == nil {
		return &Refusal{"M_UNRECOGNIZED", "This type of authentication is not offered here"}, nil
	}
	if s.isDone(current, typ) {
		return nil, nil
	}
	value, err := stage(ctx, a)
	if refusal, ok := err.(*Refusal); ok {
		return refusal, nil
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	current.done[typ] = value
	s.mu.Unlock()
	return nil, nil
}

func (s *Sessions) isDone(current *session, stage string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, done := current.done[stage]
	return done
}

// Owner returns whose session it is; false for one that is not known.
func (s *Sessions) Owner(id string) (userID string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	current := s.byID[id]
	if current == nil {
		return "", false
	}
	return current.userID, true
}

// Complete marks a stage as done that the user went through in a browser (User-Interactive Authentication, Fallback). It
// returns false for a session that is not known or belongs to another user.
func (s *Sessions) Complete(id, userID, stage string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	current := s.byID[id]
	if current == nil || current.userID != userID {
		return false
	}
	current.done[stage] = userID
	return true
}

// finish ends the session if a flow is done. Only one request can finish a session.
func (s *Sessions) finish(current *session, flows []Flow, body []byte) *Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[current.id] != current {
		return nil
	}
	for _, f := range flows {
		if len(f) == 0 || !allDone(f, current.done) {
			continue
		}
		s.drop(current)
		if isEmpty(body) && current.body != nil {
			body = current.body
		}
		return &Result{Values: maps.Clone(current.done), Body: body}
	}
	return nil
}

func allDone(f Flow, done map[string]string) bool {
	for _, stage := range f {
		if _, ok := done[stage]; !ok {
			return false
		}
	}
	return true
}

func (s *Sessions) challenge(current *session, flows []Flow, refusal *Refusal) *Challenge {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Challenge{Session: current.id, Flows: flows, Refusal: refusal, Completed: slices.Sorted(maps.Keys(current.done))}
	for name, params := range s.o.Params {
		if slices.ContainsFunc(flows, func(f Flow) bool { return slices.Contains(f, name) }) {
			if c.Params == nil {
				c.Params = map[string]json.RawMessage{}
			}
			c.Params[name] = params
		}
	}
	return c
}
