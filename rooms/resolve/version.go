package resolve

import "fmt"

// rules are the differences between room versions, as far as authorisation and state resolution go.
type rules struct {
	version          string
	stateRes         int  // 1: state resolution v1; 2: v2; 21: v2.1
	aliases          bool // m.room.aliases has a rule of its own
	redactions       bool // m.room.redaction is authorised by redact level or domain
	notifications    bool // changes of notifications levels are checked
	knock            bool // membership knock, join rule knock
	restricted       bool // join rule restricted
	knockRestricted  bool // join rule knock_restricted
	integerLevels    bool // power levels are integers only
	creatorIsSender  bool // the creator is the create event's sender, not its content.creator
	roomIsCreate     bool // the room id is the create event's id; the create event is not among auth_events
	creatorsInfinite bool // creators are above every power level and cannot be in users
}

// byVersion holds the rules of room versions 1 to 12.
var byVersion = func() map[string]*rules {
	m := make(map[string]*rules, 12)
	for v := 1; v <= 12; v++ {
		r := &rules{
			version:          fmt.Sprint(v),
			stateRes:         2,
			aliases:          v <= 5,
			redactions:       v <= 2,
			notifications:    v >= 6,
			knock:            v >= 7,
			restricted:       v >= 8,
			knockRestricted:  v >= 10,
			integerLevels:    v >= 10,
			creatorIsSender:  v >= 11,
			roomIsCreate:     v >= 12,
			creatorsInfinite: v >= 12,
		}
		switch v {
		case 1:
			r.stateRes = 1
		case 12:
			r.stateRes = 21
		}
		m[r.version] = r
	}
	return m
}()

// Known reports whether the room version is one whose rules are implemented here (1 to 12).
func Known(version string) bool { return byVersion[version] != nil }

func rulesOf(version string) (*rules, error) {
	if r := byVersion[version]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("room version %q: %w", version, ErrUnknownVersion)
}
