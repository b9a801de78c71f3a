package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/alliance/directory"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// heard waits until one of the messages of a room that a user sees contains a text, and returns all of them.
func heard(u *testhospital.User, room, text string) []gjson.Result {
	fresh := u.Login()
	var all []gjson.Result
	fresh.WaitUntil("hearing "+text, func(sync gjson.Result) bool {
		all = append(all, testhospital.Timeline(sync, room)...)
		for _, ev := range all {
			if strings.Contains(ev.Get("content.body").Str, text) {
				return true
			}
		}
		return false
	})
	return all
}

func count(events []gjson.Result, sender, text string) int {
	n := 0
	for _, ev := range events {
		if ev.Get("sender").Str == sender && strings.Contains(ev.Get("content.body").Str, text) {
			n++
		}
	}
	return n
}

func onCall(t *testing.T, h *testhospital.Hospital, may ...string) string {
	t.Helper()
	require.NoError(t, h.Node().Directory.SetFunction(t.Context(), directory.Function{
		Localpart: "icu-oncall", Name: "ICU on call", Specialty: "intensive_care", Fallback: "Call 5512.", May: may,
	}))
	return "@icu-oncall:" + h.Name
}

// TestWhoeverIsOnDutyIsBroughtIntoTheRoom: a colleague of another hospital writes to the function account, over two shifts and a
// restart in between.
func TestWhoeverIsOnDutyIsBroughtIntoTheRoom(t *testing.T) {
	e := newExchange(t)
	hospitals := e.admitted(2)
	a, b := hospitals[0], hospitals[1]
	ana, carla, bo := a.User("ana"), a.User("carla"), b.User("bo")
	setData(ana, directory.TypeContacts, object{"rule": "listed"})
	icu := onCall(t, a, ana.ID, carla.ID)
	duty := func(u *testhospital.User) {
		require.NoError(t, a.Node().Directory.SetShift(t.Context(), "icu-oncall", u.ID))
	}

	room := bo.CreateRoom(testhospital.Room{Preset: "trusted_private_chat", Direct: true, Invite: []string{icu}})
	heard(bo, room, "nobody is on duty")
	heard(bo, room, "Call 5512.")
	first := bo.Say(room, "she is getting worse")
	duty(ana)
	ana.WaitForInvite(room)
	ana.Join(room)
	ana.WaitFor(room, first)
	second := ana.Say(room, "I am coming")
	bo.WaitFor(room, second)

	duty(carla)
	a.Restart()
	carla.WaitForInvite(room)
	carla.Join(room)
	all := heard(carla, room, "has taken over")
	require.Equal(t, 1, count(all, icu, "carla has taken over"))
	require.Equal(t, 1, count(all, icu, "nobody is on duty"))
	require.Equal(t, 1, count(all, bo.ID, "getting worse"), "no message is lost between shifts")
	require.Equal(t, 1, count(all, ana.ID, "I am coming"))
	third := bo.Say(room, "and now?")
	carla.WaitFor(room, third)

	require.ErrorIs(t, a.Node().Directory.SetShift(t.Context(), "icu-oncall", bo.ID), directory.ErrNotNamed)
	require.Error(t, a.Node().Directory.SetFunction(t.Context(), directory.Function{
		Localpart: "ana", Name: "Ana", Specialty: "cardiology", Fallback: "none"}), "nobody's account becomes one of the house")

	people := string(people(t, a, b.Name))
	require.Contains(t, people, icu)
	require.Contains(t, people, `"on_duty":true`)
}

// TestADutyThatBlocksTheAccountIsSaid: whoever is on duty and cannot be brought is named, with what to do instead.
func TestADutyThatBlocksTheAccountIsSaid(t *testing.T) {
	h := testhospital.Start(t)
	ana, bo := h.User("ana"), h.User("bo")
	icu := onCall(t, h, ana.ID)
	setData(ana, directory.TypeContacts, object{"block": []string{icu}})
	require.NoError(t, h.Node().Directory.SetShift(t.Context(), "icu-oncall", ana.ID))
	room := bo.CreateRoom(testhospital.Room{Preset: "trusted_private_chat", Direct: true, Invite: []string{icu}})
	heard(bo, room, "could not be invited")
}

// ask gives the bot a command and returns what it answers.
func ask(u *testhospital.User, room, command string) string {
	asked := u.Say(room, command)
	var answer string
	u.WaitUntil("the answer to "+command, func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, room) {
			if ev.Get("content.m\\.relates_to.m\\.in_reply_to.event_id").Str == asked {
				answer = ev.Get("content.body").Str
			}
		}
		return answer != ""
	})
	return answer
}

func TestTheBotKnowsTheDirectory(t *testing.T) {
	e := newExchange(t)
	hospitals := e.admitted(2, func(c *config.Config) { c.Translator.Enabled = true })
	a, b := hospitals[0], hospitals[1]
	ana, bo := a.User("ana"), b.User("bo")
	chat := func(u *testhospital.User) string {
		bot := "@" + u.Hospital.Config.Translator.BotLocalpart + ":" + u.Hospital.Name
		room := u.CreateRoom(testhospital.Room{Preset: "trusted_private_chat", Direct: true, Invite: []string{bot}})
		u.WaitUntil("the bot", func(sync gjson.Result) bool {
			for _, ev := range testhospital.Timeline(sync, room) {
				if ev.Get("sender").Str == bot && ev.Get("type").Str == "m.room.message" {
					return true
				}
			}
			return false
		})
		return room
	}
	hers, his := chat(ana), chat(bo)
	require.Contains(t, ask(ana, hers, "!directory"), "If you agree")
	require.Contains(t, ask(ana, hers, "!directory on astrology"), "Cardiology")
	require.Contains(t, ask(ana, hers, "!directory on cardiología, "+strings.Repeat("x", 500)), "administrator")
	require.Contains(t, ask(ana, hers, "!verzeichnis ein cardiología, Consultant"), "once your hospital's administrator has verified")
	require.NoError(t, a.Node().Directory.Verify(t.Context(), ana.ID, "Registrar Ito"))
	require.Contains(t, ask(ana, hers, "!directory"), "verified: ana (Cardiology, Consultant)")
	answer := ""
	require.Eventually(t, func() bool {
		answer = ask(bo, his, "!who cardiology en")
		return strings.Contains(answer, ana.ID)
	}, 30*time.Second, 100*time.Millisecond, answer)
	require.Contains(t, ask(bo, his, "!who cardiology fr"), "Nobody was found")
	require.Contains(t, ask(ana, hers, "!danhbạ danh thiếp"), "https://matrix.to/#/")

	require.Contains(t, ask(ana, hers, "!duty on"), "no duty list")
	onCall(t, a, ana.ID)
	require.Contains(t, ask(ana, hers, "!duty on"), "on duty now: ICU on call")
	functions, err := a.Node().Directory.Functions(t.Context())
	require.NoError(t, err)
	require.Equal(t, ana.ID, functions[0].OnDuty)
	require.Contains(t, ask(ana, hers, "!дежурство выкл"), "no longer on duty")
	require.Contains(t, ask(ana, hers, "!REHBER KAPALI"), "not in the directory")
}
