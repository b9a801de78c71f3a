package site

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/internal/web"
)

// testSite shows the edition of testdata, which has every state: zh and fa are whole, ar is out of date, de has one section
// of two, th has nothing.
func testSite(t testing.TB, change ...func(*Options)) http.Handler {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	o := Options{Shelf: handbook.NewShelf("testdata/edition", nil), Log: log.WithField("part", "handbook")}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	require.NoError(t, err)
	return s.Handler()
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	return ask(h, http.MethodGet, path, header...)
}

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func page(t testing.TB, h http.Handler, path string) string {
	t.Helper()
	w := get(h, path)
	require.Equal(t, http.StatusOK, w.Code, path)
	return w.Body.String()
}

func TestTheFirstVisitChoosesTheLanguageAndTheNextRemembersIt(t *testing.T) {
	h := testSite(t)
	for header, want := range map[string]string{
		"": "en", "zh-CN,zh;q=0.9,en;q=0.5": "zh", "fa-IR": "fa", "sw,ar;q=0.4": "ar", "sw": "en", "th": "th", strings.Repeat("a,", 400): "en",
	} {
		w := get(h, "/handbook/", "Accept-Language", header)
		require.Equal(t, http.StatusFound, w.Code)
		require.Equal(t, "/handbook/"+want+"/", w.Header().Get("Location"), header)
	}
	cookie := get(h, "/handbook/ar/fever").Result().Cookies()[0]
	w := get(h, "/handbook/", "Accept-Language", "zh", "Cookie", cookie.String())
	require.Equal(t, "/handbook/ar/", w.Header().Get("Location"))
	require.Empty(t, get(h, "/handbook/ar/", "Cookie", cookie.String()).Result().Cookies(), "it is not set again and again")
}

func TestTagsAsPeopleWriteThemLeadToTheLanguage(t *testing.T) {
	h := testSite(t)
	for path, want := range map[string]string{
		"/handbook/zh-Hans/fever": "/handbook/zh/fever", "/handbook/AR/": "/handbook/ar/", "/handbook/de": "/handbook/de/",
	} {
		require.Equal(t, want, get(h, path).Header().Get("Location"), path)
	}
	for _, path := range []string{"/handbook/sw/", "/handbook/en/nowhere", "/handbook/zh-Hant/", "/handbook/static/none.css",
		"/handbook/static/..%2ftemplates%2flayout.html", "/handbook/images/none.png", "/handbook/images/..%2fbook.yaml"} {
		require.Equal(t, http.StatusNotFound, get(h, path).Code, path)
	}
	require.Contains(t, get(h, "/handbook/fa/nowhere").Body.String(), "چنین صفحه\u200cای نیست")
}

func TestContentsSayTheStateOfEachSection(t *testing.T) {
	h := testSite(t)
	de := page(t, h, "/handbook/de/")
	require.Regexp(t, `<a href="fever" lang="de" dir="ltr">Fieber</a> <span class="badges"><span class="badge draft">Entwurf</span>`, de)
	require.Regexp(t, `<a href="oxygen" lang="en" dir="ltr">Oxygen</a> <span class="badges"><span class="badge missing">Noch nicht übersetzt</span>`, de)
	require.Contains(t, de, `<p class="progress">in Übersetzung, <bdi>50</bdi> %</p>`)
	require.Contains(t, page(t, h, "/handbook/ar/"), `<span class="badge outdated">غير محدّث</span>`)
	require.Contains(t, page(t, h, "/handbook/zh/"), `<span class="badge approved">已批准</span>`)
	require.NotContains(t, page(t, h, "/handbook/zh/"), `class="progress"`)
}

func TestEveryPageSaysThatTheEditionIsAnExample(t *testing.T) {
	h := testSite(t)
	for _, path := range []string{"/", "/fever", "/oxygen", "/fever?with=en", "/glossary", "/changes", "/offline"} {
		require.Contains(t, page(t, h, "/handbook/fa"+path), "این یک ویرایش نمونه برای آزمایش است", path)
		require.Contains(t, page(t, h, "/handbook/th"+path), `lang="en" dir="ltr"><strong lang="th">โปรดทราบ</strong> · This is an example edition`, path)
	}
	require.Contains(t, get(h, "/handbook/en/nowhere").Body.String(), "This is an example edition for tests.")
}

func TestASectionSaysWhoMadeItAndCitesItsSources(t *testing.T) {
	h := testSite(t)
	zh := page(t, h, "/handbook/zh/fever")
	require.Contains(t, zh, `<html lang="zh-Hans" dir="ltr"`)
	require.Contains(t, zh, "<strong>已批准</strong> · 已由")
	require.Contains(t, zh, "翻译：<bdi>Test machine</bdi> · 审阅：<bdi>Li Wei</bdi> · 最近修改：<bdi>2026-11-12</bdi>")
	require.Contains(t, zh, `<sup><a class="cite" id="place-1-2" href="#source-1" aria-label="来源 1">[1]</a>`+
		`<a class="cite" id="place-2-1" href="#source-2" aria-label="来源 2">[2]</a></sup>`)
	require.Contains(t, zh, `<li id="source-2">`)
	require.Contains(t, zh, `<a class="back" href="#place-2-2"><span aria-hidden="true">↑2</span><span class="unseen">回到正文，第 2 处</span></a>`)
	require.Contains(t, zh, `href="https://doi.org/10.5555/12345678"`)
	require.Contains(t, zh, "测量每位患者的体温", "the end of a line is no space in Chinese")
	require.Contains(t, zh, `<a href="oxygen#oxygen-flow">吸氧</a>`, "links to anchors find the section")
	require.Contains(t, zh, `<div class="table" tabindex="0"><table>`)
	require.Contains(t, zh, `<a rel="next" href="oxygen">`)
	require.NotContains(t, zh, `rel="prev"`)
}

func TestEveryAnchorOnAPageIsThereOnceAndLinksFindTheirs(t *testing.T) {
	h := testSite(t)
	id, fragment := regexp.MustCompile(` id="([^"]+)"`), regexp.MustCompile(` href="#([^"]+)"`)
	for _, path := range []string{"zh/fever", "ar/fever", "ar/fever?with=en", "th/oxygen", "en/fever", "fa/glossary", "ar/changes", "en/"} {
		html := page(t, h, "/handbook/"+path)
		ids := map[string]bool{}
		for _, m := range id.FindAllStringSubmatch(html, -1) {
			require.False(t, ids[m[1]], "%s: %s is there twice", path, m[1])
			ids[m[1]] = true
		}
		for _, m := range fragment.FindAllStringSubmatch(html, -1) {
			if m[1] != "fever-call" { // new in the original: the translation has no such heading
				require.True(t, ids[m[1]], "%s: #%s leads nowhere", path, m[1])
			}
		}
	}
}

func TestRightToLeftPagesKeepValuesTogether(t *testing.T) {
	h := testSite(t)
	fa := page(t, h, "/handbook/fa/oxygen")
	require.Contains(t, fa, `<html lang="fa" dir="rtl"`)
	require.Contains(t, fa, `با <bdi dir="ltr">5–10 L/min</bdi> آغاز`)
	require.Contains(t, page(t, h, "/handbook/fa/fever"), `<td><bdi dir="ltr">500 mg</bdi> تا <bdi dir="ltr">1 g</bdi></td>`)
	require.Contains(t, page(t, h, "/handbook/ar/oxygen"), `<article lang="en" dir="ltr">`, "an original among Arabic words runs its own way")
}

func TestAnUntranslatedSectionShowsTheOriginal(t *testing.T) {
	de := page(t, testSite(t), "/handbook/de/oxygen")
	require.Contains(t, de, "Dieser Abschnitt ist noch nicht übersetzt. Sie sehen das Original in: <bdi>English</bdi>")
	require.Contains(t, de, `<article lang="en" dir="ltr">`)
	require.Contains(t, de, "Begin with 5–10 L/min")
}

func TestAnOutdatedTranslationShowsWhatChanged(t *testing.T) {
	h := testSite(t)
	ar := page(t, h, "/handbook/ar/fever")
	banner := ar[strings.Index(ar, `id="outdated"`):strings.Index(ar, "</details>\n</div>")]
	require.Contains(t, banner, "تغيّر الأصل بعد إعداد هذه الترجمة.")
	for kind, anchor := range map[string]string{"تغيّر في الأصل": "fever-signs", "جديد في الأصل": "fever-call", "لم يعد في الأصل": "fever-rest"} {
		require.Contains(t, banner, kind+`: <a href="#`+anchor+`"`)
	}
	require.Contains(t, banner, "Fever is a temperature of 38.0 °C or more")
	require.Contains(t, banner, `<bdi dir="ltr">37.5 °C</bdi>`)
	require.NotContains(t, banner, "paracetamol", "what did not change is not compared")
	require.Contains(t, ar, `<p class="mark" lang="ar" dir="rtl"><a href="#outdated">تغيّر في الأصل</a></p>`)
	changes := page(t, h, "/handbook/ar/changes")
	require.Contains(t, changes, `<a href="fever#fever-signs"`)
	require.Contains(t, page(t, h, "/handbook/zh/changes"), "没有过时的章节。")
}

func TestSideBySidePairsTheBlocks(t *testing.T) {
	h := testSite(t)
	ar := page(t, h, "/handbook/ar/fever?with=en")
	require.Regexp(t, `(?s)<div class="pair"><div lang="ar" dir="rtl"><h2 id="fever-signs">العلامات.*?</div><div lang="en" dir="ltr"><h2>Signs</h2>`, ar)
	require.Regexp(t, `(?s)<div class="pair"><div lang="ar" dir="rtl"></div><div lang="en" dir="ltr"><h3>When to call</h3>`, ar, "what only the other has comes last")
	require.Contains(t, ar, `<a class="keeps-place" href="fever">`)
	require.Contains(t, page(t, h, "/handbook/ar/fever"), `<a class="keeps-place" href="fever?with=en">`)
	require.NotContains(t, page(t, h, "/handbook/ar/fever?with=nonsense"), `class="pair names"><p lang="ar"`)
}

func TestGlossaryShowsTermsBesideTheOriginal(t *testing.T) {
	h := testSite(t)
	fa := page(t, h, "/handbook/fa/glossary")
	require.Contains(t, fa, `<th scope="row" lang="fa" dir="rtl">تب<br><span class="also">دمای بالا</span></th><td lang="en" dir="ltr">fever</td>`)
	require.Contains(t, page(t, h, "/handbook/de/glossary"), "In dieser Sprache gibt es noch kein Glossar.")
	require.NotContains(t, page(t, h, "/handbook/en/glossary"), "Original")
}

func TestPagesAreSentAgainOnlyWhenTheyChanged(t *testing.T) {
	h := testSite(t)
	for _, path := range []string{"/handbook/en/", "/handbook/en/fever", "/handbook/static/book.css", "/handbook/en/worker.js", "/handbook/api/v1/en/fever"} {
		first := get(h, path, "Accept-Encoding", "gzip")
		require.Equal(t, "gzip", first.Header().Get("Content-Encoding"), path)
		z, err := gzip.NewReader(first.Body)
		require.NoError(t, err)
		unzipped, err := io.ReadAll(z)
		require.NoError(t, err)
		plain := get(h, path, "Accept-Encoding", "gzip;q=0")
		require.Empty(t, plain.Header().Get("Content-Encoding"))
		require.Equal(t, plain.Body.String(), string(unzipped))
		tag := first.Header().Get("ETag")
		require.Equal(t, tag, plain.Header().Get("ETag"))
		again := get(h, path, "If-None-Match", `"other", `+tag)
		require.Equal(t, http.StatusNotModified, again.Code, path)
		require.Empty(t, again.Body.String())
		head := ask(h, http.MethodHead, path)
		require.Equal(t, http.StatusOK, head.Code)
		require.Equal(t, plain.Header().Get("Content-Length"), head.Header().Get("Content-Length"))
	}
	require.Equal(t, http.StatusMethodNotAllowed, ask(h, http.MethodPost, "/handbook/en/").Code)
}

func TestPagesHoldNoScriptAndForbidAll(t *testing.T) {
	h := testSite(t)
	for _, path := range []string{"en/", "ar/fever", "ar/fever?with=en", "fa/glossary", "ar/changes", "zh/offline"} {
		w := get(h, "/handbook/"+path)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe")
		html := w.Body.String()
		require.NotRegexp(t, `<style|style="| on[a-z]+="|javascript:|<script(?: [^>]*)?>[^<]`, html, path)
		require.Contains(t, html, "<!DOCTYPE html>")
	}
}

func TestTheInterfaceForPrograms(t *testing.T) {
	h := testSite(t)
	var contents jsonContents
	require.NoError(t, json.Unmarshal([]byte(page(t, h, "/handbook/api/v1/ar")), &contents))
	require.Equal(t, "ar", contents.Language)
	require.Equal(t, 50, contents.Percent)
	fever := contents.Chapters[0].Sections[0]
	require.Equal(t, jsonEntry{ID: "fever", Title: "الحمى", Language: "ar", Translated: true,
		jsonState: jsonState{Status: handbook.Reviewed, Outdated: true, Updated: "2026-11-12"}}, fever)
	require.False(t, contents.Chapters[0].Sections[1].Translated)

	var section jsonSection
	require.NoError(t, json.Unmarshal([]byte(page(t, h, "/handbook/api/v1/ar/fever")), &section))
	require.Equal(t, "changed", section.Blocks[1].Changed)
	require.Contains(t, section.Blocks[1].Markdown, "[@example-one; @example-two]")
	require.Len(t, section.Citations, 2)
	require.Equal(t, "دليل تجريبي", contents.Title)
	for _, path := range []string{"/handbook/api/v1/sw", "/handbook/api/v1/en/nowhere"} {
		w := get(h, path)
		require.Equal(t, http.StatusNotFound, w.Code)
		require.Contains(t, w.Body.String(), "M_NOT_FOUND")
	}
}

func TestTheBookForTheRoadHasAllOfOneLanguage(t *testing.T) {
	h := testSite(t)
	w := get(h, "/handbook/zh/worker.js")
	require.Contains(t, w.Header().Get("Content-Type"), "javascript")
	settings := regexp.MustCompile(`const book = (\{.*\});`).FindStringSubmatch(w.Body.String())
	require.NotNil(t, settings)
	var book struct {
		Cache string   `json:"cache"`
		Pages []string `json:"pages"`
	}
	require.NoError(t, json.Unmarshal([]byte(settings[1]), &book))
	for _, path := range book.Pages {
		require.Equal(t, http.StatusOK, get(h, path).Code, path)
	}
	require.Contains(t, book.Pages, "/handbook/zh/oxygen")
	edition, err := handbook.NewShelf("testdata/edition", nil).Edition()
	require.NoError(t, err)
	require.Contains(t, book.Cache, edition.Mark, "another edition is fetched anew")
	require.Contains(t, page(t, h, "/handbook/fa/manifest.json"), `"dir":"rtl"`)
}

func TestReadersLogInWhereTheHandbookIsNotPublic(t *testing.T) {
	checked := 0
	h := testSite(t, func(o *Options) {
		o.Admit = func(r *http.Request) error {
			checked++
			if name, password, _ := r.BasicAuth(); name != "ana" || password != "secret" {
				return web.Unauthorized("Wrong name or password")
			}
			return nil
		}
	})
	w := get(h, "/handbook/en/fever")
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Contains(t, w.Header().Get("WWW-Authenticate"), "Basic")
	require.Equal(t, http.StatusUnauthorized, get(h, "/handbook/static/book.css").Code)
	r := httptest.NewRequest(http.MethodGet, "/handbook/en/fever", nil)
	r.SetBasicAuth("ana", "secret")
	in := httptest.NewRecorder()
	h.ServeHTTP(in, r)
	require.Equal(t, http.StatusOK, in.Code)
	require.Contains(t, in.Header().Get("Cache-Control"), "private")
	pass := in.Result().Cookies()[0]
	before := checked
	require.Equal(t, http.StatusOK, get(h, "/handbook/en/fever", "Cookie", passCookie+"="+pass.Value).Code)
	require.Equal(t, before, checked, "a pass spares the check")
	forged := strings.Replace(pass.Value, ".", "9.", 1)
	require.Equal(t, http.StatusUnauthorized, get(h, "/handbook/en/fever", "Cookie", passCookie+"="+forged).Code)
}

func TestAnEditionThatCannotBeReadIsNotShown(t *testing.T) {
	h := testSite(t, func(o *Options) { o.Shelf = handbook.NewShelf(t.TempDir(), nil) })
	for _, path := range []string{"/handbook/", "/handbook/en/", "/handbook/api/v1/en"} {
		require.Equal(t, http.StatusServiceUnavailable, get(h, path).Code, path)
	}
}
