package clientapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"medixchange/accounts"
	"medixchange/accounts/finder"
	"medixchange/clientapi/sync"
	"medixchange/internal/web"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const (
	defaultFound  = 10
	maxFoundPage  = 50
	maxAround     = 20 // events before or after each
	defaultAround = 5
	// maxTerm bounds what is looked for, in bytes.
	maxTerm = 1000
	// maxHighlights bounds the words that clients are to mark.
	maxHighlights = 50
)

func (a *API) searchRoutes() {
	if a.Finder == nil {
		return
	}
	a.v3(http.MethodPost, "/search", a.limited(a.limits.search, a.search))
}

// searchBody is the body of POST /search (Client-Server API, Server Side Search).
type searchBody struct {
	Categories struct {
		RoomEvents *eventSearch `json:"room_events"`
	} `json:"search_categories"`
}

type eventSearch struct {
	Term         *string         `json:"search_term"`
	Keys         []string        `json:"keys"`
	Filter       json.RawMessage `json:"filter"`
	OrderBy      string          `json:"order_by"`
	Context      *contextWanted  `json:"event_context"`
	IncludeState bool            `json:"include_state"`
	Groupings    struct {
		GroupBy []struct {
			Key string `json:"key"`
		} `json:"group_by"`
	} `json:"groupings"`
}

type contextWanted struct {
	Before  *int `json:"before_limit"`
	After   *int `json:"after_limit"`
	Profile bool `json:"include_profile"`
}

// typesOfKeys are the events whose text a key names.
var typesOfKeys = map[string]string{"content.body": "m.room.message", "content.name": "m.room.name", "content.topic": "m.room.topic"}

// search answers POST /search: events by their words, as the reader sees them.
func (a *API) search(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body searchBody
	if err := web.Decode(r, &body, int64(a.Config.Limits.MaxBody)); err != nil {
		return nil, err
	}
	if body.Categories.RoomEvents == nil {
		return map[string]any{"search_categories": struct{}{}}, nil
	}
	s, err := a.parseSearch(r, body.Categories.RoomEvents, d)
	if err != nil {
		return nil, err
	}
	if s.viewer, err = a.View.Viewer(r.Context(), d.UserID, d.DeviceID, d.Scope); err != nil {
		return nil, err
	}
	found, err := a.Finder.Search(r.Context(), s.viewer, s.request())
	if err != nil {
		return nil, err
	}
	answer, err := s.answer(r.Context(), found)
	if err != nil {
		return nil, err
	}
	return map[string]any{"search_categories": map[string]any{"room_events": answer}}, nil
}

// searching is one search under way.
type searching struct {
	a      *API
	device *accounts.Device
	viewer view.Viewer
	budget *view.Budget // of all that is shown
	want   *eventSearch
	filter *sync.EventFilter
	types  []string
	limit  int
	token  searchToken
}

func (a *API) parseSearch(r *http.Request, want *eventSearch, d *accounts.Device) (*searching, error) {
	s := &searching{a: a, device: d, budget: a.View.Budget(), want: want, filter: &sync.EventFilter{}, limit: defaultFound}
	var err error
	if len(want.Filter) > 0 && string(want.Filter) != "null" {
		if s.filter, err = sync.ParseEventFilter(want.Filter); err != nil {
			return nil, err
		}
	}
	if s.filter.Limit != nil && *s.filter.Limit > 0 {
		s.limit = min(*s.filter.Limit, maxFoundPage)
	}
	if err := want.check(); err != nil {
		return nil, err
	}
	for _, key := range want.Keys {
		s.types = append(s.types, typesOfKeys[key])
	}
	text := r.URL.Query().Get("next_batch")
	if text == "" {
		s.token.Now = a.Now().UnixMilli()
		return s, nil
	}
	if s.token, err = parseSearchToken(text); err != nil {
		return nil, web.InvalidParam("next_batch is not a token of this server.").Because(err)
	}
	return s, nil
}

// check refuses what is not as the specification has it.
func (want *eventSearch) check() error {
	switch {
	case want.Term == nil:
		return web.MissingParam("search_term is missing.")
	case len(*want.Term) > maxTerm:
		return web.InvalidParam("search_term is longer than %d bytes.", maxTerm)
	case want.OrderBy != "" && want.OrderBy != "rank" && want.OrderBy != "recent":
		return web.InvalidParam("order_by must be rank or recent.")
	}
	for _, key := range want.Keys {
		if typesOfKeys[key] == "" {
			return web.InvalidParam("keys may be content.body, content.name and content.topic.")
		}
	}
	for _, group := range want.Groupings.GroupBy {
		if group.Key != groupRoom && group.Key != groupSender {
			return web.InvalidParam("group_by may be room_id and sender.")
		}
	}
	return nil
}

func (s *searching) request() finder.Request {
	return finder.Request{
		Words: *s.want.Term, Types: s.types, Newest: s.want.OrderBy == "recent", Wants: s.wants,
		WantsRoom: func(roomID string) bool {
			return s.filter.WantsRoom(roomID) && (s.token.Key != groupRoom || s.token.Value == roomID)
		},
		Upto: s.token.Upto, Now: time.UnixMilli(s.token.Now),
	}
}

func (s *searching) wants(ev *rooms.Event) bool {
	return s.filter.Wants(ev) && (s.token.Key != groupSender || s.token.Value == ev.Sender)
}

// answer is the category room_events of the answer.
func (s *searching) answer(ctx context.Context, found *finder.Found) (map[string]any, error) {
	from := min(s.token.Offset, len(found.Hits))
	hits := found.Hits[from:min(from+s.limit, len(found.Hits))]
	events := make([]*rooms.Event, len(hits))
	for i, h := range hits {
		events[i] = h.Event
	}
	shown, err := s.a.View.Show(ctx, s.viewer, events, view.ShowOptions{Bundle: true, Budget: s.budget})
	if err != nil {
		return nil, err
	}
	results := make([]map[string]any, len(hits))
	for i, h := range hits {
		results[i] = map[string]any{"rank": h.Score, "result": shown[i]}
		if s.want.Context == nil {
			continue
		}
		if results[i]["context"], err = s.context(ctx, h.Event); err != nil {
			return nil, err
		}
	}
	out := map[string]any{"count": len(found.Hits), "results": results, "highlights": s.highlights(found, events, shown)}
	next := s.token
	next.Offset, next.Upto = from+len(hits), found.Upto
	if len(hits) == s.limit {
		out["next_batch"] = next.String()
	}
	if s.want.IncludeState {
		if out["state"], err = s.states(ctx, events); err != nil {
			return nil, err
		}
	}
	if len(s.want.Groupings.GroupBy) > 0 {
		out["groups"] = s.groups(found, events)
	}
	return out, nil
}

// highlights returns the words that were found, as they are written in what the reader is shown.
func (s *searching) highlights(found *finder.Found, events []*rooms.Event, shown []json.RawMessage) []string {
	words := []string{}
	seen := map[string]bool{}
	for i := range shown {
		for _, text := range textsIn(events[i], shown[i]) {
			for _, word := range found.Matched.Words(text) {
				if key := strings.ToLower(word); !seen[key] && len(words) < maxHighlights {
					seen[key] = true
					words = append(words, word)
				}
			}
		}
	}
	return words
}

// states returns the state of the rooms of the events, as the reader may see it.
func (s *searching) states(ctx context.Context, events []*rooms.Event) (map[string]any, error) {
	states := map[string]any{}
	for _, ev := range events {
		if states[ev.RoomID] != nil {
			continue
		}
		rd, err := s.a.read(ctx, s.device, ev.RoomID)
		if err != nil {
			return nil, err
		}
		state, err := s.a.state(ctx, rd, nil)
		if err != nil {
			return nil, err
		}
		if states[ev.RoomID], err = s.a.View.Show(ctx, rd.viewer, state, view.ShowOptions{StateSection: true, Budget: s.budget}); err != nil {
			return nil, err
		}
	}
	return states, nil
}

const (
	groupRoom   = "room_id"
	groupSender = "sender"
)

// foundGroup is one group of results.
type foundGroup struct {
	Results   []string `json:"results"`
	Order     int      `json:"order"`
	NextBatch string   `json:"next_batch,omitempty"`
}

// groups parts the results of the page by room or by sender. A group has a token for more where the page does not have all
// of it.
func (s *searching) groups(found *finder.Found, page []*rooms.Event) map[string]map[string]*foundGroup {
	all := map[string]map[string]*foundGroup{}
	for _, by := range s.want.Groupings.GroupBy {
		value := func(ev *rooms.Event) string { return ev.RoomID }
		if by.Key == groupSender {
			value = func(ev *rooms.Event) string { return ev.Sender }
		}
		groups := map[string]*foundGroup{}
		for _, ev := range page {
			if groups[value(ev)] == nil {
				groups[value(ev)] = &foundGroup{Order: len(groups)}
			}
			groups[value(ev)].Results = append(groups[value(ev)].Results, ev.ID)
		}
		s.addGroupTokens(found, by.Key, value, groups)
		all[by.Key] = groups
	}
	return all
}

func (s *searching) addGroupTokens(found *finder.Found, key string, value func(*rooms.Event) string, groups map[string]*foundGroup) {
	before, members := map[string]int{}, map[string]int{}
	for i, h := range found.Hits {
		members[value(h.Event)]++
		if i < s.token.Offset {
			before[value(h.Event)]++
		}
	}
	for of, g := range groups {
		reached := before[of] + len(g.Results)
		if reached < members[of] {
			token := searchToken{Offset: reached, Upto: found.Upto, Now: s.token.Now, Key: key, Value: of}
			g.NextBatch = token.String()
		}
	}
}

// sendersOf returns the different senders of events.
func sendersOf(events []*rooms.Event) []string {
	var senders []string
	for _, ev := range events {
		if !slices.Contains(senders, ev.Sender) {
			senders = append(senders, ev.Sender)
		}
	}
	return senders
}
