package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/stream"
	"medixchange/internal/web"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// Options is what a Handler is built from. Every field without "optional" must be set.
type Options struct {
	Rooms    *rooms.Rooms
	Accounts *accounts.Accounts
	View     *view.View
	Hub      *stream.Hub
	Now      func() time.Time // optional: time.Now
	Log      *logrus.Entry
	// MaxSQL bounds the syncs that read the database at one time; optional: 8.
	MaxSQL int
}

// Limits of a request.
const (
	maxTimeout    = 60 * time.Second
	catchUp       = 5 * time.Second // how long a token that is ahead of this process is waited for
	toDeviceLimit = 100
	maxFilters    = 2000 // parsed filters that are kept
	defaultSQL    = 8
)

// Handler answers /sync. It is safe for concurrent use.
type Handler struct {
	rooms    roomsPort
	accounts accountsPort
	presence presencePort // nil where it is not kept
	view     *view.View
	hub      *stream.Hub
	now      func() time.Time
	log      *logrus.Entry
	filters  *lru.Cache[string, *Filter]
	devices  *devices
	alarms   alarms
	turns    turns
	sql      chan struct{} // a seat for each sync that reads the database
}

// New makes a Handler. It starts nothing.
func New(o Options) *Handler {
	h := newHandler(o, nodeRooms{o.Rooms, o.Hub}, o.Accounts)
	if o.Accounts.PresenceOn() {
		h.presence = o.Accounts
	}
	return h
}

func newHandler(o Options, r roomsPort, a accountsPort) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxSQL == 0 {
		o.MaxSQL = defaultSQL
	}
	filters, err := lru.New[string, *Filter](maxFilters)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Handler{
		rooms: r, accounts: a, view: o.View, hub: o.Hub, now: o.Now, log: o.Log,
		filters: filters, devices: newDevices(), sql: make(chan struct{}, o.MaxSQL),
		alarms: alarms{at: map[int64]*alarm{}}, turns: newTurns(),
	}
}

// query is a request, read.
type query struct {
	device     *accounts.Device
	filter     *Filter
	since      Token
	initial    bool // no since
	fullState  bool
	stateAfter bool
	stateName  string // of the section with state
	timeout    time.Duration
	presence   string // that the device sets; "" for none
	owed       view.OwedLate
}

// Sync answers a request of an authenticated device (GET /_matrix/client/v3/sync); it is a web.Handler but for the device.
func (h *Handler) Sync(w http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	q, err := h.parse(r, d)
	if err != nil {
		return nil, err
	}
	p := h.poll(r.Context(), q)
	body, err := p.answer(web.MayRest(w, r))
	if err != nil {
		return nil, err
	}
	if body == nil {
		return p.rest(), nil
	}
	return json.RawMessage(body), nil
}

func (h *Handler) parse(r *http.Request, d *accounts.Device) (*query, error) {
	q := &query{device: d}
	values := web.Query(r.URL.Query())
	timeout, err := values.Int("timeout", 0, 0, int(^uint32(0)>>1))
	if err != nil {
		return nil, err
	}
	q.timeout = min(time.Duration(timeout)*time.Millisecond, maxTimeout)
	if q.fullState, err = values.Bool("full_state", false); err != nil {
		return nil, err
	}
	if err = q.readStateAfter(values); err != nil {
		return nil, err
	}
	switch q.presence = values.Get("set_presence"); q.presence {
	case "", "online", "offline", "unavailable":
	default:
		return nil, web.InvalidParam("set_presence must be offline, online or unavailable")
	}
	since := values.Get("since")
	if q.initial = since == ""; !q.initial {
		if q.since, err = ParseToken(since); err != nil {
			return nil, web.InvalidParam("since is not a token of this server").Because(err)
		}
	}
	q.filter, err = h.filterOf(r.Context(), d.UserID, values.Get("filter"))
	return q, err
}

// readStateAfter takes the parameter under its stable name or that of MSC4222, which names the answer's key too.
func (q *query) readStateAfter(values web.Query) (err error) {
	q.stateName = "state"
	for _, prefix := range []string{"", "org.matrix.msc4222."} {
		if q.stateAfter, err = values.Bool(prefix+"use_state_after", false); err != nil {
			return err
		}
		if q.stateAfter {
			q.stateName = prefix + "state_after"
			return nil
		}
	}
	return nil
}

func (h *Handler) filterOf(ctx context.Context, userID, param string) (*Filter, error) {
	if param == "" {
		return &Filter{}, nil
	}
	key := param
	if param[0] != '{' {
		key = userID + "\x00" + param
	}
	if f, ok := h.filters.Get(key); ok {
		return f, nil
	}
	raw := json.RawMessage(param)
	if param[0] != '{' {
		var err error
		if raw, err = h.accounts.Filter(ctx, userID, param); err != nil {
			if errors.Is(err, accounts.ErrNotFound) {
				return nil, web.InvalidParam("There is no such filter").Because(err)
			}
			return nil, fmt.Errorf("reading a filter: %w", err)
		}
	}
	f, err := ParseFilter(raw)
	if err != nil {
		return nil, err
	}
	h.filters.Add(key, f)
	return f, nil
}

func (h *Handler) poll(ctx context.Context, q *query) *poll {
	return &poll{h: h, ctx: ctx, q: q, since: q.since}
}

// answer reads rounds until one has something to tell or the time is up. What it calls has returned when it waits: as
// many stacks are kept as devices wait, and each of them is twice as large if little more stands on it. Without an answer
// and an error the poll may rest; otherwise it is closed.
func (p *poll) answer(mayRest, atOnce bool) (body []byte, err error) {
	resting := false
	defer func() {
		if !resting {
			p.close()
		}
	}()
	body, err = p.begin()
	for body == nil && err == nil {
		why := quiet
		if !atOnce || p.q.timeout < longPoll || p.held() {
			why = p.wait(mayRest)
		}
		if resting = why == quiet; resting {
			return nil, nil
		}
		body, err = p.goOn(why == changed)
	}
	return body, err
}

// arrived does what the token proves: the answer that carried it has arrived. A token from ahead of this process (made by
// another one) is waited for.
func (h *Handler) arrived(ctx context.Context, q *query) error {
	d := h.devices.of(q.device)
	if q.initial {
		d.forget()
		h.view.ForgetLate(q.device.UserID, q.device.DeviceID, "") // also of rooms that it does not ask for now
		return nil
	}
	if q.since.Position > h.hub.Position() {
		waiting, cancel := context.WithTimeout(ctx, catchUp)
		defer cancel()
		if err := h.hub.WaitFor(waiting, q.since.Position); err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	d.received(q.since.String())
	if !d.acknowledge(q.since.ToDevice) {
		return nil
	}
	if err := h.accounts.AckToDevice(ctx, q.device.UserID, q.device.DeviceID, q.since.ToDevice); err != nil {
		return fmt.Errorf("acknowledging to-device messages: %w", err)
	}
	return nil
}

// watch registers for everything that could give the user something to read.
func (h *Handler) watch(ctx context.Context, q *query) (*stream.Watch, error) {
	all, err := h.rooms.UserRooms(ctx, q.device.UserID)
	if err != nil {
		return nil, fmt.Errorf("reading the user's rooms: %w", err)
	}
	topics := make([]stream.Topic, 0, len(all)+1)
	topics = append(topics, rooms.UserTopic(q.device.UserID))
	for i := range all {
		if all[i].Membership == "join" && q.filter.Room.wants(all[i].RoomID) {
			topics = append(topics, rooms.RoomTopic(all[i].RoomID))
		}
	}
	return h.hub.Watch(topics...), nil
}

// nothing is the answer of a request whose time is up.
func (h *Handler) nothing(q *query, next Token) []byte {
	h.devices.of(q.device).offer(next.String(), nil)
	body := []byte(`{"next_batch":"`)
	return append(append(body, next.String()...), `"}`...)
}
