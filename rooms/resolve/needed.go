package resolve

import "github.com/tidwall/gjson"

// NeededAuth selects the auth events of an event (Server-Server API, Auth events selection): the places of the room's state
// whose events belong into auth_events, as far as the room has them. The create event comes first where it belongs; in room
// version 12 it does not, since the room id names it. content is the event's content. Duplicates are left out.
func NeededAuth(version, typ string, stateKey *string, sender string, content []byte) ([]StateKey, error) {
	r, err := rulesOf(version)
	if err != nil {
		return nil, err
	}
	var m memberContent
	if typ == typeMember && gjson.ValidBytes(content) {
		if root := gjson.ParseBytes(content); root.IsObject() {
			m = parseMember(root)
		}
	}
	return r.needed(nil, typ, stateKey, sender, &m), nil
}

// neededAuth appends the selection for e to buf.
func (r *rules) neededAuth(buf []StateKey, e *Event) []StateKey {
	var m *memberContent
	if e.Type == typeMember {
		m = &e.content().member
	}
	return r.needed(buf, e.Type, e.StateKey, e.Sender, m)
}

func (r *rules) needed(buf []StateKey, typ string, stateKey *string, sender string, m *memberContent) []StateKey {
	if typ == typeCreate {
		return buf
	}
	if !r.roomIsCreate {
		buf = append(buf, StateKey{typeCreate, ""})
	}
	buf = append(buf, StateKey{typePowerLevels, ""}, StateKey{typeMember, sender})
	if typ != typeMember {
		return buf
	}
	if stateKey != nil {
		buf = addKey(buf, StateKey{typeMember, *stateKey})
	}
	switch m.membership {
	case "join", "invite", "knock":
		buf = append(buf, StateKey{typeJoinRules, ""})
	}
	if m.membership == "invite" && m.thirdParty && m.token != "" {
		buf = append(buf, StateKey{typeThirdParty, m.token})
	}
	if r.restricted && m.authorisedVia != "" {
		buf = addKey(buf, StateKey{typeMember, m.authorisedVia})
	}
	return buf
}

func addKey(keys []StateKey, key StateKey) []StateKey {
	for _, k := range keys {
		if k == key {
			return keys
		}
	}
	return append(keys, key)
}
