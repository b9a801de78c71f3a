package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// inThai is what an engine of the test says of the small edition's section about fever.
var inThai = strings.NewReplacer("A test handbook", "คู่มือทดสอบ", "Fever is a temperature of", "ไข้คืออุณหภูมิ", "or more", "ขึ้นไป", "Fever", "ไข้",
	"In brief", "โดยสรุป", "Measure the temperature of every patient", "วัดอุณหภูมิผู้ป่วยทุกราย", "Give fluids. See", "ให้สารน้ำ ดู",
	"oxygen", "ออกซิเจน", "Signs", "อาการแสดง", "Doses", "ขนาดยา", "Drug", "ยา", "Dose", "ขนาด", "Interval", "ระยะห่าง",
	"When to call", "เมื่อใดควรตามแพทย์", "Call if", "ตามแพทย์หาก", "is below", "ต่ำกว่า", " to ", " ถึง ", "Care", "การดูแล")

// handbookDesk is a hospital whose ana edits, ben reviews, and eve does everything.
func handbookDesk(t *testing.T) *testhospital.Hospital {
	t.Helper()
	engine := libreTranslate(t, []string{"en", "th"}, func(text, _ string) string { return inThai.Replace(text) })
	h := testhospital.Start(t, smallHandbook(t), translatingWith(t, engine.URL), func(cfg *config.Config) {
		cfg.Handbook.Editors = []config.HandbookRole{{User: "ana", Languages: []string{"th", "de"}}, {User: "eve"}}
		cfg.Handbook.Reviewers = []config.HandbookRole{{User: "ben"}, {User: "eve"}}
		cfg.Handbook.Publishers = []config.HandbookRole{{User: "eve"}}
		cfg.Translator.Engines[0].Timeout = config.Duration(30 * time.Second)
	})
	for _, name := range []string{"ana", "ben", "eve"} {
		h.User(name)
	}
	return h
}

// TestTheHandbookIsEditedInABrowser goes from a machine's draft to what readers see, as three people do it.
func TestTheHandbookIsEditedInABrowser(t *testing.T) {
	chromium := chromiumIn(t)
	installed(t)
	h := handbookDesk(t)
	steps := runScript(t, "handbook-edit.mjs", map[string]any{"url": h.URL, "chromium": chromium, "pages": map[string][]string{
		"desk":  {"?language=ar", "ar/fever?ui=fa", "en/fever", "fa/fever/review", "th/fever/history/1", "publish?ui=en", "th/import"},
		"phone": {"", "ar/fever", "th/fever/history"},
	}})

	draft := steps["draft"]
	require.Equal(t, "Machine translation", draft.Get("state").Str)
	require.Equal(t, "## โดยสรุป {#fever-brief}\n\n- วัดอุณหภูมิผู้ป่วยทุกราย [@example-one].\n- ให้สารน้ำ ดู [ออกซิเจน](#oxygen-flow).\n", draft.Get("brief").Str)
	require.Contains(t, draft.Get("doses").Str, "500 mg", "doses survive")
	require.Equal(t, "th", draft.Get("lang").Str)
	require.Contains(t, draft.Get("beside").Str, "Measure the temperature")
	require.JSONEq(t, `{"step":"saved","live":"ด่วน","state":"Draft"}`, steps["saved"].Raw)
	require.JSONEq(t, `{"step":"own","state":"Waiting for review","accept":0}`, steps["own"].Raw)
	require.Equal(t, "<script>alert(1)</script>", steps["refused"].Get("words").Str)
	require.Contains(t, steps["refused"].Get("trouble").Str, "HTML is not allowed")
	require.JSONEq(t, `{"step":"reviewed","added":true,"state":"Reviewed"}`, steps["reviewed"].Raw)
	published := steps["published"]
	require.EqualValues(t, 1, published.Get("ticked").Int())
	require.Equal(t, "ไข้", published.Get("title").Str)
	require.Contains(t, published.Get("text").Str, "ด่วน")
	require.Contains(t, published.Get("edition").Str, "2026.2")
	require.JSONEq(t, `[]`, steps["axe"].Get("violations").Raw)
	require.JSONEq(t, `[]`, steps["axe"].Get("wide").Raw)
	require.JSONEq(t, `{"step":"rtl","dir":"rtl","home":"right"}`, steps["rtl"].Raw)
	for _, complaint := range steps["complaints"].Get("complaints").Array() {
		require.Fail(t, "the browser complained", complaint.Str)
	}
}
