package pushrules

import (
	"encoding/json"
	"slices"
)

// master is the one server-default rule that comes before the user's own.
const master = ".m.rule.master"

var (
	notify    = json.RawMessage(`"notify"`)
	highlight = json.RawMessage(`{"set_tweak":"highlight"}`)
	sound     = json.RawMessage(`{"set_tweak":"sound","value":"default"}`)
	ring      = json.RawMessage(`{"set_tweak":"sound","value":"ring"}`)
)

// ringing are the events by which a call rings, in the names that clients have had for them: rtc.notification, rtc.invite and,
// before, call.notify (MSC4075).
const ringing = "org.matrix.msc4075.*"

// toRing are the same under the names that they are to have: rtc.notification and rtc.invite. The others of these (slots, members,
// declines) mention nobody.
const toRing = "m.rtc.*"

func match(key, pattern string) Condition {
	return Condition{Kind: "event_match", Key: key, Pattern: &pattern}
}

func property(kind, key string, value any) Condition {
	raw, _ := json.Marshal(value) // strings and truth values always marshal
	return Condition{Kind: kind, Key: key, Value: raw}
}

func rule(id string, actions []json.RawMessage, conditions ...Condition) Rule {
	if actions == nil {
		actions = []json.RawMessage{}
	}
	return Rule{RuleID: id, Default: true, Enabled: id != master, Conditions: conditions, Actions: actions}
}

// Defaults are the server-default rules of the specification (v1.19, Predefined Rules) for userID. The mention rules by
// name and by @room in the text went with MSC4210: m.mentions says who is meant. Four more are those of MSC4075, under their
// unstable names and those that they are to have: calls ring whom they mention, and are no highlights.
func Defaults(userID string) *Ruleset {
	return &Ruleset{
		Override: []Rule{
			rule(master, nil),
			rule(".m.rule.suppress_notices", nil, match("content.msgtype", "m.notice")),
			rule(".m.rule.invite_for_me", []json.RawMessage{notify, sound},
				match("type", "m.room.member"), match("content.membership", "invite"), match("state_key", userID)),
			rule(".m.rule.member_event", nil, match("type", "m.room.member")),
			rule(".org.matrix.msc4075.rule.rtc.invite_for_me", []json.RawMessage{notify, ring}, match("type", ringing),
				property("event_property_contains", `content.m\.mentions.user_ids`, userID)),
			rule(".m.rule.rtc.invite_for_me", []json.RawMessage{notify, ring}, match("type", toRing),
				property("event_property_contains", `content.m\.mentions.user_ids`, userID)),
			rule(".m.rule.is_user_mention", []json.RawMessage{notify, sound, highlight},
				property("event_property_contains", `content.m\.mentions.user_ids`, userID)),
			rule(".org.matrix.msc4075.rule.rtc.invite_for_room", []json.RawMessage{notify, ring}, match("type", ringing),
				property("event_property_is", `content.m\.mentions.room`, true),
				Condition{Kind: "sender_notification_permission", Key: "room"}),
			rule(".m.rule.rtc.invite_for_room", []json.RawMessage{notify, ring}, match("type", toRing),
				property("event_property_is", `content.m\.mentions.room`, true),
				Condition{Kind: "sender_notification_permission", Key: "room"}),
			rule(".m.rule.is_room_mention", []json.RawMessage{notify, highlight},
				property("event_property_is", `content.m\.mentions.room`, true),
				Condition{Kind: "sender_notification_permission", Key: "room"}),
			rule(".m.rule.tombstone", []json.RawMessage{notify, highlight},
				match("type", "m.room.tombstone"), match("state_key", "")),
			rule(".m.rule.reaction", nil, match("type", "m.reaction")),
			rule(".m.rule.room.server_acl", nil, match("type", "m.room.server_acl"), match("state_key", "")),
			rule(".m.rule.suppress_edits", nil,
				property("event_property_is", `content.m\.relates_to.rel_type`, "m.replace")),
		},
		Content: []Rule{},
		Room:    []Rule{},
		Sender:  []Rule{},
		Underride: []Rule{
			rule(".m.rule.call", []json.RawMessage{notify, ring}, match("type", "m.call.invite")),
			rule(".m.rule.encrypted_room_one_to_one", []json.RawMessage{notify, sound},
				Condition{Kind: "room_member_count", Is: "2"}, match("type", "m.room.encrypted")),
			rule(".m.rule.room_one_to_one", []json.RawMessage{notify, sound},
				Condition{Kind: "room_member_count", Is: "2"}, match("type", "m.room.message")),
			rule(".m.rule.message", []json.RawMessage{notify}, match("type", "m.room.message")),
			rule(".m.rule.encrypted", []json.RawMessage{notify}, match("type", "m.room.encrypted")),
		},
	}
}

// Parse reads stored rules ({"global": …}) and brings the server-default ones to what they are now: new ones are added,
// former ones go, conditions are the server's; whether one is enabled and what it does stay as the user set it.
func Parse(userID string, stored []byte) (*Ruleset, error) {
	var content struct {
		Global *Ruleset `json:"global"`
	}
	if err := json.Unmarshal(stored, &content); err != nil {
		return nil, err
	}
	defaults := Defaults(userID)
	if content.Global == nil {
		return defaults, nil
	}
	for _, kind := range Kinds {
		merge(content.Global.list(kind), defaults.Of(kind))
	}
	return content.Global, nil
}

func merge(list *[]Rule, defaults []Rule) {
	stored := *list
	merged := make([]Rule, 0, len(stored)+len(defaults))
	fresh := make([]Rule, len(defaults))
	for i, d := range defaults {
		if at := index(stored, d.RuleID); at >= 0 && stored[at].Actions != nil {
			d.Enabled, d.Actions = stored[at].Enabled, stored[at].Actions
		}
		fresh[i] = d
	}
	if len(fresh) > 0 && fresh[0].RuleID == master {
		merged, fresh = append(merged, fresh[0]), fresh[1:]
	}
	own := slices.DeleteFunc(slices.Clone(stored), func(r Rule) bool { return r.Default })
	*list = append(append(merged, own...), fresh...)
}

// Format returns the rules in the form that clients get and that Parse reads.
func Format(s *Ruleset) (json.RawMessage, error) {
	return json.Marshal(map[string]*Ruleset{"global": s})
}
