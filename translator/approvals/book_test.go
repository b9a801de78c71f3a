package approvals

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/web"
	"medixchange/translator/engine"
	"medixchange/translator/phrases"
	"medixchange/translator/protect"
)

const fever = "symptoms.fever"

func open(t *testing.T, url string, changed func()) *Book {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url, Logger: sqldbtest.Quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	b, err := New(t.Context(), Options{DB: db, Changed: changed, Now: func() time.Time { return time.UnixMilli(1_700_000_000_000) }})
	require.NoError(t, err)
	return b
}

func subjects(languages ...string) (of []Subject) {
	for _, tag := range languages {
		of = append(of, Subject{Phrase: fever, Language: tag})
	}
	return of
}

func TestWhatReviewersApproveIsInForceAtOnceAndAfterARestart(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		changes := 0
		b := open(t, fresh(), func() { changes++ })
		e := engine.NewEmbeddedPhrases(b.Approved)
		reviewed := func() bool {
			answer, err := e.Translate(t.Context(), engine.Request{From: "en", To: "es", Segments: []protect.Segment{{{Kind: protect.Text, Text: "The patient has fever"}}}})
			require.NoError(t, err)
			return !answer.Unreviewed
		}
		require.False(t, reviewed())
		_, err := b.Say(t.Context(), ActionApprove, Statement{Reviewer: "Dr. Ana Ruiz", Subjects: subjects("es")})
		require.NoError(t, err)
		require.False(t, reviewed(), "English is not approved yet")
		said, err := b.Say(t.Context(), ActionApprove, Statement{Reviewer: " Dr. Lee ", Note: "ward round", Subjects: subjects("en")})
		require.NoError(t, err)
		require.Equal(t, "Dr. Lee", said[0].Reviewer)
		require.True(t, reviewed())
		require.Equal(t, 2, changes)

		again, err := New(t.Context(), Options{DB: b.o.DB})
		require.NoError(t, err)
		memory, err := phrases.Embedded()
		require.NoError(t, err)
		require.True(t, again.Approved(fever, "es", memory.Hash(fever, "es")))
		require.False(t, again.Approved(fever, "es", "of other words"))

		_, err = b.Say(t.Context(), ActionWithdraw, Statement{Reviewer: "Dr. Ana Ruiz", Subjects: subjects("es")})
		require.NoError(t, err)
		require.False(t, reviewed())
		history, err := b.History(t.Context(), 0)
		require.NoError(t, err)
		require.Len(t, history, 3, "nothing of the history is lost")
		require.Equal(t, []string{ActionApprove, ActionApprove, ActionWithdraw}, []string{history[0].Action, history[1].Action, history[2].Action})
		rest, err := b.History(t.Context(), history[1].Seq)
		require.NoError(t, err)
		require.Len(t, rest, 1)
	})
}

func TestApprovalsAreLostWhenTheWordsChange(t *testing.T) {
	b := open(t, sqldbtest.SQLite(t), nil)
	old := Entry{Phrase: fever, Language: "es", Hash: "of the words of an earlier version", Action: ActionApprove, Reviewer: "Dr. Ana Ruiz", TS: 1}
	require.NoError(t, b.store(t.Context(), []Entry{old}))
	states := map[string]int{}
	list, err := b.List("es", "")
	require.NoError(t, err)
	for _, p := range list {
		states[p.State]++
		require.NotEmpty(t, p.Words)
		if p.Phrase == fever {
			require.Equal(t, StateChanged, p.State)
			require.Equal(t, "Dr. Ana Ruiz", p.Reviewer)
		}
	}
	require.Equal(t, 1, states[StateChanged])
	require.Greater(t, states[StateUnreviewed], 400)
}

func TestStatementsThatAreNotTaken(t *testing.T) {
	b := open(t, sqldbtest.SQLite(t), nil)
	for name, c := range map[string]struct {
		action string
		s      Statement
		want   string
	}{
		"nobody":               {ActionApprove, Statement{Reviewer: "  ", Subjects: subjects("es")}, "not named"},
		"two lines":            {ActionApprove, Statement{Reviewer: "a\nb", Subjects: subjects("es")}, "one line"},
		"nothing":              {ActionApprove, Statement{Reviewer: "a"}, "no phrase"},
		"no such phrase":       {ActionApprove, Statement{Reviewer: "a", Subjects: []Subject{{Phrase: "x.y", Language: "es"}}}, "no phrase"},
		"no such language":     {ActionApprove, Statement{Reviewer: "a", Subjects: subjects("xx")}, "no phrases"},
		"other words":          {ActionApprove, Statement{Reviewer: "a", Subjects: []Subject{{Phrase: fever, Language: "es", Hash: "0"}}}, "not those that were reviewed"},
		"withdrawn unapproved": {ActionWithdraw, Statement{Reviewer: "a", Subjects: subjects("es")}, "not approved"},
	} {
		_, err := b.Say(t.Context(), c.action, c.s)
		require.ErrorIs(t, err, ErrBadStatement, name)
		require.ErrorContains(t, err, c.want, name)
	}
	_, err := b.Say(t.Context(), ActionApprove, Statement{Reviewer: "a", Subjects: append(subjects("es"), Subject{Phrase: "x.y", Language: "es"})})
	require.Error(t, err)
	history, err := b.History(t.Context(), 0)
	require.NoError(t, err)
	require.Empty(t, history, "all of a statement or nothing")
}

func TestTheSocketListsAndTakesApprovals(t *testing.T) {
	b := open(t, sqldbtest.SQLite(t), nil)
	router := web.NewRouter(web.Options{Name: "admin", Log: sqldbtest.Quiet()})
	b.AddRoutes(router)
	ask := func(method, path, body string) (gjson.Result, int) {
		answer := httptest.NewRecorder()
		router.ServeHTTP(answer, httptest.NewRequest(method, path, strings.NewReader(body)))
		return gjson.Parse(answer.Body.String()), answer.Code
	}
	_, status := ask(http.MethodPost, PathApprove, `{"reviewer":"Dr. Lee","subjects":[{"phrase":"symptoms.fever","language":"sr-Latn"}]}`)
	require.Equal(t, http.StatusOK, status)
	list, status := ask(http.MethodGet, PathPhrases+"?language=sr&state=approved", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "Dr. Lee", list.Get("phrases.0.reviewer").Str, "both alphabets are one")
	history, _ := ask(http.MethodGet, PathHistory+"?after=0", "")
	require.EqualValues(t, 1, history.Get("entries.#").Int())
	for _, path := range []string{PathPhrases + "?language=es&state=perhaps", PathPhrases, PathHistory + "?after=x"} {
		_, status := ask(http.MethodGet, path, "")
		require.Equal(t, http.StatusBadRequest, status, path)
	}
	_, status = ask(http.MethodPost, PathWithdraw, `{"reviewer":"Dr. Lee","subjects":[{"phrase":"symptoms.fever","language":"es"}]}`)
	require.Equal(t, http.StatusBadRequest, status)
}
