package bridge

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatWasReadBeforeAChangeIsNotRemembered: somebody chooses a language while another goroutine reads who reads what.
func TestWhatWasReadBeforeAChangeIsNotRemembered(t *testing.T) {
	old, fresh := []audience{{language: "en"}}, []audience{{language: "es"}}
	for name, change := range map[string]func(*roomReaders){
		"choice":     (*roomReaders).forgetAll,
		"membership": func(r *roomReaders) { r.forget("!ward") },
	} {
		r := newRoomReaders()
		_, ok, before := r.get("!ward")
		require.False(t, ok, name)
		change(r)
		r.put("!ward", old, before)
		_, ok, now := r.get("!ward")
		require.False(t, ok, "%s: what is old would stay until the next change", name)
		r.put("!ward", fresh, now)
		found, ok, _ := r.get("!ward")
		require.True(t, ok, name)
		require.Equal(t, fresh, found)
	}
}
