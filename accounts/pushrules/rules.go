package pushrules

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The kinds of rules, in the order in which they are checked.
const (
	KindOverride  = "override"
	KindContent   = "content"
	KindRoom      = "room"
	KindSender    = "sender"
	KindUnderride = "underride"
)

// Kinds lists the kinds in the order in which they are checked.
var Kinds = []string{KindOverride, KindContent, KindRoom, KindSender, KindUnderride}

// Bounds of what a user may store.
const (
	maxRules      = 2000
	maxConditions = 64
	maxActions    = 32
	maxLength     = 4096 // of ids, keys, patterns
)

// Errors of changes.
var (
	ErrNotFound     = errors.New("push rule not found")
	ErrUnknownKind  = errors.New("unknown kind of push rule")
	ErrBadRule      = errors.New("malformed push rule")
	ErrBadReference = errors.New("before or after names no user-defined rule of this kind")
)

// Condition of an override or underride rule.
type Condition struct {
	Kind    string          `json:"kind"`
	Key     string          `json:"key,omitempty"`
	Pattern *string         `json:"pattern,omitempty"`
	Is      string          `json:"is,omitempty"`
	Value   json.RawMessage `json:"value,omitempty"`
}

// Rule is one push rule.
type Rule struct {
	RuleID     string            `json:"rule_id"`
	Default    bool              `json:"default"`
	Enabled    bool              `json:"enabled"`
	Conditions []Condition       `json:"conditions,omitempty"`
	Pattern    string            `json:"pattern,omitempty"`
	Actions    []json.RawMessage `json:"actions"`
}

// Ruleset are the rules of one user by kind, most important first. A Ruleset in use is never changed: the methods that
// change return another one.
type Ruleset struct {
	Override  []Rule `json:"override"`
	Content   []Rule `json:"content"`
	Room      []Rule `json:"room"`
	Sender    []Rule `json:"sender"`
	Underride []Rule `json:"underride"`
}

// Of returns the rules of a kind; nil for an unknown kind.
func (s *Ruleset) Of(kind string) []Rule {
	if list := s.list(kind); list != nil {
		return *list
	}
	return nil
}

func (s *Ruleset) list(kind string) *[]Rule {
	switch kind {
	case KindOverride:
		return &s.Override
	case KindContent:
		return &s.Content
	case KindRoom:
		return &s.Room
	case KindSender:
		return &s.Sender
	case KindUnderride:
		return &s.Underride
	}
	return nil
}

// Find returns the rule; ErrNotFound or ErrUnknownKind.
func (s *Ruleset) Find(kind, ruleID string) (Rule, error) {
	list := s.list(kind)
	if list == nil {
		return Rule{}, ErrUnknownKind
	}
	if i := index(*list, ruleID); i >= 0 {
		return (*list)[i], nil
	}
	return Rule{}, ErrNotFound
}

func index(list []Rule, ruleID string) int {
	return slices.IndexFunc(list, func(r Rule) bool { return r.RuleID == ruleID })
}

// copyOf returns a copy of s whose lists can be changed.
func (s *Ruleset) copyOf() *Ruleset {
	c := *s
	for _, kind := range Kinds {
		list := c.list(kind)
		*list = slices.Clone(*list)
	}
	return &c
}

// Put adds a user-defined rule or replaces the one of the same id. With before (or else after), the rule comes right
// before (after) that user-defined rule; a new one without either becomes the most important user-defined rule of its
// kind. Errors: ErrUnknownKind, ErrBadRule, ErrBadReference.
func (s *Ruleset) Put(kind string, rule Rule, before, after string) (*Ruleset, error) {
	if err := check(kind, rule); err != nil {
		return nil, err
	}
	c := s.copyOf()
	list := c.list(kind)
	rule.Default, rule.Enabled = false, true
	old := index(*list, rule.RuleID)
	if old >= 0 {
		rule.Enabled = (*list)[old].Enabled
		if before == "" && after == "" {
			(*list)[old] = rule
			return c, nil
		}
	}
	at, err := place(*list, kind, rule.RuleID, before, after)
	if err != nil {
		return nil, err
	}
	if old < 0 && c.size() >= maxRules {
		return nil, fmt.Errorf("%w: more than %d rules", ErrBadRule, maxRules)
	}
	*list = slices.Insert(*list, at, rule)
	if old >= 0 {
		if old >= at {
			old++
		}
		*list = slices.Delete(*list, old, old+1)
	}
	return c, nil
}

// place returns where a rule is to be inserted.
func place(list []Rule, kind, ruleID, before, after string) (int, error) {
	reference, offset := before, 0
	if before == "" {
		reference, offset = after, 1
	}
	if reference == "" {
		if kind == KindOverride && len(list) > 0 && list[0].RuleID == master {
			return 1, nil
		}
		return 0, nil
	}
	at := index(list, reference)
	if at < 0 || list[at].Default || reference == ruleID {
		return 0, ErrBadReference
	}
	return at + offset, nil
}

func (s *Ruleset) size() int {
	n := 0
	for _, kind := range Kinds {
		n += len(s.Of(kind))
	}
	return n
}

// Delete removes a user-defined rule. A server-default rule is ErrNotFound: it cannot be removed.
func (s *Ruleset) Delete(kind, ruleID string) (*Ruleset, error) {
	if s.list(kind) == nil {
		return nil, ErrUnknownKind
	}
	c := s.copyOf()
	list := c.list(kind)
	i := index(*list, ruleID)
	if i < 0 || (*list)[i].Default {
		return nil, ErrNotFound
	}
	*list = slices.Delete(*list, i, i+1)
	return c, nil
}

// SetEnabled switches any rule on or off.
func (s *Ruleset) SetEnabled(kind, ruleID string, on bool) (*Ruleset, error) {
	return s.change(kind, ruleID, func(r *Rule) { r.Enabled = on })
}

// SetActions changes what any rule does.
func (s *Ruleset) SetActions(kind, ruleID string, actions []json.RawMessage) (*Ruleset, error) {
	if err := checkActions(actions); err != nil {
		return nil, err
	}
	return s.change(kind, ruleID, func(r *Rule) { r.Actions = actions })
}

func (s *Ruleset) change(kind, ruleID string, fn func(*Rule)) (*Ruleset, error) {
	if s.list(kind) == nil {
		return nil, ErrUnknownKind
	}
	c := s.copyOf()
	list := *c.list(kind)
	i := index(list, ruleID)
	if i < 0 {
		return nil, ErrNotFound
	}
	fn(&list[i])
	return c, nil
}

func check(kind string, rule Rule) error {
	switch {
	case (&Ruleset{}).list(kind) == nil:
		return ErrUnknownKind
	case rule.RuleID == "" || len(rule.RuleID) > maxLength:
		return fmt.Errorf("%w: rule_id has to have 1 to %d bytes", ErrBadRule, maxLength)
	case strings.HasPrefix(rule.RuleID, "."):
		return fmt.Errorf("%w: a rule_id that begins with a dot is reserved for the server's own", ErrBadRule)
	case strings.ContainsAny(rule.RuleID, `/\`):
		return fmt.Errorf("%w: a rule_id must not contain slashes", ErrBadRule)
	case kind == KindContent && rule.Pattern == "":
		return fmt.Errorf("%w: a content rule needs a pattern", ErrBadRule)
	case kind != KindContent && rule.Pattern != "":
		return fmt.Errorf("%w: only a content rule has a pattern", ErrBadRule)
	case kind != KindOverride && kind != KindUnderride && len(rule.Conditions) > 0:
		return fmt.Errorf("%w: only override and underride rules have conditions", ErrBadRule)
	case len(rule.Conditions) > maxConditions || len(rule.Pattern) > maxLength:
		return fmt.Errorf("%w: too large", ErrBadRule)
	}
	for _, c := range rule.Conditions {
		if c.Kind == "" || len(c.Key) > maxLength || len(c.Is) > maxLength || len(c.Value) > maxLength ||
			c.Pattern != nil && len(*c.Pattern) > maxLength {
			return fmt.Errorf("%w: malformed condition", ErrBadRule)
		}
	}
	return checkActions(rule.Actions)
}

func checkActions(actions []json.RawMessage) error {
	if actions == nil {
		return fmt.Errorf("%w: actions are missing", ErrBadRule)
	}
	if len(actions) > maxActions {
		return fmt.Errorf("%w: more than %d actions", ErrBadRule, maxActions)
	}
	for _, a := range actions {
		if _, err := parseAction(a); err != nil {
			return err
		}
	}
	return nil
}

// action is a parsed action: notify, or a tweak; a known but empty one has neither.
type action struct {
	notify bool
	tweak  string
	value  json.RawMessage
}

func parseAction(raw json.RawMessage) (action, error) {
	var word string
	if json.Unmarshal(raw, &word) == nil {
		switch word {
		case "notify":
			return action{notify: true}, nil
		case "dont_notify", "coalesce": // of older versions: no effect, not refused
			return action{}, nil
		}
		return action{}, fmt.Errorf("%w: unknown action", ErrBadRule)
	}
	var tweak struct {
		SetTweak string          `json:"set_tweak"`
		Value    json.RawMessage `json:"value"`
	}
	if json.Unmarshal(raw, &tweak) != nil || tweak.SetTweak == "" || len(raw) > maxLength {
		return action{}, fmt.Errorf("%w: an action is a known word or {set_tweak, value}", ErrBadRule)
	}
	return action{tweak: tweak.SetTweak, value: tweak.Value}, nil
}
