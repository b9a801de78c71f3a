package directory

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEntries(t *testing.T) {
	many := strings.Repeat(`"es",`, 20) + `"en"`
	for name, c := range map[string]struct {
		raw string
		bad string // what the refusal says; "" for none
	}{
		"good":                  {`{"listed":true,"name":"Ana García","role":"Consultant","specialty":"cardiology","languages":["es","zh-Hant"],"on_duty":true}`, ""},
		"not listed":            {`{}`, ""},
		"withdrawn, with a lot": {`{"listed":false,"name":"\u0000","specialty":"astrology"}`, ""},
		"no name":               {`{"listed":true,"specialty":"cardiology"}`, "name"},
		"name of blanks":        {`{"listed":true,"name":"  ","specialty":"cardiology"}`, "name"},
		"long name":             {`{"listed":true,"name":"` + strings.Repeat("ñ", 101) + `","specialty":"cardiology"}`, "name"},
		"name of two lines":     {`{"listed":true,"name":"Ana\nadmin","specialty":"cardiology"}`, "name"},
		"name that turns":       {`{"listed":true,"name":"Ana \u202eaicraG","specialty":"cardiology"}`, "name"},
		"role that turns":       {`{"listed":true,"name":"Ana","role":"\u2067x","specialty":"cardiology"}`, "role"},
		"no specialty":          {`{"listed":true,"name":"Ana"}`, "specialty"},
		"specialty by its name": {`{"listed":true,"name":"Ana","specialty":"Cardiology"}`, "specialty"},
		"no language":           {`{"listed":true,"name":"Ana","specialty":"cardiology","languages":["Spanish!"]}`, "Spanish!"},
		"too many languages":    {`{"listed":true,"name":"Ana","specialty":"cardiology","languages":[` + many + `]}`, "at most 20"},
		"a list":                {`[]`, "form"},
		"wrong type":            {`{"listed":"yes"}`, "form"},
		"huge":                  {`{"listed":false,"x":"` + strings.Repeat("x", maxEntry) + `"}`, "bytes"},
	} {
		err := CheckEntry(json.RawMessage(c.raw))
		if c.bad == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, c.bad, name)
		}
	}
}

func TestWhatIsVerifiedIsNameRoleAndSpecialty(t *testing.T) {
	e := Entry{Name: "Ana", Role: "Consultant", Specialty: "cardiology"}
	same, others := e, []Entry{e, e, e, {Name: "Ana", Role: "Consultant, cardiology"}}
	same.OnDuty, same.Languages, same.Listed = true, []string{"es"}, true
	require.Equal(t, e.claim(), same.claim())
	others[0].Name, others[1].Role, others[2].Specialty = "Anna", "Head", "surgery"
	for _, other := range others {
		require.NotEqual(t, e.claim(), other.claim(), "%v", other)
	}
}

func TestWhatAMemberGivesIsChecked(t *testing.T) {
	const good = `{"user_id":"@ana:a.example","name":"Ana","specialty":"cardiology"}`
	for name, c := range map[string]struct {
		raw string
		ok  bool
	}{
		"good":                      {`{"hash":"h","people":[` + good + `]}`, true},
		"nobody":                    {`{"hash":"h","people":[]}`, true},
		"somebody of another":       {`{"people":[{"user_id":"@ana:b.example","name":"Ana","specialty":"cardiology"}]}`, false},
		"by a port of it":           {`{"people":[{"user_id":"@ana:a.example:8448","name":"Ana","specialty":"cardiology"}]}`, false},
		"no user id":                {`{"people":[{"user_id":"ana:a.example","name":"Ana","specialty":"cardiology"}]}`, false},
		"a bad one among good ones": {`{"people":[` + good + `,{"user_id":"@x:a.example","name":"","specialty":"cardiology"}]}`, false},
		"an unknown specialty":      {`{"people":[{"user_id":"@ana:a.example","name":"Ana","specialty":"astrology"}]}`, false},
		"too many":                  {`{"people":[` + strings.Repeat(good+",", maxPeople) + good + `]}`, false},
		"no JSON":                   {`<html>`, false},
	} {
		l, err := readListing([]byte(c.raw), "a.example")
		require.Equal(t, c.ok, err == nil, "%s: %v", name, err)
		if err == nil {
			for _, p := range l.People {
				require.Empty(t, p.Hospital)
			}
		}
	}
}

func TestSearches(t *testing.T) {
	ana := Person{UserID: "@ana.g:a.example", Name: "Dra. Ana García", Role: "Consultant", Specialty: "cardiology", Languages: []string{"es", "pt-PT"}, OnDuty: true}.
		of("a.example", "Hospital São José", "PT")
	for text, found := range map[string]bool{
		"cardiology": true, "CARDIOLOGÍA": true, "心内科": true, "循環器内科": true, "Кардиология": true, "طب القلب": true, "cardio": true,
		"garcia": true, "García": true, "gar": true, "ana g": true, "arcia": false, "ana.g": true, "consultant": true,
		"es": true, "pt": true, "fr": false, "sao jose": true, "cardiology es": true, "cardiology pt ana": true,
		"nephrology": false, "ana nephrology": false, "intensive care": false, "+ cardiology": true, "+": true, "es fr": false,
		strings.Repeat("ana ", 1000): true,
	} {
		require.Equal(t, found, ParseQuery(text).matches(&ana), text)
	}
	off := ana
	off.OnDuty = false
	require.False(t, ParseQuery("+ cardiology").matches(&off))
	require.True(t, ParseQuery(" ").Empty())
	require.True(t, ParseQuery("x").vague())
}

// TestSpecialtiesHaveANameInEveryLanguageOfTheBot: no name means two things in one language, or searches would find the wrong one.
func TestSpecialtiesHaveANameInEveryLanguageOfTheBot(t *testing.T) {
	languages := strings.Fields("en es fr de it pt nl ru sr tr vi id ar fa ur zh zh-Hant ja ko th")
	taken := map[string]string{}
	for _, s := range specialties() {
		for _, language := range languages {
			require.NotEmpty(t, s.names[language], "%s in %s", s.code, language)
			key := language + " " + folded(s.names[language])
			require.Empty(t, taken[key], "%s and %s are called the same in %s", s.code, taken[key], language)
			taken[key] = s.code
			require.Contains(t, s.forms, folded(s.names[language]))
		}
		require.Equal(t, s.code, FindSpecialty(s.code))
	}
	require.Equal(t, "Cardiologia", SpecialtyName("cardiology", "pt-PT"))
	require.Equal(t, "Cardiology", SpecialtyName("cardiology", "sw"))
	require.Empty(t, FindSpecialty("cardiology es"))
}

func TestContactLists(t *testing.T) {
	for raw, ok := range map[string]bool{
		`{}`: true, `{"rule":"verified","allow":["@a:b"],"block":["c.example"]}`: true,
		`{"rule":"nobody"}`: false, `{"allow":"@a:b"}`: false, `{"block":[""]}`: false, `[]`: false,
		`{"allow":[` + strings.Repeat(`"@a:b",`, maxContacts) + `"@a:b"]}`: false,
	} {
		require.Equal(t, ok, CheckContacts(json.RawMessage(raw)) == nil, "%.80s", raw)
	}
}

func FuzzDirectory(f *testing.F) {
	f.Add([]byte(`{"hash":"h","people":[{"user_id":"@ana:a.example","name":"Ana","specialty":"cardiology"}]}`))
	f.Add([]byte(`{"listed":true,"name":"Ana","specialty":"cardiology","languages":["es"]}`))
	f.Add([]byte(`{"openid":{"access_token":"t","matrix_server_name":"a.example"},"search_term":"+ cardiology es","limit":5}`))
	f.Add([]byte(`{"rule":"verified","allow":["@a:b"]}`))
	f.Add([]byte("心内科 \u202e es"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if l, err := readListing(raw, "a.example"); err == nil {
			for _, p := range l.People {
				require.True(t, strings.HasSuffix(p.UserID, ":a.example"))
				require.True(t, isSpecialty(p.Specialty))
				require.False(t, strings.ContainsAny(p.Name, "\n\r\u202e"))
			}
		}
		if e, err := ReadEntry(raw); err == nil && e.Listed {
			require.NotEmpty(t, e.Name)
		}
		if q, err := readQuestion(raw); err == nil {
			require.LessOrEqual(t, q.Limit, maxFound)
		}
		if l, err := ReadContacts(raw); err == nil {
			require.LessOrEqual(t, len(l.Allow), maxContacts)
		}
		q := ParseQuery(string(raw))
		require.LessOrEqual(t, len(q.Words), maxWords)
		p := Person{Name: "Ana", Specialty: "cardiology"}
		q.matches(&p)
		require.True(t, printable(Clean(string(raw))))
	})
}
