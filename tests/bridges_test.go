package tests

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// Element Web asks which networks the server is bridged to before it shows the room directory; without an answer its
// window stays empty.
func TestAClientThatAsksForBridgesIsToldThatThereAreNone(t *testing.T) {
	ana := testhospital.Start(t).User("ana")
	require.Equal(t, "{}", ana.Must(get, v3+"/thirdparty/protocols", nil).Raw)
	for _, path := range []string{
		"/thirdparty/protocol/irc", "/thirdparty/location/irc?channel=x", "/thirdparty/user/irc?nick=x",
		"/thirdparty/location?alias=%23x:y", "/thirdparty/user?userid=@x:y",
	} {
		status, answer := ana.Do(get, v3+path, nil)
		require.Equal(t, http.StatusNotFound, status, path)
		require.Equal(t, "M_NOT_FOUND", answer.Get("errcode").Str, path)
	}
}
