package tests

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/handbook/edit"
	"medixchange/handbook/updates"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// inThai is what an engine of the test says of the small edition's section about fever.
var inThai = strings.NewReplacer("A test handbook", "คู่มือทดสอบ", "Fever is a temperature of", "ไข้คืออุณหภูมิ", "or more", "ขึ้นไป", "Fever", "ไข้",
	"In brief", "โดยสรุป", "Measure the temperature of every patient", "วัดอุณหภูมิผู้ป่วยทุกราย", "Give fluids. See", "ให้สารน้ำ ดู",
	"oxygen", "ออกซิเจน", "Signs", "อาการแสดง", "Doses", "ขนาดยา", "Drug", "ยา", "Dose", "ขนาด", "Interval", "ระยะห่าง",
	"When to call", "เมื่อใดควรตามแพทย์", "Call if", "ตามแพทย์หาก", "is below", "ต่ำกว่า", " to ", " ถึง ", "Care", "การดูแล")

// editedHospitals are hospitals, at the first of which ana edits, ben reviews, and eve does everything.
func editedHospitals(t *testing.T, n int) []*testhospital.Hospital {
	t.Helper()
	engine := libreTranslate(t, []string{"en", "th"}, func(text, _ string) string { return inThai.Replace(text) })
	hospitals := testhospital.Alliance(t, n, smallHandbook(t), translatingWith(t, engine.URL), func(cfg *config.Config) {
		cfg.Handbook.Editors = []config.HandbookRole{{User: "ana", Languages: []string{"th", "de"}}, {User: "eve"}}
		cfg.Handbook.Reviewers = []config.HandbookRole{{User: "ben"}, {User: "eve"}}
		cfg.Handbook.Publishers = []config.HandbookRole{{User: "eve"}}
		cfg.Translator.Engines[0].Timeout = config.Duration(30 * time.Second)
	})
	for _, name := range []string{"ana", "ben", "eve"} {
		hospitals[0].User(name)
	}
	return hospitals
}

// TestTheHandbookIsEditedInABrowser goes from a machine's draft to what readers see, as three people do it.
func TestTheHandbookIsEditedInABrowser(t *testing.T) {
	chromium := chromiumIn(t)
	installed(t)
	hospitals := editedHospitals(t, 2)
	h := hospitals[0]
	steps := runScript(t, "handbook-edit.mjs", map[string]any{"url": h.URL, "chromium": chromium, "pages": map[string][]string{
		"desk": {"?language=ar", "ar/fever?ui=fa", "en/fever", "fa/fever/review", "th/fever/history/1", "publish?ui=en", "th/import", "de/glossary.yaml", "fa/book.yaml?ui=fa",
			"en/plan.yaml"},
		"phone": {"", "ar/fever", "th/fever/history", "de/glossary.yaml", "en/plan.yaml"},
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
	comesToTheOther(t, h, hospitals[1])
}

// comesToTheOther takes what a published as a bundle to b, whose administrator trusts a.
func comesToTheOther(t *testing.T, a, b *testhospital.Hospital) {
	t.Helper()
	var published updates.Published
	require.NoError(t, handbookKeeper{a, t}.ask(updates.PathPublish, updates.Publication{Want: true}, &published))
	b.Stop()
	b.Config.Handbook.Updates.Trusted = []config.HandbookPublisher{{Server: a.Name}}
	b.Start()
	there := handbookKeeper{b, t}
	require.NoError(t, there.ask(updates.PathInstall, updates.File{Bundle: published.Bundle}, nil))
	require.NoError(t, there.ask(updates.PathActivate, updates.Choice{Mark: published.Head.Mark, By: "administrator"}, nil))
	resp, err := http.Get(b.URL + "/handbook/th/fever")
	require.NoError(t, err)
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(page), "ด่วน", "what ana wrote here is read there")
}

// TestTheAdministratorWorksAtTheDesk over the node's socket, in the names of people of the hospital.
func TestTheAdministratorWorksAtTheDesk(t *testing.T) {
	h := editedHospitals(t, 1)[0]
	client := admin.NewClient(h.Node().AdminSocket())
	ask := func(path string, asked edit.Asked) (edit.Done, error) {
		var done edit.Done
		err := client.Call(t.Context(), http.MethodPost, path, asked, &done)
		return done, err
	}
	draft := edit.Asked{Language: "th", Part: "fever", As: "ana"}
	done, err := ask(edit.PathDraft, draft)
	require.NoError(t, err)
	require.Equal(t, "machine", done.State)
	draft.Language = "zh"
	_, err = ask(edit.PathDraft, draft)
	require.ErrorContains(t, err, "no such role")
	_, err = ask(edit.PathDraft, edit.Asked{Language: "th", Part: "fever", As: "nobody"})
	require.ErrorContains(t, err, `no user "nobody"`)

	file, err := ask(edit.PathExport, edit.Asked{Language: "th", Form: "xliff"})
	require.NoError(t, err)
	require.Contains(t, file.File, "วัดอุณหภูมิ")
	imported := edit.Asked{Language: "th", As: "ana", Name: "th.xlf", File: strings.Replace(file.File, "ให้สารน้ำ", "ให้สารน้ำมาก", 1)}
	done, err = ask(edit.PathImport, imported)
	require.NoError(t, err)
	require.Equal(t, 1, done.Texts)
	imported.File = strings.Replace(imported.File, "[@example-one]", "", 2)
	_, err = ask(edit.PathImport, imported)
	require.ErrorContains(t, err, "th.xlf:")

	_, err = ask(edit.PathApprove, edit.Asked{Language: "th", Part: "fever", As: "ben"})
	require.ErrorContains(t, err, "does not follow", "nobody has handed it in")
}
