package tests

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// newWordbook speaks LibreTranslate's HTTP interface and puts Spanish words for the English ones that it knows.
func newWordbook(t *testing.T) *httptest.Server {
	words := strings.NewReplacer("The patient has", "El paciente tiene", "fever", "fiebre", "pain", "dolor")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(`[{"code":"en","targets":["en","es"]},{"code":"es","targets":["es","en"]}]`))
			return
		}
		var request struct{ Q string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, "{}", http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"translatedText": words.Replace(request.Q)})
	}))
	t.Cleanup(server.Close)
	return server
}

// office is a hospital with the wordbook as its engine, and the commands of its administrator.
type office struct {
	translateDesk
	*testhospital.Hospital
	alice, bob *testhospital.User // who reads Spanish
	room       string
}

func newOffice(t *testing.T) *office {
	wordbook := newWordbook(t)
	h := testhospital.Start(t, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: wordbook.URL, Timeout: config.Duration(30 * time.Second)}}
		cfg.Translator.HoldBudget = config.Duration(30 * time.Second)
		cfg.Limits.RatesEnabled = false
	})
	d := &office{newTranslateDesk(t, h, map[string]any{"type": "libretranslate", "url": wordbook.URL}), h, h.User("alice"), h.User("bob"), ""}
	for u, language := range map[*testhospital.User]string{d.alice: "en", d.bob: "es"} {
		u.Must(put, v3+"/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language", object{"language": language})
	}
	d.room = d.alice.CreateRoom(testhospital.Room{Preset: "public_chat"})
	d.bob.Join(d.room)
	return d
}

// read has alice say something and returns the event and what bob reads, without the mark of the translation.
func (d *office) read(text string) (id, words string) {
	d.t.Helper()
	id = d.alice.Say(d.room, text)
	words, _, _ = strings.Cut(d.bob.WaitFor(d.room, id).Get("content.body").Str, "\n")
	return id, words
}

// says runs a command and compares the lines of what it prints, with single spaces, with patterns.
func (d *office) says(args []string, lines ...string) {
	d.t.Helper()
	out := d.must("", args...)
	got := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(d.t, got, len(lines), out)
	for i, line := range lines {
		require.Regexp(d.t, regexp.MustCompile("^"+line+"$"), strings.Join(strings.Fields(got[i]), " "), out)
	}
}

// aDate is how commands write when something was.
const aDate = `20\d\d-\d\d-\d\d \d\d:\d\d`

// TestTheAdministratorsCommandsTellOfTheTranslator: what the engines are and say, what became of a message, what was reported of
// it, and what is kept.
func TestTheAdministratorsCommandsTellOfTheTranslator(t *testing.T) {
	d := newOffice(t)
	id, words := d.read("The patient has fever.")
	require.Equal(t, "El paciente tiene fiebre.", words)

	d.says([]string{"engines"}, "ENGINE STATE WORKED ASKED AGAIN PAIRS ERROR", "libretranslate ok "+aDate+" - 2")
	d.says([]string{"languages"}, "FROM INTO ENGINES", "en es libretranslate", "es en libretranslate")
	d.says([]string{"test", "en", "es", "The", "patient", "has", "pain."}, "ENGINE MS VERDICT ANSWER", `libretranslate \d+\.\d pass El paciente tiene dolor\.`)
	d.says([]string{"stats"}, "PAIR ENGINE STATE VERDICT REASON MESSAGES CRITICAL LATE", "en-es libretranslate translated pass - 1 0 0", "open reports: 0")
	d.says([]string{"stats", "--since", "1ns"}, "PAIR .*", "open reports: 0")
	d.reviews(id)
	d.caches()
}

// reviews goes through what bob reports of a message.
func (d *office) reviews(id string) {
	d.t.Helper()
	const head = "REPORT WHEN PAIR ENGINE VERDICT REPORTER EVENT"
	d.says([]string{"review", "list"}, head)
	d.bob.Send(d.room, "m.reaction", object{"m.relates_to": object{"rel_type": "m.annotation", "event_id": id, "key": "🌐"}})
	require.Eventually(d.t, func() bool { return strings.Contains(d.must("", "review", "list"), id) }, time.Minute, 20*time.Millisecond)
	row := "1 " + aDate + " en-es libretranslate pass " + regexp.QuoteMeta(d.bob.ID+" "+id)
	d.says([]string{"review", "list"}, head, row)
	report := func(resolved, resolution string) []string {
		event := regexp.QuoteMeta(id)
		return []string{"report 1", "event " + event, "version " + event, "room " + regexp.QuoteMeta(d.room), "reporter " + d.bob.ID, "reported " + aDate,
			"from en", "to es", "engine libretranslate", "verdict pass", `reasons \[\]`, "resolved " + resolved, "resolution " + resolution, "",
			"original:", `The patient has fever\.`, "", "translation:", `El paciente tiene fiebre\.`}
	}
	d.says([]string{"review", "show", "1"}, report("-", "-")...)
	d.says([]string{"review", "resolve", "1", "a good translation"}, report(aDate, "a good translation")...)
	d.says([]string{"review", "list"}, head)
	d.says([]string{"review", "list", "--resolved"}, head, row)
	said, ok := d.run("", "review", "show", "2")
	require.False(d.t, ok, said)
}

// caches forgets the one translation that is kept.
func (d *office) caches() {
	d.t.Helper()
	kept := []string{"translations 1", `bytes [1-9]\d*`, "oldest " + aDate}
	d.says([]string{"cache", "size"}, kept...)
	would := d.must("", "cache", "purge", "--dry-run")
	require.Regexp(d.t, `^would be forgotten:\nentries +1\ntranslations +1\nbytes +[1-9]\d*\n$`, would)
	d.says([]string{"cache", "size"}, kept...)
	require.Equal(d.t, strings.Replace(would, "would be forgotten", "forgotten", 1), d.must("", "cache", "purge"))
	require.Contains(d.t, d.must("", "cache", "purge", "--dry-run"), "would be forgotten:\nentries      0\n")
	d.says([]string{"cache", "size"}, "translations 0", "bytes 0", "oldest -")
}

// TestLinesAreTranslatedByTheConfigurationsEngineAndAFileOfTerms: a term stands as the file has it.
func TestLinesAreTranslatedByTheConfigurationsEngineAndAFileOfTerms(t *testing.T) {
	d := newOffice(t)
	file := filepath.Join(t.TempDir(), "terms.csv")
	require.NoError(t, os.WriteFile(file, []byte("concept,rule,language,form\nfever,invariant,en,fever\nfever,,es,calentura\n"), 0o600))
	const lines = "The patient has fever.\n\nThe patient has pain.\n"
	text := []string{"text", "--from", "en", "--to", "es"}
	require.Equal(t, "El paciente tiene fiebre.\n\nEl paciente tiene dolor.\n", d.must(lines, text...))
	require.Equal(t, "El paciente tiene calentura.\n\nEl paciente tiene dolor.\n", d.must(lines, append(text, "--glossary", file)...))
}

// TestTermsOfTheAllianceStandInItsLayer, and decide how a message is read; the hospital's own stays empty.
func TestTermsOfTheAllianceStandInItsLayer(t *testing.T) {
	d := newOffice(t)
	g := glossaryDesk{d.translateDesk}
	file := filepath.Join(t.TempDir(), "terms.csv")
	require.NoError(t, os.WriteFile(file, []byte("concept,rule,language,form\nfever,invariant,en,fever\nfever,,es,calentura\n"), 0o600))
	require.Contains(t, g.must("", "import", "--alliance", "--by", "nora", file), "added 1, changed 0, removed 0, unchanged 0, version 1")

	const head = "CONCEPT LAYER RULE DOMAIN LANGUAGES FORMS"
	d.says([]string{"glossary", "list", "--layer", "alliance"}, head, "fever alliance invariant - 2 en: fever, es: calentura", "1 of 1, version 1")
	d.says([]string{"glossary", "list", "--layer", "hospital"}, head, "0 of 0, version 1")
	d.says([]string{"glossary", "show", "fever"}, "concept fever", "rule invariant", "domain -", "note -", `source terms\.csv`, "en alliance fever", "es alliance calentura")
	require.Contains(t, g.must("", "export", "--alliance"), "calentura")
	require.NotContains(t, g.must("", "export"), "calentura")
	_, words := d.read("The patient has fever.")
	require.Equal(t, "El paciente tiene calentura.", words)
}
