package recording

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"medixchange/conference/manifest"
	"medixchange/internal/markup"
	"medixchange/rooms"
)

const warnLevel = logrus.WarnLevel

//go:embed strings/*.yaml
var stringFiles embed.FS

var words = markup.NewCatalogue(stringFiles, "strings")

// speaker returns who speaks in a room: the bot, if it is there, else fallback.
func (s *Service) speaker(ctx context.Context, roomID, fallback string) string {
	if s.o.Bot == "" {
		return fallback
	}
	snapshot, err := s.o.Rooms.Snapshot(ctx, roomID)
	if err != nil || snapshot.Membership(s.o.Bot) != "join" {
		return fallback
	}
	return s.o.Bot
}

// languages returns those that a room's members read, most readers first. What members of other hospitals read is not known here, so
// that every language follows where there are any.
func (s *Service) languages(ctx context.Context, roomID string) []string {
	readers, err := s.o.Accounts.LanguagesInRoom(ctx, roomID)
	if err != nil {
		s.o.Log.WithError(err).Warn("the languages of a room cannot be read")
	}
	var tags []string
	for tag := range readers {
		tags = append(tags, tag)
	}
	slices.SortFunc(tags, func(a, b string) int {
		if n := len(readers[b]) - len(readers[a]); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	snapshot, err := s.o.Rooms.Snapshot(ctx, roomID)
	if err == nil && len(snapshot.Servers()) > 1 || len(tags) == 0 {
		tags = append(tags, words.Languages()...)
	}
	var all []string
	for _, tag := range tags {
		if tag = words.Of(tag).Tag; !slices.Contains(all, tag) {
			all = append(all, tag)
		}
	}
	return all
}

// announcedStart is what a room is told first of a recording.
const announcedStart = "start"

// announcement is the transaction by which a room is told something of a recording, once.
func announcement(rec *Recording, what string) rooms.Txn {
	return rooms.Txn{Scope: "recording", Path: what, ID: rec.ID}
}

// say sends a notice in every language of the room. extra is added to its content.
func (s *Service) say(ctx context.Context, rec *Recording, what, key string, values []any, extra map[string]any) {
	var lines []string
	for _, tag := range s.languages(ctx, rec.RoomID) {
		line := words.Of(tag).Text(key, values...)
		if rec.SlotID != manifest.OwnSlot {
			line += " (" + rec.SlotID + ")"
		}
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	content := map[string]any{"msgtype": "m.notice", "body": strings.Join(lines, "\n"), "m.mentions": struct{}{}}
	for name, value := range extra {
		content[name] = value
	}
	s.send(ctx, rec.RoomID, s.speaker(ctx, rec.RoomID, rec.By), announcement(rec, what), content)
}

func (s *Service) send(ctx context.Context, roomID, sender string, txn rooms.Txn, content map[string]any) {
	encoded, err := json.Marshal(content)
	if err == nil {
		_, err = s.o.Rooms.Send(ctx, rooms.SendRequest{RoomID: roomID, Sender: sender, Type: typeMessage, Content: encoded, Txn: &txn})
	}
	if err != nil {
		s.o.Log.WithError(err).WithField("room", roomID).Warn("a notice about a recording was not sent")
	}
}

func (s *Service) announceStart(ctx context.Context, rec *Recording) {
	key := "started"
	if rec.Consent == manifest.ConsentExplicit {
		key = "asked"
	}
	s.say(ctx, rec, announcedStart, key, []any{"user", rec.By}, map[string]any{"org.medixchange.recording": map[string]any{"id": rec.ID, "consent": rec.Consent, "slot_id": rec.SlotID}})
}

// Announcement is the event by which the room of a recording was told that it began. rooms.ErrNotFound where that is not known.
func (s *Service) Announcement(ctx context.Context, id string) (*rooms.Event, error) {
	rec, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, rooms.ErrNotFound
	}
	for _, speaker := range []string{s.o.Bot, rec.By} {
		eventID, said, err := s.o.Rooms.EventByTxn(ctx, speaker, announcement(rec, announcedStart))
		if err != nil {
			return nil, wrap(err, "looking for what a room was told of a recording")
		}
		if said {
			return s.o.Rooms.Event(ctx, eventID)
		}
	}
	return nil, rooms.ErrNotFound
}

// announceReplay tells the room where the recording is, once.
func (s *Service) announceReplay(ctx context.Context, rec *Recording) {
	first, err := s.announce(ctx, rec.ID)
	if err != nil || !first {
		if err != nil {
			s.o.Log.WithError(err).WithField("recording", rec.ID).Error("a recording cannot be announced")
		}
		return
	}
	url := s.address(rec.ID)
	s.say(ctx, rec, "replay", "replay", []any{"length", length(rec.Duration), "url", url}, map[string]any{
		"org.medixchange.replay": map[string]any{"id": rec.ID, "url": url, "duration": rec.Duration, "title": rec.Title, "slot_id": rec.SlotID},
	})
}

// length writes milliseconds as hours, minutes and seconds.
func length(ms int64) string {
	s := ms / 1000
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
