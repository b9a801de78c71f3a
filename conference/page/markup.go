package page

import (
	"medixchange/internal/markup"
)

func beginning(b *markup.Builder, words *markup.Words) {
	b.Put(`<!DOCTYPE html>`+"\n"+`<html lang="%s" dir="%s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
		markup.HTMLLang(words.Tag), words.Dir())
	b.Put(`<title>%s</title><link rel="stylesheet" href="/conference/static/conference.css"><link rel="icon" href="/conference/static/icon.svg" type="image/svg+xml">`+"\n",
		words.Text("conference"))
}

func languageMenu(b *markup.Builder, words *markup.Words) {
	b.Put(`<nav class="languages" aria-label="%s"><details><summary><span class="unseen">%s: </span>%s</summary><ul>`,
		words.Text("language"), words.Text("language"), words.Text("name"))
	for _, tag := range catalogue.Languages() {
		lang := markup.HTMLLang(tag)
		b.Put(`<li><a href="?lang=%s" hreflang="%s" lang="%s" dir="%s">%s</a></li>`, tag, lang, lang, markup.Dir(tag), catalogue.Of(tag).Text("name"))
	}
	b.Put("</ul></details></nav>")
}

// switches are the buttons of the call: id, and the key of what they do while they are off.
var switches = [][2]string{
	{"microphone", "microphone_on"}, {"camera", "camera_on"}, {"screen", "screen_on"}, {"hand", "hand_up"},
}

// reactions are what Element Call offers, too.
var reactions = []string{"👍", "👏", "❤️", "😂", "🤔"}

func body(b *markup.Builder, words *markup.Words) {
	b.Put(`<div class="call"><section id="stage" class="stage" aria-label="%s"><div id="tiles" class="tiles"></div>`, words.Text("pictures"))
	b.Put(`<p id="state" class="state" role="status">%s</p><p id="caption" class="caption" hidden></p></section>`+"\n", words.Text("not_joined"))
	b.Put(`<div class="controls card" role="group" aria-label="%s"><div class="first"><button type="button" id="join" class="main">%s</button>`, words.Text("controls"), words.Text("join"))
	for _, s := range switches {
		b.Put(`<button type="button" id="%s" aria-pressed="false">%s</button>`, s[0], words.Text(s[1]))
	}
	b.Put(`</div><span role="group" aria-label="%s" class="reactions">`, words.Text("reactions"))
	for _, r := range reactions {
		b.Put(`<button type="button" class="reaction" data-emoji="%s">%s</button>`, r, r)
	}
	b.Put(`</span><label><input type="checkbox" id="captions" checked> %s</label>`, words.Text("captions"))
	b.Put(`<label>%s <select id="microphones"></select></label><label>%s <select id="cameras"></select></label>`, words.Text("microphone"), words.Text("camera"))
	b.Put(`<button type="button" id="record" hidden>%s</button><label id="ask" hidden><input type="checkbox" id="explicit"> %s</label></div></div>`+"\n",
		words.Text("record_start"), words.Text("record_ask"))
	b.Put(`<div class="side"><section class="card" aria-labelledby="people-title"><h2 id="people-title">%s</h2><ul id="people"></ul></section>`, words.Text("people"))
	b.Put(`<section class="card" aria-labelledby="said-title" id="said-part" hidden><h2 id="said-title">%s</h2><ol id="said" class="scroll" tabindex="0" aria-labelledby="said-title"></ol></section>`, words.Text("captions"))
	b.Put(`<section class="card" aria-labelledby="chat-title"><h2 id="chat-title">%s</h2><div class="scroll" tabindex="0" role="log" aria-labelledby="chat-title"><ol id="chat"></ol></div>`, words.Text("chat"))
	b.Put(`<form id="say"><label class="unseen" for="message">%s</label><textarea id="message" rows="2" dir="auto" maxlength="4000" placeholder="%s"></textarea><button type="submit">%s</button></form></section>`,
		words.Text("message"), words.Text("message"), words.Text("send"))
	b.Put(`<section class="card" aria-labelledby="replays-title" id="replays-part" hidden><h2 id="replays-title">%s</h2><ul id="replays"></ul></section></div>`+"\n", words.Text("replays"))
	b.Put(`<dialog id="consent" aria-labelledby="consent-title"><h2 id="consent-title">%s</h2><p id="consent-text"></p><form method="dialog">`, words.Text("consent_title"))
	b.Put(`<button type="submit" value="yes" class="main">%s</button><button type="submit" value="no">%s</button></form></dialog>`, words.Text("yes"), words.Text("no"))
}
