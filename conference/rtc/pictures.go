package rtc

import (
	"cmp"
	"slices"

	"medixchange/conference/sfu"
)

// picture is somebody who shows pictures in a conference, on the SFU of their own hospital.
type picture struct {
	Identity string `json:"identity"`
	UserID   string `json:"user_id"`
	Since    int64  `json:"since"` // ms, when the first that is there was published
}

// earlier orders those who show pictures by when they began, the same at every hospital.
func earlier(a, b picture) int {
	return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Identity, b.Identity), cmp.Compare(a.UserID, b.UserID))
}

// call is a conference in a slot of a room.
type call struct{ roomID, slotID, sfuRoom string }

// ownPictures lists who shows pictures on the SFU of this node, in order. Whoever has no token of ours is removed, and does not count.
func (r *RTC) ownPictures(c call, present []sfu.Participant) []picture {
	var list []picture
	for _, p := range present {
		since := int64(0)
		for _, t := range p.Tracks {
			if began := cmp.Or(t.PublishedTS, p.JoinedTS); t.Kind == "video" && (since == 0 || began < since) {
				since = began
			}
		}
		if m, known := r.members.get(place{c.sfuRoom, p.Identity}); known && since != 0 {
			list = append(list, picture{p.Identity, m.UserID, since})
		}
	}
	slices.SortFunc(list, earlier)
	return list
}

// countingAll adds to our own pictures what the other hospitals of the call said of theirs.
func (r *RTC) countingAll(c call, own []picture) []picture {
	all := slices.Concat(own, r.words.of(c.sfuRoom, r.o.Now().UnixMilli()))
	slices.SortFunc(all, earlier)
	return all
}
