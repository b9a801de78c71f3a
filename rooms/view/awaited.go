package view

import lru "github.com/hashicorp/golang-lru/v2"

// maxAwaited bounds the untranslated events of which it is remembered which device read them as history.
const maxAwaited = 10_000

// awaited remembers which events devices read as history while another rendering might follow: a device is told no late edits
// of what it was never sent, and these it has all the same. It may be forgotten: the device then has to load them anew.
// Safe for concurrent use.
type awaited struct {
	read *lru.Cache[awaitedKey, struct{}]
}

type awaitedKey struct {
	userID, deviceID string
	nid              int64
}

func newAwaited() *awaited {
	read, err := lru.New[awaitedKey, struct{}](maxAwaited)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &awaited{read}
}

// note takes what a device is shown of a page of history.
func (a *awaited) note(viewer Viewer, shown map[int64]*Rendering) {
	if viewer.DeviceID == "" {
		return
	}
	for nid, r := range shown {
		if r.mayBeFollowed() {
			a.read.Add(awaitedKey{viewer.UserID, viewer.DeviceID, nid}, struct{}{})
		}
	}
}

func (a *awaited) has(viewer Viewer, nid int64) bool {
	return a.read.Contains(awaitedKey{viewer.UserID, viewer.DeviceID, nid})
}

// mayBeFollowed reports whether a rendering is not the last word of its version.
func (r *Rendering) mayBeFollowed() bool {
	return r.State == statePending || r.PutOff || r.lacking()
}
