package rtc

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestThereIsNoMomentInWhichSomebodyIsNeitherMemberNorRemoved: who came into the SFU in it would stay, since nobody minds strangers there.
func TestThereIsNoMomentInWhichSomebodyIsNeitherMemberNorRemoved(t *testing.T) {
	r := &RTC{o: Options{Now: time.Now}, members: newRegistry(nil), evicted: newCache[place, int64](maxRemoved)}
	for i := range 2000 {
		m := Member{SFURoom: "room", Identity: strconv.Itoa(i)}
		r.members.put(m)
		looking, minded := make(chan struct{}), make(chan bool)
		go func() {
			close(looking)
			for known := true; known; _, known = r.members.get(m.place()) {
			}
			minded <- r.forgotten(m.place())
		}()
		<-looking
		r.forget(m.place())
		require.True(t, <-minded, i)
	}
}
