package replay

import (
	"embed"
	"errors"
	"net/http"
	"time"

	"medixchange/conference/manifest"
	"medixchange/conference/pages"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

//go:embed static
var files embed.FS

//go:embed strings/*.yaml
var wordFiles embed.FS

var catalogue = markup.NewCatalogue(wordFiles, "strings")

// policy lets the page play what this node serves.
const policy = markup.Strict + "; media-src 'self'"

var served = pages.NewFiles(files, nil)

// page answers with the page of a recording, or says why there is none.
func (p *Replay) page(w http.ResponseWriter, r *http.Request) {
	device, ok := p.o.Login.Page(w, r)
	if !ok {
		return
	}
	rec, err := p.find(r.Context(), web.Var(r, "id"), device.UserID)
	if err != nil {
		p.missing(w, r, err)
		return
	}
	if err := p.noted(r.Context(), device.UserID, rec, pageFile); err != nil {
		web.WriteError(w, err)
		return
	}
	words := p.words(r, device.UserID, rec.RoomID)
	b := &markup.Builder{}
	p.head(b, words, rec)
	switch rec.State {
	case manifest.StateDeleted:
		b.Put(`<p class="notice">%s</p>`, words.Text("deleted"))
	case manifest.StateRecording:
		b.Put(`<p class="notice">%s</p>`, words.Text("running"))
	default:
		p.body(b, words, rec)
	}
	b.Put("</main></body></html>\n")
	markup.Serve(w, http.StatusOK, policy, b.HTML())
}

// pageFile stands for the page in the log.
const pageFile = "page"

func (p *Replay) words(r *http.Request, userID, roomID string) *markup.Words {
	reader := ""
	if p.o.Language != nil {
		reader = p.o.Language(r.Context(), userID, roomID)
	}
	return pages.Words(r, catalogue, reader)
}

// missing says in the browser's language that there is nothing to see.
func (p *Replay) missing(w http.ResponseWriter, r *http.Request, err error) {
	status, key := http.StatusInternalServerError, "unreachable"
	var shown *web.Error
	if known := mapError(err); known != nil && errors.As(known, &shown) {
		status = shown.Status
	}
	if status == http.StatusNotFound {
		key = "not_here"
	} else {
		p.o.Log.WithError(err).Warn("a recording cannot be shown")
	}
	words := catalogue.For(r)
	b := &markup.Builder{}
	beginning(b, words, words.Text("recording"))
	b.Put(`</head><body><main><header><h1>%s</h1></header><p class="notice">%s</p></main></body></html>`+"\n", words.Text("recording"), words.Text(key))
	markup.Serve(w, status, policy, b.HTML())
}

func beginning(b *markup.Builder, words *markup.Words, title string) {
	b.Put(`<!DOCTYPE html>`+"\n"+`<html lang="%s" dir="%s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
		markup.HTMLLang(words.Tag), words.Dir())
	b.Put(`<title>%s</title><link rel="stylesheet" href="/replay/static/replay.css"><link rel="icon" href="/replay/static/icon.svg" type="image/svg+xml">`+"\n", title)
}

func (p *Replay) head(b *markup.Builder, words *markup.Words, rec *recording) {
	title := rec.Title
	if title == "" {
		title = words.Text("recording")
	}
	if rec.SlotID != "" && rec.SlotID != manifest.OwnSlot {
		title += " · " + rec.SlotID
	}
	beginning(b, words, title)
	correct := "no"
	if p.o.Captions != nil && p.here(rec) {
		correct = "yes"
	}
	b.Put(`<script type="module" src="/replay/static/replay.js"></script></head>` + "\n")
	b.Put(`<body data-base="%s" data-correct="%s" data-words="%s"><a class="skip" href="#text">%s</a>`+"\n",
		root+rec.address, correct, pages.ForScript(words), words.Text("skip"))
	b.Put(`<div class="bar" role="banner"><span>%s</span>`, words.Text("recording"))
	pages.LanguageMenu(b, catalogue, words)
	b.Put("</div>\n"+`<main id="text" tabindex="-1"><header><h1><bdi>%s</bdi></h1><p class="about">`, title)
	started := time.UnixMilli(rec.StartedTS).UTC()
	b.Put(`%s · `, words.Say("recorded", "name", rec.By))
	b.Put(`<time datetime="%s" dir="ltr">%s</time>`, started.Format(time.RFC3339), started.Format("2006-01-02 15:04 MST"))
	if !p.here(rec) {
		b.Put(` · %s`, words.Say("elsewhere", "server", rec.server))
	}
	if rec.State == manifest.StateInterrupted {
		b.Put(` · %s`, words.Text("interrupted"))
	}
	b.Put("</p></header>\n")
	b.Put(`<noscript><p class="notice">%s</p></noscript><p id="trouble" role="alert" hidden></p>`+"\n", words.Text("needs_script"))
}

func (p *Replay) body(b *markup.Builder, words *markup.Words, rec *recording) {
	b.Put(`<div><section class="stage" aria-label="%s"><div id="tiles" class="tiles"></div><p id="caption" class="caption" hidden></p></section>`+"\n", words.Text("recording"))
	b.Put(`<div class="controls card" role="group" aria-label="%s"><div class="row"><button type="button" id="play">%s</button>`, words.Text("controls"), words.Text("play"))
	b.Put(`<label class="unseen" for="position">%s</label><input type="range" id="position" dir="ltr" min="0" max="1" step="100" value="0">`, words.Text("position"))
	b.Put(`<span id="time" dir="ltr">0:00</span><span id="waiting" role="status" hidden>%s</span></div>`+"\n", words.Text("loading"))
	b.Put(`<button type="button" id="back">%s</button><button type="button" id="forward">%s</button>`, words.Text("back"), words.Text("forward"))
	b.Put(`<label>%s <select id="speed">`, words.Text("speed"))
	for _, speed := range []string{"0.5", "0.75", "1", "1.25", "1.5", "2"} {
		b.Put(`<option value="%s"%s>%s×</option>`, speed, selected(speed == "1"), speed)
	}
	b.Put(`</select></label><label>%s <select id="captions"><option value="off">%s</option>`, words.Text("captions"), words.Text("off"))
	for _, tag := range catalogue.Languages() {
		b.Put(`<option value="%s" lang="%s"%s>%s</option>`, tag, markup.HTMLLang(tag), selected(tag == words.Tag), catalogue.Of(tag).Text("name"))
	}
	b.Put(`</select></label><label><input type="checkbox" id="audio-only"> %s</label>`, words.Text("audio_only"))
	b.Put(`<button type="button" id="link">%s</button>`, words.Text("link"))
	if p.o.FFmpeg != "" {
		b.Put(`<a class="button" href="%s" download>%s</a>`, root+rec.address+"/"+downloadFile, words.Text("download"))
	}
	b.Put(`<span id="said" role="status"></span><small class="quiet">%s</small></div>`+"\n", words.Text("keys"))
	part(b, "speakers", words.Text("speakers"), "", "")
	b.Put("</div>\n" + `<div class="side">`)
	part(b, "chapters", words.Text("chapters"), "", "")
	part(b, "transcript", words.Text("transcript"), words.Text("transcript_none"), "scroll")
	part(b, "chat", words.Text("chat"), words.Text("chat_none"), "scroll")
	b.Put("</div>\n")
}

// part writes a section that the script fills, with what is said while it is empty.
func part(b *markup.Builder, id, title, empty, class string) {
	b.Put(`<section id="%s-part" class="card" aria-labelledby="%s-title"><h2 id="%s-title">%s</h2>`, id, id, id, title)
	focusable := markup.HTML("")
	if class != "" {
		focusable = markup.HTML(` tabindex="0"`) // a list that scrolls is reached by the keyboard
	}
	b.Put(`<ol id="%s" class="%s"%s aria-labelledby="%s-title"></ol>`, id, class, focusable, id)
	if empty != "" {
		b.Put(`<p id="%s-none" class="quiet">%s</p>`, id, empty)
	}
	b.Put("</section>\n")
}

func selected(yes bool) markup.HTML {
	if yes {
		return ` selected`
	}
	return ""
}
