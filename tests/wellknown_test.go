package tests

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestNewRoomsBeginAsTheHospitalSays reads what Element reads; encryption is never forced off.
func TestNewRoomsBeginAsTheHospitalSays(t *testing.T) {
	for _, c := range []struct {
		encrypted  string
		translator bool
		said       string
	}{
		{config.EncryptedAuto, true, `{"default":false,"force_disable":false}`},
		{config.EncryptedAuto, false, ""},
		{config.EncryptedNo, false, `{"default":false,"force_disable":false}`},
		{config.EncryptedYes, true, `{"default":true,"force_disable":false}`},
		{config.EncryptedUnsaid, true, ""},
	} {
		h := testhospital.Start(t, translating, func(cfg *config.Config) {
			cfg.Rooms.Encrypted, cfg.Translator.Enabled = c.encrypted, c.translator
			cfg.PublicBaseURL = "https://matrix.hospital-a.example"
		})
		answer := h.User("ana").Must(http.MethodGet, "/.well-known/matrix/client", nil)
		require.Equal(t, "https://matrix.hospital-a.example", answer.Get(`m\.homeserver.base_url`).Str)
		require.Equal(t, c.said, answer.Get(`io\.element\.e2ee`).Raw, c)
	}
}
