package tests

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// TestJSIsSeenToLeaveTheCallAfterItWasKilled joins calls as Element Call does, by matrix-js-sdk's MatrixRTC session, and
// kills the client: nobody there could say that it leaves, but the event that it scheduled does, at both hospitals.
func TestJSIsSeenToLeaveTheCallAfterItWasKilled(t *testing.T) {
	a, b := twoHospitals(t)
	ana, bo := a.User("ana"), b.User("bo")
	rooms := map[string]string{}
	for _, kind := range []string{"state", "sticky"} {
		room := ana.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{bo.ID}})
		bo.WaitForInvite(room)
		bo.Join(room, a.Name)
		rooms[kind] = room
	}
	in := func(h *testhospital.Hospital, name string, calls bool) map[string]any {
		return map[string]any{"calls": calls, "rooms": rooms,
			"seat": seat{URL: h.URL, Server: h.Name, User: name, Password: "pw-" + name}}
	}
	watcher := startScript(t, "js-call.mjs", in(b, "bo", false))
	caller := startScript(t, "js-call.mjs", in(a, "ana", true))
	require.JSONEq(t, `{"delayed":2}`, withoutStep(t, caller.steps("joined")["joined"]))
	seen := watcher.steps("sticky")
	for _, kind := range []string{"state", "sticky"} {
		require.JSONEq(t, `{"by":"`+ana.ID+`","rings":"ring","actions":{"notify":true,"tweaks":{"sound":"ring","highlight":false}},"highlights":0}`, withoutStep(t, seen[kind]), kind)
	}
	require.NoError(t, caller.cmd.Process.Kill())
	_ = caller.cmd.Wait() // killed
	require.JSONEq(t, `{"nobody":true}`, withoutStep(t, watcher.steps("")["left"]))
}
