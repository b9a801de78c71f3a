package replay

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
	"medixchange/internal/markup/markuptest"
	"medixchange/internal/web"
	"medixchange/rooms"
)

func TestThePageHasWordsInEveryLanguage(t *testing.T) { markuptest.Complete(t, catalogue) }

func TestAHospitalAsksForItsOwnUsersOnly(t *testing.T) {
	p := &Replay{}
	for _, user := range []string{"@doctor:a.example", "@doctor:b.example:8448", "doctor:b.example", "@doctor", ""} {
		err := p.ServePeer(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), "b.example", user, "sample0recording", manifestFile)
		require.True(t, web.IsCode(err, "M_FORBIDDEN"), user)
	}
	err := p.ServePeer(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), "b.example", "@doctor:b.example", "sample0recording@c.example", manifestFile)
	require.ErrorIs(t, err, errNotHere, "what a third hospital made is asked for there")
}

func TestNothingButTheFilesOfARecordingHasAName(t *testing.T) {
	rec := &recording{Manifest: &manifest.Manifest{Tracks: []manifest.Track{{File: "a1.ogg"}, {File: "../a2.ogg"}}}}
	for name, is := range map[string]bool{
		"manifest.json": true, "transcript.json": true, "download": true, "tracks/a1.ogg": true, "captions/zh-Hant.vtt": true,
		"": false, "tracks/../a2.ogg": false, "tracks/a2.ogg": false, "a1.ogg": false, "captions/../manifest.json": false,
		"captions/x/../../y.vtt": false, "captions/en.vtt/": false, "events.jsonl": false, "captions/.vtt": false,
	} {
		require.Equal(t, is, isFile(rec, name), name)
	}
}

func TestAMembershipHoldsUntilTheNextOne(t *testing.T) {
	at := func(anchor int64) rooms.HistoryKey { return rooms.HistoryKey{Anchor: anchor} }
	intervals := []rooms.Interval{{From: at(5), Membership: "invite"}, {From: at(8), Membership: "join"}, {From: at(12), Membership: "leave"}}
	for anchor, want := range map[int64]string{1: "", 5: "invite", 7: "invite", 8: "join", 11: "join", 12: "leave", 99: "leave"} {
		require.Equal(t, want, membershipAt(intervals, at(anchor)), anchor)
	}
}

func TestOneFileBeginsEachTrackAtItsOffset(t *testing.T) {
	tracks := mixable(&manifest.Manifest{Tracks: []manifest.Track{
		{Kind: "audio", File: "a1.ogg"}, {Kind: "video", File: "v1.webm", Offset: 1500}, {Kind: "audio", File: "a2.ogg", Offset: 2250},
		{Kind: "audio", File: "-evil"},
	}})
	args := encoderArgs(tracks, func(_ int, t manifest.Track) string { return "/r/" + t.File })
	require.Equal(t, []string{
		"-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe", "-i", "/r/a1.ogg", "-itsoffset", "1.500", "-i", "/r/v1.webm",
		"-i", "/r/a2.ogg", "-filter_complex", "[0:a:0]adelay=0:all=1[a0];[2:a:0]adelay=2250:all=1[a2];[a0][a2]amix=inputs=2:normalize=0:dropout_transition=0[mix]",
		"-map", "[mix]", "-c:a", "libopus", "-b:a", "64k", "-map", "1:v:0", "-c:v", "copy", "-f", "webm", "pipe:1",
	}, args)
}
