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
		"1/d": {
			"en": {"once daily", "once a day", "qd", "every 24 hours", "daily"}, "fr": {"une fois par jour", "tous les jours", "1 fois par jour"}, "es": {"una vez al día", "cada 24 horas", "diariamente"},
			"pt": {"uma vez ao dia", "1 vez por dia", "diariamente"}, "it": {"una volta al giorno", "ogni giorno"}, "de": {"einmal täglich", "täglich", "1x täglich"},
			"nl": {"eenmaal daags", "1x daags", "dagelijks"}, "ru": {"один раз в день", "1 раз в сутки", "ежедневно"}, "sr": {"једном дневно", "jednom dnevno"},
			"tr": {"günde bir kez", "günde 1 kez"}, "id": {"sekali sehari", "1x sehari", "setiap hari"}, "vi": {"mỗi ngày một lần", "ngày 1 lần", "hàng ngày"},
			"th": {"วันละครั้ง", "วันละ 1 ครั้ง"}, "zh": {"每日一次", "每天1次", "每日"}, "ja": {"1日1回", "毎日"}, "ko": {"하루 한 번", "1일 1회", "매일"},
			"ar": {"مرة واحدة يوميا", "مرة في اليوم", "يوميا"}, "fa": {"روزی یک بار", "یک بار در روز", "روزانه"}, "ur": {"دن میں ایک بار", "روزانہ"},
		},
		"q1h": {
			"en": {"hourly", "every hour"}, "fr": {"toutes les heures"}, "es": {"cada hora"}, "pt": {"a cada hora", "de hora em hora"}, "it": {"ogni ora"}, "de": {"stündlich", "jede Stunde"},
			"nl": {"elk uur"}, "ru": {"каждый час", "ежечасно"}, "sr": {"сваки сат", "svaki sat"}, "tr": {"saatte bir", "her saat"}, "id": {"setiap jam"}, "vi": {"mỗi giờ"},
			"th": {"ทุกชั่วโมง"}, "zh": {"每小时一次", "每小时"}, "ja": {"毎時", "1時間ごと"}, "ko": {"매시간", "1시간마다"}, "ar": {"كل ساعة"}, "fa": {"هر ساعت"}, "ur": {"ہر گھنٹے"},
		},
		"1/w": {
			"en": {"once weekly", "once a week", "weekly"}, "fr": {"une fois par semaine", "hebdomadaire"}, "es": {"una vez a la semana", "semanalmente"}, "pt": {"uma vez por semana", "semanalmente"},
			"it": {"una volta alla settimana", "una volta a settimana"}, "de": {"einmal wöchentlich", "einmal pro Woche"}, "nl": {"eenmaal per week", "wekelijks"}, "ru": {"один раз в неделю", "еженедельно"},
			"sr": {"једном недељно", "jednom nedeljno"}, "tr": {"haftada bir kez", "haftada bir"}, "id": {"sekali seminggu", "seminggu sekali"}, "vi": {"mỗi tuần một lần", "tuần một lần"},
			"th": {"สัปดาห์ละครั้ง", "สัปดาห์ละ 1 ครั้ง"}, "zh": {"每周一次", "每周1次"}, "ja": {"週1回", "週に1回"}, "ko": {"일주일에 한 번", "주 1회"},
			"ar": {"مرة واحدة في الأسبوع", "مرة أسبوعيا"}, "fa": {"هفته\u200cای یک بار", "هفته ای یک بار", "یک بار در هفته"}, "ur": {"ہفتے میں ایک بار", "ہفتہ وار"},
		},
		"1/mo": {
			"en": {"once monthly", "once a month", "monthly"}, "fr": {"une fois par mois"}, "es": {"una vez al mes"}, "pt": {"uma vez por mês"}, "it": {"una volta al mese"}, "de": {"einmal monatlich", "einmal im Monat"},
			"nl": {"eenmaal per maand"}, "ru": {"один раз в месяц"}, "sr": {"једном месечно", "jednom mesečno"}, "tr": {"ayda bir kez"}, "id": {"sebulan sekali"}, "vi": {"mỗi tháng một lần"},
			"th": {"เดือนละครั้ง"}, "zh": {"每月一次"}, "ja": {"月1回"}, "ko": {"한 달에 한 번", "월 1회"}, "ar": {"مرة واحدة في الشهر", "مرة شهريا"}, "fa": {"ماهی یک بار"}, "ur": {"مہینے میں ایک بار"},
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
				assertOther(t, "Warfarin 5 mg "+phrase, "Warfarin 5 mg "+otherRhythm(rhythm), code, "en")
			}
		}
	}
}

// otherRhythm is one that clinicians confuse with a rhythm at the price of a life: methotrexate is given weekly, not daily.
func otherRhythm(rhythm string) string {
	if rhythm == "1/d" {
		return "once weekly"
	}
	return "once daily"
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
