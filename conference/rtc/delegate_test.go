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

func TestReportsMayComeInTheWrongOrder(t *testing.T) {
	r := &RTC{}
	p := place{"room", "ana"}
	w := &delegation{place: p}
	d := &delegations{all: map[place]*delegation{p: w}}
	d.left(p)
	require.False(t, r.sawPresence(w, false, w.gone, time.Now()), "nobody has come yet")
	d.joined(p)
	require.True(t, r.sawPresence(w, false, w.gone, time.Now()), "they came and went")
}

func TestAConnectionThatNeverStoodHasLeftInTheEnd(t *testing.T) {
	r := &RTC{}
	w := &delegation{gone: true}
	for range triesAgain - 1 {
		require.False(t, r.sawPresence(w, false, w.gone, time.Now()), "they may be trying again")
	}
	require.True(t, r.sawPresence(w, false, w.gone, time.Now()))
}
