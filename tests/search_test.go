package tests

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/accounts/finder"
	"medixchange/admin"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// look searches and returns the category room_events of the answer.
func look(u *testhospital.User, term string, more object) gjson.Result {
	return lookOn(u, term, "", more)
}

// lookOn is look for a later page. A first search makes the node index what is new; on a machine that is too busy for that in
// the time of a search, the second one waits longer.
func lookOn(u *testhospital.User, term, next string, more object) gjson.Result {
	node := u.Hospital.Node()
	client, goal := admin.NewClient(node.AdminSocket()), node.Hub.Position()
	lookOnce(u, term, next, more)
	for giveUp := time.Now().Add(time.Minute); time.Now().Before(giveUp); time.Sleep(5 * time.Millisecond) {
		var s finder.Status
		err := client.Call(context.Background(), http.MethodGet, finder.PathStatus, nil, &s)
		if err == nil && s.Position >= goal && !s.Rebuilding {
			break
		}
	}
	return lookOnce(u, term, next, more)
}

func lookOnce(u *testhospital.User, term, next string, more object) gjson.Result {
	want := object{"search_term": term}
	for key, value := range more {
		want[key] = value
	}
	path := v3 + "/search"
	if next != "" {
		path += "?next_batch=" + url.QueryEscape(next)
	}
	return u.Must(post, path, object{"search_categories": object{"room_events": want}}).Get("search_categories.room_events")
}

func idsOf(found gjson.Result) []string {
	ids := []string{}
	for _, r := range found.Get("results").Array() {
		ids = append(ids, r.Get("result.event_id").Str)
	}
	return ids
}

// TestAMessageIsFoundByItsNewestWordsUntilItIsRedacted follows one message through its life.
func TestAMessageIsFoundByItsNewestWordsUntilItIsRedacted(t *testing.T) {
	h := testhospital.Start(t, func(c *config.Config) { c.Limits.RatesEnabled = false })
	ana, bo := h.User("ana"), h.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	bo.Join(room)
	id := ana.Say(room, "Give 500 mg paracetamol against the fever")
	ana.Say(room, "Bed seven is free")
	found := look(bo, "fevers paracetamol", nil)
	require.Equal(t, []string{id}, idsOf(found), "at once, and in another form")
	require.EqualValues(t, 1, found.Get("count").Int())
	require.Contains(t, found.Get("highlights").Raw, "fever")
	edit := ana.Send(room, "m.room.message", object{"msgtype": "m.text", "body": "* Give ibuprofen", "m.new_content": object{"msgtype": "m.text",
		"body": "Give ibuprofen"}, "m.relates_to": object{"rel_type": "m.replace", "event_id": id}})
	require.Empty(t, idsOf(look(bo, "paracetamol", nil)), "the old words are gone")
	require.Equal(t, []string{id}, idsOf(look(bo, "ibuprofen", nil)))
	redact := func(event, txn string) {
		ana.Must(put, v3+"/rooms/"+url.PathEscape(room)+"/redact/"+url.PathEscape(event)+"/"+txn, object{})
	}
	redact(edit, "r1")
	require.Empty(t, idsOf(look(bo, "ibuprofen", nil)))
	require.Equal(t, []string{id}, idsOf(look(bo, "paracetamol", nil)), "the first version holds again")
	redact(id, "r2")
	require.Empty(t, idsOf(look(bo, "paracetamol", nil)))
	notStored(t, h, "paracetamol")
	require.NotZero(t, wordsStored(t, h, "seven"))
}

// wordsStored counts how often a word stands in the index.
func wordsStored(t *testing.T, h *testhospital.Hospital, word string) (n int) {
	t.Helper()
	err := h.Node().DB.QueryRow(context.Background(), `SELECT COUNT(*) FROM search_terms WHERE term = $1`, []byte(word)).Scan(&n)
	require.NoError(t, err)
	return n
}

// notStored waits until a word itself is gone.
func notStored(t *testing.T, h *testhospital.Hospital, word string) {
	t.Helper()
	require.Eventually(t, func() bool { return wordsStored(t, h, word) == 0 }, time.Minute, 20*time.Millisecond, word)
}

// TestNobodyFindsWhatTheyMayNotSee: history before a join, rooms of others, what came after one left, encrypted rooms,
// ignored users, forgotten rooms; counts tell nothing of them either.
func TestNobodyFindsWhatTheyMayNotSee(t *testing.T) {
	h := testhospital.Start(t, func(c *config.Config) { c.Limits.RatesEnabled = false })
	ana, bo, cy := h.User("ana"), h.User("bo"), h.User("cy")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	ana.SetState(room, "m.room.history_visibility", "", object{"history_visibility": "joined"})
	ana.Say(room, "hidden morphine before the join")
	bo.Join(room)
	during := ana.Say(room, "morphine while there")
	other := ana.CreateRoom(testhospital.Room{Preset: "private_chat"})
	ana.Say(other, "morphine elsewhere")
	found := look(bo, "morphine", object{"include_state": true})
	require.Equal(t, []string{during}, idsOf(found))
	require.EqualValues(t, 1, found.Get("count").Int())
	require.Empty(t, idsOf(look(cy, "morphine", nil)))
	bo.Leave(room)
	ana.Say(room, "morphine after bo left")
	require.Equal(t, []string{during}, idsOf(look(bo, "morphine", nil)), "as far as one saw")
	require.Len(t, idsOf(look(ana, "morphine", nil)), 4)
	bo.Must(post, v3+"/rooms/"+url.PathEscape(room)+"/forget", object{})
	require.Empty(t, idsOf(look(bo, "morphine", nil)), "a forgotten room")

	secret := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	ana.SetState(secret, "m.room.encryption", "", object{"algorithm": "m.megolm.v1.aes-sha2"})
	ana.Say(secret, "morphine in clear words")
	require.Len(t, idsOf(look(ana, "morphine", nil)), 4, "encrypted rooms are not indexed")

	ward := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	cy.Join(ward)
	ana.Say(ward, "ketamine")
	require.Len(t, idsOf(look(cy, "ketamine", nil)), 1)
	cy.Must(put, v3+"/user/"+url.PathEscape(cy.ID)+"/account_data/m.ignored_user_list", object{"ignored_users": object{ana.ID: object{}}})
	require.Empty(t, idsOf(look(cy, "ketamine", nil)), "ignored users")
}

// TestPagesOfASearchMissNothing goes through results page by page while others write, in both orders, and by groups.
func TestPagesOfASearchMissNothing(t *testing.T) {
	h := testhospital.Start(t, func(c *config.Config) { c.Limits.RatesEnabled = false })
	ana := h.User("ana")
	rooms := []string{ana.CreateRoom(testhospital.Room{}), ana.CreateRoom(testhospital.Room{})}
	for i := range 12 {
		ana.Say(rooms[i%2], "oxygen for bed "+string(rune('a'+i)))
	}
	total := 12
	for _, order := range []string{"rank", "recent"} {
		want := object{"order_by": order, "filter": object{"limit": 5}, "event_context": object{"before_limit": 1, "after_limit": 1, "include_profile": true},
			"groupings": object{"group_by": []object{{"key": "room_id"}, {"key": "sender"}}}}
		seen := map[string]bool{}
		next, atFirst := "", total
		for pages := 0; pages < 5; pages++ {
			found := lookOn(ana, "oxygen", next, want)
			require.EqualValues(t, atFirst, found.Get("count").Int())
			for _, id := range idsOf(found) {
				require.False(t, seen[id], "twice")
				seen[id] = true
			}
			if pages == 0 {
				checkFirstPage(t, found, ana.ID, rooms)
			}
			if next = found.Get("next_batch").Str; next == "" {
				break
			}
			ana.Say(rooms[0], "more talk")
			ana.Say(rooms[0], "oxygen, said later")
			total++
		}
		require.Len(t, seen, atFirst)
	}
	first := lookOn(ana, "oxygen", "", object{"filter": object{"limit": 2}, "groupings": object{"group_by": []object{{"key": "room_id"}}}})
	group := first.Get("groups.room_id").Get(gjsonKey(rooms[0]))
	if group.Exists() && group.Get("next_batch").Exists() {
		for _, r := range lookOn(ana, "oxygen", group.Get("next_batch").Str, nil).Get("results").Array() {
			require.Equal(t, rooms[0], r.Get("result.room_id").Str, "a group's token stays in the group")
		}
	}
	status, _ := ana.Do(post, v3+"/search?next_batch=nonsense", object{"search_categories": object{"room_events": object{"search_term": "x"}}})
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = ana.Do(post, v3+"/search", object{"search_categories": object{"room_events": object{}}})
	require.Equal(t, http.StatusBadRequest, status)
}

func checkFirstPage(t *testing.T, found gjson.Result, user string, rooms []string) {
	t.Helper()
	first := found.Get("results.0")
	require.Len(t, first.Get("context.events_before").Array(), 1)
	require.NotEmpty(t, first.Get("context.start").Str)
	require.Equal(t, "ana", first.Get("context.profile_info").Get(gjsonKey(user)).Get("displayname").Str)
	require.NotEmpty(t, found.Get("groups.sender").Get(gjsonKey(user)).Get("results").Array())
	inRooms := 0
	for _, room := range rooms {
		inRooms += len(found.Get("groups.room_id").Get(gjsonKey(room)).Get("results").Array())
	}
	require.Equal(t, 5, inRooms)
}

// TestTheIndexIsBuiltFromOldMessagesAndAgain: a database from before, a restart, and the administrator's wish.
func TestTheIndexIsBuiltFromOldMessagesAndAgain(t *testing.T) {
	h := testhospital.Start(t, func(c *config.Config) { c.Search.Enabled, c.Limits.RatesEnabled = false, false })
	ana := h.User("ana")
	room := ana.CreateRoom(testhospital.Room{Name: "Isolation ward"})
	old := ana.Say(room, "ventilator settings of bed two")
	status, answer := ana.Do(post, v3+"/search", object{"search_categories": object{"room_events": object{"search_term": "ventilator"}}})
	require.Equal(t, http.StatusNotFound, status, answer.Raw)
	h.Stop()
	h.Config.Search.Enabled = true
	h.Start()
	require.Equal(t, []string{old}, idsOf(look(ana, "ventilators", nil)))
	require.Len(t, idsOf(look(ana, "isolation", object{"keys": []string{"content.name"}})), 1)
	require.Empty(t, idsOf(look(ana, "isolation", object{"keys": []string{"content.body"}})))
	client := admin.NewClient(h.Node().AdminSocket())
	var s finder.Status
	require.NoError(t, client.Call(t.Context(), http.MethodPost, finder.PathRebuild, nil, &s))
	h.Restart()
	client = admin.NewClient(h.Node().AdminSocket())
	require.Eventually(t, func() bool {
		s = finder.Status{}
		return client.Call(t.Context(), http.MethodGet, finder.PathStatus, nil, &s) == nil && !s.Rebuilding && s.Position >= s.Upto && len(s.Indexes) > 0
	}, 30*time.Second, 20*time.Millisecond)
	require.Equal(t, []string{old}, idsOf(look(ana, "ventilators", nil)))
}
