package bridge

import (
	"cmp"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/accounts"
)

// device is a client that keeps every event that it was sent.
type device struct {
	w      *world
	device *accounts.Device
	since  string
	filter string                    // "" for one with room for everything
	events map[string][]gjson.Result // by room
	seen   map[string]bool
}

// sync asks once and returns the new events of a room that holds any message.
func (d *device) sync(timeout time.Duration) {
	d.w.t.Helper()
	q := url.Values{"timeout": {jsonNumber(timeout.Milliseconds())}, "filter": {cmp.Or(d.filter, `{"room":{"timeline":{"limit":500}}}`)}}
	if d.since != "" {
		q.Set("since", d.since)
	}
	r := httptest.NewRequest("GET", "/_matrix/client/v3/sync?"+q.Encode(), nil)
	body, err := d.w.handler.Sync(httptest.NewRecorder(), r, d.device)
	require.NoError(d.w.t, err)
	answer := gjson.ParseBytes(body.(json.RawMessage))
	d.since = answer.Get("next_batch").Str
	for _, rooms := range []gjson.Result{answer.Get("rooms.join"), answer.Get("rooms.leave")} {
		rooms.ForEach(d.take)
	}
}

// take keeps the timeline of a room.
func (d *device) take(room, section gjson.Result) bool {
	for _, ev := range section.Get("timeline.events").Array() {
		id := ev.Get("event_id").Str
		require.False(d.w.t, d.seen[id], "an event id came twice: %s", ev.Raw)
		d.seen[id] = true
		d.events[room.Str] = append(d.events[room.Str], ev)
	}
	return true
}

// messages are the messages and redactions of a room that came to the device.
func (d *device) messages(roomID string) []gjson.Result {
	var out []gjson.Result
	for _, ev := range d.events[roomID] {
		if typ := ev.Get("type").Str; typ == typeMessage || typ == "m.room.redaction" {
			out = append(out, ev)
		}
	}
	return out
}

// until syncs until the device has n messages and redactions of the room.
func (d *device) until(roomID string, n int) []gjson.Result {
	d.w.t.Helper()
	deadline := time.Now().Add(patience)
	for len(d.messages(roomID)) < n && time.Now().Before(deadline) {
		d.sync(200 * time.Millisecond)
	}
	require.Len(d.w.t, d.messages(roomID), n)
	return d.messages(roomID)
}

// quiet syncs and requires that nothing more of the room comes.
func (d *device) quiet(roomID string) {
	d.w.t.Helper()
	before := len(d.messages(roomID))
	d.w.settled()
	d.sync(0)
	d.sync(0)
	require.Len(d.w.t, d.messages(roomID), before)
}
