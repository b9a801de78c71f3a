package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"medixchange/internal/sqldb"
	"medixchange/rooms"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/identifiers"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// A concern is something about a message that its author can mend: it seems to tell who a patient is, so that it was kept
// from the engines of others, or its translation was refused. The author is told once for each version of the message, if
// they are of this node; nobody can be shown anything by us elsewhere.

// concern is what has to be stored with a rendering.
type concern struct {
	kept   []identifiers.Kind // the version is held for these
	notice json.RawMessage    // tells the author of it; nil for nobody
	refuse []check.Reason     // why the translation was refused; the author is told when all languages are through
}

func (c concern) empty() bool { return len(c.kept) == 0 && c.notice == nil && c.refuse == nil }

// kindOf is the kind of a notice about one version of a message.
func kindOf(kind string, versionNID int64) string {
	return kind + " " + strconv.FormatInt(versionNID, 10)
}

// hearsOf reports whether a concern about a job's message is one that its author hears of: somebody of this node who has just
// said it. What history asks for concerns nobody at the moment.
func (b *Bridge) hearsOf(j *job) bool {
	return b.jobs.isNews(j) && b.People().CanBeTold(j.ev.Sender)
}

// concernOf finds what a result means for the author of its message.
func (b *Bridge) concernOf(ctx context.Context, j *job, message *rooms.Event, result translator.Result) (c concern, err error) {
	kept := result.Withheld && !result.Untold && result.State != translator.Translated
	if kept {
		c.kept = result.Identifiers
	}
	if !b.hearsOf(j) {
		return c, nil
	}
	if result.Verdict == check.Block {
		c.refuse = result.Reasons
	}
	if kept {
		c.notice, err = noticeContent(message, b.identifiersNotice(ctx, j.ev, "privacy_held", result.Identifiers), nil)
	}
	return c, err
}

// warnAuthor tells the author of a version what it seems to hold, once, before engines of others get it: its notice is stored and
// has its place in the stream when this returns. It reports false for a version that is not in force any more, which nobody
// needs to have translated.
func (b *Bridge) warnAuthor(ctx context.Context, j *job, kinds []identifiers.Kind) (told bool, err error) {
	message, err := b.messageOf(ctx, j.ev)
	if err != nil {
		return false, err
	}
	content, err := noticeContent(message, b.identifiersNotice(ctx, j.ev, "privacy_sent", kinds), nil)
	if err != nil {
		return false, err
	}
	err = b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		told = false
		version, err := b.o.Rooms.VersionIn(tx, message)
		if err != nil || version.Redacted || inForceNID(version, message) != j.ev.NID {
			return err
		}
		told = true
		return b.tellIn(tx, j.ev.Sender, message, kindOf(noticeIdentifiers, j.ev.NID), content)
	})
	if err != nil {
		return false, fmt.Errorf("telling an author what goes to an engine of others: %w", err)
	}
	return told, nil
}

func (b *Bridge) identifiersNotice(ctx context.Context, ev *rooms.Event, key string, kinds []identifiers.Kind) string {
	return replies.IdentifiersNotice(b.talk.languageOf(ctx, ev.Sender, ev.RoomID), key, kinds)
}

// storeConcern stores a concern while its version is in force.
func (b *Bridge) storeConcern(tx *sqldb.Tx, j *job, message *rooms.Event, c concern) error {
	if c.empty() {
		return nil
	}
	version, err := b.o.Rooms.VersionIn(tx, message)
	if err != nil || version.Redacted || inForceNID(version, message) != j.ev.NID {
		return err
	}
	if len(c.kept) > 0 {
		if err := insertHold(tx, j.ev.NID, message.NID, b.o.Now().UnixMilli(), c.kept); err != nil {
			return err
		}
	}
	if c.notice != nil {
		if err := b.tellIn(tx, j.ev.Sender, message, kindOf(noticeIdentifiers, j.ev.NID), c.notice); err != nil {
			return err
		}
	}
	if c.refuse == nil {
		return nil
	}
	reasons, err := json.Marshal(c.refuse)
	if err != nil {
		return fmt.Errorf("encoding findings: %w", err)
	}
	tx.OnCommit(b.concerns.wake)
	return b.insertDoubt(tx, j.ev.NID, message.NID, doubt{j.language, reasons})
}

// withdrawConcerns takes back what the author of a message was told of earlier versions: an edit is looked at anew.
func (b *Bridge) withdrawConcerns(ctx context.Context, edit *rooms.Event) error {
	if edit.Relation.Type != relReplace || !b.talk.isLocal(edit.Sender) {
		return nil
	}
	message, err := b.messageOf(ctx, edit)
	if err != nil || message.NID == edit.NID {
		return err
	}
	if told, err := b.hasConcerns(ctx, message.NID); err != nil || !told {
		return err
	}
	err = b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		return b.takeBackNotices(tx, message, func(kind string) bool {
			name, version, _ := strings.Cut(kind, " ")
			return (name == noticeIdentifiers || name == noticeRephrase) && version != strconv.FormatInt(edit.NID, 10)
		})
	})
	if err != nil {
		return fmt.Errorf("taking back what an author was told: %w", err)
	}
	return nil
}

// maxDoubtsNamed bounds the languages whose findings the author is told.
const maxDoubtsNamed = 5

// rephraseText asks to say a message otherwise: it names the languages and what was doubtful in them.
func rephraseText(reader language.Code, doubts []doubt) (string, error) {
	var names, items []string
	for _, d := range doubts {
		names = append(names, d.language.Name(reader))
		var reasons []check.Reason
		if len(d.reasons) > 0 {
			if err := json.Unmarshal(d.reasons, &reasons); err != nil {
				return "", fmt.Errorf("reading findings: %w", err)
			}
		}
		findings := compose.Findings(reader, reasons)
		if findings != "" && len(items) < maxDoubtsNamed {
			items = append(items, findings)
			if len(doubts) > 1 {
				items[len(items)-1] = d.language.Name(reader) + ": " + findings
			}
		}
	}
	return "🌐 " + language.Say(reader, "rephrase", "language", language.List(reader, names), "items", language.Sentences(reader, items...)), nil
}
