package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"medixchange/rooms/view"
)

// language is the content of org.medixchange.language; members that are missing leave the choice to what is more general.
type language struct {
	Language *string `json:"language"`
	Mode     *string `json:"mode"`
	Topics   *bool   `json:"topics"` // of rooms, too

	changed int64 // position of the last change
}

// maxLanguage is the longest language tag (RFC 5646, 4.4.1).
const maxLanguage = 35

// checkChoice refuses a choice of language that nobody could follow: [ErrBadJSON] for what has not the form,
// [ErrInvalidParam] for a language or mode that is not known.
func (a *Accounts) checkChoice(content json.RawMessage) error {
	var choice language
	if err := json.Unmarshal(content, &choice); err != nil {
		return ErrBadJSON.says(`%s has the form {"language": "es", "mode": "in_place", "topics": false}: two texts and a boolean that may be left out`, typeLanguage)
	}
	if choice.Mode != nil && !slices.Contains(view.Modes, *choice.Mode) {
		return ErrInvalidParam.says("The mode is one of %s", strings.Join(view.Modes, ", "))
	}
	if choice.Language == nil {
		return nil
	}
	return a.checkLanguage(*choice.Language)
}

func (a *Accounts) checkLanguage(tag string) error {
	if tag == "" || len(tag) > maxLanguage {
		return ErrInvalidParam.says("A language is named by a BCP 47 tag such as es or zh-Hant")
	}
	if a.o.CheckLanguage == nil {
		return nil
	}
	if err := a.o.CheckLanguage(tag); err != nil {
		return ErrInvalidParam.says("%v", err)
	}
	return nil
}

// checkShownLanguage checks the profile field by which users let others see what they read.
func (a *Accounts) checkShownLanguage(value json.RawMessage) error {
	var tag string
	if json.Unmarshal(value, &tag) != nil {
		return ErrBadJSON.says(`%s in a profile is a text such as "es"`, typeLanguage)
	}
	return a.checkLanguage(tag)
}

// takeLanguage reads one choice; what is malformed counts as not said.
func (p *preferences) takeLanguage(d *AccountDatum) {
	var l language
	if json.Unmarshal(d.Content, &l) != nil || l.Language != nil && len(*l.Language) > maxLanguage {
		l = language{}
	}
	l.changed = d.Position
	if d.RoomID == "" {
		p.general = l
		return
	}
	if p.rooms == nil {
		p.rooms = map[string]language{}
	}
	p.rooms[d.RoomID] = l
}

// languageIn returns what holds in a room, or generally for "": field by field what the user chose for the room, else
// generally; else the language that the profile shows; else what the hospital has. A login service that says a user's
// language has set the general choice of one who made none (takeLanguageClaim).
func (a *Accounts) languageIn(p *preferences, roomID string) (lang, mode string) {
	lang, mode = a.o.Language, a.o.LanguageMode
	if p.profile.tag != "" {
		lang = p.profile.tag
	}
	for _, l := range []language{p.general, p.rooms[roomID]} {
		if l.Language != nil {
			lang = *l.Language
		}
		if l.Mode != nil {
			mode = *l.Mode
		}
	}
	return lang, mode
}

// RoomLanguage returns the language (BCP 47, "" for none) and mode in which a user reads a room: as the user chose for
// the room, else generally, else as the profile says, else as the hospital does.
func (a *Accounts) RoomLanguage(ctx context.Context, userID, roomID string) (language, mode string, err error) {
	p, err := a.preferencesOfOne(ctx, userID)
	if err != nil {
		return "", "", err
	}
	language, mode = a.languageIn(p, roomID)
	return language, mode, nil
}

// LanguageChanged returns the stream position of the last change of what a user reads in a room, 0 for one who never chose:
// what they were shown before it may be in another language.
func (a *Accounts) LanguageChanged(ctx context.Context, userID, roomID string) (int64, error) {
	p, err := a.preferencesOfOne(ctx, userID)
	if err != nil {
		return 0, err
	}
	return max(p.profile.changed, p.general.changed, p.rooms[roomID].changed), nil
}

// ReadsTopics reports whether a user wants topics of rooms translated, too: nobody does who did not ask for it.
func (a *Accounts) ReadsTopics(ctx context.Context, userID, roomID string) (bool, error) {
	p, err := a.preferencesOfOne(ctx, userID)
	if err != nil {
		return false, err
	}
	return topicsIn(p, roomID), nil
}

func topicsIn(p *preferences, roomID string) (topics bool) {
	for _, l := range []language{p.general, p.rooms[roomID]} {
		if l.Topics != nil {
			topics = *l.Topics
		}
	}
	return topics
}

// RoomReader is a local member of a room who reads translations.
type RoomReader struct {
	UserID string
	Mode   string // one of view.Modes, never view.ModeOff
	Topics bool   // the room's topic, too
}

// LanguagesInRoom returns who of a room's local members reads which language, ascending by user id and without those who
// want originals.
func (a *Accounts) LanguagesInRoom(ctx context.Context, roomID string) (map[string][]RoomReader, error) {
	room, err := a.room(ctx, roomID)
	if err != nil || room == nil {
		return nil, err
	}
	members := slices.Sorted(slices.Values(room.LocalMembers()))
	all, err := a.preferencesOf(ctx, members)
	if err != nil {
		return nil, fmt.Errorf("reading the languages in a room: %w", err)
	}
	readers := map[string][]RoomReader{}
	for _, id := range members {
		lang, mode := a.languageIn(all[id], roomID)
		if lang != "" && mode != view.ModeOff {
			readers[lang] = append(readers[lang], RoomReader{UserID: id, Mode: mode, Topics: topicsIn(all[id], roomID)})
		}
	}
	return readers, nil
}
