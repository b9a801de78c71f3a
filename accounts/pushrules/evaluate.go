package pushrules

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/tidwall/gjson"
)

// Room is what a rule can ask about the room of an event. Its methods are called only when a rule needs them.
type Room interface {
	// Members is the number of joined members.
	Members() int
	// DisplayName is the display name in the room of the user whose rules these are.
	DisplayName() string
	// MayNotify reports whether sender has the power for notifications of this key (power levels, notifications).
	MayNotify(sender, key string) bool
}

// Result is what the rules say of an event.
type Result struct {
	Notify    bool
	Highlight bool
	RuleID    string            // of the rule that matched; "" none
	Actions   []json.RawMessage // of that rule; shared, not to be changed
}

// Exceeds reports whether a result tells the user more than another: it notifies, and the other does not; or it highlights, and
// the other does not.
func (r Result) Exceeds(other Result) bool {
	return r.Notify && !other.Notify || r.Highlight && !other.Highlight
}

// Compiled are rules made ready for evaluation. It is immutable and safe for concurrent use.
type Compiled struct {
	userID string
	rules  *compiledRules
}

// compiledRules name the user nowhere, so that users with the same rules can share them.
type compiledRules struct {
	override  []compiledRule
	content   []compiledRule
	room      map[string]Result
	sender    map[string]Result
	underride []compiledRule
}

type compiledRule struct {
	conditions []condition
	result     Result
}

// Compile prepares the enabled rules of userID.
func Compile(userID string, s *Ruleset) *Compiled { return &Compiled{userID, compile(userID, s)} }

// anyone is whose default rules are compiled for all.
const anyone = "@anyone:invalid"

var compiledDefaults = sync.OnceValue(func() *compiledRules { return compile(anyone, Defaults(anyone)) })

// CompiledDefaults are the compiled Defaults of userID. Nearly all users have them, and share all but their name.
func CompiledDefaults(userID string) *Compiled { return &Compiled{userID, compiledDefaults()} }

func compile(userID string, s *Ruleset) *compiledRules {
	return &compiledRules{
		override:  compileRules(userID, s.Override),
		content:   compileContent(s.Content),
		room:      compileIDs(s.Room),
		sender:    compileIDs(s.Sender),
		underride: compileRules(userID, s.Underride),
	}
}

func compileRules(userID string, rules []Rule) []compiledRule {
	var out []compiledRule
	for _, r := range rules {
		if !r.Enabled {
			continue
		}
		c := compiledRule{result: result(r)}
		for _, raw := range r.Conditions {
			c.conditions = append(c.conditions, compileCondition(raw).aboutSelf(userID))
		}
		out = append(out, c)
	}
	return out
}

func compileContent(rules []Rule) []compiledRule {
	var out []compiledRule
	for _, r := range rules {
		if r.Enabled && r.Pattern != "" {
			out = append(out, compiledRule{[]condition{compileMatch("content.body", r.Pattern)}, result(r)})
		}
	}
	return out
}

func compileIDs(rules []Rule) map[string]Result {
	out := map[string]Result{}
	for _, r := range rules {
		if r.Enabled {
			out[r.RuleID] = result(r)
		}
	}
	return out
}

func result(r Rule) Result {
	out := Result{RuleID: r.RuleID, Actions: r.Actions}
	for _, raw := range r.Actions {
		a, err := parseAction(raw)
		if err != nil {
			continue // stored by an older version; it has no effect
		}
		out.Notify = out.Notify || a.notify
		if a.tweak == "highlight" {
			out.Highlight = len(a.value) == 0 || string(a.value) == "true"
		}
	}
	out.Highlight = out.Highlight && out.Notify
	return out
}

// Evaluate returns what the first matching rule says. A user's own events never notify.
func (c *Compiled) Evaluate(e *Event, room Room) Result {
	if e.sender == c.userID {
		return Result{}
	}
	rules := c.rules
	if r, ok := first(rules.override, c.userID, e, room); ok {
		return r
	}
	if len(rules.content) > 0 {
		if r, ok := first(rules.content, c.userID, e, room); ok {
			return r
		}
	}
	if r, ok := rules.room[e.roomID]; ok {
		return r
	}
	if r, ok := rules.sender[e.sender]; ok {
		return r
	}
	r, _ := first(rules.underride, c.userID, e, room)
	return r
}

func first(rules []compiledRule, userID string, e *Event, room Room) (Result, bool) {
next:
	for i := range rules {
		for j := range rules[i].conditions {
			if !rules[i].conditions[j].holds(userID, e, room) {
				continue next
			}
		}
		return rules[i].result, true
	}
	return Result{}, false
}

type operation uint8

const (
	never operation = iota
	equals
	globs
	containsWords
	globsWords
	propertyIs
	propertyContains
	equalsSelf   // the user's own id
	containsSelf // a list with it
	containsDisplayName
	memberCount
	notificationPermission
)

type condition struct {
	op         operation
	key        key
	name       string         // key of a notification permission
	text       string         // to compare with; lower case for words
	glob       *regexp.Regexp // of globs
	value      gjson.Result   // of properties
	comparison string
	number     int
}

func compileCondition(c Condition) condition {
	switch c.Kind {
	case "event_match":
		if c.Pattern == nil {
			return condition{op: never}
		}
		return compileMatch(c.Key, *c.Pattern)
	case "event_property_is", "event_property_contains":
		value := gjson.ParseBytes(c.Value)
		if len(c.Value) == 0 || value.Type == gjson.JSON || !gjson.ValidBytes(c.Value) {
			return condition{op: never}
		}
		op := propertyIs
		if c.Kind == "event_property_contains" {
			op = propertyContains
		}
		return condition{op: op, key: compileKey(c.Key), value: value}
	case "contains_display_name":
		return condition{op: containsDisplayName}
	case "room_member_count":
		return compileCount(c.Is)
	case "sender_notification_permission":
		return condition{op: notificationPermission, name: c.Key}
	}
	return condition{op: never} // unknown conditions match nothing
}

// aboutSelf puts the user's own id out of a condition.
func (c condition) aboutSelf(userID string) condition {
	switch {
	case c.op == equals && c.text == userID:
		return condition{op: equalsSelf, key: c.key}
	case c.op == propertyContains && c.value.Type == gjson.String && c.value.Str == userID:
		return condition{op: containsSelf, key: c.key}
	}
	return c
}

func compileMatch(name, pattern string) condition {
	c := condition{key: compileKey(name), text: pattern}
	words := name == "content.body"
	hasGlob := strings.ContainsAny(pattern, "*?")
	switch {
	case words && !hasGlob:
		c.op, c.text = containsWords, strings.ToLower(pattern)
	case words:
		c.op, c.glob = globsWords, compileGlob(`(?:^|[^a-z0-9_])`, strings.ToLower(pattern), `(?:[^a-z0-9_]|$)`)
	case hasGlob:
		c.op, c.glob = globs, compileGlob(`(?i)^`, pattern, `$`)
	default:
		c.op = equals
	}
	return c
}

// compileGlob makes a regular expression, which Go evaluates in linear time, of * and ?.
func compileGlob(prefix, pattern, suffix string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)` + prefix)
	for _, r := range pattern {
		switch r {
		case '*':
			b.WriteString(`.*?`)
		case '?':
			b.WriteString(`.`)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteString(suffix)
	return regexp.MustCompile(b.String())
}

func compileCount(is string) condition {
	comparison := strings.TrimRight(is, "0123456789")
	n, err := strconv.Atoi(is[len(comparison):])
	if err != nil {
		return condition{op: never}
	}
	switch comparison {
	case "", "==", "<", ">", "<=", ">=":
		return condition{op: memberCount, comparison: comparison, number: n}
	}
	return condition{op: never}
}

func (c *condition) holds(userID string, e *Event, room Room) bool {
	switch c.op {
	case equals:
		return isText(e.get(c.key), c.text)
	case equalsSelf:
		return isText(e.get(c.key), userID)
	case globs:
		v := e.get(c.key)
		return v.Type == gjson.String && c.glob.MatchString(v.Str)
	case containsWords:
		return containsAsWords(e.lowerBody, c.text)
	case globsWords:
		return e.known[keyBody].Type == gjson.String && c.glob.MatchString(e.lowerBody)
	case propertyIs:
		return same(e.get(c.key), c.value)
	case propertyContains:
		return contains(e.get(c.key), c.value)
	case containsSelf:
		return contains(e.get(c.key), text(userID))
	case containsDisplayName:
		return e.lowerBody != "" && containsAsWords(e.lowerBody, strings.ToLower(room.DisplayName()))
	case memberCount:
		return compare(room.Members(), c.comparison, c.number)
	case notificationPermission:
		return room.MayNotify(e.sender, c.name)
	}
	return false
}

func isText(v gjson.Result, want string) bool {
	return v.Type == gjson.String && (v.Str == want || strings.EqualFold(v.Str, want))
}

func compare(n int, comparison string, with int) bool {
	switch comparison {
	case "<":
		return n < with
	case ">":
		return n > with
	case "<=":
		return n <= with
	case ">=":
		return n >= with
	}
	return n == with
}

// same compares values that are not compound; types are not cast.
func same(a, b gjson.Result) bool {
	if a.Raw == "" || a.Type != b.Type {
		return false
	}
	switch a.Type {
	case gjson.String:
		return a.Str == b.Str
	case gjson.Number:
		return a.Num == b.Num
	case gjson.JSON:
		return false
	}
	return true // true, false and null are types of their own
}

func contains(list, value gjson.Result) bool {
	if list.Raw == "" || !list.IsArray() {
		return false
	}
	found := false
	list.ForEach(func(_, item gjson.Result) bool {
		found = same(item, value)
		return !found
	})
	return found
}

// containsAsWords reports whether words occurs in s from one word boundary to another.
func containsAsWords(s, words string) bool {
	if words == "" {
		return false
	}
	for from := 0; ; {
		at := strings.Index(s[from:], words)
		if at < 0 {
			return false
		}
		start := from + at
		end := start + len(words)
		if (start == 0 || !inWord(s[start-1])) && (end == len(s) || !inWord(s[end])) {
			return true
		}
		from = start + 1
	}
}

func inWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
