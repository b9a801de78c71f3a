package bridge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

const (
	typeReaction  = "m.reaction"
	relAnnotation = "m.annotation"
)

// A user may report reportBurst translations at once and one each reportEvery after that: each keeps a copy of a text. What
// is more is not taken, and the reporter is told so once.
const (
	reportBurst = 100
	reportEvery = 10 * time.Second
)

// Report is a translation that a reader found wrong.
type Report struct {
	ID          int64    `json:"id"`
	EventID     string   `json:"event_id"`
	VersionID   string   `json:"version_id"` // event_id, or the edit that the reader saw
	RoomID      string   `json:"room_id"`
	Reporter    string   `json:"reporter"`
	From        string   `json:"from"`
	To          string   `json:"to"`
	Engine      string   `json:"engine"`
	Verdict     string   `json:"verdict"`
	Reasons     []string `json:"reasons"`
	ReportedTS  int64    `json:"reported_ts"` // ms
	ResolvedTS  int64    `json:"resolved_ts"` // ms; 0: open
	Resolution  string   `json:"resolution,omitempty"`
	Original    string   `json:"original,omitempty"` // "" when it was erased with its message
	Translation string   `json:"translation,omitempty"`
	Unreadable  bool     `json:"unreadable,omitempty"` // the texts are sealed with a key that the node has not

	reactionNID, eventNID, versionNID int64
}

// hearReaction takes a reaction as a report, if it is one of those that report a translation, by a reader of this node on
// what they were shown in translation.
func (t *talk) hearReaction(ctx context.Context, ev *rooms.Event) error {
	key := ev.Content().Get(pathRelates + ".key").Str
	if ev.Relation.Type != relAnnotation || !t.b.reports(key) || !t.isLocal(ev.Sender) || ev.Sender == t.b.bot || t.b.o.Appservice(ev.Sender) {
		return nil
	}
	viewer, err := t.view.Viewer(ctx, ev.Sender, "", "")
	if err != nil {
		return err
	}
	code := t.b.code(viewer.Language)
	if tag, _, err := t.b.o.Accounts.RoomLanguage(ctx, ev.Sender, ev.RoomID); err == nil {
		code = t.b.code(tag)
	}
	message, err := t.reported(ctx, viewer, ev)
	if err != nil || message == nil || code == "" {
		return err
	}
	report, err := t.reportOf(ctx, ev, message, code)
	if err != nil || report == nil {
		return err
	}
	reader := t.languageOf(ctx, ev.Sender, ev.RoomID)
	if allowed, wait := t.reports.Of(ev.Sender).Take(t.b.o.Now()); !allowed {
		if wait == 0 {
			return nil
		}
		return t.b.tell(ctx, ev.Sender, message, noticeReportLimit, language.Say(reader, "report_limit"))
	}
	if err := t.b.storeReport(ctx, report); err != nil {
		return err
	}
	return t.b.tell(ctx, ev.Sender, message, noticeReport, language.Say(reader, "report_received"))
}

// reports reports whether a reaction is one that reports a translation. Clients differ in whether they send the variation
// selector of emoji (U+FE0F).
func (b *Bridge) reports(key string) bool {
	const variation = "\ufe0f"
	return key != "" && slices.ContainsFunc(b.o.Config.Records.ReportReactions, func(reaction string) bool {
		return strings.ReplaceAll(reaction, variation, "") == strings.ReplaceAll(key, variation, "")
	})
}

// reported returns the message that a reaction is about, nil for one that the viewer may not see or that is gone. A
// translation in a thread stands for its message.
func (t *talk) reported(ctx context.Context, viewer view.Viewer, reaction *rooms.Event) (*rooms.Event, error) {
	id := reaction.Relation.EventID
	for range 2 {
		found, err := t.b.o.Rooms.EventsByID(ctx, []string{id})
		if err != nil {
			return nil, fmt.Errorf("reading what is reported: %w", err)
		}
		ev := found[id]
		if ev == nil || ev.RoomID != reaction.RoomID {
			return nil, nil
		}
		if ev.Sender == t.b.bot && (ev.Content().Get(pathTag).Exists() || tagOf(ev) != "") {
			id = ev.Content().Get(pathRelates + `.m\.in_reply_to.event_id`).Str
			continue
		}
		visible, err := t.view.Visible(ctx, viewer, ev.RoomID, []*rooms.Event{ev})
		if err != nil || len(visible) == 0 {
			return nil, err
		}
		redacted, err := t.b.o.Rooms.Redacted(ctx, []string{ev.ID})
		if err != nil || redacted[ev.ID] != nil {
			return nil, err
		}
		return t.b.messageOf(ctx, ev)
	}
	return nil, nil
}

// reasonEncrypted says of a report that its texts are not on the list: the room is encrypted, and only its members have them.
const reasonEncrypted = "encrypted"

// reportOf describes what the reader was shown of a message; nil when that was no translation. Of an encrypted message the server
// knows that the bot answered it, and no more.
func (t *talk) reportOf(ctx context.Context, reaction, message *rooms.Event, code language.Code) (*Report, error) {
	if message.Type == typeEncrypted {
		if reaction.Relation.EventID == message.ID || message.Sender == reaction.Sender {
			return nil, nil
		}
		return &Report{
			EventID: message.ID, VersionID: message.ID, RoomID: message.RoomID, Reporter: reaction.Sender, To: string(code),
			Reasons: []string{reasonEncrypted}, ReportedTS: t.b.o.Now().UnixMilli(),
			reactionNID: reaction.NID, eventNID: message.NID, versionNID: message.NID,
		}, nil
	}
	r, err := t.b.selectReadAt(ctx, message.NID, code, reaction.Position)
	if err != nil || r == nil || message.Sender == reaction.Sender || r.State != compose.StateTranslated && r.Verdict != string(check.Block) {
		return nil, err
	}
	version, err := t.b.versionOfNID(ctx, r.Version)
	if err != nil || version == nil {
		return nil, err
	}
	w, _ := t.b.wordsOf(version)
	original, _ := protect.CutReply(w.text, w.html)
	key := gjson.GetBytes(newContentOf(version, r.Content), pathKey)
	return &Report{
		EventID: message.ID, VersionID: version.ID, RoomID: message.RoomID, Reporter: reaction.Sender,
		From: key.Get("from").Str, To: string(code), Engine: key.Get("engine").Str, Verdict: r.Verdict, Reasons: reasonsIn(&r.Rendering),
		ReportedTS: t.b.o.Now().UnixMilli(), Original: original, Translation: translationOf(&r.Rendering),
		reactionNID: reaction.NID, eventNID: message.NID, versionNID: version.NID,
	}, nil
}

// translationOf is the translation alone that a rendering shows, "" for none.
func translationOf(r *view.Rendering) string {
	if r.State != compose.StateTranslated {
		return ""
	}
	return gjson.GetBytes(r.Parts, "body").Str
}

func (b *Bridge) storeReport(ctx context.Context, r *Report) error {
	err := b.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return b.insertReport(tx, r) })
	if err != nil {
		return fmt.Errorf("storing a report: %w", err)
	}
	return nil
}

// withdrawReport takes a report back with its reaction, unless somebody has looked at it.
func (t *talk) withdrawReport(ctx context.Context, reaction *rooms.Event) error {
	err := t.b.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return deleteOpenReport(tx, reaction.NID) })
	if err != nil {
		return fmt.Errorf("taking back a report: %w", err)
	}
	return nil
}
