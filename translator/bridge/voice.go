package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"medixchange/internal/pace"
	"medixchange/rooms"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/language"
)

// Transcript is what was said in a voice message.
type Transcript struct {
	Text     string
	Language language.Code // "" when it is not known
}

// Transcriber writes down what is said in a file of this node or another one ("mxc://…"). ErrNoTranscript says that trying
// again does not help. It bounds its own time and size.
type Transcriber interface {
	Transcribe(ctx context.Context, mxc string) (Transcript, error)
}

// ErrNoTranscript says that a voice message cannot be written down.
var ErrNoTranscript = errors.New("the voice message cannot be transcribed")

const (
	pathVoice = `org\.matrix\.msc3245\.voice`
	// reasonTranscription is why there is no translation of a voice message that was not understood.
	reasonTranscription = "transcription"
	// keptTranscripts bounds the transcripts in memory; older ones are in the renderings.
	keptTranscripts = 1000
)

// isVoice reports whether an event is a voice message that may be shown as text (MSC3245, in rooms without encryption).
func (b *Bridge) isVoice(ev *rooms.Event) bool {
	if b.o.Transcriber == nil || ev.Type != typeMessage || ev.StateKey != nil || ev.Relation.Type == relReplace || ev.Sender == b.bot {
		return false
	}
	content := ev.Content()
	return content.Get("msgtype").Str == "m.audio" && content.Get(pathVoice).IsObject() &&
		strings.HasPrefix(content.Get("url").Str, "mxc://") && !b.o.Appservice(ev.Sender)
}

// transcript returns what was said in a voice message: once for all its readers. Of one that is redacted meanwhile nothing is kept.
func (b *Bridge) transcript(ctx context.Context, j *job) (Transcript, error) {
	ev := j.ev
	if known, ok := b.transcripts.Get(ev.NID); ok {
		return known, nil
	}
	made, err, _ := b.hearing.Do(ev.ID, func() (any, error) {
		if known, ok := b.transcripts.Get(ev.NID); ok {
			return known, nil
		}
		t, err := b.o.Transcriber.Transcribe(ctx, ev.Content().Get("url").Str)
		if err != nil {
			return Transcript{}, fmt.Errorf("transcribing: %w", err)
		}
		b.jobs.unlessGone(j, func() { b.transcripts.Add(ev.NID, t) })
		return t, nil
	})
	if err != nil {
		return Transcript{}, err
	}
	return made.(Transcript), nil
}

// voicePause is the wait before a recogniser that failed is asked again.
const voicePause = 2 * time.Second

// translateVoice is translateEvent for a voice message. A recogniser that fails is asked again while the message may be pending.
func (b *Bridge) translateVoice(ctx context.Context, j *job) translator.Result {
	for {
		result, err := b.hear(ctx, j)
		if err == nil || errors.Is(err, ErrNoTranscript) || !pace.Pause(ctx, voicePause) {
			return result
		}
	}
}

// hear translates what was said in a voice message. Readers of its language get it as text as well. The error is that there is
// no transcript.
func (b *Bridge) hear(ctx context.Context, j *job) (translator.Result, error) {
	name := j.ev.Content().Get("body").Str
	room := b.translationIn(ctx, j.ev.RoomID)
	if room == translationOff || room == translationLocal && b.o.TranscriberLeaves {
		return turnedOff(j, name, ""), nil
	}
	said, err := b.transcript(ctx, j)
	if err != nil {
		b.o.Log.WithError(err).WithField("event", j.ev.ID).Info("a voice message was not transcribed")
		return translator.Result{State: translator.None, To: j.language, Reasons: []check.Reason{{Code: reasonTranscription}}}, err
	}
	if room = b.translationIn(ctx, j.ev.RoomID); room == translationOff { // a recogniser takes its time
		return turnedOff(j, name, ""), nil
	}
	if err := ctx.Err(); err != nil { // redacted, as far as engines are concerned
		return translator.Result{State: translator.None, To: j.language, Reasons: []check.Reason{{Code: reasonTranscription}}}, err
	}
	request := translator.Request{Text: said.Text, SourceHint: said.Language, SenderLanguage: b.writes(j.ev), Target: j.language, Local: room == translationLocal}
	result, err := b.askReleased(ctx, j, j.ev, request)
	if err != nil {
		result = translator.TimedOut(request)
	}
	if result.State == translator.Same {
		result = translator.Result{
			State: translator.Translated, From: j.language, To: j.language, Engine: "transcription", Verdict: check.Pass,
			Body: said.Text, Original: compose.Original{Body: said.Text},
		}
	}
	return result, nil
}

// spoken turns contents of a rendering into those of a voice message: what was said becomes the caption of the recording,
// marked as written down by machine. The file's name moves where captions leave it (Client-Server API, Media captions). The
// key has the recording as it was sent: whoever sends it on sends no machine's words as its author's.
func spoken(ev *rooms.Event, to language.Code, result translator.Result, contents ...json.RawMessage) error {
	name := ev.Content().Get("filename").Str
	if name == "" {
		name = ev.Content().Get("body").Str
	}
	original := wholeOriginal(json.RawMessage(ev.Content().Raw))
	for i, content := range contents {
		if len(content) == 0 {
			continue
		}
		changed, err := captioned(content, name, to, result)
		if err == nil {
			changed, err = sjson.SetRawBytes(changed, pathKey+"."+pathWhole, original)
		}
		if err != nil {
			return fmt.Errorf("writing what was said: %w", err)
		}
		contents[i] = changed
	}
	return nil
}

func captioned(content json.RawMessage, name string, to language.Code, result translator.Result) (json.RawMessage, error) {
	shown := gjson.ParseBytes(content)
	body, formatted := shown.Get("body").Str, shown.Get("formatted_body").Str
	mark := compose.MarkLine(to, language.String(to, "voice_mark"))
	switch {
	case result.Because(translator.ReasonOff):
		return content, nil
	case result.Because(reasonTranscription):
		body, formatted = language.String(to, "voice_failed"), ""
	case result.From == result.To: // there is no original to tell of
		words := compose.Directed(to, result.Body)
		body, formatted = words+"\n"+mark, "<p>"+html.EscapeString(words)+"</p><p>"+mark+"</p>"
	default:
		body += "\n" + mark
		if formatted != "" {
			formatted += "<p>" + mark + "</p>"
		}
	}
	changed, err := sjson.SetBytes(content, "body", body)
	if err == nil {
		changed, err = sjson.SetBytes(changed, "filename", name)
	}
	if err == nil && formatted == "" {
		changed, err = sjson.DeleteBytes(changed, "formatted_body")
		if err == nil {
			changed, err = sjson.DeleteBytes(changed, "format")
		}
	} else if err == nil {
		changed, err = sjson.SetBytes(changed, "formatted_body", formatted)
	}
	return changed, err
}
