package edit

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/internal/markup"
	"medixchange/internal/markup/markuptest"
)

// TestAMachinesDraftBecomesPartOfTheHandbook goes the whole way in the browser's forms, without scripts.
func TestAMachinesDraftBecomesPartOfTheHandbook(t *testing.T) {
	w := newWorld(t)
	const titles, fever = Root + "th/" + handbook.TitlesFile, Root + "th/fever"

	_, page, _ := w.send("ana", titles, nil)
	status, page, at := w.send("ana", titles, formOf(t, page, "machine"))
	require.Equal(t, 200, status, page)
	require.Equal(t, titles+"?done=done", at)

	_, page, _ = w.send("ana", fever, nil)
	status, page, _ = w.send("ana", fever, formOf(t, page, "machine"))
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "number (90 → 9)", "what the checks kept back is shown")
	require.Contains(t, page, "Translation: <bdi>loud</bdi>")
	form := formOf(t, page, "save")
	require.Contains(t, form["block"][0], "{#fever-brief}")
	require.Contains(t, form["block"][0], "[@example-one]")

	form["block"][0] = strings.Replace(form["block"][0], "- ", "- อ่านแล้ว ", 1)
	form.Set("title", "ไข้")
	status, page, at = w.send("ana", fever, form)
	require.Equal(t, 200, status, page)
	require.Equal(t, fever+"?done=saved", at)
	status, _, _ = w.send("ana", fever, formOf(t, page, "hand"))
	require.Equal(t, 200, status)

	_, page, _ = w.send("ana", fever+"/review", nil)
	require.NotContains(t, page, `value="review"`, "whoever wrote it does not review it")
	_, page, _ = w.send("ben", fever+"/review", nil)
	require.Contains(t, page, "<ins>")
	status, _, _ = w.send("ben", fever, formOf(t, page, "review"))
	require.Equal(t, 200, status)
	_, page, _ = w.send("eve", fever+"/review", nil)
	status, _, _ = w.send("eve", fever, formOf(t, page, "approve"))
	require.Equal(t, 200, status)

	_, page, _ = w.send("eve", Root+"publish", nil)
	form = formOf(t, page, "")
	require.Len(t, form["part"], 1, "what is approved is chosen")
	for _, part := range regexp.MustCompile(`value="(th book\.yaml [^"]+)"`).FindStringSubmatch(page)[1:] {
		form.Add("part", part)
	}
	form.Set("edition", "2")
	status, page, at = w.send("eve", Root+"publish", form)
	require.Equal(t, 200, status, page)
	require.Equal(t, Root+"publish?done=done", at)
	now, err := w.shelf.Edition()
	require.NoError(t, err)
	require.Equal(t, "2", now.Edition)
	s, ok := now.Section("th", "fever")
	require.True(t, ok)
	require.Equal(t, "ไข้", s.Title)
	require.Equal(t, handbook.Approved, s.Status)
	require.Equal(t, "Ben", s.Reviewer)
	require.Equal(t, "Ana", s.Translator)

	_, page, _ = w.send("eve", fever+"/history", nil)
	for _, word := range []string{"Translated by a machine", "Saved", "Handed to review", "Reviewed", "Approved", "Published"} {
		require.Contains(t, page, word)
	}
}

func TestTwoAtOnceKeepBothTheirWords(t *testing.T) {
	w := newWorld(t)
	const fever = Root + "de/fever"
	_, page, _ := w.send("ana", fever, nil)
	first, second := formOf(t, page, "save"), formOf(t, page, "save")
	first["block"][0] = strings.Replace(first["block"][0], "Flüssigkeit", "Wasser", 1)
	first["block"][1] = strings.Replace(first["block"][1], "Fieber ist", "Als Fieber gilt", 1)
	second["block"][0] = strings.Replace(second["block"][0], "Flüssigkeit", "Tee", 1)
	status, _, _ := w.send("ana", fever, first)
	require.Equal(t, 200, status)
	status, page, _ = w.send("ana", fever, second)
	require.Equal(t, 409, status)
	require.Contains(t, page, "kept as version <bdi>3</bdi>")
	again := formOf(t, page, "save")
	require.Contains(t, again["block"][0], "Tee", "what both changed is mine in the field")
	require.Contains(t, page, "Wasser geben", "and theirs beside it")
	require.Contains(t, again["block"][1], "Als Fieber gilt", "what only they changed is taken")
	status, _, _ = w.send("ana", fever, again)
	require.Equal(t, 200, status)
}

func TestWordsThatCannotBeStoredComeBack(t *testing.T) {
	w := newWorld(t)
	const fever = Root + "de/fever"
	_, page, _ := w.send("ana", fever, nil)
	form := formOf(t, page, "save")
	form["block"][0] += "\n<script>alert(1)</script>\n"
	status, page, _ := w.send("ana", fever, form)
	require.Equal(t, 422, status)
	require.Contains(t, page, "HTML is not allowed")
	require.NotContains(t, page, "<script>alert")
	require.Contains(t, formOf(t, page, "save")["block"][0], "<script>alert(1)</script>")

	form.Set("do", "preview")
	status, page, _ = w.send("ana", fever, form)
	require.Equal(t, 200, status)
	require.NotContains(t, page, "<script>alert")
	status, page, _ = w.send("ana", fever+"/preview", url.Values{"text": {"## Neu {#fever-brief}\n\nText **stark** [@example-one]."}})
	require.Equal(t, 200, status)
	require.Contains(t, page, "<strong>stark</strong>")
	_, page, _ = w.send("ana", fever+"/preview", url.Values{"text": {"<script>alert(1)</script>"}})
	require.NotContains(t, page, "<script>")

	form.Set("do", "save")
	form["block"][0] = strings.Repeat("Wort ", 1<<19)
	status, _, _ = w.send("ana", fever, form)
	require.Equal(t, 413, status)
}

func TestWhoMayDoWhatInTheBrowser(t *testing.T) {
	w := newWorld(t)
	status, page, _ := w.send("none", Root, nil)
	require.Equal(t, 403, status)
	require.Contains(t, page, "&lt;b&gt;None")
	_, page, _ = w.send("ana", Root+"de/fever", nil)
	german := formOf(t, page, "save")
	for _, c := range []struct {
		user, path string
		form       url.Values
		want       int
	}{
		{"ana", Root + "zh/fever", nil, 200},
		{"ben", Root + "de/fever", german, 403},
		{"ana", Root + "zh/fever", url.Values{"do": {"save"}, "at": {german.Get("at")}}, 409},
		{"ana", Root + "de/fever", url.Values{"do": {"review"}, "at": {german.Get("at")}}, 403},
		{"ana", Root + "de/fever", url.Values{"do": {"approve"}, "at": {german.Get("at")}}, 403},
		{"ana", Root + "de/fever", url.Values{"do": {"nonsense"}}, 400},
		{"ana", Root + "publish", nil, 403},
		{"ana", Root + "publish", url.Values{"part": {"de fever " + german.Get("at")}, "edition": {"2"}}, 403},
		{"eve", Root + "publish", url.Values{"part": {"nonsense"}}, 400},
		{"ana", Root + "xx/fever", nil, 404}, {"ana", Root + "de/nowhere", nil, 404},
		{"ana", Root + "de/fever/history/99", nil, 404}, {"ana", Root + "de/fever/history/x", nil, 404},
		{"ana", Root + "static/edit.css", nil, 200}, {"ana", Root + "static/nothing", nil, 404},
	} {
		status, page, _ := w.send(c.user, c.path, c.form)
		require.Equal(t, c.want, status, "%s %s: %s", c.user, c.path, page)
	}
}

func TestWhatHasChangedInTheOriginalIsShown(t *testing.T) {
	w := newWorld(t)
	people["arab"] = people["ana"]
	_, page, _ := w.send("ana", Root+"ar/fever", nil)
	require.Contains(t, page, "Changed in the original")
	require.Contains(t, page, "<del>")
	require.Contains(t, page, "old words")
	require.Contains(t, page, `lang="ar" dir="rtl"`)
	require.Contains(t, page, "no editor of this language")
}

func TestTheGlossaryStandsBeside(t *testing.T) {
	w := newWorld(t)
	_, page, _ := w.send("ana", Root+"fa/fever", nil)
	require.Contains(t, page, `<dl class="terms"`)
}

func TestTermsAreFoundAsWords(t *testing.T) {
	for _, c := range []struct {
		text, word string
		want       bool
	}{
		{"give a fluid now", "fluid", true}, {"fluids", "fluid", true}, {"superfluid", "fluid", false}, {"fluidity", "fluid", false},
		{"", "fluid", false}, {"fluid", "", false}, {"superfluid fluid", "fluid", true}, {"spo₂ low", "SpO₂", true},
	} {
		require.Equal(t, c.want, hasWord(c.text, c.word), "%q in %q", c.word, c.text)
	}
}

func TestEveryLanguageOfTheDeskHasAllWords(t *testing.T) {
	markuptest.Complete(t, catalogue)
	used := regexp.MustCompile(`(?:Text|Say)\("([a-z_]+)"`)
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := 0
	for _, source := range sources {
		data, err := os.ReadFile(source)
		require.NoError(t, err)
		for _, m := range used.FindAllStringSubmatch(string(data), -1) {
			if found++; !strings.HasSuffix(m[1], "_") && !strings.Contains(string(data), `q.reading.Text("`+m[1]) && !strings.Contains(string(data), `q.reading.Say("`+m[1]) {
				require.NotEmpty(t, catalogue.Of(markup.Fallback).Text(m[1]), "%s: %s", source, m[1])
			}
		}
	}
	require.Greater(t, found, 30)
	for _, trouble := range troubles {
		require.NotEmpty(t, catalogue.Of(markup.Fallback).Text(trouble.word), trouble.word)
	}
}

func TestFilesForTranslatorsGoAndCome(t *testing.T) {
	w := newWorld(t)
	for _, form := range []string{"po", "xliff"} {
		status, file, _ := w.send("ana", Root+"de/export?form="+form, nil)
		require.Equal(t, 200, status)
		file = strings.Replace(file, "Flüssigkeit", "Viel Flüssigkeit "+form, 1)
		status, page, at := w.upload("ana", Root+"de/import", file)
		require.Equal(t, 200, status, page)
		require.Equal(t, Root+"de/import?count=1", at)
		_, page, _ = w.send("ana", Root+"de/fever", nil)
		require.Contains(t, page, "Viel Flüssigkeit "+form)

		status, page, _ = w.upload("ana", Root+"de/import", strings.Replace(file, "Viel", "[Viel](http://example.org)", 1))
		require.Equal(t, 422, status)
		require.Contains(t, page, "fever.file:")
		for user, path := range map[string]string{"ben": "de", "ana": "zh"} {
			status, _, _ = w.upload(user, Root+path+"/import", file)
			require.Equal(t, 403, status)
		}
	}
	status, _, _ := w.send("ana", Root+"de/export?form=po&part=nowhere", nil)
	require.Equal(t, 404, status)
	status, _, _ = w.send("ana", Root+"en/export?form=po", nil)
	require.Equal(t, 404, status)
}
