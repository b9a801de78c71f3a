package check

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"medixchange/translator/language"
)

// TestFrequenciesInEveryLanguage: how clinicians write a frequency is the same in every language, and another one is noticed.
func TestFrequenciesInEveryLanguage(t *testing.T) {
	rhythms := map[string]map[language.Code][]string{
		"2/d": {
			"en": {"BID", "twice daily", "2x/day", "every 12 hours", "q12h", "in the morning and in the evening"},
			"fr": {"deux fois par jour", "2x/jour", "matin et soir", "toutes les 12 heures"}, "es": {"dos veces al día", "cada 12 horas", "mañana y noche"},
			"pt": {"duas vezes ao dia", "12/12 h", "de 12 em 12 horas", "de manhã e à noite"}, "it": {"mattina e sera", "due volte al giorno", "2/die"},
			"de": {"zweimal täglich", "morgens und abends", "2x tgl"}, "nl": {"tweemaal daags", "2 dd", "om de 12 uur"}, "ru": {"2 раза в день", "утром и вечером", "2 р/д"},
			"sr": {"два пута дневно", "dva puta dnevno", "на 12 сати"}, "tr": {"günde iki kez", "sabah akşam", "12 saatte bir"}, "id": {"dua kali sehari", "2x sehari", "pagi dan malam"},
			"vi": {"ngày hai lần", "2 lần/ngày", "sáng và tối"}, "th": {"วันละสองครั้ง", "วันละ 2 ครั้ง", "เช้า-เย็น"}, "zh": {"每日两次", "每天2次", "早晚各一次", "每12小时"},
			"ja": {"1日2回", "朝夕", "12時間ごと"}, "ko": {"하루 두 번", "1일 2회", "12시간마다"}, "ar": {"مرتين يوميا", "صباحا ومساء", "كل 12 ساعة"},
			"fa": {"روزی دو بار", "صبح و شب", "هر ۱۲ ساعت"}, "ur": {"دن میں دو بار", "صبح شام", "ہر 12 گھنٹے بعد"},
		},
		"q8h": {
			"en": {"q8h", "TID", "every 8 hours", "three times a day", "8-hourly"}, "fr": {"toutes les 8 heures", "3 fois par jour", "matin, midi et soir"},
			"es": {"c/8h", "cada 8 horas", "cada ocho horas", "tres veces al día"}, "pt": {"8/8h", "a cada 8 horas", "de oito em oito horas"}, "it": {"ogni 8 ore", "tre volte al giorno"},
			"de": {"alle 8 Stunden", "dreimal täglich"}, "nl": {"om de 8 uur", "driemaal daags"}, "ru": {"каждые 8 часов", "три раза в день"}, "sr": {"на 8 сати", "три пута дневно"},
			"tr": {"8 saatte bir", "günde üç kez"}, "id": {"setiap 8 jam", "tiga kali sehari"}, "vi": {"mỗi 8 giờ", "ngày ba lần"}, "th": {"ทุก 8 ชั่วโมง", "วันละสามครั้ง"},
			"zh": {"每8小时一次", "q8h", "每日三次"}, "ja": {"8時間ごと", "1日3回", "毎食後"}, "ko": {"8시간마다", "하루 세 번"}, "ar": {"كل 8 ساعات", "ثلاث مرات يوميا"},
			"fa": {"هر ۸ ساعت", "روزی سه بار"}, "ur": {"ہر 8 گھنٹے بعد", "دن میں تین بار", "دن میں تین مرتبہ"},
		},
		"q2d": {
			"en": {"every other day", "on alternate days"}, "fr": {"un jour sur deux"}, "es": {"días alternos"}, "pt": {"em dias alternados"}, "it": {"a giorni alterni"},
			"de": {"jeden zweiten Tag"}, "nl": {"om de dag"}, "ru": {"через день"}, "sr": {"сваки други дан"}, "tr": {"gün aşırı"}, "id": {"selang sehari"}, "vi": {"cách ngày"},
			"th": {"วันเว้นวัน"}, "zh": {"隔日一次"}, "ja": {"隔日"}, "ko": {"격일"}, "ar": {"يوم بعد يوم"}, "fa": {"یک روز در میان"}, "ur": {"ایک دن چھوڑ کر"},
		},
	}
	for rhythm, languages := range rhythms {
		assert.Len(t, languages, len(language.Bases), rhythm)
		english := languages["en"][0]
		for code, phrases := range languages {
			for _, phrase := range phrases {
				assertSame(t, "Warfarin 5 mg "+english, "Warfarin 5 mg "+phrase, "en", code)
				assertSame(t, "Warfarin 5 mg "+phrase, "Warfarin 5 mg "+english, code, "en")
				assertOther(t, "Warfarin 5 mg q6h", "Warfarin 5 mg "+phrase, "en", code)
				assertOther(t, "Warfarin 5 mg "+phrase, "Warfarin 5 mg q6h", code, "en")
			}
		}
	}
}

// assertSame wants no doubt about a frequency. An interval that became a number of times a day is warned about for its number.
func assertSame(t *testing.T, source, translation string, from, to language.Code) {
	t.Helper()
	for _, r := range Compare([]string{source}, []string{translation}, from, to).Reasons {
		if r.Code == "frequency" || r.Code == "unit" {
			t.Errorf("ALARM %s→%s %v\n  %s\n  %s", from, to, r, source, translation)
		}
	}
}

// assertOther wants a doubt about the frequency.
func assertOther(t *testing.T, source, translation string, from, to language.Code) {
	t.Helper()
	assert.Contains(t, Compare([]string{source}, []string{translation}, from, to).Codes(), "frequency", "%s→%s\n  %s\n  %s", from, to, source, translation)
}
