package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/alliance/reach"
)

func TestTheReachIsPrintedWithSumsAndWithWhoIsMissing(t *testing.T) {
	own := reach.Figures{Users: 120, ActiveDay: 40, ActiveWeek: 60, ActiveMonth: 80, Rooms: 5, Messages: 1200, Languages: map[string]reach.Count{"fr": 10, "es": 110}}
	few := reach.Figures{Users: reach.Few}
	report := reach.Report{
		Days: 30, Members: 490, Countries: 109, Shared: true,
		Own:       reach.Own{Page: reach.Page{Figures: own}, RoomsWith: map[string]reach.Count{"b.example": 5}},
		Hospitals: []reach.Hospital{{LegalName: "Alpha", Country: "ES", Figures: own}, {LegalName: "Beta", Country: "JP", Figures: few}},
		ByCountry: []reach.Country{{Country: "ES", Members: 2, Answered: 1, Figures: own}, {Country: "KE", Members: 1}},
		Total:     own,
		Silent:    []reach.Silent{{ServerName: "c.example", LegalName: "Gamma", Country: "KE", Why: reach.Closed}, {ServerName: "d.example", LegalName: "Delta", Country: "ES", Why: reach.NoAnswer}},
	}
	var out bytes.Buffer
	require.NoError(t, printReach(&out, report))
	text := out.String()
	for _, line := range []string{
		`490 hospitals of 109 countries are members\. The last 30 days, rounded\.`,
		`this hospital +120 +40 +60 +80 +5 +1200 +es 110, fr 10`, `Beta \(JP\) +<5 +<5 +<5 +<5 +<5 +<5 +-`, `ES: 1 of 2 +120`,
		`total: 2 of 490 +120`, `Rooms shared with b\.example 5`, `Nothing is known of 2:`,
		`Gamma \(c\.example, KE\) does not share its figures`, `Delta \(d\.example, ES\) did not answer`,
	} {
		require.Regexp(t, line, text)
	}
	require.NotContains(t, text, "KE: 0", "there is no sum of what nobody told")

	report.Shared, report.Silent = false, nil
	out.Reset()
	require.NoError(t, printReach(&out, report))
	require.Contains(t, out.String(), "alliance.reach.share is off")
	require.NotContains(t, out.String(), "total")
}
