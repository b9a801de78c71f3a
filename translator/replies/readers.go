package replies

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"medixchange/translator/compose"
	"medixchange/translator/language"
)

// Readers are those of a room who read translations, as far as this server knows them.
type Readers struct {
	Count     int
	Languages []language.Code // sorted, each once
}

// Say tells a reader of c who reads translations in the room, in one sentence; "" when nobody does. Members on other
// servers, who see originals or all that the bot says, learn from it whom they write to (TRANSLATION 20).
func (r Readers) Say(c language.Code) string {
	if r.Count == 0 {
		return ""
	}
	names := make([]string, 0, len(r.Languages))
	for _, code := range r.Languages {
		names = append(names, code.Name(c))
	}
	return language.Say(c, "readers_here", "count", strconv.Itoa(r.Count), "languages", language.List(c, names))
}

// Under writes under a text for a reader of c who reads translations in the room (TRANSLATION 20).
func (r Readers) Under(text string, c language.Code) string {
	return strings.TrimSpace(text + "\n" + r.Say(c))
}

// toldReadersEvery is how long a room that was told who reads translations is not told again: people come and go.
const toldReadersEvery = time.Hour

// toldReaders is what a room was told last.
type toldReaders struct {
	Languages []language.Code `json:"languages"`
	At        int64           `json:"at"` // ms
}

// tellReaders tells a room who reads translations there if other languages are read than it was told, and returns what is
// to be remembered of it; nil when there was nothing to tell. With a message that was not translated it is told only that nobody
// reads any more.
func (d *Desk) tellReaders(ctx context.Context, w *Work, translated bool) (*toldReaders, error) {
	var before toldReaders
	if _, err := d.o.Vault.Read(ctx, d.o.Kinds+kindReaders, w.RoomID, "", &before); err != nil {
		return nil, err
	}
	knows := len(before.Languages) > 0
	if !translated && !knows || knows && d.o.Now().Sub(time.UnixMilli(before.At)) < toldReadersEvery {
		return nil, nil
	}
	readers, err := d.o.Host.Readers(ctx, w.RoomID)
	if err != nil {
		return nil, fmt.Errorf("asking who reads translations: %w", err)
	}
	if slices.Equal(before.Languages, readers.Languages) || !translated && readers.Count > 0 {
		return nil, nil
	}
	_, err = d.o.Courier.Send(ctx, w.RoomID, txnOf(w, "readers", ""), notice(readers.after(before)), "")
	if err := ignoreRefused(err); err != nil {
		return nil, fmt.Errorf("telling a room who reads translations: %w", err)
	}
	return d.told(readers), nil
}

// after says in the languages that are read who reads translations; where nobody does any more, in those that were read before.
func (r Readers) after(before toldReaders) string {
	if said := compose.Together(r.Languages, r.Say); said != "" {
		return said
	}
	return compose.Together(before.Languages, func(code language.Code) string { return language.Say(code, "readers_nobody") })
}

func (d *Desk) told(readers Readers) *toldReaders {
	return &toldReaders{Languages: readers.Languages, At: d.o.Now().UnixMilli()}
}

// remember records what a room was told.
func (d *Desk) remember(roomID string, told *toldReaders) error {
	if told == nil {
		return nil
	}
	return d.o.Vault.Write(d.o.Kinds+kindReaders, roomID, "", told)
}
