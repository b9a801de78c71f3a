package rtc

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAReportThatSomebodyLeftIsNotForgottenWhileTheSFULags(t *testing.T) {
	r := &RTC{}
	w := &delegation{here: true, gone: true}
	now := time.Now()
	require.False(t, r.sawPresence(w, true, w.gone, now), "the list does not know yet")
	require.True(t, w.gone)
	require.True(t, r.sawPresence(w, false, w.gone, now))
}

func TestAReportThatSomebodyLeftIsWrongWhenTheyStay(t *testing.T) {
	r := &RTC{}
	w := &delegation{here: true, gone: true}
	for range doubtedOften {
		require.False(t, r.sawPresence(w, true, w.gone, time.Now()))
	}
	require.False(t, w.gone)
	require.False(t, r.sawPresence(w, false, w.gone, time.Now()), "missed once")
	require.True(t, r.sawPresence(w, false, w.gone, time.Now()), "missed twice")
}
