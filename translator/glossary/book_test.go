package glossary

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/web"
)

var noon = time.UnixMilli(1_800_000_000_000)

func openBook(t testing.TB, address string) *Book {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: address, Logger: sqldbtest.Quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return bookOf(t, db)
}

func bookOf(t testing.TB, db *sqldb.DB) *Book {
	t.Helper()
	b, err := Open(t.Context(), Options{DB: db, Now: func() time.Time { return noon }, Log: sqldbtest.Quiet(), Registerer: prometheus.NewRegistry()})
	require.NoError(t, err)
	return b
}

func apply(t testing.TB, b *Book, c Change) Changed {
	t.Helper()
	if c.Layer == "" {
		c.Layer = Hospital
	}
	c.By, c.Action = "nora", "import"
	done, err := b.Apply(t.Context(), c)
	require.NoError(t, err)
	return done
}

// TestEveryChangeIsAVersionAndInTheHistoryOnBothDatabases; whoever opens the tables finds it.
func TestEveryChangeIsAVersionAndInTheHistoryOnBothDatabases(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		b := openBook(t, fresh())
		one, two := concept("heparin", true, "en: heparin", "es: heparina"), concept("ward", false, "en: ward")
		require.Equal(t, Changed{Version: 1, Added: 2}, apply(t, b, Change{Put: []Concept{one, two}}))
		require.Equal(t, Changed{Version: 1, Unchanged: 2}, apply(t, b, Change{Put: []Concept{one, two}}), "nothing new is no version")
		one = concept("heparin", true, "en: heparin", "es: heparina sódica")
		require.Equal(t, Changed{Version: 1, Changed: 1, Removed: 1, DryRun: true}, apply(t, b, Change{Put: []Concept{one}, Replace: true, DryRun: true}))
		require.EqualValues(t, 1, b.Current().Version(), "a dry run changes nothing")
		require.Equal(t, Changed{Version: 2, Changed: 1, Removed: 1}, apply(t, b, Change{Put: []Concept{one}, Replace: true}))
		require.Equal(t, Changed{Version: 3, Added: 1}, apply(t, b, Change{Layer: Alliance, Put: []Concept{two}}))

		again := bookOf(t, b.o.DB)
		require.EqualValues(t, 3, again.Current().Version())
		require.Equal(t, 2, again.Current().Len())
		used, layer, ok := again.Current().Concept("heparin")
		require.True(t, ok)
		require.Equal(t, Hospital, layer)
		require.Equal(t, "heparina sódica", used.Forms["es"].Preferred)
		history, err := again.History(t.Context(), "", 10)
		require.NoError(t, err)
		require.Len(t, history, 5)
		require.Equal(t, Alliance, history[0].Layer)
		require.Equal(t, []any{int64(2), "heparin", "nora", noon.UnixMilli(), "heparina", "heparina sódica"}, []any{history[1].Version, history[1].Concept,
			history[1].By, history[1].ChangedTS, history[1].Before.Forms["es"].Preferred, history[1].After.Forms["es"].Preferred})
		require.Nil(t, history[2].After, "the ward was removed")
		of, err := again.History(t.Context(), "ward", 10)
		require.NoError(t, err)
		require.Len(t, of, 3)

		require.Equal(t, Changed{Version: 4, Removed: 1}, apply(t, b, Change{Layer: Alliance, Remove: []string{"ward"}}))
		require.Equal(t, Changed{Version: 5, Added: 1}, apply(t, again, Change{Put: []Concept{two}}), "somebody else's change is read first")
		require.Equal(t, 2, again.Current().Len())
	})
}

func TestAChangeThatBreaksARuleChangesNothing(t *testing.T) {
	b := openBook(t, sqldbtest.SQLite(t))
	good := concept("good", false, "en: good")
	for name, c := range map[string]Change{
		"layer":       {Layer: "both", By: "nora", Put: []Concept{good}},
		"nobody":      {Layer: Hospital, Put: []Concept{good}},
		"no forms":    {Layer: Hospital, By: "nora", Put: []Concept{good, {ID: "bad"}}},
		"name":        {Layer: Hospital, By: "nora", Put: []Concept{good, concept("Bad name", false, "en: x")}},
		"twice":       {Layer: Hospital, By: "nora", Put: []Concept{good, concept("bad", false, "en: x ! x")}},
		"too many":    {Layer: Hospital, By: "nora", Put: manyConcepts(MaxConcepts + 1)},
		"not there":   {Layer: Hospital, By: "nora", Put: []Concept{good}, Remove: []string{"bad"}},
		"no language": {Layer: Hospital, By: "nora", Put: []Concept{good, concept("bad", false, "en: ")}},
	} {
		_, err := b.Apply(t.Context(), c)
		require.Error(t, err, name)
	}
	require.Zero(t, b.Current().Version())
	require.Zero(t, b.Current().Len())
}

// asks is the administrator's end of the socket.
func (b *Book) asks(t testing.TB, method, path string, body any) (gjson.Result, int) {
	t.Helper()
	router := web.NewRouter(web.Options{Name: "admin", Log: sqldbtest.Quiet()})
	b.AddRoutes(router)
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	router.ServeHTTP(answer, httptest.NewRequest(method, path, bytes.NewReader(encoded)))
	return gjson.ParseBytes(answer.Body.Bytes()), answer.Code
}

// TestAnAdministratorKeepsTheGlossary over the local socket: import, look, set, remove, export.
func TestAnAdministratorKeepsTheGlossary(t *testing.T) {
	b := openBook(t, sqldbtest.SQLite(t))
	file := "concept,rule,language,use,form\nheparin,invariant,en,,heparin\nheparin,,es,,heparina\nward,,en,,ward\n"
	bad, status := b.asks(t, http.MethodPost, PathImport, ImportRequest{Layer: Hospital, By: "nora", File: file + "x,,jp,,y\n"})
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, bad.Get("faults.0.reason").Str, "did you mean")
	require.EqualValues(t, 5, bad.Get("faults.0.line").Int())
	require.Zero(t, b.Current().Len(), "nothing is half imported")

	done, status := b.asks(t, http.MethodPost, PathImport, ImportRequest{Layer: Hospital, By: "nora", File: file})
	require.Equal(t, http.StatusOK, status, done.Raw)
	require.EqualValues(t, 2, done.Get("added").Int())
	refused, status := b.asks(t, http.MethodPost, PathImport, ImportRequest{Layer: Alliance, By: "nora", File: file})
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, refused.Get("error").Str, "source")
	done, status = b.asks(t, http.MethodPost, PathImport, ImportRequest{Layer: Alliance, Source: "alliance 2026", By: "nora", File: "concept,language,form\nheparin,fr,héparine\n"})
	require.Equal(t, http.StatusOK, status, done.Raw)

	listed, _ := b.asks(t, http.MethodGet, PathGlossary+"?contains=HEPARINA&language=es", nil)
	require.EqualValues(t, 1, listed.Get("total").Int())
	require.Equal(t, "hospital", listed.Get("concepts.0.layer").Str)
	yes := true
	done, status = b.asks(t, http.MethodPost, PathSet, SetRequest{Layer: Hospital, By: "nora", Concept: "ward", Invariant: &yes, Language: "es", Forms: &Forms{Preferred: "planta"}})
	require.Equal(t, http.StatusOK, status, done.Raw)
	shown, _ := b.asks(t, http.MethodGet, PathConcept+"?concept=ward", nil)
	require.Equal(t, "planta", shown.Get("used.forms.es.preferred").Str)
	require.Equal(t, "ward", shown.Get("used.forms.en.preferred").Str, "what was not named stays")
	require.True(t, shown.Get("used.invariant").Bool())
	missing, status := b.asks(t, http.MethodGet, PathConcept+"?concept=hepain", nil)
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, missing.Get("error").Str, `Did you mean "heparin"?`)
	_, status = b.asks(t, http.MethodPost, PathRemove, RemoveRequest{Layer: Hospital, By: "nora", Concept: "ward", Language: "en"})
	require.Equal(t, http.StatusOK, status)
	_, status = b.asks(t, http.MethodPost, PathRemove, RemoveRequest{Layer: Hospital, By: "nora", Concept: "wart"})
	require.Equal(t, http.StatusNotFound, status)
	exported, _ := b.asks(t, http.MethodGet, PathExport, nil)
	back, err := Read([]byte(exported.Get("file").Str), "")
	require.NoError(t, err)
	kept, _ := b.Layer(Hospital)
	require.Equal(t, kept, back)
	past, _ := b.asks(t, http.MethodGet, PathHistory+"?"+url.Values{"limit": {"2"}}.Encode(), nil)
	require.EqualValues(t, 2, past.Get("changes.#").Int())
	require.Equal(t, "remove", past.Get("changes.0.action").Str)
	for path, want := range map[string]int{PathHistory + "?limit=x": 400, PathGlossary + "?layer=x": 400, PathGlossary + "?language=jp": 400, PathExport + "?layer=x": 400} {
		_, status := b.asks(t, http.MethodGet, path, nil)
		require.Equal(t, want, status, path)
	}
}
