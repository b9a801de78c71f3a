package check

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestAReadBackNamesTheWeekdaysOfItsOrder: one that is left out is told, and one that is named in another way, or as a date, is not.
func TestAReadBackNamesTheWeekdaysOfItsOrder(t *testing.T) {
	for _, c := range []struct {
		from, to        language.Code
		order, repeated string
		leftOut         []string
	}{
		{"en", "en", "Give 5 mg morphine on Monday.", "5 mg morphine", []string{"Monday"}},
		{"en", "en", "Give 5 mg morphine on Monday at 14:00.", "5 mg morphine at 14:00", []string{"Monday"}},
		{"en", "en", "Give 5 mg morphine on Monday, Wednesday and Friday.", "5 mg morphine on Monday", []string{"Wednesday", "Friday"}},
		{"en", "es", "Give 5 mg morphine on Monday.", "5 mg de morfina", []string{"Monday"}},
		{"de", "en", "Am Dienstag 5 mg Morphin geben.", "5 mg morphine", []string{"Dienstag"}},
		{"zh", "en", "周一给吗啡5 mg。", "5 mg morphine", []string{"周一"}},
		{"ar", "en", "أعط 5 ملغ مورفين يوم الاثنين.", "5 mg morphine", []string{"الاثنين"}},
		{"ja", "ja", "月曜にモルヒネ5 mgを投与してください。", "モルヒネ5 mg", []string{"月曜"}},
		{"ru", "ru", "Дайте морфин 5 мг в понедельник.", "морфин 5 мг", []string{"понедельник"}},

		{"de", "en", "Montags und donnerstags 10 mg Methotrexat.", "methotrexate 10 mg on Mondays", []string{"donnerstags"}},
		{"nl", "fr", "Geef donderdags 10 mg methotrexaat.", "méthotrexate 10 mg", []string{"donderdags"}},

		{"nl", "fr", "Geef donderdags 10 mg methotrexaat.", "méthotrexate 10 mg les jeudis", nil},
		{"en", "ar", "Give methotrexate 10 mg on Wednesdays.", "ميثوتريكسات 10 ملغ كل أربعاء", nil},
		{"en", "en", "Give 5 mg morphine.", "5 mg morphine", nil},
		{"en", "en", "Give 5 mg morphine.", "I give 5 mg morphine on Monday", nil},
		{"en", "en", "Give 5 mg morphine on Monday.", "On Monday 5 mg morphine", nil},
		{"en", "en", "Give 5 mg morphine on Monday.", "5 mg morphine Mon", nil},
		{"en", "de", "Give 5 mg morphine on Monday.", "5 mg Morphin am Mo.", nil},
		{"en", "fr", "Give 5 mg morphine on Monday.", "5 mg de morphine lundi", nil},
		{"en", "en", "Give 5 mg morphine on Monday and again on Monday week.", "5 mg morphine on Monday", nil},
		{"en", "en", "Give 5 mg morphine on Monday 30 November.", "5 mg morphine on 30 November", nil},
		{"en", "en", "Give 5 mg morphine on Monday 30/11/2026.", "5 mg morphine on 30/11/2026", nil},
		{"en", "zh", "Give 5 mg morphine on Monday November 30.", "11月30日给吗啡5 mg", nil},
		{"vi", "en", "Cho morphin 5 mg vào thứ hai.", "5 mg morphine", []string{"thứ hai"}},
		{"vi", "en", "Cho morphin 5 mg liều thứ hai.", "second dose, 5 mg morphine", nil},
		{"vi", "vi", "Cho morphin 5 mg lần thứ ba.", "morphin 5 mg lần 3", nil},
		{"pt", "en", "Dar morfina 5 mg na segunda.", "5 mg morphine", []string{"na segunda"}},
		{"pt", "en", "Dar morfina 5 mg na segunda dose.", "second dose: 5 mg morphine", nil},
		{"en", "en", "Give the second dose, 5 mg morphine, on Monday.", "second dose, 5 mg morphine", []string{"Monday"}},
		{"en", "sv", "Give 5 mg morphine on Monday.", "5 mg morfin på måndag", nil}, // its words are not known
	} {
		var leftOut []string
		for _, r := range CompareReadBack(c.order, c.repeated, c.from, c.to) {
			if r.Code == "date" && r.Translation == "" {
				leftOut = append(leftOut, r.Original)
			}
		}
		assert.Equal(t, c.leftOut, leftOut, "%s: %s", c.order, c.repeated)
	}
}

// TestAWeekdayThatBecameAnotherIsToldOnce: it is not left out as well.
func TestAWeekdayThatBecameAnotherIsToldOnce(t *testing.T) {
	require.Equal(t, []Reason{{Code: "date", Original: "Monday", Translation: "Tuesday"}},
		CompareReadBack("Give 5 mg morphine on Monday.", "5 mg morphine on Tuesday", "en", "en"))
}

// TestShortWeekdaysAnswerAnOrder: what clinicians of a language write for a weekday reads it back, and proves nothing elsewhere.
func TestShortWeekdaysAnswerAnOrder(t *testing.T) {
	english := strings.Fields("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
	for _, code := range language.Bases {
		var file wordFile
		require.NoError(t, readYAML("words/"+string(code)+".yaml", &file))
		for i, names := range file.ShortDays {
			for name := range strings.SplitSeq(names, "/") {
				if name == "" {
					continue
				}
				name = strings.TrimSuffix(name, "*")
				x := extract(name, code)
				assert.Equal(t, strconv.Itoa(i+1), x.maybeWeekdays(code)[0].value, "%s: %s", code, name)
				for _, r := range CompareReadBack("Give 5 mg morphine on "+english[i]+".", "5 mg morphine, "+name, "en", code) {
					assert.NotEqual(t, "date", r.Code, "%s: %s: %v", code, name, r)
				}
			}
		}
	}
}

// TestABloodPressureIsReadBackAsAWhole: its two numbers are told as it, once, and other numbers as what they are.
func TestABloodPressureIsReadBackAsAWhole(t *testing.T) {
	const order = "Give 5 mg morphine for 3 days if the pressure is above 120/80 mmHg."
	turned := Reason{Code: "blood_pressure", Original: "120/80 mmHg", Translation: "80/120 mmHg"}
	for repeated, told := range map[string][]Reason{
		"5 mg morphine for 3 days if the pressure is above 120/80 mmHg":                       nil,
		"5 mg morphine for 3 days if it is more than 120 mmHg systolic and 80 mmHg diastolic": nil,
		"5 mg morphine for 3 days if the pressure is above 80/120 mmHg":                       {turned},
		"8 mg morphine for 3 days if the pressure is above 80/120 mmHg":                       {{Code: "dose", Original: "5 mg", Translation: "8 mg"}, turned},
		"5 mg morphine for 4 days if the pressure is above 80/120 mmHg":                       {turned, {Code: "number", Original: "3 days", Translation: "4 days"}},
		"5 mg morphine for 3 days if the pressure is above 130/90":                            {{Code: "blood_pressure", Original: "120/80 mmHg", Translation: "130/90"}},
		"5 mg morphine for 3 days if the pressure is high":                                    {{Code: "blood_pressure", Original: "120/80 mmHg"}},
	} {
		var found []Reason
		found = append(found, CompareReadBack(order, repeated, "en", "en")...)
		assert.Equal(t, told, found, repeated)
	}
}
