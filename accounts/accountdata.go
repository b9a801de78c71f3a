package accounts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// Types of account data that the server reads.
const (
	typePushRules = "m.push_rules"
	typeFullyRead = "m.fully_read"
	typeTags      = "m.tag"
	typeIgnored   = "m.ignored_user_list"
	typeLanguage  = "org.medixchange.language"
)

const (
	maxAccountData = 256 << 10
	maxType        = 255
	maxTags        = 100
	maxFilter      = 64 << 10
)

// AccountData returns one piece of account data of a user, global for roomID ""; ErrNotFound.
func (a *Accounts) AccountData(ctx context.Context, userID, roomID, typ string) (json.RawMessage, error) {
	if roomID == "" && typ == typePushRules {
		return a.formatPushRules(ctx, userID)
	}
	return a.readAccountData(ctx, userID, roomID, typ)
}

// SetAccountData stores account data that a client sets. Errors: ErrServerControlled for m.fully_read and m.push_rules,
// ErrBadJSON for what is not an object, ErrInvalidParam, ErrTooLarge.
func (a *Accounts) SetAccountData(ctx context.Context, userID, roomID, typ string, content json.RawMessage) error {
	if typ == typeFullyRead || typ == typePushRules {
		return ErrServerControlled.says("%s cannot be set in this way", typ)
	}
	if typ == "" || len(typ) > maxType || !storable(typ, roomID) {
		return ErrInvalidParam.says("A type has 1 to %d bytes of text", maxType)
	}
	if roomID != "" && roomID[0] != '!' {
		return ErrInvalidParam.says("This is not a room id")
	}
	if len(content) > maxAccountData {
		return ErrTooLarge.says("Account data has at most %d bytes", maxAccountData)
	}
	if !isObject(content) {
		return ErrBadJSON.says("Account data is a JSON object")
	}
	if typ == typeLanguage {
		if err := a.checkChoice(content); err != nil {
			return err
		}
	}
	if check := a.o.CheckData[typ]; check != nil && roomID == "" {
		if err := check(content); err != nil {
			return ErrInvalidParam.says("%s: %v", typ, err)
		}
	}
	return a.db.Write(ctx, func(tx *sqldb.Tx) error { return a.putAccountData(tx, userID, roomID, typ, content) })
}

func isObject(raw json.RawMessage) bool {
	trimmed := bytes.TrimSpace(raw)
	return len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(trimmed)
}

// putAccountData stores and publishes account data.
func (a *Accounts) putAccountData(tx *sqldb.Tx, userID, roomID, typ string, content json.RawMessage) error {
	d := &AccountDatum{UserID: userID, RoomID: roomID, Type: typ, Content: content, Position: tx.NextPosition()}
	if err := upsertAccountData(tx, d); err != nil {
		return err
	}
	tx.OnCommit(func() {
		switch typ {
		case typeIgnored, typeLanguage:
			a.data.forget(userID)
		case typePushRules:
			a.rules.forget(userID)
		}
		a.hub.Append(stream.Entry{Position: d.Position, Topic: rooms.UserTopic(userID), Kind: rooms.EntryAccountData,
			Value: d, Size: 128 + len(content)})
	})
	return nil
}

// AccountDataSince returns the account data of a user, global and of all rooms, whose last change lies in (since, upto].
// For since 0 that is all of it, with the push rules also if they were never changed.
func (a *Accounts) AccountDataSince(ctx context.Context, userID string, since, upto int64) ([]*AccountDatum, error) {
	topic := rooms.UserTopic(userID)
	if since > 0 {
		if a.hub.LastChange(topic) <= since {
			return nil, nil
		}
		if entries, complete := a.hub.Since(topic, since, upto); complete {
			return latestData(entries), nil
		}
	}
	data, err := a.readAccountDataSince(ctx, userID, since, upto)
	if err != nil || since > 0 {
		return data, err
	}
	return a.withPushRules(ctx, userID, data)
}

// latestData keeps the last of each type and room.
func latestData(entries []stream.Entry) []*AccountDatum {
	var data []*AccountDatum
next:
	for i := len(entries) - 1; i >= 0; i-- {
		d, ok := entries[i].Value.(*AccountDatum)
		if !ok {
			continue
		}
		for _, later := range data {
			if later.RoomID == d.RoomID && later.Type == d.Type {
				continue next
			}
		}
		data = append(data, d)
	}
	return data
}

// withPushRules puts the rules as they are now, with the server's own of today, in the place of the stored ones.
func (a *Accounts) withPushRules(ctx context.Context, userID string, data []*AccountDatum) ([]*AccountDatum, error) {
	content, err := a.formatPushRules(ctx, userID)
	if err != nil {
		return nil, err
	}
	for i, d := range data {
		if d.RoomID == "" && d.Type == typePushRules {
			fresh := *d
			fresh.Content = content
			data[i] = &fresh
			return data, nil
		}
	}
	return append(data, &AccountDatum{UserID: userID, Type: typePushRules, Content: content}), nil
}

// SetFullyRead sets the m.fully_read marker of a room.
func (a *Accounts) SetFullyRead(ctx context.Context, userID, roomID, eventID string) error {
	content, err := json.Marshal(map[string]string{"event_id": eventID})
	if err != nil {
		return fmt.Errorf("encoding a read marker: %w", err)
	}
	return a.db.Write(ctx, func(tx *sqldb.Tx) error { return a.putAccountData(tx, userID, roomID, typeFullyRead, content) })
}

type tagContent struct {
	Tags map[string]json.RawMessage `json:"tags"`
}

// Tags returns the m.tag content of a room: {"tags": {…}}, also when there are none.
func (a *Accounts) Tags(ctx context.Context, userID, roomID string) (json.RawMessage, error) {
	content, err := a.readAccountData(ctx, userID, roomID, typeTags)
	if kindOf(err) == ErrNotFound {
		return json.RawMessage(`{"tags":{}}`), nil
	}
	return content, err
}

// SetTag sets one tag of a room; content is its object, for example {"order": 0.5}.
func (a *Accounts) SetTag(ctx context.Context, userID, roomID, tag string, content json.RawMessage) error {
	if tag == "" || len(tag) > maxType || !storable(tag, roomID) {
		return ErrInvalidParam.says("A tag has 1 to %d bytes", maxType)
	}
	if !isObject(content) || len(content) > maxType*4 {
		return ErrBadJSON.says("A tag's content is a small JSON object")
	}
	return a.changeTags(ctx, userID, roomID, func(tags map[string]json.RawMessage) error {
		if _, there := tags[tag]; !there && len(tags) >= maxTags {
			return ErrTooLarge.says("A room has at most %d tags", maxTags)
		}
		tags[tag] = content
		return nil
	})
}

// DeleteTag removes a tag of a room, if it is there.
func (a *Accounts) DeleteTag(ctx context.Context, userID, roomID, tag string) error {
	return a.changeTags(ctx, userID, roomID, func(tags map[string]json.RawMessage) error {
		delete(tags, tag)
		return nil
	})
}

func (a *Accounts) changeTags(ctx context.Context, userID, roomID string, change func(map[string]json.RawMessage) error) error {
	return a.db.Write(ctx, func(tx *sqldb.Tx) error {
		stored, err := readAccountDatum(tx, userID, roomID, typeTags)
		if err != nil {
			return err
		}
		var content tagContent
		if stored == nil || json.Unmarshal(stored, &content) != nil || content.Tags == nil {
			content.Tags = map[string]json.RawMessage{} // also in the place of what a client set that are no tags
		}
		if err := change(content.Tags); err != nil {
			return err
		}
		raw, err := json.Marshal(content)
		if err != nil {
			return fmt.Errorf("encoding tags: %w", err)
		}
		return a.putAccountData(tx, userID, roomID, typeTags, raw)
	})
}

// SaveFilter stores a filter, which the caller has validated, and returns its id. Equal filters have equal ids.
func (a *Accounts) SaveFilter(ctx context.Context, userID string, filter json.RawMessage) (string, error) {
	if len(filter) > maxFilter {
		return "", ErrTooLarge.says("A filter has at most %d bytes", maxFilter)
	}
	if !isObject(filter) {
		return "", ErrBadJSON.says("A filter is a JSON object")
	}
	clean, err := cleanJSON(filter)
	if err != nil {
		return "", err
	}
	id := contentID(clean)
	if _, err := a.Filter(ctx, userID, id); kindOf(err) != ErrNotFound {
		return id, err
	}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error { return insertFilter(tx, userID, id, string(clean)) })
	if err != nil {
		return "", fmt.Errorf("storing a filter: %w", err)
	}
	return id, nil
}

// Filter returns a stored filter; ErrNotFound.
func (a *Accounts) Filter(ctx context.Context, userID, filterID string) (json.RawMessage, error) {
	return a.readFilter(ctx, userID, filterID)
}
