package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"medixchange/conference/audit"
	"medixchange/conference/captions"
	"medixchange/conference/recording"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/identifiers"
	"medixchange/translator/language"
	"medixchange/translator/replies"
	"medixchange/translator/transcribe"
)

// captionsTopic is by which the node's pages know live captions among what comes over the SFU.
const captionsTopic = "org.medixchange.captions"

// buildCaptions builds what puts recorded conferences into writing, if the configuration says so.
func (n *Node) buildCaptions(_ context.Context, o Options) error {
	n.recordingsLog = audit.New(n.DB, o.Now)
	c := n.Config.Conference.Captions
	if !c.Enabled {
		return nil
	}
	client, err := n.recogniser()
	if err != nil {
		return err
	}
	options := captions.Options{
		Folder: n.recordingsFolder(), Recogniser: listener{client}, Rule: n.captionRule, Languages: n.captionLanguages, Broadcast: n.broadcastCaption,
		Workers: c.Concurrent, DB: n.DB, Audit: n.recordingsLog, Now: o.Now, Log: n.part("captions"), Registerer: n.registry,
	}
	if n.pipeline != nil {
		options.Translator, options.Vault, options.Kept = interpreter{n.pipeline}, n.bridge, n.tellOfCaption
	}
	n.captions = captions.New(options)
	return nil
}

// addCaptions has recordings put into writing.
func (n *Node) addCaptions(o *recording.Options) {
	o.Speech = true
	o.Said = func(_ context.Context, rec *recording.Recording, file string) {
		n.captions.Said(captions.Place{ID: rec.ID, RoomID: rec.RoomID, SlotID: rec.SlotID}, file)
	}
	o.Recorded = func(ctx context.Context, rec *recording.Recording) {
		if err := n.captions.Ended(ctx, captions.Place{ID: rec.ID, RoomID: rec.RoomID, SlotID: rec.SlotID}); err != nil {
			n.part("captions").WithError(err).WithField("recording", rec.ID).Warn("what was left over of a recording is not written down")
		}
	}
	o.Gone = n.captions.Gone
}

// captionRule is what a room's moderators let be done with what is said in its conferences (org.medixchange.room). Where it
// cannot be read nothing is done: nobody hears or sees what its people may have kept to themselves.
func (n *Node) captionRule(ctx context.Context, roomID string) captions.Rule {
	room, err := n.Rooms.Snapshot(ctx, roomID)
	if err != nil {
		return captions.Rule{}
	}
	if _, set := room.StateNIDOf(replies.TypeSettings, ""); !set {
		return ruleOf("", n.voiceLeaves())
	}
	ev, err := n.Rooms.StateEvent(ctx, roomID, replies.TypeSettings, "")
	if err != nil {
		return captions.Rule{}
	}
	return ruleOf(replies.TranslationIn(ev.Content()), n.voiceLeaves())
}

// ruleOf is what a setting lets be done, where the recogniser is on another machine or on this one.
func ruleOf(setting string, leaves bool) captions.Rule {
	local := setting == replies.TranslationLocal
	return captions.Rule{
		Recognise: setting != replies.TranslationOff && !(local && leaves),
		Translate: setting != replies.TranslationOff, Local: local,
	}
}

// captionLanguages are those that members here read in a room, in order.
func (n *Node) captionLanguages(ctx context.Context, roomID string) []string {
	readers, err := n.Accounts.LanguagesInRoom(ctx, roomID)
	if err != nil {
		n.part("captions").WithError(err).Warn("the languages of a room cannot be read")
	}
	var all []string
	for tag := range readers {
		all = append(all, tag)
	}
	slices.Sort(all)
	return all
}

func (n *Node) broadcastCaption(ctx context.Context, place captions.Place, u captions.Live) {
	if n.Conferences == nil {
		return
	}
	payload, err := json.Marshal(u)
	if err == nil {
		err = n.Conferences.Tell(ctx, place.RoomID, place.SlotID, captionsTopic, payload)
	}
	if err != nil {
		n.part("captions").WithError(err).Info("a caption did not reach those in the call")
	}
}

// tellOfCaption tells a speaker what was kept from engines of others of what they said, once for a recording.
func (n *Node) tellOfCaption(ctx context.Context, place captions.Place, userID string, kept []string) {
	kinds := make([]identifiers.Kind, len(kept))
	for i, kind := range kept {
		kinds[i] = identifiers.Kind(kind)
	}
	about, err := n.recording.Announcement(ctx, place.ID)
	if err == nil {
		err = n.bridge.TellOfCaption(ctx, userID, about, kinds)
	}
	if err != nil {
		n.part("captions").WithError(err).WithField("recording", place.ID).Warn("a speaker was not told that a caption is not translated")
	}
}

// listener is the speech recogniser as captions need it.
type listener struct{ client *transcribe.Client }

// Recognise implements [captions.Recogniser].
func (l listener) Recognise(ctx context.Context, path string) (captions.Said, error) {
	file, err := os.Open(path)
	if err != nil {
		return captions.Said{}, fmt.Errorf("opening an utterance: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return captions.Said{}, fmt.Errorf("opening an utterance: %w", err)
	}
	said, err := l.client.Transcribe(ctx, transcribe.Recording{Data: file, Size: info.Size(), ContentType: "audio/ogg"})
	for _, final := range []error{transcribe.ErrTooLarge, transcribe.ErrNothing, transcribe.ErrRefused} {
		if errors.Is(err, final) {
			return captions.Said{}, fmt.Errorf("%w: %w", captions.ErrNothing, err)
		}
	}
	return captions.Said{Text: said.Text, Language: string(said.Language)}, err
}

// interpreter is the translator as captions need it.
type interpreter struct{ pipeline *translator.Pipeline }

// mayPass are reasons for which there is no translation now, and may be one later.
var mayPass = []string{translator.ReasonTimeout, translator.ReasonEngineError, translator.ReasonBusy}

// Translate implements [captions.Translator].
func (i interpreter) Translate(ctx context.Context, said captions.Request) (captions.Translation, error) {
	target, err := language.Parse(said.To)
	if err != nil {
		return captions.Translation{Verdict: captions.None}, nil //nolint:nilerr // nobody can translate into what is no language
	}
	source, _ := language.Parse(said.From)
	r, err := i.pipeline.Translate(ctx, translator.Request{Text: said.Text, SourceHint: source, Target: target, Local: said.Local})
	if err != nil {
		return captions.Translation{}, err
	}
	t := captions.Translation{Text: spoken(r), Verdict: captions.None, Engine: r.Engine, Later: r.Because(translator.ReasonNoEngine)}
	if r.Withheld {
		for _, kind := range r.Identifiers {
			t.Kept = append(t.Kept, string(kind))
		}
	}
	switch {
	case r.State == translator.Same:
		return captions.Translation{Text: said.Text, Verdict: captions.Pass}, nil
	case r.Verdict == check.Block:
		t.Verdict = captions.Block
	case r.State != translator.Translated:
		for _, reason := range mayPass {
			if r.Because(reason) {
				return captions.Translation{}, errors.New("no engine answered: " + reason)
			}
		}
	case r.Verdict == check.Warn || r.Unreviewed:
		t.Verdict = captions.Warn
	case r.Verdict == check.Pass:
		t.Verdict = captions.Pass
	}
	return t, nil
}

// spoken is a result in the words of its reader, with what is doubtful in it and what must be the same in every language.
func spoken(r translator.Result) string {
	return compose.Spoken(compose.Message{
		State: string(r.State), From: r.From, To: r.To, Verdict: r.Verdict, Reasons: r.Reasons, Invariants: r.Invariants, Body: r.Body,
	})
}
