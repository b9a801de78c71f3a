package node

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/handbook/find"
	"medixchange/internal/search"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
	"medixchange/translator/bridge"
	"medixchange/translator/language"
)

func testDesk(t *testing.T) handbookDesk {
	t.Helper()
	db, shelf := sqldbtest.New(t), handbook.NewShelf("../../../handbook/site/testdata/edition", nil)
	index := find.New(find.Options{
		DB: db, Hub: stream.New(db, stream.Options{}), Engine: search.New(search.Options{DB: db, Simplify: language.Simplified}),
		Shelf: shelf, Log: sqldbtest.Quiet(),
	})
	return handbookDesk{shelf: shelf, index: index, base: "https://a.example"}
}

func TestTheBotFindsPlacesWithTheirStateAndLink(t *testing.T) {
	d := testDesk(t)
	found, err := d.Find(t.Context(), "ar", "الحمى", 1)
	require.NoError(t, err)
	require.Equal(t, "دليل تجريبي", found.Book)
	require.Equal(t, []bridge.HandbookEntry{{
		Language: "ar", Title: "الحمى › العلامات", Text: "الحمى هي حرارة تبلغ 37.5 °C أو أكثر.",
		Status: "تمت مراجعته, غير محدّث", Link: "https://a.example/handbook/ar/fever#fever-signs",
	}}, found.Entries)

	traditional, err := d.Find(t.Context(), "zh", "發熱", 3)
	require.NoError(t, err)
	require.NotEmpty(t, traditional.Entries, "traditional characters find simplified ones")
}

func TestTheBotSaysWhatIsNotTranslated(t *testing.T) {
	d := testDesk(t)
	found, err := d.Section(t.Context(), "de", "oxygen")
	require.NoError(t, err)
	require.Equal(t, []bridge.HandbookEntry{{
		Language: "en", Title: "Oxygen", Text: "• Give oxygen below 90 %.", Status: "Noch nicht übersetzt; Entwurf",
		Link: "https://a.example/handbook/de/oxygen",
	}}, found.Entries)
	missing, err := d.Section(t.Context(), "de", "zones")
	require.NoError(t, err)
	require.Empty(t, missing.Entries)
	require.Equal(t, []string{"fever", "oxygen"}, missing.IDs)
	_, ok := d.Language("sw")
	require.False(t, ok)
}
