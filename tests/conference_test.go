package tests

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// planning is a room of two hospitals: Ana in Tokyo reads Spanish, Bo in New York French.
type planning struct {
	a, b    *testhospital.Hospital
	ana, bo *testhospital.User
	room    string
	heard   map[*testhospital.User][]string // what the bot said of conferences
}

func newPlanning(t *testing.T) *planning {
	t.Helper()
	based := func(c *config.Config) { c.Conference.TimeZone = "Europe/Rome" }
	p := &planning{heard: map[*testhospital.User][]string{}}
	p.a, p.b = twoHospitals(t, translating, based)
	p.ana, p.bo = p.a.User("ana"), p.b.User("bo")
	for reader, language := range map[*testhospital.User]string{p.ana: "es", p.bo: "fr"} {
		account := v3 + "/user/" + url.PathEscape(reader.ID) + "/account_data/"
		reader.Must(http.MethodPut, account+"org.medixchange.language", map[string]string{"language": language, "mode": "in_place"})
	}
	p.ana.Must(http.MethodPut, v3+"/profile/"+url.PathEscape(p.ana.ID)+"/m.tz", map[string]string{"m.tz": "Asia/Tokyo"})
	account := v3 + "/user/" + url.PathEscape(p.bo.ID) + "/account_data/org.medixchange.time_zone"
	p.bo.Must(http.MethodPut, account, map[string]string{"time_zone": "America/New_York"})
	p.room = p.ana.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{p.bo.ID, "@translator:" + p.a.Name}})
	p.bo.WaitForInvite(p.room)
	p.bo.Join(p.room, p.a.Name)
	return p
}

// told waits until the bot has said something that begins so.
func (p *planning) told(u *testhospital.User, beginning string) string {
	if said := p.said(u, beginning); len(said) > 0 {
		return said[0]
	}
	u.WaitUntil(beginning, func(sync gjson.Result) bool {
		p.hear(u, sync)
		return len(p.said(u, beginning)) > 0
	})
	return p.said(u, beginning)[0]
}

func (p *planning) hear(u *testhospital.User, sync gjson.Result) {
	for _, ev := range testhospital.Timeline(sync, p.room) {
		if ev.Get(`content.org\.medixchange\.conference`).Exists() {
			p.heard[u] = append(p.heard[u], ev.Get("content.body").Str)
		}
	}
}

func (p *planning) said(u *testhospital.User, beginning string) []string {
	var said []string
	for _, body := range p.heard[u] {
		if strings.HasPrefix(body, beginning) {
			said = append(said, body)
		}
	}
	return said
}

func TestAConferenceIsToldInEachMembersLanguageAndTime(t *testing.T) {
	p := newPlanning(t)
	year := time.Now().UTC().Year() + 1
	day := time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC)
	asked := day.Format("2006-01-02")
	p.ana.WaitUntil("the bot", func(gjson.Result) bool {
		_, member := p.ana.Do(http.MethodGet, statePath(p.room, "m.room.member", "@translator:"+p.a.Name), nil)
		return member.Get("membership").Str == "join"
	})
	p.ana.Say(p.room, "!conferencia "+asked+" 09:00 45m Sepsis round")

	spanish := p.told(p.ana, "📅 Conferencia planificada: Sepsis round")
	require.Contains(t, spanish, asked+" 09:00–09:45 (Asia/Tokyo)")
	french := p.told(p.bo, "📅 Conférence prévue : Sepsis round")
	before := day.AddDate(0, 0, -1).Format("2006-01-02")
	require.Contains(t, french, before+" 20:00–20:45 (America/New_York)")
	require.Contains(t, french, []string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}[day.AddDate(0, 0, -1).Weekday()])

	file := fetchCalendar(t, p.b, french)
	require.Contains(t, file, "DTSTART:"+day.Format("20060102")+"T000000Z")
	require.Contains(t, file, "SUMMARY:Sepsis round")

	p.ana.Say(p.room, "!conference cancelar 1")
	p.told(p.bo, "📅 Conférence annulée : Sepsis round")
	require.Contains(t, fetchCalendar(t, p.b, french), "STATUS:CANCELLED")

	p.bo.Leave(p.room)
	status, _ := calendarAnswer(t, p.b, french)
	require.Equal(t, http.StatusNotFound, status, "who has left reads nothing more")
}

func TestMembersAreRemindedAlsoWhenTheNodeWasDown(t *testing.T) {
	p := newPlanning(t)
	start := time.Now().Add(time.Hour)
	remind := time.Hour - 1500*time.Millisecond
	p.ana.SetState(p.room, "org.medixchange.conference", "c1", map[string]any{
		"title": "Ward round", "start": start.UnixMilli(), "remind": remind.Milliseconds(), "hosts": []string{p.ana.ID},
	})
	p.told(p.bo, "📅 Conférence prévue : Ward round")
	p.b.Stop()
	p.told(p.ana, "⏰ Conferencia en breve: Ward round")
	p.b.Start()
	p.told(p.bo, "⏰ Conférence bientôt : Ward round")
	p.b.Restart()
	p.hear(p.bo, p.bo.Sync(0))
	require.Len(t, p.said(p.bo, "⏰"), 1, "once, whatever happens")
	require.Len(t, p.said(p.bo, "📅"), 1)
}

// fetchCalendar follows the link in a notice.
func fetchCalendar(t *testing.T, h *testhospital.Hospital, notice string) string {
	t.Helper()
	status, body := calendarAnswer(t, h, notice)
	require.Equal(t, http.StatusOK, status, body)
	return strings.ReplaceAll(body, "\r\n ", "")
}

func calendarAnswer(t *testing.T, h *testhospital.Hospital, notice string) (int, string) {
	t.Helper()
	_, link, found := strings.Cut(notice, "/conference/calendar/")
	require.True(t, found, notice)
	link, _, _ = strings.Cut(link, "\n")
	response, err := http.Get(h.URL + "/conference/calendar/" + link)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}
