package tests

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestTheHandbookIsForMembersWhereItIsNotPublic logs in as browsers do, with name and password, and as programs do.
func TestTheHandbookIsForMembersWhereItIsNotPublic(t *testing.T) {
	h := testhospital.Start(t, smallHandbook(t), func(cfg *config.Config) { cfg.Handbook.Public = false })
	ana := h.User("ana")
	status := func(prepare func(r *http.Request)) int {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, h.URL+"/handbook/zh/fever", nil)
		require.NoError(t, err)
		prepare(r)
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	require.Equal(t, http.StatusUnauthorized, status(func(*http.Request) {}))
	require.Equal(t, http.StatusUnauthorized, status(func(r *http.Request) { r.SetBasicAuth("ana", "wrong") }))
	require.Equal(t, http.StatusUnauthorized, status(func(r *http.Request) { r.SetBasicAuth("nobody", "pw-ana") }))
	require.Equal(t, http.StatusUnauthorized, status(func(r *http.Request) { r.Header.Set("Authorization", "Bearer nonsense") }))
	require.Equal(t, http.StatusOK, status(func(r *http.Request) { r.SetBasicAuth("ana", "pw-ana") }))
	require.Equal(t, http.StatusOK, status(func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+ana.Token) }))
}
