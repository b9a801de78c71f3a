package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// telephones are numbers as they are written in several countries.
var telephones = []string{
	"+1 555 010 9999", "+1\u00a0555\u00a0010\u00a09999", "+1-555-010-9999", "+1 (555) 010-9999", "+1 (555)-010-9999", "+1(555)010-9999", "(+1) 555 010 9999",
	"+44 20 7946 0018", "+44 (0)20 7946 0018", "+44(0)20 7946 0018", "(+44) 20 7946 0018", "(+44)20 7946 0018",
	"+33 1 40 20 50 50", "+33 6 12 34 56 78", "+33.1.40.20.50.50", "+33 1 40 20 50 50/51", "+971 4 123 4567", "+961 1 350 000", "+81 3 1234 5678", "+82 2 1234 5678",
	"+49 171 234 567", "+49 30 1234567/12", "+49 30/1234567", "+49 (0)30/1234567", "+43 1 40400-0", "+39 06 1234 5678", "+34 912 345 678",
	"+7 (495) 123-45-67", "+90 212 345 67 89", "+380 44 123 45 67", "+52 1 (55) 1234 5678", "+86 138 1234 5678", "+٩٧١ ٤ ١٢٣ ٤٥٦٧",
}

// TestTelephoneNumbersAreOne: whatever parts its groups, a telephone number is one protected part and one number, and another one is found.
func TestTelephoneNumbersAreOne(t *testing.T) {
	for _, telephone := range telephones {
		text := "Call " + telephone + " now."
		for _, code := range language.All {
			parts := Protected(text, code)
			require.Len(t, parts, 1, "%s: %s", code, text)
			require.Equal(t, telephone, text[parts[0].Start:parts[0].End], code)
			require.Len(t, scanNumbers(foldIn(text, code), wordsOf(code)), 1, "%s: %s", code, text)
			require.Equal(t, parts, Telephones(text, code), "%s: %s", code, text)
		}
	}
	for text, want := range map[string]int{
		"+5 500 mL": 1, "+1 500 000 IU": 1, "+10 500 000 IU": 1, "+500 -300 -250 mL": 3, "+500 300 250 mL": 3, "balance +500, +300": 2, "+1 555 010 9999 500 mg": 2,
		"+44 20 7946 0018 2.5 mg": 2, "+33 1 40 20 50 50/51 jour et nuit": 1, "B+1 555 010": 1,
	} {
		require.Len(t, scanNumbers(foldIn(text, "en"), wordsOf("en")), want, text)
	}
}

// TestTelephoneNumbersEndWhereTheyEnd: neither marks nor words behind a telephone number tear it apart, nor does it swallow what stands there.
func TestTelephoneNumbersEndWhereTheyEnd(t *testing.T) {
	for _, number := range []string{"+44 20 7946 0018", "+33 1 40 20 50 50", "+1 555 010 9999", "+34 912 345 678", "+49 30 12345678", "+90 212 345 67 89"} {
		for _, behind := range []string{
			": the surgeon", " : le chirurgien", "：医生", "/", "/+44 20 7946 0019", " / ask", " day or night", " d'urgence", " d’urgence", " días", " Tage", " ore 14:30",
			" unit", " unidad", " Einheit", " g", " г. Москва", " 日", "日", " 일", " giờ", " (24 h)", " (home)", ", 24 h", "; 500 mg", ". 5 mg", ")", " - 500 mg", " at 14:30", " 14:30",
		} {
			requireTelephone(t, number, behind)
		}
	}
	for _, number := range []string{"+44 20 7946 0018", "+33 1 40 20 50 50", "+1 555 010 9999"} {
		for _, behind := range []string{" 24 h", " 24/7", " 120/80", " 500 mg", " 2.5 mg", " 2,5 mg", " 12.05.2024", " 12/05/2024", " 80 kg", " 24-hour line"} {
			requireTelephone(t, number, behind)
		}
	}
	for _, none := range []string{"+12.05.2024", "+12/05/2024", "+12-05-2024", "+1 14:30", "+2 120/80", "+1 500 mL", "+44 20 79", "++", "+", "+44", "(+44) ", "+1 (24 h)"} {
		require.Empty(t, Telephones("x "+none, "en"), none)
	}
}

func requireTelephone(t *testing.T, number, behind string) {
	t.Helper()
	text := "Call " + number + behind
	found := Telephones(text, "")
	require.NotEmpty(t, found, text)
	require.Equal(t, number, text[found[0].Start:found[0].End], text)
}
