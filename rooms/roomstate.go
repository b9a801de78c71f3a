package rooms

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/tidwall/gjson"

	"medixchange/rooms/resolve"
)

// roomState is what a batch changes of a room. It is a value: copying it is cheap, and nothing that a copy shares with
// the original is ever changed, so a batch works on a copy, and readers keep the one they took.
type roomState struct {
	extremities []extremity
	ref         stateRef
	entries     trie[int64, int64]                 // key nid → event nid
	named       trie[resolve.StateKey, stateEntry] // what is not a member
	members     trie[string, member]
	locals      trie[string, struct{}] // joined users of this node
	counts      trie[string, int]      // joined members by server
	servers     *serverList
	joined      int
	invited     int
	facts       *facts
	heroes      *heroList

	position  int64 // of the newest change
	lastEvent int64 // position of the newest event
	bump      int64
	leftAt    int64
	published bool
}

// extremity is an event that none follows yet.
type extremity struct {
	nid        int64
	id         string
	depth      int64
	stateAfter int64
}

type stateEntry struct{ key, nid int64 }

// member is a user's m.room.member.
type member struct {
	membership string
	key, nid   int64
}

// serverList is the set of servers with a joined member, sorted.
type serverList struct {
	names  []string
	nid    int64 // interned; 0: not yet
	others int64 // the set without this node; 0: none, or not yet interned
}

// facts are what is asked often of a few state events.
type facts struct {
	creator     string
	creators    map[string]bool
	infinite    bool // creators are above every level (room version 12)
	roomType    string
	joinRule    string
	guestAccess string
	encrypted   bool
	visibility  HistoryVisibility
	levels      *powerLevels
}

func newRoomState() roomState {
	return roomState{
		servers: &serverList{}, heroes: &heroList{},
		facts: &facts{joinRule: "invite", guestAccess: "forbidden", levels: defaultLevels()},
	}
}

// put sets the state event of a key; ev nil removes it. own is this node's name.
func (s *roomState) put(own string, key resolve.StateKey, keyNID int64, ev *Event) {
	if ev == nil {
		s.entries = s.entries.delete(keyNID)
	} else {
		s.entries = s.entries.set(keyNID, ev.NID)
	}
	if key.Type == "m.room.member" {
		m := member{key: keyNID}
		if ev != nil {
			m.nid, m.membership = ev.NID, ev.Membership()
		}
		s.putMember(own, key.Key, m)
		return
	}
	if ev == nil {
		s.named = s.named.delete(key)
	} else {
		s.named = s.named.set(key, stateEntry{keyNID, ev.NID})
	}
	s.learn(key, ev)
}

// putMember sets a user's membership; nid 0 removes it.
func (s *roomState) putMember(own, userID string, m member) {
	old, _ := s.members.get(userID)
	if m.nid == 0 {
		s.members = s.members.delete(userID)
	} else {
		s.members = s.members.set(userID, m)
	}
	s.heroes = s.heroes.after(userID)
	s.joined += flagInt(m.membership == "join") - flagInt(old.membership == "join")
	s.invited += flagInt(m.membership == "invite") - flagInt(old.membership == "invite")
	switch joins, joined := m.membership == "join", old.membership == "join"; {
	case joins && !joined:
		s.countServer(own, userID, 1)
	case joined && !joins:
		s.countServer(own, userID, -1)
	}
}

func flagInt(on bool) int {
	if on {
		return 1
	}
	return 0
}

func (s *roomState) countServer(own, userID string, change int) {
	server := serverOf(userID)
	if server == own {
		if change > 0 {
			s.locals = s.locals.set(userID, struct{}{})
		} else {
			s.locals = s.locals.delete(userID)
		}
	}
	old, _ := s.counts.get(server)
	if old+change > 0 {
		s.counts = s.counts.set(server, old+change)
	} else {
		s.counts = s.counts.delete(server)
	}
	if old == 0 || old+change == 0 {
		s.servers = s.servers.changed(server, change > 0)
	}
}

func (l *serverList) changed(server string, there bool) *serverList {
	at, found := slices.BinarySearch(l.names, server)
	switch {
	case there && !found:
		return &serverList{names: slices.Insert(slices.Clone(l.names), at, server)}
	case !there && found:
		return &serverList{names: slices.Delete(slices.Clone(l.names), at, at+1)}
	}
	return l
}

func (l *serverList) has(server string) bool {
	_, found := slices.BinarySearch(l.names, server)
	return found
}

// learn keeps the facts current; ev nil means that the state event is gone.
func (s *roomState) learn(key resolve.StateKey, ev *Event) {
	if key.Key != "" {
		return
	}
	var content gjson.Result
	if ev != nil {
		content = ev.Content()
	}
	f := *s.facts
	switch key.Type {
	case "m.room.create":
		f.readCreate(ev, content)
	case "m.room.join_rules":
		f.joinRule = orElse(content.Get("join_rule").Str, "invite")
	case "m.room.guest_access":
		f.guestAccess = orElse(content.Get("guest_access").Str, "forbidden")
	case "m.room.encryption":
		f.encrypted = ev != nil
	case "m.room.history_visibility":
		f.visibility = parseVisibility(content.Get("history_visibility").Str)
	case "m.room.power_levels":
		f.levels = defaultLevels()
		if ev != nil {
			f.levels = parseLevels(content)
		}
	default:
		return
	}
	s.facts = &f
}

func (f *facts) readCreate(ev *Event, content gjson.Result) {
	if ev == nil {
		return
	}
	format := formats[ev.Version]
	f.creator = ev.Sender
	if format != nil && format.number <= 10 {
		f.creator = content.Get("creator").Str
	}
	f.creators = map[string]bool{f.creator: true}
	f.roomType = content.Get("type").Str
	if format == nil || !format.roomIsCreate {
		return
	}
	f.infinite = true
	for _, more := range content.Get("additional_creators").Array() {
		f.creators[more.Str] = true
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func parseVisibility(text string) HistoryVisibility {
	switch text {
	case "invited":
		return VisibilityInvited
	case "joined":
		return VisibilityJoined
	case "world_readable":
		return VisibilityWorldReadable
	}
	return VisibilityShared
}

// stateNID returns the event that stands at (typ, key), 0 for none.
func (s *roomState) stateNID(key resolve.StateKey) int64 {
	if key.Type == "m.room.member" {
		m, _ := s.members.get(key.Key)
		return m.nid
	}
	e, _ := s.named.get(key)
	return e.nid
}

// membership returns a user's membership, "" for none.
func (s *roomState) membership(userID string) string {
	m, _ := s.members.get(userID)
	return m.membership
}

// state returns all entries, sorted.
func (s *roomState) state() resolve.State {
	out := make([]resolve.Entry, 0, s.entries.len())
	s.entries.each(func(key, nid int64) bool {
		out = append(out, resolve.Entry{Key: key, NID: nid})
		return true
	})
	return resolve.NewState(out)
}

// maxHeroes is how many members a summary names; one more is kept, since a viewer is not their own hero.
const maxHeroes = 5

// heroList is found when it is first asked for, and again after a change that concerns it.
type heroList struct{ result atomic.Pointer[heroes] }

type heroes struct {
	users []string
	full  bool // as many as are kept, all of them joined or invited
}

func (h *heroList) of(s *roomState) []string {
	if known := h.result.Load(); known != nil {
		return known.users
	}
	found := findHeroes(s)
	h.result.Store(found)
	return found.users
}

func findHeroes(s *roomState) *heroes {
	type hero struct {
		userID string
		nid    int64
	}
	var present, gone []hero
	s.members.each(func(userID string, m member) bool {
		switch m.membership {
		case "join", "invite":
			present = append(present, hero{userID, m.nid})
		case "leave", "ban":
			gone = append(gone, hero{userID, m.nid})
		}
		return true
	})
	byAge := func(a, b hero) int { return cmp.Compare(a.nid, b.nid) }
	slices.SortFunc(present, byAge)
	found := &heroes{full: len(present) > maxHeroes}
	if len(present) <= 1 {
		slices.SortFunc(gone, byAge)
		present = append(present, gone...)
	}
	for _, candidate := range present[:min(len(present), maxHeroes+1)] {
		found.users = append(found.users, candidate.userID)
	}
	return found
}

// after returns the list after a user's member event changed. Once there are enough, what later members do changes nothing.
func (h *heroList) after(userID string) *heroList {
	next := &heroList{}
	if known := h.result.Load(); known != nil && known.full && !slices.Contains(known.users, userID) {
		next.result.Store(known)
	}
	return next
}
