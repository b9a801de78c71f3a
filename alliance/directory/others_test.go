package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/alliance/signed"
)

// town is members that answer as a test says, at a time that the test sets.
type town struct {
	mu       sync.Mutex
	now      time.Time
	members  []signed.Hospital
	answers  map[string]string
	hanging  map[string]bool
	asked    map[string]int
	released chan struct{}
}

func newTown(t *testing.T, names ...string) (*town, *others) {
	w := &town{now: time.Unix(1_700_000_000, 0), answers: map[string]string{}, hanging: map[string]bool{}, asked: map[string]int{}, released: make(chan struct{})}
	for _, name := range names {
		w.members = append(w.members, signed.Hospital{ServerName: name, LegalName: "Hospital " + name, Country: "ES"})
		w.answers[name] = fmt.Sprintf(`{"hash":"1","people":[{"user_id":"@ana:%s","name":"Ana","specialty":"cardiology","hospital":"Forged","country":"XX"}]}`, name)
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	d := &Directory{o: Options{Self: "self.example", Members: w.all, Member: w.member, Remote: w, Now: w.time, Log: logrus.NewEntry(log)}}
	o := newOthers(d)
	t.Cleanup(func() { require.NoError(t, o.close(context.Background())) })
	return w, o
}

func (w *town) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *town) change(fn func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
}

func (w *town) all() []signed.Hospital {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.members
}

func (w *town) member(server string) (signed.Hospital, bool) {
	for _, h := range w.all() {
		if h.ServerName == server {
			return h, true
		}
	}
	return signed.Hospital{}, false
}

func (w *town) DirectoryPeople(ctx context.Context, server, known string, _ int64) ([]byte, error) {
	w.mu.Lock()
	w.asked[server]++
	answer, hangs := w.answers[server], w.hanging[server]
	w.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if answer == "" {
		return nil, errors.New("connection refused")
	}
	var l listing
	if json.Unmarshal([]byte(answer), &l) == nil && known == l.Hash && known != "" {
		return []byte(`{"hash":"` + known + `","unchanged":true}`), nil
	}
	return []byte(answer), nil
}

func (w *town) OpenIDUser(context.Context, string, string) (string, error) {
	return "", errors.New("not asked here")
}

const plenty = 20 * time.Second

func TestAHospitalIsAskedAgainOnlyWhenItsAnswerIsOld(t *testing.T) {
	w, o := newTown(t, "a.example", "self.example")
	for range 3 {
		lists, waiting := o.people(t.Context(), plenty)
		require.False(t, waiting)
		require.Len(t, lists, 1)
		require.Equal(t, "Hospital a.example", lists[0][0].Hospital, "who the hospital is, the member list says, not the hospital")
		require.Equal(t, "ES", lists[0][0].Country)
	}
	require.Equal(t, map[string]int{"a.example": 1}, w.asked)
	w.change(func() { w.now = w.now.Add(listingAge + time.Second) })
	require.Eventually(t, func() bool {
		lists, _ := o.people(t.Context(), plenty)
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(lists) == 1 && w.asked["a.example"] == 2
	}, plenty, time.Millisecond)
}

func TestAHospitalThatDoesNotAnswerKeepsNobodyWaiting(t *testing.T) {
	w, o := newTown(t, "a.example", "slow.example")
	w.hanging["slow.example"] = true
	lists, waiting := o.people(t.Context(), time.Millisecond)
	require.True(t, waiting)
	require.Eventually(t, func() bool {
		lists, waiting = o.people(t.Context(), time.Millisecond)
		return len(lists) == 1
	}, plenty, time.Millisecond, "the others are there")
	require.Equal(t, 1, w.asked["slow.example"], "it is not asked once more while it is being asked")
}

func TestWhatAHospitalSaidHoldsForAWhileWhenItIsAway(t *testing.T) {
	w, o := newTown(t, "a.example")
	_, err := o.of(t.Context(), "a.example")
	require.NoError(t, err)
	w.change(func() { w.answers["a.example"] = ""; w.now = w.now.Add(listingAge + time.Second) })
	people, err := o.of(t.Context(), "a.example")
	require.NoError(t, err)
	require.Len(t, people, 1)
	w.change(func() { w.now = w.now.Add(listingHeld) })
	_, err = o.of(t.Context(), "a.example")
	require.ErrorContains(t, err, "connection refused")
	lists, _ := o.people(t.Context(), plenty)
	require.Empty(t, lists)
}

func TestNobodyIsFoundAtAHospitalThatIsAMemberNoLonger(t *testing.T) {
	w, o := newTown(t, "a.example", "b.example")
	lists, _ := o.people(t.Context(), plenty)
	require.Len(t, lists, 2)
	w.change(func() { w.members = w.members[:1] })
	lists, _ = o.people(t.Context(), plenty)
	require.Len(t, lists, 1)
	require.Equal(t, 1, o.total)
	_, err := o.of(t.Context(), "b.example")
	require.ErrorIs(t, err, errNotMember)
}

func TestABadListingChangesNothing(t *testing.T) {
	w, o := newTown(t, "a.example")
	_, err := o.of(t.Context(), "a.example")
	require.NoError(t, err)
	w.change(func() {
		w.answers["a.example"] = `{"hash":"2","people":[{"user_id":"@ana:b.example","name":"Ana","specialty":"cardiology"}]}`
		w.now = w.now.Add(listingAge + time.Second)
	})
	people, err := o.of(t.Context(), "a.example")
	require.NoError(t, err)
	require.Equal(t, "@ana:a.example", people[0].UserID)
}
