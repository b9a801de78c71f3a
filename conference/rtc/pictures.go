package rtc

import (
	"cmp"
	"context"
	"slices"

	"medixchange/conference/sfu"
)

// picture is somebody who shows pictures in a conference, on the SFU of their own hospital.
type picture struct {
	Identity string `json:"identity"`
	UserID   string `json:"user_id"`
	Since    int64  `json:"since"` // ms
}

// earlier orders those who show pictures by when they began, the same at every hospital.
func earlier(a, b picture) int {
	return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Identity, b.Identity), cmp.Compare(a.UserID, b.UserID))
}

// call is a conference in a slot of a room.
type call struct{ roomID, slotID, sfuRoom string }

func (m Member) call() call { return call{m.RoomID, m.SlotID, m.SFURoom} }

// ownPictures lists who shows pictures on the SFU of this node, in order, and remembers since when.
func (r *RTC) ownPictures(ctx context.Context, c call, present []sfu.Participant) ([]picture, error) {
	var list []picture
	now := r.o.Now().UnixMilli()
	began := map[place]int64{}
	here := map[string]bool{}
	for _, p := range present {
		m, known := r.members.get(place{c.sfuRoom, p.Identity})
		if !known || !slices.ContainsFunc(p.Tracks, func(t sfu.Track) bool { return t.Kind == "video" }) {
			continue // whoever is not known is removed
		}
		here[p.Identity] = true
		since := m.ShowingTS
		if since == 0 {
			since = now
			began[m.place()] = now
		}
		list = append(list, picture{p.Identity, m.UserID, since})
	}
	for _, m := range r.members.room(c.roomID) {
		if m.SFURoom == c.sfuRoom && m.ShowingTS != 0 && !here[m.Identity] {
			began[m.place()] = 0
		}
	}
	slices.SortFunc(list, earlier)
	if len(began) == 0 {
		return list, nil
	}
	r.members.show(began)
	return list, r.storeShowing(ctx, began)
}

// countingAll adds to our own pictures what the other hospitals of the call said of theirs.
func (r *RTC) countingAll(c call, own []picture) []picture {
	all := slices.Concat(own, r.words.of(c.sfuRoom, r.o.Now().UnixMilli()))
	slices.SortFunc(all, earlier)
	return all
}
