package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoseEditionsOfTheHandbookAreTakenIsChecked(t *testing.T) {
	const name = "server_name: a.example\n"
	const key = "ed25519:ana AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	c, err := Parse([]byte(name + "handbook:\n  updates:\n    mode: apply\n    room: \"!x:b.example\"\n    announce_as: \"@ana:a.example\"\n" +
		"    trusted:\n      - {server: b.example, keys: [\"" + key + "\"]}\n"))
	require.NoError(t, err)
	id, public, err := ParsePublicKey(c.Handbook.Updates.Trusted[0].Keys[0])
	require.NoError(t, err)
	require.Equal(t, "ed25519:ana", id)
	require.Len(t, public, 32)

	for text, want := range map[string]string{
		"updates: {mode: maybe}":                                      "handbook.updates.mode",
		"updates: {room: ward}":                                       "handbook.updates.room",
		"updates: {announce_as: \"@x:b.example\"}":                    "handbook.updates.announce_as",
		"updates: {announce_as: \"@x:a.example\"}":                    "must name the room",
		"updates: {trusted: [{server: \"http://b\"}]}":                "handbook.updates.trusted[0].server",
		"updates: {trusted: [{server: b.ex}, {server: b.ex}]}":        "is here twice",
		"updates: {trusted: [{server: b.ex, keys: [\"ed25519:a\"]}]}": "handbook.updates.trusted[0].keys[0]",
		"languages: [\"not a tag\"]":                                  "handbook.languages[0]",
	} {
		_, err := Parse([]byte(name + "handbook:\n  " + text + "\n"))
		require.ErrorContains(t, err, want, text)
	}
}
