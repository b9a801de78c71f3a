package reach

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCountsAreCoarse(t *testing.T) {
	for n, shown := range map[int64]string{
		-3: "<5", 0: "<5", 1: "<5", 4: "<5", 5: "5", 7: "5", 8: "10", 12: "10", 13: "15", 97: "95", 98: "100", 99: "100",
		100: "100", 104: "100", 105: "110", 994: "990", 995: "1000", 999: "1000", 1000: "1000", 1049: "1000", 1050: "1100",
		9949: "9900", 9950: "10000", 12_345: "12000", 99_499: "99000", 99_500: "100000", 1_234_567: "1200000",
	} {
		require.Equal(t, shown, Coarse(n).String(), n)
	}
	before := Few
	for n := range int64(200_000) {
		c := Coarse(n)
		require.Equal(t, c, Coarse(int64(c)), "what is coarse stays as it is: %d", n)
		require.GreaterOrEqual(t, c, before, "more is never shown as less: %d", n)
		before = c
	}
}

func TestCountsAreNumbersInJSON(t *testing.T) {
	for _, n := range []int64{0, 5, 110, 1_200_000} {
		raw, err := json.Marshal(Coarse(n))
		require.NoError(t, err)
		var c Count
		require.NoError(t, json.Unmarshal(raw, &c))
		require.Equal(t, Coarse(n), c)
	}
	for text, want := range map[string]Count{`"<5"`: Few, `3`: Few, `0`: Few, `13`: 15, `1000000000000`: 1_000_000_000_000} {
		var c Count
		require.NoError(t, json.Unmarshal([]byte(text), &c), text)
		require.Equal(t, want, c, text)
	}
	for _, text := range []string{`"5"`, `""`, `"<6"`, `-1`, `1.5`, `1e3`, `1000000000001`, `99999999999999999999`, `true`, `[]`, `{}`} {
		var c Count
		require.Error(t, json.Unmarshal([]byte(text), &c), text)
	}
}

func TestPagesThatAreNoneAreRefused(t *testing.T) {
	p, err := ReadPage([]byte(`{"days": 30, "since": "2026-03-01", "figures": {"users": 123, "messages": "<5", "languages": {"zh-Hant": 7}}, "new": 1}`), 30)
	require.NoError(t, err)
	require.Equal(t, Page{Days: 30, Since: "2026-03-01", Figures: Figures{Users: 120, Languages: map[string]Count{"zh-Hant": 5}}}, p)
	many := map[string]int{}
	for i := range maxLanguages + 1 {
		many["a"+strconv.Itoa(i)] = 10
	}
	languages, err := json.Marshal(many)
	require.NoError(t, err)
	for _, bad := range []string{
		"", "null", "[]", "{}", `{"days": 7}`, `{"days": 30, "since": "yesterday"}`, `{"days": 30, "figures": {"users": -1}}`,
		`{"days": 30, "figures": {"languages": {"\u001b[31m": 10}}}`, `{"days": 30, "figures": {"languages": {"": 10}}}`,
		`{"days": 30, "figures": {"languages": ` + string(languages) + `}}`, `{"days": 30}` + string(make([]byte, maxPage)),
	} {
		_, err := ReadPage([]byte(bad), 30)
		require.ErrorIs(t, err, errPage, "%.80s", bad)
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(`{"days": 30, "since": "2026-03-01", "figures": {"users": 123, "messages": "<5", "languages": {"es": 7}}}`))
	f.Add([]byte(`{"days": 30, "figures": {"users": 1e3}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ReadPage(raw, 30)
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		require.NoError(t, err)
		same, err := ReadPage(again, 30)
		require.NoError(t, err)
		require.Equal(t, p, same)
	})
}
