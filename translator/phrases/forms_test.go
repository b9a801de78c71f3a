package phrases

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/language"
)

// TestPhrasesPassTheChecksWithEnglish: whatever stands in the slots, a phrase is found in its own words and its
// translation is not doubted, from English into every form of every language and back. It takes a rotating quarter: all of
// them take minutes with the race detector.
func TestPhrasesPassTheChecksWithEnglish(t *testing.T) {
	memory, err := Embedded()
	require.NoError(t, err)
	fillings := []map[string]string{
		{"{n}": "4", "{dose}": "0.5 mg", "{drug}": "paracetamol", "{pressure}": "120/80", "{time}": "14:30"},
		{"{n}": "12", "{dose}": "500 mg", "{drug}": "amoxicillin", "{pressure}": "95/60", "{time}": "9:05"},
	}
	for e, id := range memory.IDs() {
		for c, code := range language.All {
			if code == "en" {
				continue
			}
			filling := fillings[(e+c)/2%2]
			fill := strings.NewReplacer("{n}", filling["{n}"], "{dose}", filling["{dose}"], "{drug}", filling["{drug}"],
				"{pressure}", filling["{pressure}"], "{time}", filling["{time}"])
			for d, from := range []language.Code{"en", code} {
				to := []language.Code{code, "en"}[d]
				if (e+c+2*d)%4 != 0 {
					continue
				}
				say := fill.Replace(Wording(memory.Forms(id, from)[0], from, filling["{n}"]))
				match, ok := memory.Find(say, from, to)
				require.True(t, ok, "%s: %s", id, say)
				require.Equal(t, id, match.ID, say)
				reads := text(match, say)
				require.Equal(t, fill.Replace(Wording(memory.Forms(id, to)[0], to, filling["{n}"])), reads, "%s, %s to %s", id, from, to)
				report := check.Compare([]string{say}, []string{reads}, from, to)
				require.Equal(t, check.Pass, report.Verdict, "%s, %s to %s: %s %s %v", id, from, to, say, reads, report.Reasons)
			}
		}
	}
}

// TestEveryWordingIsFound: not only the one that readers see.
func TestEveryWordingIsFound(t *testing.T) {
	memory, err := Embedded()
	require.NoError(t, err)
	fill := strings.NewReplacer("{dose}{drug}", "2 mL ibuprofen", "{n}", "5", "{dose}", "2 mL", "{drug}", "ibuprofen", "{pressure}", "110/70", "{time}", "23:59")
	for i, id := range memory.IDs() {
		for c, code := range columns {
			if (i+c)%3 != 0 {
				continue
			}
			for _, form := range memory.Forms(id, code) {
				say := fill.Replace(Wording(form, code, "5"))
				entry, _, ok := memory.lookUp(newReading(say), code)
				require.True(t, ok && memory.entries[entry].id == id, "%s, %s: %s", id, code, say)
			}
		}
	}
}

// TestWordsAgreeWithTheirNumber: the reader sees the form of CLDR, and a writer's slip is understood.
func TestWordsAgreeWithTheirNumber(t *testing.T) {
	memory, err := Embedded()
	require.NoError(t, err)
	for _, test := range []struct {
		from, to   language.Code
		say, reads string
	}{
		{"es", "en", "Aislamiento durante 1 día.", "Isolation for 1 day."}, {"es", "en", "Aislamiento durante 1 días.", "Isolation for 1 day."},
		{"en", "ru", "Isolation for 1 day", "Изоляция 1 день."}, {"en", "ru", "Isolation for 3 days", "Изоляция 3 дня."},
		{"en", "ru", "Isolation for 21 days", "Изоляция 21 день."}, {"en", "ru", "Isolation for 25 days", "Изоляция 25 дней."},
		{"en", "ru", "Isolation for 1.5 days", "Изоляция 1.5 дня."}, {"en", "sr", "Isolation for 21 days", "Изолација 21 дан."},
		{"en", "ar", "Isolation for 3 days", "العزل لمدة 3 أيام."}, {"en", "ar", "Isolation for 14 days", "العزل لمدة 14 يوما."},
		{"ar", "en", "العزل لمدة ١٤ يوما", "Isolation for ١٤ days."}, {"fr", "de", "Isolement pendant 1 jour", "Isolierung für 1 Tag."},
	} {
		match, ok := memory.Find(test.say, test.from, test.to)
		require.True(t, ok, test.say)
		require.Equal(t, test.reads, text(match, test.say))
	}
}

func TestFormsOfOneLanguage(t *testing.T) {
	memory, err := Embedded()
	require.NoError(t, err)
	for _, test := range []struct {
		from, to   language.Code
		say, reads string
	}{
		{"en", "zh-Hant", "The patient has fever", "患者發燒。"}, {"zh-Hant", "zh", "患者發燒", "患者发热。"}, {"zh", "zh-Hant", "请洗手", "請洗手。"},
		{"zh", "en", "請洗手", "Please wash your hands."}, {"zh-Hant", "en", "请洗手", "Please wash your hands."},
		{"en", "sr", "Give oxygen at 5 L/min", "Дајте кисеоник 5 L/min."}, {"en", "sr-Latn", "Give oxygen at 5 L/min", "Dajte kiseonik 5 L/min."},
		{"sr", "en", "Dajte kiseonik 5 L/min", "Give oxygen at 5 L/min."}, {"sr-Latn", "en", "Дајте кисеоник 5 L/min", "Give oxygen at 5 L/min."},
		{"en", "pt", "The patient has cancer", "O paciente tem câncer."}, {"en", "pt-PT", "The patient has cancer", "O doente tem cancro."},
		{"pt", "en", "O doente tem cancro", "The patient has cancer."}, {"en", "pt-PT", "No", "Não"},
		{"en", "ja", "Surgery at 14:30", "手術は14:30です。"}, {"en", "tr", "My shift ends at 7:05.", "Nöbetim saat 7:05 bitiyor."},
	} {
		match, ok := memory.Find(test.say, test.from, test.to)
		require.True(t, ok, "%s from %s", test.say, test.from)
		require.Equal(t, test.reads, text(match, test.say))
	}
	for _, say := range []string{"Surgery at 24:30", "Surgery at 14:60", "Surgery at 14:3", "Surgery at 14"} {
		_, ok := memory.Find(say, "en", "fr")
		require.False(t, ok, say)
	}
	_, ok := memory.Find("Пацијент има температуру", "sr", "sr-Latn")
	require.False(t, ok, "readers of Serbian read both alphabets")
}

func TestLanguagesOfAPhraseInTwoForms(t *testing.T) {
	memory, err := Embedded()
	require.NoError(t, err)
	require.Equal(t, []language.Code{"zh", "zh-Hant"}, memory.Languages("患者背痛"))
	require.Equal(t, []language.Code{"zh-Hant"}, memory.Languages("請洗手"))
	require.Equal(t, []language.Code{"sr"}, memory.Languages("Pacijentkinja nije trudna"))
}

// TestOnlyWhatReviewersApprovedIsReviewed: in both languages, and only as long as the words stay as they were.
func TestOnlyWhatReviewersApprovedIsReviewed(t *testing.T) {
	memory, err := Embedded()
	require.NoError(t, err)
	const id = "symptoms.fever"
	approvedFor := func(rows map[language.Code]string) *Memory {
		return memory.WithApprovals(func(of string, code language.Code, hash string) bool {
			return of == id && hash != "" && rows[code] == hash
		})
	}
	for name, test := range map[string]struct {
		rows map[language.Code]string
		want bool
	}{
		"nothing":      {nil, false},
		"one language": {map[language.Code]string{"es": memory.Hash(id, "es")}, false},
		"both":         {map[language.Code]string{"en": memory.Hash(id, "en"), "es": memory.Hash(id, "es")}, true},
		"other words":  {map[language.Code]string{"en": memory.Hash(id, "en"), "es": memory.Hash("symptoms.no-fever", "es")}, false},
	} {
		match, ok := approvedFor(test.rows).Find("The patient has fever", "en", "es")
		require.True(t, ok)
		require.Equal(t, test.want, match.Reviewed, name)
	}
	match, _ := memory.Find("The patient has fever", "en", "es")
	require.False(t, match.Reviewed)
	require.NotEqual(t, memory.Hash(id, "es"), memory.Hash(id, "fr"))
	require.Empty(t, memory.Hash("no such phrase", "es"))
	require.Equal(t, memory.Hash(id, "sr"), memory.WithApprovals(nil).Hash(id, "sr"), "an approval outlives a restart")
}
