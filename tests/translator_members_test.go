package tests

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/translator/language"
)

// said is what the members say, one each: phrases that no two languages share.
var said = []string{
	"consultation.urgent-consultation", "consultation.need-specialist-cardio", "consultation.send-images", "consultation.send-lab",
	"consultation.transfer", "consultation.chest-xray", "consultation.blood-culture", "consultation.admit",
	"history.diabetes", "history.asthma", "history.pregnant",
}

// council is a room of two hospitals, with one member for each language of the programme, who talks through mautrix.
type council struct {
	t         *testing.T
	hospitals []*testhospital.Hospital
	engines   []*interpreter
	room      string
	members   map[language.Code]*testhospital.User
	clients   map[language.Code]*mautrixClient
	ids       map[language.Code]string // of what each said
}

func newCouncil(t *testing.T) *council {
	t.Helper()
	c := &council{t: t, members: map[language.Code]*testhospital.User{}, clients: map[language.Code]*mautrixClient{}, ids: map[language.Code]string{}}
	c.hospitals = testhospital.Alliance(t, 2, func(cfg *config.Config) {
		own := newInterpreter(t)
		c.engines = append(c.engines, own)
		own.engine(t, cfg)
		cfg.Translator.HoldBudget = config.Duration(20 * time.Second)
		cfg.Limits.Rates.Search = config.Rate{PerSecond: 1000, Burst: 1000}
	})
	for i, code := range language.Chat {
		u := c.hospitals[i%2].User("doctor-" + string(code))
		u.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language",
			map[string]string{"language": string(code)})
		c.members[code] = u
		if i == 0 {
			c.room = u.CreateRoom(testhospital.Room{Preset: "public_chat"})
		} else {
			u.Join(c.room, c.hospitals[0].Name)
		}
	}
	for i, code := range language.Chat {
		c.clients[code] = newMautrix(t, c.hospitals[i%2], "doctor-"+string(code)).syncing()
		c.clients[code].waitForMember(id.RoomID(c.room), c.clients[code].UserID, event.MembershipJoin)
	}
	return c
}

// wording is what a member reads of what another said.
func (c *council) wording(speaker int, reader language.Code) string {
	return c.engines[0].memory.Forms(said[speaker], reader)[0]
}

// check compares one member's copy of a message with what they should read.
func (c *council) check(where string, speaker int, reader language.Code, event gjson.Result) {
	c.t.Helper()
	writer := language.Chat[speaker]
	content := event.Get("content")
	key := content.Get(`org\.medixchange\.translation`)
	what := fmt.Sprintf("%s: %s reads what %s said: %s", where, reader, writer, event.Raw)
	if reader == writer {
		require.Equal(c.t, c.wording(speaker, reader), content.Get("body").Str, what)
		require.False(c.t, key.Exists(), what)
		return
	}
	require.Contains(c.t, content.Get("body").Str, c.wording(speaker, reader), what)
	require.Equal(c.t, "translated", key.Get("state").Str, what)
	require.Equal(c.t, string(writer), key.Get("from").Str, what)
	require.Equal(c.t, string(reader), key.Get("to").Str, what)
	require.Equal(c.t, c.wording(speaker, writer), key.Get("original.body").Str, what)
}

// history reads the room back as a member sees it now.
func (c *council) history(u *testhospital.User) map[string]gjson.Result {
	c.t.Helper()
	page := u.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(c.room)+"/messages?dir=b&limit=50", nil)
	events := map[string]gjson.Result{}
	for _, event := range page.Get("chunk").Array() {
		events[event.Get("event_id").Str] = event
	}
	return events
}

// expected is one request for each message and language that somebody else at the hospital reads.
func (c *council) expected(hospital int) map[string]int {
	wanted := map[string]int{}
	for speaker, writer := range language.Chat {
		for i, reader := range language.Chat {
			if i%2 == hospital && reader != writer {
				wanted[fmt.Sprintf("%s to %s: %s", writer, reader, c.wording(speaker, writer))] = 1
			}
		}
	}
	return wanted
}

// TestElevenMembersReadElevenLanguagesAcrossTwoHospitals: each says something in a client, and each reads all of it in their own
// language: as it comes, in history, in what a search finds by its words and what is around it, around an event, in relations,
// in the list of threads and as the latest event of a thread, and in all of them again after the nodes were restarted. Each
// hospital asks its engine once for a message and language, and never again.
func TestElevenMembersReadElevenLanguagesAcrossTwoHospitals(t *testing.T) {
	c := newCouncil(t)
	for speaker, writer := range language.Chat {
		c.say(speaker)
		for _, reader := range language.Chat {
			c.check("live", speaker, reader, c.seenBy(reader, c.ids[writer]))
		}
	}
	for i, own := range c.engines {
		require.Equal(t, c.expected(i), own.requests(), "hospital %d", i)
	}
	c.readBack("history")
	c.searches("search")
	c.readsElsewhere("before the restart")
	for _, h := range c.hospitals {
		h.Restart()
	}
	c.readBack("history after the restart")
	c.searches("search after the restart")
	c.readsElsewhere("after the restart")
	for _, reader := range language.Chat {
		for speaker, event := range c.fresh(reader) {
			c.check("sync after the restart", speaker, reader, event)
		}
	}
	for i, own := range c.engines {
		require.Equal(t, c.expected(i), own.requests(), "nothing is translated twice, hospital %d", i)
	}
}

// seenBy is an event as a member's client was given it.
func (c *council) seenBy(reader language.Code, eventID string) gjson.Result {
	c.t.Helper()
	ev := c.clients[reader].waitFor(id.EventID(eventID))
	return gjson.Parse(`{"content":` + string(ev.Content.VeryRaw) + `}`)
}

func (c *council) readBack(where string) {
	c.t.Helper()
	for _, reader := range language.Chat {
		events := c.history(c.members[reader])
		for speaker, writer := range language.Chat {
			require.Contains(c.t, events, c.ids[writer], "%s: %s", where, reader)
			c.check(where, speaker, reader, events[c.ids[writer]])
		}
	}
}

// fresh is the end of the room as a device sees it that has not synced before.
func (c *council) fresh(reader language.Code) map[int]gjson.Result {
	c.t.Helper()
	filter := url.QueryEscape(`{"room":{"timeline":{"limit":50}}}`)
	answer := c.members[reader].Must(http.MethodGet, "/_matrix/client/v3/sync?filter="+filter, nil)
	found := map[int]gjson.Result{}
	for _, event := range testhospital.Timeline(answer, c.room) {
		for speaker, writer := range language.Chat {
			if event.Get("event_id").Str == c.ids[writer] {
				found[speaker] = event
			}
		}
	}
	require.Len(c.t, found, len(language.Chat), strings.TrimSpace(string(reader)))
	return found
}
