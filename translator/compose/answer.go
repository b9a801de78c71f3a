package compose

import (
	"medixchange/translator/check"
	"medixchange/translator/language"
)

// Answer writes what came of a text that somebody asked to have translated: the translation is for who reads m.To, all that we say of
// it for who asked. They need not know the language that they asked for.
func Answer(m Message, asker language.Code) string {
	if m.State == StateTranslated {
		m.Body, m.FormattedBody = Cited(m.To, asker, m.Body), ""
		m.To = asker
		return Compose(m).Body
	}
	why := silentOrReason(m)
	m.To = asker
	var words []string
	switch {
	case m.Verdict == check.Block:
		words = whyUntranslated(m)
	case why != "":
		words = []string{sayWhyNot(whyNot{m.From, asker, why})}
	}
	body, _ := afterOriginal(m, words)
	return body
}
