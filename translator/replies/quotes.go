package replies

import (
	"context"
	"strings"

	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// withoutQuotes takes out of a message what it quotes of a translation, as our mark tells (TRANSLATION 12). The whole of it
// stands above the answer anyway.
func withoutQuotes(text, html string, reader language.Code) (string, string) {
	text, html = protect.CutReply(text, html)
	take := func(lines []string) (string, bool) {
		return "", compose.Marked(compose.PlainLines(strings.Join(lines, "\n")))
	}
	return strings.TrimSpace(compose.TakeQuoted(text, take)), compose.TakeBlockquotes(html, reader, take)
}

// ofCopy is the result for a message that is a translation which somebody copied: what it was made from is not known here.
func (d *Desk) ofCopy(request translator.Request) translator.Result {
	noTime, cancel := context.WithCancel(context.Background())
	cancel() // no engine is asked; who reads the language that the copy is in is told nothing
	if result, err := d.o.Pipeline.Translate(noTime, request); err == nil && result.State != translator.Translated {
		return result
	}
	return translator.Result{State: translator.None, To: request.Target, Reasons: []check.Reason{{Code: compose.ReasonCopy}}}
}
