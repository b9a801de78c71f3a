package replies

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator"
	"medixchange/translator/engine"
	"medixchange/translator/language"
)

// TestRule12ATranslationIsNotTranslatedAgainWhereTheNodeSeesNoText: nor where it is not ours.
func TestRule12ATranslationIsNotTranslatedAgainWhereTheNodeSeesNoText(t *testing.T) {
	w := newDeskWorld(t)
	engines := &listening{next: echo{}}
	w.restart(func() { w.engines = engines })
	w.happens(
		Work{Task: Translate, EventID: "$1", Text: "> Dé 5 mg ahora\n> 🌐 del inglés\nok"},
		Work{
			Task: Translate, EventID: "$2", Text: "> Dé 5 mg ahora\n> 🌐 del inglés\n\nwell",
			HTML: "<blockquote><p>Dé 5 mg ahora<br>\u2066🌐 del inglés\u2069</p></blockquote>well",
		},
		Work{
			Task: Translate, EventID: "$arabic", Text: "> أعط 5 mg\n> \u2066\u2067🌐 من الإنجليزية\u2069\u2069\n\nwell",
			HTML: "<blockquote>أعط 5 mg<br>\u2067🌐 من الإنجليزية\u2069</blockquote>well",
		},
		Work{Task: Translate, EventID: "$3", Text: "> my own words\nyes", HTML: "<blockquote>my own words</blockquote>yes"},
	)
	w.idle()
	for _, request := range engines.heard {
		require.NotContains(t, request.Text+request.HTML, "5 mg")
	}
	require.ElementsMatch(t, []string{"ok", "ok", "well", "well", "well", "well", "> my own words\nyes", "> my own words\nyes"}, engines.texts())
}

// shouting is an engine that is never to be asked.
type shouting struct{ t *testing.T }

func (s shouting) Name() string                   { return "shouting" }
func (s shouting) Offers(_, _ language.Code) bool { return true }
func (s shouting) Translate(context.Context, engine.Request) (engine.Answer, error) {
	s.t.Error("an engine was asked for a translation of a translation")
	return engine.Answer{}, engine.ErrBusy
}

func TestRule12ACopiedTranslationIsSaidToBeOne(t *testing.T) {
	pipeline, err := translator.New(translator.Config{Engines: []translator.EngineConfig{{Engine: shouting{t}}}}, nil)
	require.NoError(t, err)
	w := newDeskWorld(t)
	w.restart(func() { w.engines = pipeline })
	w.happens(Work{Task: Translate, EventID: "$1", Text: "El paciente está mucho mejor hoy y come bien.\n🌐 del inglés"})
	w.idle()
	require.Equal(t, []string{language.Say("de", "not_translated", "reason", language.String("de", "reason_copy"))}, w.room.bodies())
}
