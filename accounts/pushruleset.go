package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"medixchange/accounts/pushrules"
	"medixchange/internal/sqldb"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const (
	maxCachedRules  = 20000
	maxCachedEvents = 512
	maxCachedRoots  = 4096
)

// userRules are a user's rules, ready for use. They are immutable.
type userRules struct {
	own      *pushrules.Ruleset // nil for one who has the server's, which are not worth keeping for each
	compiled *pushrules.Compiled
	keywords bool // there are content rules of the user's own that are on
}

func ownRules(userID string, set *pushrules.Ruleset) *userRules {
	keyword := func(rule pushrules.Rule) bool { return rule.Enabled && !strings.HasPrefix(rule.RuleID, ".") }
	return &userRules{own: set, compiled: pushrules.Compile(userID, set), keywords: slices.ContainsFunc(set.Content, keyword)}
}

func (r *userRules) set(userID string) *pushrules.Ruleset {
	if r.own == nil {
		return pushrules.Defaults(userID)
	}
	return r.own
}

// ruleCache keeps compiled rules, and events prepared for evaluation, which all members of a room share.
type ruleCache struct {
	mu     sync.RWMutex
	users  map[string]*userRules
	epoch  int64
	events *lru.Cache[int64, *pushrules.Event]
	roots  *lru.Cache[int64, string] // event ids of thread roots
}

func newRuleCache() *ruleCache {
	events, _ := lru.New[int64, *pushrules.Event](maxCachedEvents) // fails only for sizes below one
	roots, _ := lru.New[int64, string](maxCachedRoots)
	return &ruleCache{users: map[string]*userRules{}, events: events, roots: roots}
}

func (c *ruleCache) get(userID string) (*userRules, int64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.users[userID], c.epoch
}

func (c *ruleCache) put(userID string, r *userRules, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch {
		return
	}
	if len(c.users) >= maxCachedRules {
		clear(c.users)
	}
	c.users[userID] = r
}

func (c *ruleCache) forget(userID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	delete(c.users, userID)
}

func (c *ruleCache) event(ev *rooms.Event) *pushrules.Event {
	if e, ok := c.events.Get(ev.NID); ok {
		return e
	}
	e := pushrules.NewEvent(ev.Type, ev.Sender, ev.RoomID, ev.StateKey, ev.JSON)
	c.events.Add(ev.NID, e)
	return e
}

func (a *Accounts) rulesOf(ctx context.Context, userID string) (*userRules, error) {
	r, epoch := a.rules.get(userID)
	if r != nil {
		return r, nil
	}
	stored, err := a.readAccountData(ctx, userID, "", typePushRules)
	if err != nil && kindOf(err) != ErrNotFound {
		return nil, err
	}
	if stored == nil {
		r = &userRules{compiled: pushrules.CompiledDefaults(userID)}
	} else {
		set, err := parseRules(userID, stored)
		if err != nil {
			return nil, err
		}
		r = ownRules(userID, set)
	}
	a.rules.put(userID, r, epoch)
	return r, nil
}

func parseRules(userID string, stored json.RawMessage) (*pushrules.Ruleset, error) {
	if stored == nil {
		return pushrules.Defaults(userID), nil
	}
	set, err := pushrules.Parse(userID, stored)
	if err != nil {
		return nil, fmt.Errorf("reading the push rules of %s: %w", userID, err)
	}
	return set, nil
}

// PushRules returns a user's rules. They are shared and must not be changed.
func (a *Accounts) PushRules(ctx context.Context, userID string) (*pushrules.Ruleset, error) {
	r, err := a.rulesOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	return r.set(userID), nil
}

func (a *Accounts) formatPushRules(ctx context.Context, userID string) (json.RawMessage, error) {
	set, err := a.PushRules(ctx, userID)
	if err != nil {
		return nil, err
	}
	return pushrules.Format(set)
}

// PutPushRule adds or replaces a user-defined rule (PUT /pushrules/global/{kind}/{ruleId}). Errors: ErrInvalidParam,
// ErrUnknown for a before or after that is not there.
func (a *Accounts) PutPushRule(ctx context.Context, userID, kind string, rule pushrules.Rule, before, after string) error {
	return a.changeRules(ctx, userID, func(s *pushrules.Ruleset) (*pushrules.Ruleset, error) {
		return s.Put(kind, rule, before, after)
	})
}

// DeletePushRule removes a user-defined rule; ErrNotFound.
func (a *Accounts) DeletePushRule(ctx context.Context, userID, kind, ruleID string) error {
	return a.changeRules(ctx, userID, func(s *pushrules.Ruleset) (*pushrules.Ruleset, error) { return s.Delete(kind, ruleID) })
}

// SetPushRuleEnabled switches a rule, also one of the server's own, on or off; ErrNotFound.
func (a *Accounts) SetPushRuleEnabled(ctx context.Context, userID, kind, ruleID string, on bool) error {
	return a.changeRules(ctx, userID, func(s *pushrules.Ruleset) (*pushrules.Ruleset, error) { return s.SetEnabled(kind, ruleID, on) })
}

// SetPushRuleActions changes what a rule does, also one of the server's own; ErrNotFound, ErrInvalidParam.
func (a *Accounts) SetPushRuleActions(ctx context.Context, userID, kind, ruleID string, actions []json.RawMessage) error {
	return a.changeRules(ctx, userID, func(s *pushrules.Ruleset) (*pushrules.Ruleset, error) { return s.SetActions(kind, ruleID, actions) })
}

func (a *Accounts) changeRules(ctx context.Context, userID string, change func(*pushrules.Ruleset) (*pushrules.Ruleset, error)) error {
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error {
		stored, err := readAccountDatum(tx, userID, "", typePushRules)
		if err != nil {
			return err
		}
		set, err := parseRules(userID, stored)
		if err != nil {
			return err
		}
		if set, err = change(set); err != nil {
			return ruleError(err)
		}
		return a.putPushRules(tx, userID, set)
	})
	if err != nil {
		return fmt.Errorf("changing push rules: %w", err)
	}
	return nil
}

func (a *Accounts) putPushRules(tx *sqldb.Tx, userID string, set *pushrules.Ruleset) error {
	content, err := pushrules.Format(set)
	if err != nil {
		return fmt.Errorf("encoding push rules: %w", err)
	}
	return a.putAccountData(tx, userID, "", typePushRules, content)
}

// ruleError gives an error of the rules its code.
func ruleError(err error) error {
	switch {
	case errors.Is(err, pushrules.ErrNotFound):
		return ErrNotFound.says("The push rule was not found")
	case errors.Is(err, pushrules.ErrBadReference):
		return ErrUnknown.says("before/after rule not found")
	case errors.Is(err, pushrules.ErrUnknownKind), errors.Is(err, pushrules.ErrBadRule):
		return ErrInvalidParam.says("%s", err)
	}
	return err
}

// Evaluate returns what a user's push rules say of an event, with the room as it is now. Events of users whom they
// ignore never notify.
func (a *Accounts) Evaluate(ctx context.Context, userID string, ev *rooms.Event) (pushrules.Result, error) {
	room, err := a.room(ctx, ev.RoomID)
	if err != nil || room == nil {
		return pushrules.Result{}, err
	}
	e, err := a.evaluator(ctx, userID, room)
	if err != nil {
		return pushrules.Result{}, err
	}
	return e.evaluate(ev), nil
}

// evaluator evaluates events of one room for one user.
type evaluator struct {
	a       *Accounts
	ctx     context.Context
	userID  string
	room    roomView
	rules   *userRules
	ignored map[string]struct{}
	reader  *view.Viewer // see reads; nil until somebody asks
}

func (a *Accounts) evaluator(ctx context.Context, userID string, room roomView) (*evaluator, error) {
	rules, err := a.rulesOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	ignored, err := a.IgnoredUsers(ctx, userID)
	if err != nil {
		return nil, err
	}
	return &evaluator{a: a, ctx: ctx, userID: userID, room: room, rules: rules, ignored: ignored}, nil
}

func (e *evaluator) evaluate(ev *rooms.Event) pushrules.Result {
	if e.passesOver(ev.Sender) || e.a.quiet(ev) {
		return pushrules.Result{}
	}
	return e.rules.compiled.Evaluate(e.a.rules.event(ev), e)
}

// quiet reports whether an event never notifies.
func (a *Accounts) quiet(ev *rooms.Event) bool { return a.o.Quiet != nil && a.o.Quiet(ev) }

// passesOver reports whether what sender sends never notifies: it is the user, or someone whom they ignore.
func (e *evaluator) passesOver(sender string) bool {
	if sender == e.userID || len(e.ignored) == 0 {
		return sender == e.userID
	}
	_, ignored := e.ignored[sender]
	return ignored
}

// Members implements pushrules.Room.
func (e *evaluator) Members() int { return e.room.JoinedCount() }

// DisplayName implements pushrules.Room.
func (e *evaluator) DisplayName() string {
	nid, ok := e.room.MemberEvent(e.userID)
	if !ok {
		return ""
	}
	events, err := e.a.rooms.Events(e.ctx, []int64{nid})
	if err != nil || events[nid] == nil {
		return ""
	}
	return events[nid].Content().Get("displayname").Str
}

// MayNotify implements pushrules.Room.
func (e *evaluator) MayNotify(sender, key string) bool {
	return e.room.PowerLevel(sender) >= e.room.NotificationPower(key)
}
