package node

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/conference/captions"
	"medixchange/internal/config"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// TestWhatModeratorsSayOfARoomHoldsForItsCaptions: with a recogniser on this machine and with one on another.
func TestWhatModeratorsSayOfARoomHoldsForItsCaptions(t *testing.T) {
	const moderator = "@ana:a.example"
	db := sqldbtest.New(t)
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	n := &Node{Config: config.Default("a.example")}
	n.Rooms, err = rooms.New(t.Context(), rooms.Options{
		DB: db, Hub: stream.New(db, stream.Options{Logger: sqldbtest.Quiet()}), ServerName: "a.example", DefaultVersion: "12",
		Signer: &signing.Signer{ServerName: "a.example", Key: key}, Now: time.Now, Log: sqldbtest.Quiet(),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Rooms.Close(context.Background())) })
	room, err := n.Rooms.Create(t.Context(), rooms.CreateRequest{Creator: moderator, Preset: "private_chat"})
	require.NoError(t, err)
	set := func(setting string) {
		content, err := json.Marshal(map[string]string{"translation": setting})
		require.NoError(t, err)
		stateKey := ""
		_, err = n.Rooms.Send(t.Context(), rooms.SendRequest{RoomID: room, Sender: moderator, Type: replies.TypeSettings, StateKey: &stateKey, Content: content})
		require.NoError(t, err)
	}
	rules := func() (here, elsewhere captions.Rule) {
		n.Config.Translator.Transcription.URL = "http://127.0.0.1:1"
		here = n.captionRule(t.Context(), room)
		n.Config.Translator.Transcription.URL = "https://speech.example"
		return here, n.captionRule(t.Context(), room)
	}
	all := captions.Rule{Recognise: true, Translate: true}
	here, elsewhere := rules()
	require.Equal(t, [2]captions.Rule{all, all}, [2]captions.Rule{here, elsewhere}, "nobody has said anything")

	set(replies.TranslationLocal)
	here, elsewhere = rules()
	require.Equal(t, captions.Rule{Recognise: true, Translate: true, Local: true}, here)
	require.Equal(t, captions.Rule{Translate: true, Local: true}, elsewhere, "no recogniser on another machine hears it")

	set(replies.TranslationOff)
	here, elsewhere = rules()
	require.Equal(t, [2]captions.Rule{}, [2]captions.Rule{here, elsewhere})
	require.Equal(t, captions.Rule{}, n.captionRule(t.Context(), "!unknown:a.example"))
}

// counting is an engine on another machine that counts what it is asked.
type counting struct{ asked atomic.Int64 }

func (*counting) Name() string                   { return "counting" }
func (*counting) Offers(_, _ language.Code) bool { return true }
func (c *counting) Translate(_ context.Context, r engine.Request) (engine.Answer, error) {
	c.asked.Add(1)
	return engine.Answer{Segments: r.Segments}, nil
}

func TestCaptionsOfARoomWithLocalGoToNoEngineOnAnotherMachine(t *testing.T) {
	away := &counting{}
	pipeline, err := translator.New(translator.Config{Engines: []translator.EngineConfig{{Engine: away, External: true}}}, nil)
	require.NoError(t, err)
	said := captions.Request{Text: "The patient is better today.", From: "en", To: "es", Local: true}
	made, err := interpreter{pipeline}.Translate(t.Context(), said)
	require.NoError(t, err)
	require.Equal(t, captions.None, made.Verdict)
	require.Zero(t, away.asked.Load())
	said.Local = false
	_, err = interpreter{pipeline}.Translate(t.Context(), said)
	require.NoError(t, err)
	require.NotZero(t, away.asked.Load())
}

// TestACaptionShowsTheDoseAsItWasSaid: captions come through the same chain as messages (TRANSLATION 15, 16).
func TestACaptionShowsTheDoseAsItWasSaid(t *testing.T) {
	r := translator.Result{
		State: translator.Translated, From: "en", To: "es", Verdict: check.Warn, Body: "Dele 5 mg ahora.",
		Reasons:    []check.Reason{{Code: "dose", Original: "0.5 mg", Translation: "5 mg"}},
		Invariants: []check.Invariant{{Kind: check.KindDose, Text: "0.5 mg"}},
	}
	require.Equal(t, "Dosis: original «0.5 mg», traducción «5 mg».\nDele 5 mg ahora.\nEn el original: 0.5\u00a0mg", spoken(r))
}

// TestACaptionThatTellsWhoAPatientIsIsKeptOrGoesOut, as the configuration says. Captions have no author who could be asked first.
func TestACaptionThatTellsWhoAPatientIsIsKeptOrGoesOut(t *testing.T) {
	said := captions.Request{Text: "Please call the daughter at +44 7700 900123.", From: "en", To: "es"}
	for action, c := range map[translator.Identifiers]struct {
		asked bool
		kept  []string
	}{
		translator.IdentifiersHold: {false, []string{"phone"}}, translator.IdentifiersWarn: {true, nil}, translator.IdentifiersOff: {true, nil},
	} {
		away := &counting{}
		pipeline, err := translator.New(translator.Config{
			Engines: []translator.EngineConfig{{Engine: away, External: true, Outside: true}}, Identifiers: action,
		}, nil)
		require.NoError(t, err)
		made, err := interpreter{pipeline}.Translate(t.Context(), said)
		require.NoError(t, err)
		require.Equal(t, c.asked, away.asked.Load() > 0, action)
		require.Equal(t, c.kept, made.Kept, action)
		if !c.asked {
			require.Equal(t, captions.None, made.Verdict, action)
		}
	}
}

func TestACaptionThatNoEngineOffersToTranslateYetIsNoLastWord(t *testing.T) {
	pipeline, err := translator.New(translator.Config{}, nil)
	require.NoError(t, err)
	made, err := interpreter{pipeline}.Translate(t.Context(), captions.Request{Text: "The patient is better today.", From: "en", To: "es"})
	require.NoError(t, err)
	require.Equal(t, captions.Translation{Verdict: captions.None, Later: true, Text: made.Text}, made)
}
