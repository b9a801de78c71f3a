package bridge

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

func TestARoomThatIsNotTranslatedGivesNoTextToAnyEngine(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	before := w.say(room, alice, question)
	w.rendered(before, "es")
	require.Equal(t, language.String("es", "error_moderator"), w.ask(room, bob, "!translation off"))
	require.Equal(t, language.String("en", "room_translation_off"), w.ask(room, alice, "!translation off"))
	b := w.device(bob)
	seen := len(b.messages(room))
	asked := w.engine.total()
	w.say(room, alice, better)
	got := b.until(room, seen+1)[seen]
	require.Equal(t, better, body(got), "at once, as it was written")
	require.Equal(t, `["off"]`, keyIn(got).Get("reasons").Raw)
	require.Equal(t, language.String("en", "room_translation_off"), w.ask(room, alice, "!translate es "+stable))
	w.ask(room, bob, "!repost 5")
	viewer, err := w.view.Viewer(t.Context(), bob, "D", "S")
	require.NoError(t, err)
	_, err = w.view.Show(t.Context(), viewer, w.events(before, got.Get("event_id").Str), view.ShowOptions{})
	require.NoError(t, err)
	require.NoError(t, w.bridge.Request(t.Context(), "es", w.events(got.Get("event_id").Str), budget))
	w.settled()
	require.Equal(t, asked, w.engine.total(), "no road leads to an engine")

	require.Equal(t, language.String("en", "room_translation_on"), w.ask(room, alice, "!translation on"))
	require.Equal(t, mejor, firstLine(w.bodyAs(bob, got.Get("event_id").Str)), "what was said meanwhile is translated when history is read")
}

func TestARoomMayKeepItsTextOnThisMachine(t *testing.T) {
	var asked *askedOf
	w := newWorld(t, func(w *world) {
		w.change = func(o *Options) {
			asked = &askedOf{Pipeline: o.Pipeline}
			o.Pipeline = asked
		}
	})
	room := w.ward()
	w.setState(room, alice, typeSettings, `{"translation":"local"}`)
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	require.True(t, asked.requests[0].Local)

	pipeline, err := translator.New(translator.Config{Engines: []translator.EngineConfig{{Engine: newFakeEngine(), External: true}}}, nil)
	require.NoError(t, err)
	for local, state := range map[bool]translator.State{true: translator.None, false: translator.Translated} {
		result, err := pipeline.Translate(t.Context(), translator.Request{Text: question, SenderLanguage: "en", Target: "es", Local: local})
		require.NoError(t, err)
		require.Equal(t, state, result.State)
	}
}

func TestARoomThatIsNotTranslatedIsNotInTheBotsEncryptedRoomsEither(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	people := w.bridge.People()
	codes, err := people.Languages(t.Context(), room, alice)
	require.NoError(t, err)
	require.Equal(t, []language.Code{"es"}, codes)
	for _, value := range []string{"off", "on", "off"} {
		_, answered, err := people.Command(t.Context(), room, alice, replies.Command{Name: replies.CommandTranslation, Rest: value})
		require.NoError(t, err)
		require.True(t, answered)
	}
	setting, err := people.Translation(t.Context(), room)
	require.NoError(t, err)
	require.Equal(t, translationOff, setting)
	_, err = people.Translation(t.Context(), "!unknown:"+hospital)
	require.Error(t, err, "what cannot be read is not on")
}

func TestWhomTheBotTellsSomethingAloneAndWhere(t *testing.T) {
	w := newWorld(t, func(w *world) { w.config.ClinicalBots = []string{carla} })
	people := w.bridge.People()
	for user, want := range map[string]bool{alice: true, carla: false, bot: false, "@alice:elsewhere.example": false} {
		require.Equal(t, want, people.CanBeTold(user), user)
	}
	chats := func() []replies.Chat {
		found, err := people.Chats(t.Context(), alice)
		require.NoError(t, err)
		return found
	}
	closed := func() string {
		id, err := w.rooms.Create(t.Context(), rooms.CreateRequest{Creator: bot, Preset: "private_chat"})
		require.NoError(t, err)
		return id
	}
	ward := w.ward()
	w.botIn(ward, alice)
	require.Empty(t, chats(), "others are there")
	chat := closed()
	require.Empty(t, chats())
	w.member(chat, bot, alice, "invite")
	require.Equal(t, []replies.Chat{{RoomID: chat}}, chats(), "she may come")
	w.member(chat, alice, alice, "join")
	require.Equal(t, []replies.Chat{{RoomID: chat}}, chats())
	w.member(chat, alice, alice, "leave")
	require.Equal(t, []replies.Chat{{RoomID: chat, Left: true}}, chats(), "she is invited again")
	open := w.room(bot)
	w.member(open, alice, alice, "join")
	another := closed()
	w.member(another, bot, alice, "invite")
	require.Equal(t, []replies.Chat{{RoomID: another}, {RoomID: chat, Left: true}}, chats(), "anybody may come to the open one")
	for _, room := range []string{chat, another} {
		w.member(room, bot, bob, "invite")
	}
	require.Empty(t, chats())

	name, err := people.RoomName(t.Context(), ward)
	require.NoError(t, err)
	require.Equal(t, ward, name)
	w.setState(ward, alice, "m.room.name", `{"name":"Ward 7"}`)
	name, err = people.RoomName(t.Context(), ward)
	require.NoError(t, err)
	require.Equal(t, "Ward 7", name)
}

func TestWhatTheBotTellsSomebodyAloneNotifies(t *testing.T) {
	for content, quiet := range map[string]bool{`{}`: true, `{"org.medixchange.notifies":true}`: false, `{"org.medixchange.notifies":true,"org.medixchange.language_tag":"es"}`: true} {
		ev := &rooms.Event{Type: typeEncrypted, Sender: bot, JSON: []byte(`{"content":` + content + `}`)}
		require.Equal(t, quiet, Quiet(ev, bot), content)
		require.False(t, Quiet(ev, alice))
	}
}
