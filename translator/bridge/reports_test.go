package bridge

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/web"
	"medixchange/rooms"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

func (w *world) react(roomID, sender, eventID, key string) string {
	w.t.Helper()
	content, err := json.Marshal(object{"m.relates_to": object{"rel_type": "m.annotation", "event_id": eventID, "key": key}})
	require.NoError(w.t, err)
	id, err := w.rooms.Send(context.Background(), rooms.SendRequest{RoomID: roomID, Sender: sender, Type: "m.reaction", Content: content})
	require.NoError(w.t, err)
	return id
}

// admin asks as an administrator does, and returns the answer and its status.
func (w *world) admin(method, path string, body any) (gjson.Result, int) {
	w.t.Helper()
	router := web.NewRouter(web.Options{Name: "admin", Log: sqldbtest.Quiet()})
	w.bridge.AddRoutes(router)
	encoded, err := json.Marshal(body)
	require.NoError(w.t, err)
	answer := httptest.NewRecorder()
	router.ServeHTTP(answer, httptest.NewRequest(method, path, strings.NewReader(string(encoded))))
	return gjson.Parse(answer.Body.String()), answer.Code
}

func (w *world) reports() []gjson.Result {
	w.t.Helper()
	list, status := w.admin(http.MethodGet, PathReports, nil)
	require.Equal(w.t, http.StatusOK, status, list.Raw)
	return list.Get("reports").Array()
}

// notices are the messages of the bot that came to the device in a room.
func (d *device) notices(roomID string) (out []gjson.Result) {
	for _, ev := range d.messages(roomID) {
		if ev.Get("sender").Str == bot {
			out = append(out, ev)
		}
	}
	return out
}

func (d *device) noticed(roomID string, n int) []gjson.Result {
	d.w.t.Helper()
	require.Eventually(d.w.t, func() bool { d.sync(50 * time.Millisecond); return len(d.notices(roomID)) >= n }, patience, time.Millisecond)
	require.Len(d.w.t, d.notices(roomID), n)
	return d.notices(roomID)
}

// TestManyReportsAreTaken: more than commands, and who reports more than may be is told so, once.
func TestManyReportsAreTaken(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	var ids []string
	for range replies.CommandBurst + 5 {
		ids = append(ids, w.say(room, alice, question))
	}
	for _, id := range ids {
		w.rendered(id, "es")
		w.react(room, bob, id, "🌐")
	}
	w.botRead()
	require.Len(t, w.reports(), len(ids))

	b := w.device(bob)
	b.sync(0)
	before := len(b.notices(room))
	w.bridge.talk.reports = must(replies.NewAllowances(time.Hour, 2))
	for range 2 {
		w.bridge.talk.reports.Of(bob).Take(w.now())
	}
	for range 2 {
		id := w.say(room, alice, question)
		w.rendered(id, "es")
		w.react(room, bob, id, "🌐")
	}
	w.botRead()
	told := b.noticed(room, before+1)
	require.Equal(t, language.String("es", "report_limit"), told[before].Get("content.body").Str)
	require.Len(t, w.reports(), len(ids))
}

// TestAReactionReportsAnAnswerInAnEncryptedRoom, without texts: the server has none.
func TestAReactionReportsAnAnswerInAnEncryptedRoom(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	encrypted := func(sender string, more object) string {
		content := object{"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "s"}
		maps.Copy(content, more)
		encoded, err := json.Marshal(content)
		require.NoError(t, err)
		id, err := w.rooms.Send(t.Context(), rooms.SendRequest{RoomID: room, Sender: sender, Type: typeEncrypted, Content: encoded})
		require.NoError(t, err)
		return id
	}
	id := encrypted(alice, nil)
	answer := encrypted(bot, object{"org.medixchange.language_tag": "es", "m.relates_to": object{
		"rel_type": "m.thread", "event_id": id, "m.in_reply_to": object{"event_id": id},
	}})
	b := w.device(bob)
	b.sync(0)
	before := len(b.notices(room))
	w.react(room, bob, id, "🌐")
	w.react(room, alice, answer, "🌐")
	w.react(room, bob, answer, "👍")
	w.botRead()
	require.Empty(t, w.reports(), "no answer of the bot, the author, no report")

	reaction := w.react(room, bob, answer, "🌐")
	told := b.noticed(room, before+1)
	require.Equal(t, language.String("es", "report_received"), told[before].Get("content.body").Str)
	report := w.reports()[0]
	require.Equal(t, id, report.Get("event_id").Str)
	require.Equal(t, `["encrypted"]`, report.Get("reasons").Raw)
	require.Equal(t, "es", report.Get("to").Str)
	require.False(t, report.Get("original").Exists() || report.Get("translation").Exists())
	w.redact(room, bob, reaction)
	require.Eventually(t, func() bool { return len(w.reports()) == 0 }, patience, 5*time.Millisecond)
}

func TestAReactionReportsATranslationToTheReviewList(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b, c := w.device(bob), w.device(carla)
	id := w.say(room, alice, question)
	b.until(room, 1)
	c.until(room, 1)
	w.react(room, bob, id, "🌐")
	told := b.noticed(room, 1)[0]
	require.Equal(t, "m.notice", told.Get("content.msgtype").Str)
	require.Equal(t, "{}", told.Get(`content.m\.mentions`).Raw)
	require.Equal(t, id, told.Get("content").Get(pathRelates+`.m\.in_reply_to.event_id`).Str)
	synthetic := told.Get("event_id").Str
	require.Regexp(t, `^\$[A-Za-z0-9_-]{43}$`, synthetic)
	real, ok := w.realID(synthetic, bob)
	require.True(t, ok)
	require.Equal(t, id, real, "what answers the notice answers the message")
	_, ok = w.realID(synthetic, carla)
	require.False(t, ok)

	list := w.reports()
	require.Len(t, list, 1)
	report, status := w.admin(http.MethodGet, PathReports+"/"+list[0].Get("id").Raw, nil)
	require.Equal(t, http.StatusOK, status)
	for path, want := range map[string]string{
		"event_id": id, "version_id": id, "room_id": room, "reporter": bob, "from": "en", "to": "es", "engine": "fake", "verdict": "pass",
		"original": question, "translation": pregunta,
	} {
		require.Equal(t, want, report.Get(path).Str, path)
	}
	c.quiet(room)
	require.Empty(t, c.notices(room), "nobody else is told")
	require.Empty(t, w.device(bob).notices(room), "nor a device that begins later")
	require.Zero(t, w.countOf(bot, room), "it is no event of the room")
}

func TestTheTextsOfAReportAreNotInTheDatabaseAsTheyAre(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	w.react(room, bob, id, "🌐❓")
	w.botRead()
	var original, translation []byte
	require.NoError(t, w.db.QueryRow(t.Context(), `SELECT original, translation FROM translation_reports`).Scan(&original, &translation))
	require.NotContains(t, string(original)+string(translation), "paciente")
	require.NotContains(t, string(original)+string(translation), "patient")
	_, err := w.bridge.vault.open(original, translationPlace(1))
	require.Error(t, err, "a text opens only where it was put")
}

func TestWhatIsNoReport(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	own := w.say(room, bob, estable)
	spanish := w.say(room, carla, "Gracias a todos por las noticias de esta mañana.")
	w.settled()
	w.react(room, bob, id, "👎")
	w.react(room, bob, id, "⚠️")
	w.react(room, bob, own, "🌐")
	w.react(room, bob, spanish, "🌐")
	w.react(room, alice, id, "🌐")
	w.react(room, bob, "$unknown", "🌐")
	elsewhere := w.room(alice, bob)
	w.react(elsewhere, bob, id, "🌐❓")
	w.botRead()
	require.Empty(t, w.reports())
	undone := w.react(room, bob, id, "🌐")
	w.botRead()
	require.Len(t, w.reports(), 1)
	w.redact(room, bob, undone)
	w.botRead()
	require.Empty(t, w.reports(), "a slip of the finger is taken back")
}

func TestReactionsThatReportAreTheHospitalsChoice(t *testing.T) {
	w := newWorld(t, func(w *world) { w.config.Records.ReportReactions = []string{"⚠️"} })
	require.True(t, w.bridge.reports("⚠"), "clients differ in the variation selector")
	require.True(t, w.bridge.reports("⚠️"))
	require.False(t, w.bridge.reports("🌐"))
	require.False(t, w.bridge.reports(""))
	require.NotContains(t, config.Default(hospital).Translator.Records.ReportReactions, "👎", "what clinicians say of the content")
}

func TestReportsAreResolvedOnceAndKeptForTheirTime(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	w.react(room, bob, id, "🌐")
	w.botRead()
	_, status := w.admin(http.MethodPost, PathReports+"/1/resolve", Resolution{"phrase added to the glossary"})
	require.Equal(t, http.StatusOK, status)
	_, status = w.admin(http.MethodPost, PathReports+"/1/resolve", nil)
	require.Equal(t, http.StatusNotFound, status)
	_, status = w.admin(http.MethodGet, PathReports+"/x", nil)
	require.Equal(t, http.StatusBadRequest, status)
	require.Empty(t, w.reports())
	closed, _ := w.admin(http.MethodGet, PathReports+"?resolved=true", nil)
	require.Equal(t, "phrase added to the glossary", closed.Get("reports.0.resolution").Str)
	w.ahead.Add(int64(w.config.Records.ReportsKeep.Std() + time.Hour))
	require.NoError(t, w.bridge.sweep(t.Context()))
	closed, _ = w.admin(http.MethodGet, PathReports+"?resolved=true", nil)
	require.Empty(t, closed.Get("reports").Array())
}

func TestARedactionErasesReportsAndNotices(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	id := w.say(room, alice, question)
	b.until(room, 1)
	w.react(room, bob, id, "🌐")
	told := b.noticed(room, 1)[0].Get("event_id").Str
	w.redact(room, alice, id)
	require.Eventually(t, func() bool {
		b.sync(50 * time.Millisecond)
		for _, ev := range b.messages(room) {
			if redactsOf(ev) == told {
				return true
			}
		}
		return false
	}, patience, time.Millisecond, "the notice is taken back from who had it")
	report, _ := w.admin(http.MethodGet, PathReports+"/1", nil)
	require.Equal(t, id, report.Get("event_id").Str)
	require.False(t, report.Get("original").Exists() || report.Get("translation").Exists(), report.Raw)
	var left int
	require.NoError(t, w.db.QueryRow(t.Context(), `SELECT COUNT(*) FROM translator_notices WHERE content LIKE '%body%'`).Scan(&left))
	require.Zero(t, left)
}

func TestANoticeComesToEachDeviceOnceAlsoOverARestart(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	one, two := w.device(bob), w.device(bob)
	id := w.say(room, alice, question)
	one.until(room, 1)
	two.until(room, 1)
	w.react(room, bob, id, "🌐")
	one.noticed(room, 1)
	w.restart()
	one.sync(0)
	require.Len(t, one.notices(room), 1)
	two.noticed(room, 1)
	require.Equal(t, one.notices(room)[0].Get("event_id").Str, two.notices(room)[0].Get("event_id").Str)
	viewer, err := w.view.Viewer(t.Context(), bob, "D", "S")
	require.NoError(t, err)
	last := w.say(room, carla, "Gracias.")
	mapped, err := w.view.MapReceipt(t.Context(), viewer, room, one.notices(room)[0].Get("event_id").Str, "")
	require.NoError(t, err)
	require.NotEqual(t, id, mapped, "it counts for its place, after the reaction")
	require.NotEqual(t, last, mapped)
}

func TestStatisticsAndCacheForTheAdministrator(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	first := w.say(room, alice, question)
	second := w.say(room, alice, better)
	w.rendered(first, "es")
	w.rendered(second, "es")
	stats, status := w.admin(http.MethodGet, PathStats+"?since=1h", nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "en es fake translated pass 2", strings.Join([]string{
		stats.Get("stats.0.from").Str, stats.Get("stats.0.to").Str, stats.Get("stats.0.engine").Str,
		stats.Get("stats.0.state").Str, stats.Get("stats.0.verdict").Str, stats.Get("stats.0.count").Raw,
	}, " "))
	_, status = w.admin(http.MethodGet, PathStats+"?since=never", nil)
	require.Equal(t, http.StatusBadRequest, status)
	size, _ := w.admin(http.MethodGet, PathCache, nil)
	require.EqualValues(t, 2, size.Get("rows").Int())
	require.Positive(t, size.Get("bytes").Int())
	purged, _ := w.admin(http.MethodPost, PathCache+"/purge", Purge{})
	require.EqualValues(t, 2, purged.Get("entries").Int(), purged.Raw)
	require.Empty(t, w.rows(first, "es"))
	w.engine.failWith(nil)
	require.NoError(t, w.bridge.Request(t.Context(), "es", []*rooms.Event{w.event(first)}, 5*time.Second))
	require.Equal(t, 2, w.engine.count("es", question), "made again when somebody reads that far back")
}

// TestAPurgeSaysBeforeWhatItDoes: an edit that came late keeps its name, and what was emptied before is not counted again.
func TestAPurgeSaysBeforeWhatItDoes(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWorldAt(t, fresh())
		room := w.ward()
		b := w.device(bob)
		open := w.engine.close()
		late := w.say(room, alice, question)
		w.tooLate()
		b.until(room, 1)
		open()
		b.until(room, 2)
		shown := w.say(room, alice, better)
		w.rendered(shown, "es")
		w.settled()
		ask := func(dry bool) gjson.Result {
			said, status := w.admin(http.MethodPost, PathCache+"/purge", Purge{DryRun: dry})
			require.Equal(t, http.StatusOK, status, said.Raw)
			require.Equal(t, dry, said.Get("dry_run").Bool())
			return said
		}
		size := func() gjson.Result { size, _ := w.admin(http.MethodGet, PathCache, nil); return size }
		before := size()
		would := ask(true)
		require.EqualValues(t, 2, would.Get("renderings").Int(), would.Raw)
		require.Equal(t, before.Get("rows").Int(), would.Get("renderings").Int(), "what is shown is what is kept")
		require.GreaterOrEqual(t, would.Get("entries").Int(), would.Get("renderings").Int())
		require.GreaterOrEqual(t, would.Get("bytes").Int(), before.Get("bytes").Int())
		require.Equal(t, before.Raw, size().Raw, "nothing has changed")
		require.Equal(t, strings.Replace(would.Raw, `"dry_run":true`, `"dry_run":false`, 1), ask(false).Raw)
		require.Zero(t, size().Get("rows").Int())
		require.NotEmpty(t, w.rows(late, "es"), "its edit may have to be taken back")
		require.Empty(t, w.rows(shown, "es"))
		for _, key := range []string{"entries", "renderings", "bytes"} {
			require.Zero(t, ask(true).Get(key).Int(), key)
		}
	})
}

func TestDoubtfulPairs(t *testing.T) {
	stats := []Stat{
		{From: "zh", To: "es", Verdict: "pass", Dosed: 90}, {From: "zh", To: "es", Verdict: "warn", Dosed: 10},
		{From: "en", To: "es", Verdict: "pass", Dosed: 990}, {From: "en", To: "es", Verdict: "block", Dosed: 10},
		{From: "fr", To: "es", Verdict: "warn", Dosed: 3}, {From: "fr", To: "es", State: "none", Dosed: 500},
	}
	require.Equal(t, []string{"zh-es"}, doubtful(stats))
}
