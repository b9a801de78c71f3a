package tests

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// chromiumIn finds Debian's Chromium, which scripts/install-needs installs for the tests.
func chromiumIn(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err == nil {
		return path
	}
	lacks(t, "Chromium is not installed: run scripts/install-needs test (make test does)")
	return ""
}

// smallHandbook shows the edition that the pages' own tests use: of every state, in both directions.
func smallHandbook(t *testing.T) testhospital.Option {
	t.Helper()
	folder, err := filepath.Abs("../handbook/site/testdata/edition")
	require.NoError(t, err)
	return func(cfg *config.Config) { cfg.Handbook = config.Handbook{Enabled: true, Folder: folder, Public: true} }
}

// TestTheHandbookInABrowser reads the handbook as people do, in Chromium.
func TestTheHandbookInABrowser(t *testing.T) {
	chromium := chromiumIn(t)
	installed(t)
	h := testhospital.Start(t, smallHandbook(t))
	steps := runScript(t, "handbook.mjs", map[string]any{"url": h.URL, "chromium": chromium, "pages": []string{
		"en/", "en/fever", "zh/fever", "fa/", "fa/oxygen", "fa/glossary", "ar/fever", "ar/fever?with=en", "ar/changes", "de/oxygen",
		"th/", "zh/search?q=发热", "th/search?q=发热", "en/nowhere",
	}})

	require.JSONEq(t, `{"path":"/handbook/fa/fever","hash":"#fever-call","lang":"fa","dir":"rtl","heading":"چه زمانی خبر دهیم","visible":true}`,
		steps["switch"].Get("scrolled").Raw, "the language changes where the reader is")
	require.JSONEq(t, `{"step":"switch-anchor","path":"/handbook/de/fever","hash":"#fever-doses","lang":"de","dir":"ltr","heading":"Dosen","visible":true}`,
		steps["switch-anchor"].Raw)
	require.Equal(t, "/handbook/de/", steps["remembered"].Get("path").Str)
	require.Equal(t, "体征", steps["beside"].Get("heading").Str)
	require.EqualValues(t, 2, steps["beside"].Get("columns").Int())

	require.JSONEq(t, `{"step":"rtl-fa","article":"rtl","home":"right","menu":"left","value":"5–10 L/min","valueDirection":"ltr","align":"start"}`,
		steps["rtl-fa"].Raw)
	require.JSONEq(t, `{"step":"rtl-ar","article":"rtl","home":"right","menu":"left","value":"37.5 °C","valueDirection":"ltr","align":"start"}`,
		steps["rtl-ar"].Raw)
	require.JSONEq(t, `{"step":"phone","wide":[],"menuInside":true}`, steps["phone"].Raw)
	require.JSONEq(t, `{"step":"print","bar":false,"note":true,"status":true,"sources":true,"toc":false,"pdf":"%PDF"}`, steps["print"].Raw)
	require.JSONEq(t, `{"step":"plain","menu":"/handbook/zh/fever","marked":["补液"],"found":"/handbook/zh/fever#fever-brief"}`, steps["plain"].Raw)
	require.JSONEq(t, `[]`, steps["axe"].Get("violations").Raw)
	require.JSONEq(t, `{"step":"offline","title":"الحمى","bar":"rgb(11, 79, 108)","beside":"الحمى","search":"لا يوجد اتصال بالشبكة","front":"/handbook/ar/"}`,
		steps["offline"].Raw)
	for _, complaint := range steps["complaints"].Get("complaints").Array() {
		require.Contains(t, complaint.Str, "404", "only the page that is nowhere")
	}
}
