package replies

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"medixchange/translator/identifiers"
	"medixchange/translator/language"
)

const (
	// warningsPerHour bounds what one author is told in an hour of messages that seem to hold identifiers.
	warningsPerHour = 10
	warningsWindow  = time.Hour
)

// warnings are what an author was told lately.
type warnings struct {
	Sent []sentWarning `json:"sent"`
}

// sentWarning is a warning in a chat.
type sentWarning struct {
	At    int64  `json:"at"` // ms
	Txn   string `json:"txn"`
	Chat  string `json:"chat"`
	Event string `json:"event"`
}

// warn tells the author of a message, in a chat with the bot alone, what it seems to hold: the kinds and the room, no word of the
// message. An author who was told too much lately is told nothing, and warning is "". The same work never warns twice.
func (d *Desk) warn(ctx context.Context, w *Work, key string, kinds []identifiers.Kind) (chat, warning string, err error) {
	recent, err := d.recentWarnings(ctx, w.Sender)
	if err != nil {
		return "", "", err
	}
	txn := txnOf(w, "warning", "")
	if i := slices.IndexFunc(recent.Sent, func(sent sentWarning) bool { return sent.Txn == txn }); i >= 0 { // the bot was stopped since
		return recent.Sent[i].Chat, recent.Sent[i].Event, nil
	}
	if len(recent.Sent) >= warningsPerHour {
		return "", "", nil
	}
	text, err := d.warningText(ctx, w, key, kinds)
	if err != nil {
		return "", "", err
	}
	chat, warning, err = d.o.Courier.Tell(ctx, w.Sender, txn, map[string]any{"msgtype": "m.text", "body": text, "m.mentions": map[string]any{}})
	if err != nil {
		return "", "", fmt.Errorf("warning an author: %w", err)
	}
	return chat, warning, d.countWarning(ctx, w.Sender, sentWarning{At: d.o.Now().UnixMilli(), Txn: txn, Chat: chat, Event: warning})
}

func (d *Desk) warningText(ctx context.Context, w *Work, key string, kinds []identifiers.Kind) (string, error) {
	name, err := d.o.Host.RoomName(ctx, w.RoomID)
	if err != nil {
		return "", fmt.Errorf("asking for the name of a room: %w", err)
	}
	reader := d.o.Host.Reads(ctx, w.Sender, w.RoomID)
	return strings.Join([]string{
		language.Say(reader, "privacy_where", "room", name),
		IdentifiersNotice(reader, key, kinds),
		"https://matrix.to/#/" + url.PathEscape(w.RoomID) + "/" + url.PathEscape(messageOf(w)),
	}, "\n"), nil
}

// IdentifiersNotice tells an author what a message of theirs seems to hold of a patient, and what becomes of it: key is
// "privacy_held" or "privacy_sent", or of what they said in a conference "privacy_caption".
func IdentifiersNotice(reader language.Code, key string, kinds []identifiers.Kind) string {
	names := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		names = append(names, language.String(reader, "privacy_"+string(kind)))
	}
	return "🌐 " + language.Say(reader, key, "items", language.List(reader, names))
}

// recentWarnings are those of the last hour.
func (d *Desk) recentWarnings(ctx context.Context, userID string) (recent warnings, err error) {
	var known warnings
	if _, err := d.o.Vault.Read(ctx, d.o.Kinds+kindWarnings, "", userID, &known); err != nil {
		return recent, err
	}
	from := d.o.Now().Add(-warningsWindow).UnixMilli()
	for _, sent := range known.Sent {
		if sent.At > from {
			recent.Sent = append(recent.Sent, sent)
		}
	}
	return recent, nil
}

// countWarning counts a warning that was sent. The next commit stores it.
func (d *Desk) countWarning(ctx context.Context, userID string, sent sentWarning) error {
	return d.o.Vault.Together(ctx, func() error {
		recent, err := d.recentWarnings(ctx, userID)
		if err != nil {
			return err
		}
		recent.Sent = append(recent.Sent, sent)
		return d.o.Vault.Write(d.o.Kinds+kindWarnings, "", userID, recent)
	})
}
