package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// times are the forms of one language in testdata/times.yaml.
type times struct {
	Say                               string
	Evening, Morning, Afternoon, Date []string
	Tuesday, Thursday                 string
}

// TestTimesInEveryLanguage: the evening is not the morning, Tuesday not Thursday, and a day is the same in every form of a date.
func TestTimesInEveryLanguage(t *testing.T) {
	var languages map[language.Code]times
	readTestdata(t, "times.yaml", &languages)
	require.Len(t, languages, len(language.Bases)-1)
	for code, l := range languages {
		l.compare(t, code, l.Evening, []string{"at 8:15 pm", "at 20:15"}, []string{"at 8:15 am", "at 8:15", "at 8:45 pm"})
		l.compare(t, code, l.Morning, []string{"at 8:15 am", "at 8:15"}, []string{"at 8:15 pm", "at 20:15"})
		l.compare(t, code, l.Afternoon, []string{"at 3 pm", "at 15:00", "at 3 in the afternoon", "at 3 p.m."}, []string{"at 5 pm", "at 3 am"})
		l.compare(t, code, l.Date, []string{"on 12 March 2026", "on March 12, 2026", "on 2026-03-12", "on 12/03/2026", "on 03/12/2026", "on 12.03.2026"},
			[]string{"on 13 March 2026", "on 2026-03-13", "on 12 May 2026", "on 12 March 2025"})
		l.compare(t, code, []string{l.Tuesday}, []string{"on Tuesday"}, []string{"on Thursday"})
		l.compare(t, code, []string{l.Thursday}, []string{"on Thursday"}, []string{"on Tuesday"})
	}
}

// compare wants each form of a language to be the same as some English ones, and others to be noticed, both ways.
func (l times) compare(t *testing.T, code language.Code, forms, same, others []string) {
	t.Helper()
	for _, form := range forms {
		text := strings.Replace(l.Say, "{}", form, 1)
		for _, english := range same {
			assertVerdict(t, "Surgery "+english+".", text, "en", code, Pass)
			assertVerdict(t, text, "Surgery "+english+".", code, "en", Pass)
		}
		for _, english := range others {
			assert.NotEqual(t, Pass, compared("Surgery "+english+".", text, "en", string(code)).Verdict, "%s: %s", english, text)
			assert.NotEqual(t, Pass, compared(text, "Surgery "+english+".", string(code), "en").Verdict, "%s: %s", text, english)
		}
	}
}

// TestTimesAndWhatLooksLikeOne: hours that are a length of time, and times that changed places.
func TestTimesAndWhatLooksLikeOne(t *testing.T) {
	assertVerdict(t, "上午9点手术，术前禁食8小时。", "午前9時に手術、術前8時間は絶食。", "zh", "ja", Pass)
	assertVerdict(t, "At 15:30.", "下午3点30分。", "en", "zh", Pass)
	assertVerdict(t, "Surgery at noon.", "Cirugía al mediodía.", "en", "es", Pass)
	assertVerdict(t, "Surgery at noon.", "Cirugía a medianoche.", "en", "es", Warn)
	assertVerdict(t, "He slept 8 hours at night", "Durmió 8 horas de noche", "en", "es", Pass)
	assertVerdict(t, "First dose at 8:15, second at 9:30", "Primera dosis a las 9:30, segunda a las 8:15", "en", "es", Warn)
	assertVerdict(t, "Tonight at 8:15", "Esta noche a las 8:15", "en", "es", Pass)
	assertVerdict(t, "Review on 15 October 2026.", "Tái khám ngày 10 tháng 15 năm 2026.", "en", "vi", Warn)
	assertVerdict(t, "between April 2020 and May 2021", "2020 年 4 月至 2021 年 5 月", "en", "zh", Pass)
	assertVerdict(t, "Do not raise it: 20 mg daily did harm in the trial of 2023.", "不要提高剂量：在 2023 年的试验中，每日 20 mg 造成了损害。", "en", "zh", Pass)
	assertVerdict(t, "More than 30 breaths per minute", "Више од 30 удисаја у минуту", "en", "sr", Pass)
	assertVerdict(t, "Ingresó el 05/06/2026.", "Admis le 06/05/2026.", "es", "fr", Warn)
}
