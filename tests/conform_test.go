package tests

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/federation/conform"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestAHospitalOfOursIsFit: the list finds nothing bad in a node of this program, and judges everything that can be judged
// of one that has an address for a name.
func TestAHospitalOfOursIsFit(t *testing.T) {
	hospitals := testhospital.Alliance(t, 2)
	report := examine(t, hospitals[0], hospitals[1].Name)
	unjudged := map[string]bool{"client": true, "client-versions": true, "alliance": true}
	for _, v := range report.Verdicts {
		if v.Check == "times" { // says how loaded this machine is
			continue
		}
		if unjudged[v.Check] {
			require.Equal(t, conform.Unknown, v.State, "%+v", v)
			continue
		}
		require.Equal(t, conform.Good, v.State, "%+v", v)
	}
	require.Len(t, report.Verdicts, len(conform.Names()))
}

// TestAServerThatIsAwayOrRefusesUsIsExaminedAllTheSame: what cannot be judged is no fault.
func TestAServerThatIsAwayOrRefusesUsIsExaminedAllTheSame(t *testing.T) {
	us := testhospital.Start(t)
	them := testhospital.Start(t, func(c *config.Config) { c.Federation.AllowServers = []string{"nobody.example"} })
	states := map[string]conform.State{}
	for _, v := range examine(t, us, them.Name).Verdicts {
		states[v.Check] = v.State
	}
	require.Equal(t, conform.Bad, states["admitted"])
	require.Equal(t, conform.Good, states["unsigned"])
	require.Equal(t, conform.Good, states["keys"])
	require.Equal(t, conform.Unknown, states["forged"])
	require.Equal(t, conform.Unknown, states["too-many"])

	them.Stop()
	report := examine(t, us, them.Name, "connect", "version")
	require.False(t, report.OK)
	require.Equal(t, conform.Bad, report.Verdicts[0].State)
	require.NotEmpty(t, report.Verdicts[0].Fix)
	require.Equal(t, conform.Unknown, report.Verdicts[1].State)
}

func examine(t *testing.T, h *testhospital.Hospital, server string, only ...string) conform.Report {
	t.Helper()
	client := admin.NewClient(h.Node().AdminSocket()).Patient(2 * conform.Limit)
	var report conform.Report
	require.NoError(t, client.Call(t.Context(), http.MethodPost, conform.Path, conform.Request{Server: server, Only: only}, &report))
	return report
}
