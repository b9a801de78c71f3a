package reach

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/alliance/signed"
	"medixchange/rooms"
)

// hospitals are other members: those whose names are in failing fail.
type hospitals struct {
	mu          sync.Mutex
	asked       map[string]int
	failing     map[string]error
	atOnce      atomic.Int64
	most        atomic.Int64
	hold        chan struct{} // what is asked waits for this to be closed; nil: it does not
	holdingMany chan struct{} // closed once as many are asked as may be
}

func (h *hospitals) ReachPage(ctx context.Context, server string, days int, _ int64) ([]byte, error) {
	now := h.atOnce.Add(1)
	defer h.atOnce.Add(-1)
	h.mu.Lock()
	h.asked[server]++
	h.most.Store(max(h.most.Load(), now))
	if now == askedAtOnce && h.holdingMany != nil {
		close(h.holdingMany)
		h.holdingMany = nil
	}
	err := h.failing[server]
	h.mu.Unlock()
	if h.hold != nil {
		select {
		case <-h.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return fmt.Appendf(nil, `{"days": %d, "since": "", "figures": {"users": 10, "languages": {}}}`, days), err
}

func (h *hospitals) times(server string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked[server]
}

func asking(h *hospitals) (*others, *time.Time) {
	h.asked = map[string]int{}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return newOthers(Options{Remote: h, Now: func() time.Time { return now }, Log: logrus.NewEntry(logrus.New())}), &now
}

func TestFewMembersAreAskedAtOnce(t *testing.T) {
	many := make(chan struct{})
	h := &hospitals{hold: make(chan struct{}), holdingMany: many}
	o, _ := asking(h)
	var servers []string
	for i := range 5 * askedAtOnce {
		servers = append(servers, fmt.Sprintf("h%d.example", i))
	}
	go func() {
		<-many
		close(h.hold)
	}()
	answers, err := o.collect(t.Context(), servers, 30)
	require.NoError(t, err)
	require.Len(t, answers, len(servers))
	for server, a := range answers {
		require.Equal(t, Answered, a.state, server)
	}
	require.EqualValues(t, askedAtOnce, h.most.Load())
}

func TestAnswersAreUsedForAnHour(t *testing.T) {
	h := &hospitals{failing: map[string]error{"b.example": errors.New("away"), "c.example": rooms.ErrNotFound}}
	o, now := asking(h)
	servers := []string{"a.example", "b.example", "c.example"}
	collect := func(days int) map[string]answer {
		answers, err := o.collect(t.Context(), servers, days)
		require.NoError(t, err)
		return answers
	}
	answers := collect(30)
	require.Equal(t, answer{Answered, Page{Days: 30, Figures: Figures{Users: 10, Languages: map[string]Count{}}}}, answers["a.example"])
	require.Equal(t, NoAnswer, answers["b.example"].state)
	require.Equal(t, Closed, answers["c.example"].state)
	delete(h.failing, "b.example")
	require.Equal(t, Answered, collect(30)["b.example"].state, "who did not answer is asked again at once")
	*now = now.Add(59 * time.Minute)
	collect(30)
	require.Equal(t, []int{1, 2, 3}, []int{h.times("a.example"), h.times("b.example"), h.times("c.example")})
	collect(7)
	require.Equal(t, 2, h.times("a.example"), "another period is another question")
	*now = now.Add(2 * time.Minute)
	collect(30)
	require.Equal(t, 3, h.times("a.example"))
	servers = servers[1:]
	collect(30)
	for q := range o.told {
		require.Equal(t, "b.example", q.server, "of whoever is a member no longer nothing is kept")
	}
}

func TestACollectionEndsWithWhoWantsIt(t *testing.T) {
	h := &hospitals{hold: make(chan struct{})}
	o, _ := asking(h)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := o.collect(ctx, []string{"a.example"}, 30)
	require.ErrorIs(t, err, context.Canceled)
}

func TestFiguresAreSummedByCountry(t *testing.T) {
	member := func(server, name, country string) signed.Hospital {
		return signed.Hospital{ServerName: server, LegalName: name, Country: country}
	}
	told := func(users, messages int64) answer {
		return answer{Answered, Page{Figures: Figures{Users: Coarse(users), Messages: Coarse(messages), Languages: map[string]Count{"es": Coarse(users)}}}}
	}
	r := added([]signed.Hospital{member("a.example", "Alpha", "ES"), member("b.example", "Beta", "ES"), member("c.example", "Gamma", "JP"),
		member("d.example", "Delta", "KE"), member("e.example", "Epsilon", "KE")}, map[string]answer{
		"a.example": told(60, 1000), "b.example": told(50, 3), "c.example": {state: NoAnswer}, "d.example": told(2, 0), "e.example": {state: Closed},
	})
	require.Equal(t, 5, r.Members)
	require.Equal(t, 3, r.Countries)
	require.Equal(t, []Silent{{"c.example", "Gamma", "JP", NoAnswer}, {"e.example", "Epsilon", "KE", Closed}}, r.Silent)
	require.Equal(t, []string{"Alpha", "Beta", "Delta"}, []string{r.Hospitals[0].LegalName, r.Hospitals[1].LegalName, r.Hospitals[2].LegalName})
	spain, kenya := r.ByCountry[0], r.ByCountry[2]
	require.Equal(t, Count(110), spain.Figures.Users)
	require.Equal(t, Count(1000), spain.Figures.Messages)
	require.Equal(t, map[string]Count{"es": 110}, spain.Figures.Languages)
	require.Equal(t, []int{2, 2}, []int{spain.Members, spain.Answered})
	require.Equal(t, []int{2, 1}, []int{kenya.Members, kenya.Answered})
	require.Equal(t, Few, kenya.Figures.Users)
	require.Equal(t, Count(110), r.Total.Users)
	many := make([]signed.Hospital, 20)
	answers := map[string]answer{}
	for i := range many {
		many[i] = member(fmt.Sprintf("h%d.example", i), "H", "IN")
		answers[many[i].ServerName] = told(1, 0)
	}
	require.Equal(t, Count(40), added(many, answers).Total.Users, "twenty hospitals with a few each are not few")
}
