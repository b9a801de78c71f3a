package tests

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// TestBotEchoesAcrossHospitals drives matrix-bot-sdk: it joins a room at another hospital when invited, and answers there.
func TestBotEchoesAcrossHospitals(t *testing.T) {
	a, b := twoHospitals(t)
	bot := newSeat(b, "echo", "")
	running := startScript(t, "bot-echo.mjs", map[string]any{"bot": bot})
	require.Equal(t, bot.id(), running.steps("ready")["ready"].Get("user").Str)

	ana := a.User("ana")
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{bot.id()}})
	ana.WaitUntil("the bot's join", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, room) {
			if ev.Get("state_key").Str == bot.id() && ev.Get("content.membership").Str == "join" {
				return true
			}
		}
		return false
	})
	sent := ana.Say(room, "Is anyone there?")
	echo := running.steps("echo")["echo"]
	got := ana.WaitFor(room, echo.Get("sent").Str)
	require.Equal(t, bot.id(), got.Get("sender").Str)
	require.Equal(t, "m.notice", got.Get("content.msgtype").Str)
	require.Contains(t, got.Get("content.body").Str, "Is anyone there?")
	require.Equal(t, sent, got.Get(`content.m\.relates_to.m\.in_reply_to.event_id`).Str)

	require.NoError(t, running.stdin.Close())
	running.steps("")
}

// TestNioReadsTranslations drives matrix-nio: invite, sync and history across hospitals, with the translation of what it reads.
func TestNioReadsTranslations(t *testing.T) {
	a, b := twoHospitals(t, translating)
	ana, bo := newSeat(a, "ana", "zh"), newSeat(b, "bo", "es")
	const chinese = "患者需要吸氧。"
	steps := runScript(t, "nio-chat.py", map[string]any{"ana": ana, "bo": bo, "message": chinese})

	require.Equal(t, bo.id(), steps["login"].Get("bo").Str)
	require.Equal(t, ana.id(), steps["invite"].Get("by.0").Str)
	require.Equal(t, ana.id(), steps["read"].Get("sender").Str)
	require.Contains(t, steps["read"].Get("body").Str, "El paciente necesita oxígeno.")
	require.Equal(t, "Ward 3", steps["room"].Get("name").Str)
	require.JSONEq(t, `["`+ana.id()+`","`+bo.id()+`"]`, steps["room"].Get("members").Raw)
	require.Equal(t, chinese, steps["read"].Get("key.original.body").Str)

	require.Equal(t, "m.room.create", steps["history"].Get("first").Str)
	require.Len(t, steps["history"].Get("bodies").Array(), 1)
	require.Contains(t, steps["history"].Get("bodies.0").Str, "El paciente necesita oxígeno.")
	require.Equal(t, "translated", steps["history"].Get("keys.0.state").Str)
}
