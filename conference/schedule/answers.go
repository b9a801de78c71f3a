package schedule

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"medixchange/rooms"
)

// Ask is a command that a member gave the bot in a room.
type Ask struct {
	UserID, RoomID string
	EventID        string // of the command: its repetition does nothing again
	Language       string // in which the asker reads
	Text           string // what follows "!conference"
}

const (
	example = "!conference 2026-12-01 14:00 45m Sepsis"
	// maxListed bounds the conferences of an answer.
	maxListed = 20
)

// Answer carries a command out and returns what the bot says: "" or "list" lists what is planned, "cancel 2" cancels the
// second of the list, a time and a title plan one.
func (s *Schedule) Answer(ctx context.Context, a Ask) (string, error) {
	word, rest, _ := strings.Cut(strings.TrimSpace(a.Text), " ")
	switch {
	case word == "" || s.isWord(a, "conference_words_list", word) && rest == "":
		return s.answerList(ctx, a)
	case s.isWord(a, "conference_words_yes", word):
		return s.answerComing(ctx, a, strings.TrimSpace(rest), yes)
	case s.isWord(a, "conference_words_no", word):
		return s.answerComing(ctx, a, strings.TrimSpace(rest), no)
	case s.isWord(a, "conference_words_cancel", word):
		return s.answerCancel(ctx, a, strings.TrimSpace(rest))
	}
	return s.answerPlan(ctx, a)
}

// isWord reports whether a word is one of those in the asker's language or in English.
func (s *Schedule) isWord(a Ask, key, word string) bool {
	words := s.o.Words(a.Language, key) + " " + s.o.Words("en", key)
	return slices.Contains(strings.Fields(strings.ToLower(words)), strings.ToLower(word))
}

func (s *Schedule) answerPlan(ctx context.Context, a Ask) (string, error) {
	zone, now := s.zoneOf(ctx, a.UserID), s.o.Now()
	p, ok := readPlan(a.Text, zone, now)
	switch {
	case !ok:
		return s.o.Words(a.Language, "error_usage", "example", example), nil
	case !p.start.After(now) || p.start.Sub(now) > maxAhead:
		return s.o.Words(a.Language, "conference_past"), nil
	}
	sum := sha256.Sum256([]byte(a.EventID))
	conf := &Conference{
		ID: hex.EncodeToString(sum[:8]), Title: p.title, Start: p.start.UTC(), Duration: p.duration, Hosts: []string{a.UserID}, Remind: defaultRemind,
	}
	if refused, err := s.send(ctx, a, conf); refused != "" || err != nil {
		return refused, err
	}
	return s.o.Words(a.Language, "conference_planned", "title", conf.Title) + "\n" + s.when(a.Language, conf, zone), nil
}

// send writes a conference in the asker's name, so that the room's power levels decide.
func (s *Schedule) send(ctx context.Context, a Ask, conf *Conference) (refused string, err error) {
	_, err = s.o.Rooms.Send(ctx, rooms.SendRequest{
		RoomID: a.RoomID, Sender: a.UserID, Type: EventType, StateKey: &conf.ID, Content: conf.Content(),
		Txn: &rooms.Txn{Scope: "conference", Path: "command", ID: a.EventID},
	})
	if errors.Is(err, rooms.ErrForbidden) {
		return s.o.Words(a.Language, "error_moderator"), nil
	}
	if err != nil {
		return "", fmt.Errorf("planning a conference: %w", err)
	}
	return "", nil
}

// chosen is the conference with a number of the list, or the only one; nil for none.
func (s *Schedule) chosen(ctx context.Context, a Ask, which string) (*Conference, error) {
	planned, err := s.planned(ctx, a.RoomID)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(which)
	if which == "" && len(planned) == 1 {
		n, err = 1, nil
	}
	if err != nil || n < 1 || n > len(planned) {
		return nil, nil
	}
	return planned[n-1], nil
}

// answerComing says in the room, in the asker's name, whether they come: every hospital is to know whom a conference rings.
func (s *Schedule) answerComing(ctx context.Context, a Ask, which, answer string) (string, error) {
	conf, err := s.chosen(ctx, a, which)
	if err != nil {
		return "", err
	}
	if conf == nil {
		return s.o.Words(a.Language, "conference_unknown"), nil
	}
	ev, err := s.o.Rooms.StateEvent(ctx, a.RoomID, EventType, conf.ID)
	if err != nil {
		return "", fmt.Errorf("reading what is answered: %w", err)
	}
	content, _ := json.Marshal(map[string]any{ // texts
		"answer": answer, "m.relates_to": map[string]any{"rel_type": "m.reference", "event_id": ev.ID},
	})
	_, err = s.o.Rooms.Send(ctx, rooms.SendRequest{
		RoomID: a.RoomID, Sender: a.UserID, Type: AnswerType, Content: content,
		Txn: &rooms.Txn{Scope: "conference", Path: "answer", ID: a.EventID},
	})
	if errors.Is(err, rooms.ErrForbidden) {
		return s.o.Words(a.Language, "error_moderator"), nil
	}
	if err != nil {
		return "", fmt.Errorf("answering whether somebody comes: %w", err)
	}
	return s.saidText(a.Language, conf, answer), nil
}

func (s *Schedule) answerCancel(ctx context.Context, a Ask, which string) (string, error) {
	conf, err := s.chosen(ctx, a, which)
	if err != nil {
		return "", err
	}
	if conf == nil {
		return s.o.Words(a.Language, "conference_unknown"), nil
	}
	conf.Cancelled = true
	if refused, err := s.send(ctx, a, conf); refused != "" || err != nil {
		return refused, err
	}
	return s.o.Words(a.Language, "conference_cancelled", "title", conf.Title), nil
}

func (s *Schedule) answerList(ctx context.Context, a Ask) (string, error) {
	planned, err := s.planned(ctx, a.RoomID)
	if err != nil {
		return "", err
	}
	if len(planned) == 0 {
		return s.o.Words(a.Language, "conference_none"), nil
	}
	zone := s.zoneOf(ctx, a.UserID)
	lines := []string{s.o.Words(a.Language, "conference_list")}
	for i, conf := range planned[:min(len(planned), maxListed)] {
		answers, err := s.coming(ctx, a.RoomID, conf)
		if err != nil {
			return "", err
		}
		lines = append(lines, fmt.Sprintf("%d. %s: %s · ✅ %d ❌ %d", i+1, s.when(a.Language, conf, zone), conf.Title, count(answers, yes), count(answers, no)))
	}
	return strings.Join(lines, "\n"), nil
}

// planned are the conferences of a room that have not ended, by time.
func (s *Schedule) planned(ctx context.Context, roomID string) ([]*Conference, error) {
	snap, err := s.o.Rooms.Snapshot(ctx, roomID)
	if err != nil {
		return nil, fmt.Errorf("reading what is planned: %w", err)
	}
	var nids []int64
	snap.EachState(func(typ, _ string, nid int64) bool {
		if typ == EventType {
			nids = append(nids, nid)
		}
		return true
	})
	found, err := s.o.Rooms.Events(ctx, nids)
	if err != nil {
		return nil, fmt.Errorf("reading what is planned: %w", err)
	}
	var planned []*Conference
	for _, ev := range found {
		conf, err := s.conferenceOf(ctx, ev)
		if err != nil {
			return nil, err
		}
		if conf != nil && !conf.Cancelled && conf.End().After(s.o.Now()) {
			planned = append(planned, conf)
		}
	}
	slices.SortFunc(planned, func(x, y *Conference) int {
		if by := x.Start.Compare(y.Start); by != 0 {
			return by
		}
		return strings.Compare(x.ID, y.ID)
	})
	return planned, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, rooms.ErrNotFound) {
		return nil
	}
	return err
}
