package reach

import (
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
)

// counting is a Reach with a database and nothing else.
func counting(t *testing.T, url string) *Reach {
	db := sqldbtest.Open(t, url)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r, err := New(Options{DB: db, Hub: stream.New(db, stream.Options{}), Now: func() time.Time { return now }, Log: logrus.NewEntry(logrus.New())})
	require.NoError(t, err)
	return r
}

func messagesOn(t *testing.T, r *Reach, day int64) int64 {
	days, err := r.days(t.Context(), day)
	require.NoError(t, err)
	if len(days) == 0 {
		return 0
	}
	require.Equal(t, day, days[0].day)
	return days[0].messages
}

func TestMessagesThatComeAgainAreCountedOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		r, ctx := counting(t, fresh()), t.Context()
		day := r.today()
		require.Error(t, r.addMessages(ctx, []sent{{7, day}}, 10), "nothing is counted before it has begun")
		require.NoError(t, r.beginAt(ctx, 5))
		require.NoError(t, r.addMessages(ctx, []sent{{4, day}, {7, day}, {8, day - 1}, {9, day}}, 10))
		require.EqualValues(t, 2, messagesOn(t, r, day), "what was before the beginning does not count")
		require.NoError(t, r.addMessages(ctx, []sent{{7, day}, {8, day - 1}, {9, day}}, 10))
		require.NoError(t, r.addMessages(ctx, []sent{{9, day}, {10, day}, {11, day}}, 12))
		require.NoError(t, r.beginAt(ctx, 9))
		require.NoError(t, r.addMessages(ctx, []sent{{11, day}, {12, day}}, 12))
		require.EqualValues(t, 3, messagesOn(t, r, day))
		require.EqualValues(t, 1, messagesOn(t, r, day-1))
		position, ok, err := r.o.Hub.LoadCursor(ctx, cursorName)
		require.NoError(t, err)
		require.True(t, ok)
		require.EqualValues(t, 5, position, "the reader's own place is set once")

		require.NoError(t, r.begin(ctx), "it is off")
		require.NoError(t, r.beginAt(ctx, 20))
		require.NoError(t, r.addMessages(ctx, []sent{{15, day}, {21, day}}, 21))
		require.EqualValues(t, 4, messagesOn(t, r, day), "what was sent while it was off is not counted")
	})
}

func TestDaysAreKeptForAWhile(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		r, ctx := counting(t, fresh()), t.Context()
		today := r.today()
		for _, day := range []int64{today - 400, today - 399, today} {
			s := standing{day: day, users: 70, today: 9, week: 20, month: 31, rooms: 6, roomsWith: map[string]int64{"b.example": 6}, readersOf: map[string]int64{"es": 60}}
			require.NoError(t, r.storeStanding(ctx, s))
		}
		later := standing{day: today, users: 71, today: 3, week: 22, month: 33, rooms: 5, roomsWith: map[string]int64{"c.example": 5}, readersOf: map[string]int64{"fr": 10}}
		require.NoError(t, r.storeStanding(ctx, later))
		require.NoError(t, r.sweep(ctx, today))
		days, err := r.days(ctx, 0)
		require.NoError(t, err)
		require.Equal(t, []dayRow{{today - 399, 70, 9, 20, 31, 6, 0}, {today, 71, 9, 22, 33, 5, 0}}, days, "who was active on a day stays so")
		for day, want := range map[int64]map[string]int64{today - 400: {}, today - 399: {"b.example": 6}, today: {"c.example": 5}} {
			with, err := r.roomsOn(ctx, day)
			require.NoError(t, err)
			require.Equal(t, want, with)
		}
		readers, err := r.languagesOn(ctx, today)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"fr": 10}, readers)
	})
}
