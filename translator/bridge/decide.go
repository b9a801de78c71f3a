package bridge

import (
	"context"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/translator"
	"medixchange/translator/language"
)

const (
	typeMessage = "m.room.message"
	relReplace  = "m.replace"
	htmlFormat  = "org.matrix.custom.html"
)

// words is what of a message could be read in another language.
type words struct {
	text, html string
	parts      []string // of a poll: its question and answers, which text holds together
}

// decision says what an event is to the translator, whoever reads it.
type decision struct {
	text  bool          // it is a message with a text
	voice bool          // which has to be written down first
	from  language.Code // found language; "" for a text without letters
	by    language.Code // what its author probably writes, "" when nothing is known
	live  bool          // decided when the event came: what is not wanted then has no rendering

	quotes language.Code // what its author reads in, if it may repeat a translation that they were shown
}

// wantedBy reports whether a reader of the language needs a translation, or may need what the message repeats of another one
// in their own words.
func (d decision) wantedBy(reader language.Code) bool {
	return d.foreignTo(reader) || d.quotes != "" && d.text && d.from != "" && reader != "" && !reader.Reads(d.quotes)
}

// foreignTo reports whether the message itself is in a language that a reader of the language does not read.
func (d decision) foreignTo(reader language.Code) bool {
	return d.text && d.from != "" && reader != "" && !reader.Reads(d.from)
}

// decide finds out what an event is to the translator. It takes microseconds and remembers the answer.
func (b *Bridge) decide(ev *rooms.Event) decision {
	if !hasWords(ev) {
		return decision{}
	}
	f := b.finding(ev.NID)
	if !f.decided.Load() {
		b.findOut(f, ev)
	}
	d := f.decision
	d.live = f.live.Load()
	if f.quoteless.Load() {
		d.quotes = ""
	}
	return d
}

func (b *Bridge) findOut(f *finding, ev *rooms.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.decided.Load() {
		return
	}
	f.decision = b.decision(ev)
	if f.decision.text && b.hasJustCome(ev) {
		f.live.Store(true)
	}
	f.decided.Store(true)
}

// hasJustCome reports whether an event is so new that the reader of the stream has not taken it.
func (b *Bridge) hasJustCome(ev *rooms.Event) bool {
	return ev.Received != 0 && ev.Position > b.handled.Load()
}

// decideLive is decide for an event that the reader of the stream takes.
func (b *Bridge) decideLive(ev *rooms.Event) decision {
	d := b.decide(ev)
	if d.text && !d.live {
		d.live = true
		b.finding(ev.NID).live.Store(true)
	}
	return d
}

func (b *Bridge) decision(ev *rooms.Event) decision {
	if b.isVoice(ev) {
		return decision{text: true, voice: true, from: translator.Undetermined}
	}
	said := b.atHandOf(ev)
	if !said.ok {
		return decision{}
	}
	w := said.words
	writes := b.writes(ev)
	own := ownText(w)
	need := translator.NeedsTranslation(own, w.html, writes, "")
	if writes == "" && !need.NotText && certain(own, need.From) {
		b.habits.Add(ev.Sender, need.From)
	}
	d := decision{text: true, from: need.From, by: writes}
	if said.repeats && len(w.parts) == 0 && b.talk.isLocal(ev.Sender) {
		d.quotes = writes
	}
	return d
}

// wordsOf returns the text of a message that may be shown in another language: what people write, captions of files, and
// polls, notices of listed clinical bots. The bot's own words, commands to it and the traffic of application services stay as
// they are. Of an edit it is the new text.
func (b *Bridge) wordsOf(ev *rooms.Event) (words, bool) {
	of := b.atHandOf(ev)
	return of.words, of.ok
}

func (b *Bridge) readWords(ev *rooms.Event) (words, bool) {
	if !hasWords(ev) || ev.Sender == b.bot || b.o.Appservice(ev.Sender) {
		return words{}, false
	}
	content := versionOf(ev)
	if isTopic(ev) {
		text := topicText(content)
		return words{text: text}, text != ""
	}
	if isPollType(ev.Type) {
		found := textsOf(pollParts(ev.Type, content))
		return words{text: pollText(found), parts: found}, len(found) > 0
	}
	m := messageIn(content)
	if m.body.Type != gjson.String {
		return words{}, false
	}
	switch msgtype := m.msgtype.Str; {
	case msgtype == "m.text", msgtype == "m.emote":
	case msgtype == "m.notice":
		if !slices.Contains(b.o.Config.ClinicalBots, ev.Sender) {
			return words{}, false
		}
	case isFile(msgtype):
		if name := m.filename; name.Type != gjson.String || name.Str == "" || name.Str == m.body.Str {
			return words{}, false
		}
	default:
		return words{}, false
	}
	if _, isCommand := parseCommand(m.body.Str); isCommand {
		return words{}, false
	}
	w := words{text: m.body.Str}
	if m.format.Str == htmlFormat {
		w.html = m.formatted.Str
	}
	return w, true
}

// isFile reports whether a message of a type is a file, which has words where it has a caption.
func isFile(msgtype string) bool {
	switch msgtype {
	case "m.image", "m.file", "m.audio", "m.video":
		return true
	}
	return false
}

// messageFields are those of a message that its words are in.
type messageFields struct {
	msgtype, body, format, formatted, filename gjson.Result
}

// messageIn reads them in one pass.
func messageIn(content gjson.Result) (m messageFields) {
	content.ForEach(func(name, value gjson.Result) bool {
		switch name.Str {
		case "msgtype":
			m.msgtype = value
		case "body":
			m.body = value
		case "format":
			m.format = value
		case "formatted_body":
			m.formatted = value
		case "filename":
			m.filename = value
		}
		return true
	})
	return m
}

// versionOf is the content that an event gives its message: m.new_content of an edit, else its own.
func versionOf(ev *rooms.Event) gjson.Result {
	content := ev.Content()
	if ev.Relation.Type == relReplace {
		return content.Get(`m\.new_content`)
	}
	return content
}

// keptHabits bounds the senders of other servers whose language is remembered.
const keptHabits = 10_000

// writes returns the language that the sender of an event probably writes: the one that a user of this node reads, or
// what a user of another server was last seen to write. "" when nothing is known.
func (b *Bridge) writes(ev *rooms.Event) language.Code {
	if _, server, _ := strings.Cut(ev.Sender, ":"); server == b.o.Rooms.ServerName() {
		reads, _, err := b.o.Accounts.RoomLanguage(context.Background(), ev.Sender, ev.RoomID)
		if err == nil {
			return b.code(reads)
		}
		return ""
	}
	habit, _ := b.habits.Get(ev.Sender)
	return habit
}

// certain reports whether a language was found in the text itself, whatever its sender is assumed to write.
func certain(text string, found language.Code) bool {
	return found != "" && language.Detect(text, "es") == found && language.Detect(text, "de") == found
}

// code reads a language as readers choose it. It gives "" for one that this node does not translate into.
func (b *Bridge) code(tag string) language.Code {
	if tag == "" {
		return ""
	}
	if code := language.Code(tag); slices.Contains(b.languages, code) {
		return code
	}
	if code, ok := b.codes.Get(tag); ok {
		return code
	}
	code, err := language.Parse(tag)
	if err == nil {
		code, _ = code.Nearest(func(code language.Code) bool { return slices.Contains(b.languages, code) })
	}
	b.codes.Put(tag, code)
	return code
}
