package tests

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// Element encrypts direct chats and private rooms, where nothing is translated, unless the server says otherwise.
func TestAHospitalThatTranslatesCanAskClientsNotToEncryptByDefault(t *testing.T) {
	const path, key = "/.well-known/matrix/client", `io\.element\.e2ee`
	ana := testhospital.Start(t, func(c *config.Config) { c.PublicBaseURL = "https://matrix.hospital.example" }).User("ana")
	require.False(t, ana.Must(get, path, nil).Get(key).Exists())
	bo := testhospital.Start(t, func(c *config.Config) {
		c.PublicBaseURL, c.WellKnown.EncryptByDefault = "https://matrix.hospital.example", false
	}).User("bo")
	answer := bo.Must(get, path, nil)
	require.Equal(t, `{"default":false}`, answer.Get(key).Raw)
	require.Equal(t, "https://matrix.hospital.example", answer.Get(`m\.homeserver.base_url`).Str)
}
