package tests

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestAdministratorWorksThroughTheSocket: accounts and tokens are made and ended without a password, by whoever may open the
// socket, also where its folder lies deeper than the kernel's limit for socket paths.
func TestAdministratorWorksThroughTheSocket(t *testing.T) {
	deep := filepath.Join(t.TempDir(), strings.Repeat("deep/", 30))
	h := testhospital.Start(t, func(c *config.Config) { c.Listen.AdminSocket = filepath.Join(deep, "admin.sock") })
	info, err := os.Stat(filepath.Join(deep, "admin.sock"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	client := admin.NewClient(h.Node().AdminSocket())

	var made admin.Credentials
	require.NoError(t, client.Call(t.Context(), http.MethodPost, "/users", admin.NewUser{Localpart: "doctor"}, &made))
	require.NotEmpty(t, made.Password)
	require.ErrorContains(t, client.Call(t.Context(), http.MethodPost, "/users", admin.NewUser{Localpart: "doctor"}, nil), "M_USER_IN_USE")
	login := map[string]any{
		"type": "m.login.password", "password": made.Password, "identifier": map[string]string{"type": "m.id.user", "user": "doctor"},
	}
	anyone := h.User("anyone")
	status, _ := anyone.Do(http.MethodPost, "/_matrix/client/v3/login", login)
	require.Equal(t, http.StatusOK, status)

	var done admin.DeactivationResult
	path := admin.UserPath("doctor", "deactivate")
	require.NoError(t, client.Call(t.Context(), http.MethodPost, path, admin.Deactivation{DryRun: true}, &done))
	require.Equal(t, 1, done.Devices)
	status, _ = anyone.Do(http.MethodPost, "/_matrix/client/v3/login", login)
	require.Equal(t, http.StatusOK, status, "a dry run changes nothing")
	require.NoError(t, client.Call(t.Context(), http.MethodPost, path, admin.Deactivation{}, &done))
	status, _ = anyone.Do(http.MethodPost, "/_matrix/client/v3/login", login)
	require.Equal(t, http.StatusForbidden, status)

	var token admin.Token
	require.NoError(t, client.Call(t.Context(), http.MethodPost, "/tokens", admin.Token{UsesAllowed: 2}, &token))
	require.NoError(t, client.Call(t.Context(), http.MethodDelete, admin.TokenPath(token.Token), nil, nil))
	require.ErrorContains(t, client.Call(t.Context(), http.MethodDelete, admin.TokenPath(token.Token), nil, nil), "M_NOT_FOUND")
}

// TestNoNodeBehindTheSocketIsSaidPlainly: the verbs of the command line tell what to do.
func TestNoNodeBehindTheSocketIsSaidPlainly(t *testing.T) {
	err := admin.NewClient(filepath.Join(t.TempDir(), "admin.sock")).Call(t.Context(), http.MethodGet, "/status", nil, nil)
	require.ErrorContains(t, err, "medix serve")
}
