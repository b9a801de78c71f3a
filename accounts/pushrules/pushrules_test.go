package pushrules

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const ana = "@ana:a.example"

type ward struct {
	members int
	name    string
	power   bool
}

func (w ward) Members() int                  { return w.members }
func (w ward) DisplayName() string           { return w.name }
func (w ward) MayNotify(string, string) bool { return w.power }

func message(content string) *Event {
	return NewEvent("m.room.message", "@bo:a.example", "!r:x", nil, []byte(`{"type":"m.room.message","origin_server_ts":5,"content":`+content+`}`))
}

func state(typ, key, content string) *Event {
	return NewEvent(typ, "@bo:a.example", "!r:x", &key, []byte(`{"content":`+content+`}`))
}

func TestDefaults(t *testing.T) {
	big, pair := ward{members: 40}, ward{members: 2}
	for _, c := range []struct {
		name string
		ev   *Event
		room ward
		rule string
		want string // n notify, h highlight
	}{
		{"message", message(`{"body":"hi","msgtype":"m.text"}`), big, ".m.rule.message", "n"},
		{"between two", message(`{"body":"hi"}`), pair, ".m.rule.room_one_to_one", "n"},
		{"notice", message(`{"body":"hi","msgtype":"m.notice"}`), big, ".m.rule.suppress_notices", ""},
		{"mention", message(`{"body":"hi","m.mentions":{"user_ids":["@x:y","@ana:a.example"]}}`), big, ".m.rule.is_user_mention", "nh"},
		{"mention of another", message(`{"body":"ana","m.mentions":{"user_ids":["@x:y"]}}`), big, ".m.rule.message", "n"},
		{"room mention without power", message(`{"body":"all","m.mentions":{"room":true}}`), big, ".m.rule.message", "n"},
		{"room mention", message(`{"body":"all","m.mentions":{"room":true}}`), ward{members: 40, power: true}, ".m.rule.is_room_mention", "nh"},
		{"room mention that is a text", message(`{"body":"all","m.mentions":{"room":"true"}}`), ward{members: 40, power: true}, ".m.rule.message", "n"},
		{"edit", message(`{"body":"x","m.relates_to":{"rel_type":"m.replace","event_id":"$e"}}`), big, ".m.rule.suppress_edits", ""},
		{"edit with mention", message(`{"body":"x","m.mentions":{"user_ids":["@ana:a.example"]},"m.relates_to":{"rel_type":"m.replace"}}`), big, ".m.rule.is_user_mention", "nh"},
		{"name in the text alone", message(`{"body":"hello ana"}`), big, ".m.rule.message", "n"},
		{"reaction", NewEvent("m.reaction", "@bo:a.example", "!r:x", nil, []byte(`{}`)), big, ".m.rule.reaction", ""},
		{"encrypted", NewEvent("m.room.encrypted", "@bo:a.example", "!r:x", nil, []byte(`{}`)), big, ".m.rule.encrypted", "n"},
		{"encrypted between two", NewEvent("m.room.encrypted", "@bo:a.example", "!r:x", nil, []byte(`{}`)), pair, ".m.rule.encrypted_room_one_to_one", "n"},
		{"a call for me", rings("rtc.notification", `{"notification_type":"ring","m.mentions":{"user_ids":["@ana:a.example"]}}`), big,
			".org.matrix.msc4075.rule.rtc.invite_for_me", "n"},
		{"a call for the room", rings("rtc.invite", `{"m.mentions":{"room":true}}`), ward{members: 40, power: true},
			".org.matrix.msc4075.rule.rtc.invite_for_room", "n"},
		{"a call for the room, without power", rings("rtc.notification", `{"m.mentions":{"room":true}}`), big, "", ""},
		{"a call for another", rings("call.notify", `{"m.mentions":{"user_ids":["@x:y"]}}`), pair, "", ""},
		{"a call for me, by the name to be", NewEvent("m.rtc.notification", "@bo:a.example", "!r:x", nil,
			[]byte(`{"content":{"notification_type":"ring","m.mentions":{"user_ids":["@ana:a.example"]}}}`)), big, ".m.rule.rtc.invite_for_me", "n"},
		{"a call for the room, by the name to be", NewEvent("m.rtc.invite", "@bo:a.example", "!r:x", nil,
			[]byte(`{"content":{"m.mentions":{"room":true}}}`)), ward{members: 40, power: true}, ".m.rule.rtc.invite_for_room", "n"},
		{"a call declined", NewEvent("org.matrix.msc4310.rtc.decline", "@bo:a.example", "!r:x", nil,
			[]byte(`{"content":{"m.relates_to":{"rel_type":"m.reference","event_id":"$e"}}}`)), pair, "", ""},
		{"joining a call", state("org.matrix.msc3401.call.member", "_@bo:a.example_D", `{"application":"m.call"}`), pair, "", ""},
		{"call", NewEvent("m.call.invite", "@bo:a.example", "!r:x", nil, []byte(`{}`)), big, ".m.rule.call", "n"},
		{"tombstone", state("m.room.tombstone", "", `{}`), big, ".m.rule.tombstone", "nh"},
		{"tombstone that is no state", NewEvent("m.room.tombstone", "@bo:a.example", "!r:x", nil, []byte(`{}`)), big, "", ""},
		{"server acl", state("m.room.server_acl", "", `{}`), big, ".m.rule.room.server_acl", ""},
		{"invite for me", state("m.room.member", ana, `{"membership":"invite"}`), big, ".m.rule.invite_for_me", "n"},
		{"invite for another", state("m.room.member", "@x:y", `{"membership":"invite"}`), big, ".m.rule.member_event", ""},
		{"topic", state("m.room.topic", "", `{"topic":"x"}`), big, "", ""},
		{"own", NewEvent("m.room.message", ana, "!r:x", nil, []byte(`{"content":{"body":"x"}}`)), pair, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Compile(ana, Defaults(ana)).Evaluate(c.ev, c.room)
			require.Equal(t, r, CompiledDefaults(ana).Evaluate(c.ev, c.room), "as everybody shares them")
			require.Equal(t, c.rule, r.RuleID)
			require.Equal(t, c.want, flags(r))
		})
	}
}

func flags(r Result) string {
	out := ""
	if r.Notify {
		out += "n"
	}
	if r.Highlight {
		out += "h"
	}
	return out
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		condition string
		content   string
		want      bool
	}{
		{`{"kind":"event_match","key":"content.body","pattern":"cake"}`, `{"body":"A CAKE!"}`, true},
		{`{"kind":"event_match","key":"content.body","pattern":"cake"}`, `{"body":"cakes, pancake"}`, false},
		{`{"kind":"event_match","key":"content.body","pattern":"cake"}`, `{"body":"pancake and cake"}`, true},
		{`{"kind":"event_match","key":"content.body","pattern":"ex*ple"}`, `{"body":"An example event."}`, true},
		{`{"kind":"event_match","key":"content.body","pattern":"ex*ple"}`, `{"body":"exple"}`, true},
		{`{"kind":"event_match","key":"content.body","pattern":"ex*ple"}`, `{"body":"An exciting triple-whammy"}`, true},
		{`{"kind":"event_match","key":"content.body","pattern":"*"}`, `{}`, false},
		{`{"kind":"event_match","key":"content.body","pattern":"*"}`, `{"body":7}`, false},
		{`{"kind":"event_match","key":"content.topic","pattern":"lunc?*"}`, `{"topic":"Lunch plans"}`, true},
		{`{"kind":"event_match","key":"content.topic","pattern":"lunc?*"}`, `{"topic":"LUNCH"}`, true},
		{`{"kind":"event_match","key":"content.topic","pattern":"lunc?*"}`, `{"topic":" lunch"}`, false},
		{`{"kind":"event_match","key":"content.topic","pattern":"lunc?*"}`, `{"topic":"lunc"}`, false},
		{`{"kind":"event_match","key":"content.topic","pattern":"lunc?*"}`, `{"topic":null}`, false},
		{`{"kind":"event_match","key":"content.topic","pattern":"a.b"}`, `{"topic":"axb"}`, false},
		{`{"kind":"event_match","key":"content.topic"}`, `{"topic":""}`, false},
		{`{"kind":"event_property_is","key":"content.m\\.federate","value":true}`, `{"m.federate":true}`, true},
		{`{"kind":"event_property_is","key":"content.m\\.federate","value":true}`, `{"m.federate":"true"}`, false},
		{`{"kind":"event_property_is","key":"content.m\\.federate","value":true}`, `{"m.federate":1}`, false},
		{`{"kind":"event_property_is","key":"content.n","value":null}`, `{"n":null}`, true},
		{`{"kind":"event_property_is","key":"content.n","value":null}`, `{}`, false},
		{`{"kind":"event_property_is","key":"content.n","value":3}`, `{"n":3}`, true},
		{`{"kind":"event_property_is","key":"content.n","value":{}}`, `{"n":{}}`, false},
		{`{"kind":"event_property_is","key":"content.a\\\\b","value":"x"}`, `{"a\\b":"x"}`, true},
		{`{"kind":"event_property_is","key":"content.a*","value":"x"}`, `{"ab":"x"}`, false},
		{`{"kind":"event_property_contains","key":"content.alt_aliases","value":"#myroom:example.com"}`, `{"alt_aliases":["#x:y","#myroom:example.com"]}`, true},
		{`{"kind":"event_property_contains","key":"content.alt_aliases","value":":example.com"}`, `{"alt_aliases":["#myroom:example.com"]}`, false},
		{`{"kind":"event_property_contains","key":"content.alt_aliases","value":"x"}`, `{"alt_aliases":"x"}`, false},
		{`{"kind":"contains_display_name"}`, `{"body":"Hello dr. ANA, come"}`, true},
		{`{"kind":"contains_display_name"}`, `{"body":"Hello dr. anabel"}`, false},
		{`{"kind":"room_member_count","is":"3"}`, `{}`, true},
		{`{"kind":"room_member_count","is":"==3"}`, `{}`, true},
		{`{"kind":"room_member_count","is":"<3"}`, `{}`, false},
		{`{"kind":"room_member_count","is":"<=3"}`, `{}`, true},
		{`{"kind":"room_member_count","is":">2"}`, `{}`, true},
		{`{"kind":"room_member_count","is":">=4"}`, `{}`, false},
		{`{"kind":"room_member_count","is":"~3"}`, `{}`, false},
		{`{"kind":"room_member_count","is":""}`, `{}`, false},
		{`{"kind":"org.example.unknown"}`, `{}`, false},
	} {
		t.Run(c.condition+c.content, func(t *testing.T) {
			var raw Condition
			require.NoError(t, json.Unmarshal([]byte(c.condition), &raw))
			s := &Ruleset{Override: []Rule{{RuleID: "r", Enabled: true, Conditions: []Condition{raw}, Actions: []json.RawMessage{notify}}}}
			got := Compile(ana, s).Evaluate(message(c.content), ward{members: 3, name: "Dr. Ana"})
			require.Equal(t, c.want, got.Notify)
		})
	}
}

func rings(typ, content string) *Event {
	return NewEvent("org.matrix.msc4075."+typ, "@bo:a.example", "!r:x", nil, []byte(`{"content":`+content+`}`))
}

func own(id string) Rule { return Rule{RuleID: id, Actions: []json.RawMessage{notify}} }

func order(rules []Rule) string {
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.RuleID)
	}
	return strings.Join(ids, " ")
}

func TestPutOrders(t *testing.T) {
	s := &Ruleset{}
	put := func(id, before, after, want string) {
		t.Helper()
		next, err := s.Put(KindRoom, own(id), before, after)
		require.NoError(t, err)
		require.Equal(t, want, order(next.Room))
		s = next
	}
	put("a", "", "", "a")
	put("b", "", "", "b a")
	put("c", "a", "", "b c a")
	put("d", "", "b", "b d c a")
	put("a", "b", "", "a b d c")
	put("a", "", "c", "b d c a")
	put("d", "", "", "b d c a")
	put("c", "b", "a", "c b d a")
	for _, bad := range [][2]string{{"x", ""}, {"", "x"}, {"a", ""}} {
		_, err := s.Put(KindRoom, own("a"), bad[0], bad[1])
		require.ErrorIs(t, err, ErrBadReference)
	}
	d := Defaults(ana)
	d, err := d.Put(KindOverride, own("mine"), "", "")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(order(d.Override), master+" mine .m.rule.suppress_notices"), "behind the master switch alone")
	_, err = d.Put(KindOverride, own("other"), ".m.rule.suppress_notices", "")
	require.ErrorIs(t, err, ErrBadReference)
}

func TestPutRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		kind string
		rule Rule
		want error
	}{
		"unknown kind":           {"magic", own("a"), ErrUnknownKind},
		"dot":                    {KindRoom, own(".m.rule.x"), ErrBadRule},
		"slash":                  {KindRoom, own("a/b"), ErrBadRule},
		"backslash":              {KindRoom, own(`a\b`), ErrBadRule},
		"no id":                  {KindRoom, own(""), ErrBadRule},
		"no actions":             {KindRoom, Rule{RuleID: "a"}, ErrBadRule},
		"unknown action":         {KindRoom, Rule{RuleID: "a", Actions: []json.RawMessage{json.RawMessage(`"dance"`)}}, ErrBadRule},
		"content needs pattern":  {KindContent, own("a"), ErrBadRule},
		"room has no conditions": {KindRoom, Rule{RuleID: "a", Actions: []json.RawMessage{}, Conditions: []Condition{{Kind: "x"}}}, ErrBadRule},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := (&Ruleset{}).Put(c.kind, c.rule, "", "")
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestChangesStayAndDefaultsFollowTheServer(t *testing.T) {
	s, err := Defaults(ana).SetEnabled(KindOverride, master, true)
	require.NoError(t, err)
	s, err = s.SetActions(KindUnderride, ".m.rule.message", []json.RawMessage{})
	require.NoError(t, err)
	s, err = s.Put(KindUnderride, own("mine"), "", "")
	require.NoError(t, err)
	raw, err := Format(s)
	require.NoError(t, err)
	// As an older server stored it: without one of today's rules, with one that is gone.
	old := strings.Replace(string(raw), ".m.rule.reaction", ".m.rule.contains_display_name", 1)
	parsed, err := Parse(ana, []byte(old))
	require.NoError(t, err)
	require.Equal(t, s, parsed)
	require.Empty(t, Compile(ana, parsed).Evaluate(message(`{"body":"x"}`), ward{}).Actions)
	_, err = s.Delete(KindUnderride, ".m.rule.message")
	require.ErrorIs(t, err, ErrNotFound)
	_, err = s.SetEnabled(KindUnderride, "none", true)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestPriorityOfKinds(t *testing.T) {
	s := Defaults(ana)
	put := func(kind string, r Rule) {
		var err error
		s, err = s.Put(kind, r, "", "")
		require.NoError(t, err)
	}
	got := func() string { return Compile(ana, s).Evaluate(message(`{"body":"cake"}`), ward{members: 3}).RuleID }
	put(KindUnderride, own("u"))
	require.Equal(t, "u", got())
	put(KindSender, own("@bo:a.example"))
	require.Equal(t, "@bo:a.example", got())
	put(KindRoom, own("!r:x"))
	require.Equal(t, "!r:x", got())
	put(KindContent, Rule{RuleID: "c", Pattern: "cake", Actions: []json.RawMessage{notify}})
	require.Equal(t, "c", got())
	put(KindOverride, own("o"))
	require.Equal(t, "o", got())
	var err error
	s, err = s.SetEnabled(KindOverride, "o", false)
	require.NoError(t, err)
	require.Equal(t, "c", got())
	s, err = s.SetEnabled(KindOverride, master, true)
	require.NoError(t, err)
	require.Equal(t, master, got())
}

func FuzzEvaluate(f *testing.F) {
	f.Add(`{"kind":"event_match","key":"content.body","pattern":"a*"}`, `{"content":{"body":"abc"}}`)
	f.Add(`{"kind":"event_property_is","key":"content.a\\.b","value":1}`, `{"content":{"a.b":1}}`)
	f.Add(`{"kind":"room_member_count","is":">=2"}`, `{"content":[]}`)
	f.Fuzz(func(t *testing.T, condition, event string) {
		var c Condition
		if json.Unmarshal([]byte(condition), &c) != nil {
			t.Skip()
		}
		s := &Ruleset{Override: []Rule{{RuleID: "r", Enabled: true, Conditions: []Condition{c}, Actions: []json.RawMessage{notify}}}}
		Compile(ana, s).Evaluate(NewEvent("t", "@x:y", "!r", nil, []byte(event)), ward{members: 3, name: "x"})
	})
}

func BenchmarkEvaluate(b *testing.B) {
	s := Defaults(ana)
	for i := range 20 {
		s, _ = s.Put(KindRoom, own(fmt.Sprintf("!muted%d:x", i)), "", "")
	}
	c := Compile(ana, s)
	ev := message(`{"msgtype":"m.text","body":"Blood pressure 120/80, saturation 97 % on room air. Please have a look at the chart before the round.","m.mentions":{"user_ids":["@li:b.example"]}}`)
	room := ward{members: 40}
	b.ReportAllocs()
	for b.Loop() {
		if !c.Evaluate(ev, room).Notify {
			b.Fatal("the message has to notify")
		}
	}
}

func BenchmarkNewEvent(b *testing.B) {
	raw := []byte(`{"type":"m.room.message","sender":"@bo:a.example","content":{"msgtype":"m.text","body":"Blood pressure 120/80, saturation 97 % on room air.","m.mentions":{"user_ids":["@li:b.example"]}},"auth_events":["$a","$b","$c"]}`)
	b.ReportAllocs()
	for b.Loop() {
		NewEvent("m.room.message", "@bo:a.example", "!r:x", nil, raw)
	}
}

func TestOtherWordsStandInTheBodysPlaceAlone(t *testing.T) {
	original := message(`{"msgtype":"m.notice","body":"Sauerstoff","m.mentions":{"user_ids":["@ana:a.example"]}}`)
	shown := original.WithBody("Oxygen")
	for _, c := range []struct {
		of        *Event
		key, want string
	}{
		{shown, "content.body", "Oxygen"},
		{original, "content.body", "Sauerstoff"},
		{shown, "content.msgtype", "m.notice"},
		{shown, "origin_server_ts", "5"},
	} {
		require.Equal(t, c.want, c.of.get(compileKey(c.key)).String(), c.key)
	}
	pattern := compileMatch("content.body", "oxygen")
	require.True(t, pattern.holds("", shown, nil))
	require.False(t, pattern.holds("", original, nil))
}

func TestWhatExceeds(t *testing.T) {
	nothing, notifies, highlights := Result{}, Result{Notify: true}, Result{Notify: true, Highlight: true}
	ascending := []Result{nothing, notifies, highlights}
	for i, more := range ascending {
		for j, less := range ascending {
			require.Equal(t, i > j, more.Exceeds(less), "%d and %d", i, j)
		}
	}
}
