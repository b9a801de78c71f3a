package glossary

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// concept makes a concept of "en: heparin | heparin sodium ! hep" lines.
func concept(id string, invariant bool, lines ...string) Concept {
	c := Concept{ID: id, Invariant: invariant, Forms: map[language.Code]Forms{}}
	for _, line := range lines {
		tag, words, _ := strings.Cut(line, ": ")
		right, avoid, _ := strings.Cut(words, " ! ")
		forms := strings.Split(right, " | ")
		f := Forms{Preferred: forms[0], Accepted: forms[1:]}
		if avoid != "" {
			f.Avoid = strings.Split(avoid, " | ")
		}
		c.Forms[language.Code(tag)] = f
	}
	return c
}

func setOfConcepts(concepts ...Concept) *Set {
	return NewSet(1, map[Layer][]Concept{Hospital: concepts})
}

func found(s *Set, text string, code language.Code) (words []string) {
	for _, p := range s.Find(text, code) {
		words = append(words, text[p.Start:p.End])
	}
	return words
}

func TestTermsAreFoundAsWholeWordsInEveryScript(t *testing.T) {
	for _, test := range []struct {
		code  language.Code
		forms string
		text  string
		want  string // joined with |
	}{
		{"en", "heparin", "Give Heparin now, not heparins or Noheparin.", "Heparin"},
		{"en", "stroke unit", "The stroke   unit is full", "stroke   unit"},
		{"en", "stroke | stroke unit", "stroke unit and stroke", "stroke unit|stroke"},
		{"en", "ALL", "All patients with ALL, all of them", "ALL"},
		{"en", "ICU | icu", "From icu to ICU", "icu|ICU"},
		{"en", "COVID | COVID-19", "COVID–19 and COVID19", "COVID–19"},
		{"en", "café", "cafe, Cafe\u0301, café", "cafe|Cafe\u0301|café"},
		{"es", "año", "un ano, un año, un AÑO", "año|AÑO"},
		{"es", "presión", "presion y présion y PRESIÓN", "presion|PRESIÓN"},
		{"de", "schön", "schon schön", "schön"},
		{"vi", "dùng", "đừng dung dùng", "dùng"},
		{"ru", "мой", "мои мой Мой", "мой|Мой"},
		{"ru", "ребёнок", "ребенок и ребёнок", "ребенок|ребёнок"},
		{"tr", "kırık", "KIRIK kırık kırıklar", "KIRIK|kırık"},
		{"sr", "срчани удар", "Имао је срчани удар, srčani udar, srcani udar", "срчани удар|srčani udar|srcani udar"},
		{"ar", "هيبارين", "أعط الهيبارين وهيبارين والهيبارين", "هيبارين|هيبارين|هيبارين"},
		{"ar", "إسعاف", "اسعاف إِسْعَاف", "اسعاف|إِسْعَاف"},
		{"fa", "کلیه", "كليه و کلیه", "كليه|کلیه"},
		{"zh", "卒中单元 | 卒中", "病人在卒中单元，卒中", "卒中单元|卒中"},
		{"zh", "药", "药物 药 用药", "药"},
		{"zh-Hant", "中風", "病人中風，中风", "中風|中风"},
		{"ja", "リン", "アスピリンとリンを", "リン"},
		{"ja", "脳卒中センター", "脳卒中センターへ", "脳卒中センター"},
		{"ja", "ガーゼ", "カ\u3099ーゼ", "カ\u3099ーゼ"},
		{"th", "เฮปาริน", "ให้เฮปารินทันที", "เฮปาริน"},
		{"th", "ตา", "ปวดตาและตาำ", "ตา"},
		{"ko", "헤파린", "헤파린을 투여, 헤파린, 헤파린나트륨", "헤파린|헤파린"},
	} {
		t.Run(string(test.code)+" "+test.forms, func(t *testing.T) {
			s := setOfConcepts(concept("c", true, string(test.code)+": "+test.forms))
			require.Equal(t, test.want, strings.Join(found(s, test.text, test.code), "|"))
		})
	}
}

func TestOfTwoConceptsWithOneNameTheHospitalsIsMeant(t *testing.T) {
	s := NewSet(3, map[Layer][]Concept{
		Alliance: {concept("a-magnesium", false, "en: MS", "es: magnesio")},
		Hospital: {concept("z-morphine", true, "en: morphine | MS", "es: morfina")},
	})
	places := s.Find("give MS", "en")
	require.Len(t, places, 1)
	require.True(t, places[0].Ambiguous())
	term, ok := s.In("es", places[0], "give MS")
	require.True(t, ok)
	require.Equal(t, "morfina", term.Target)
	require.Equal(t, Used, s.Check([]Term{term}, []string{"dar magnesio"}, "es")[0].Outcome, "either may have been meant")
}

func TestTheHospitalsFormWinsLanguageByLanguage(t *testing.T) {
	s := NewSet(3, map[Layer][]Concept{
		Alliance: {concept("ward", false, "en: ward", "es: sala", "fr: service")},
		Hospital: {concept("ward", true, "es: planta | pabellón")},
	})
	c, layer, ok := s.Concept("ward")
	require.True(t, ok)
	require.Equal(t, Hospital, layer)
	require.True(t, c.Invariant)
	require.Equal(t, "planta", c.Forms["es"].Preferred)
	require.Equal(t, "service", c.Forms["fr"].Preferred)
	require.Empty(t, s.Find("la sala", "es"), "the alliance's word is not the hospital's")
}

func TestWhatATranslationMadeOfATerm(t *testing.T) {
	s := setOfConcepts(concept("stroke-call", true, "en: code stroke", "es: código ictus | códigos ictus ! alerta de golpe", "sr: код шлог", "pt: código AVC"))
	for _, test := range []struct {
		to      language.Code
		source  string
		lines   []string
		outcome Outcome
		words   string
	}{
		{"es", "code stroke", []string{"Active el CODIGO ictus"}, Used, ""},
		{"es", "code stroke", []string{"Hubo dos", "códigos ictus"}, Used, ""},
		{"es", "code stroke", []string{"Active el código de accidente"}, Missing, ""},
		{"es", "code stroke", []string{"Active la alerta de golpe"}, Avoided, "alerta de golpe"},
		{"es", "code stroke, code stroke", []string{"código ictus, alerta de golpe"}, Avoided, "alerta de golpe"},
		{"es", "code stroke", []string{"código ictus, alerta de golpe"}, Used, ""},
		{"sr-Latn", "code stroke", []string{"Kod šlog"}, Used, ""},
		{"sr", "code stroke", []string{"Код шлог"}, Used, ""},
		{"pt-PT", "code stroke", []string{"o código AVC"}, Used, ""},
	} {
		t.Run(string(test.to)+" "+test.lines[0], func(t *testing.T) {
			var terms []Term
			for _, p := range s.Find(test.source, "en") {
				term, ok := s.In(test.to, p, test.source)
				require.True(t, ok)
				terms = append(terms, term)
			}
			got := s.Check(Collect(terms), test.lines, test.to)
			require.Len(t, got, 1)
			require.Equal(t, test.outcome, got[0].Outcome)
			require.Equal(t, test.words, got[0].Words)
		})
	}
	_, ok := s.In("ja", s.Find("code stroke", "en")[0], "code stroke")
	require.False(t, ok, "nothing is asked in a language that the glossary has no form for")
}

func TestANilOrEmptySetFindsNothing(t *testing.T) {
	var s *Set
	require.Empty(t, s.Find("anything", "en"))
	require.Zero(t, s.Version())
	require.Empty(t, NewSet(0, nil).Find("anything", "en"))
}

// FuzzFind: places are in order, inside the text and on the bounds of characters, whatever the text.
func FuzzFind(f *testing.F) {
	s := setOfConcepts(concept("a", true, "en: heparin | ICU | 5", "zh: 药 | 卒中", "ar: هيبارين", "ko: 헤파린", "th: ตา", "ja: ガーゼ"))
	for _, seed := range []string{"heparin", "والهيبارين", "헤파린을", "ตาำ", "e\u0301", "\xff", "ICU 5", "カ\u3099ーゼ", "药"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, code := range []language.Code{"en", "zh", "ar", "ko", "th", "ja"} {
			end := 0
			for _, p := range s.Find(text, code) {
				if p.Start < end || p.End <= p.Start || p.End > len(text) {
					t.Fatalf("%s: %d–%d after %d of %q", code, p.Start, p.End, end, text)
				}
				end = p.End
			}
		}
	})
}

func manyConcepts(n int) []Concept {
	syllables := []string{"car", "dio", "neu", "ro", "pa", "thy", "gas", "tri", "tis", "ma", "lo", "ne", "phro", "hem", "ato"}
	concepts := make([]Concept, n)
	for i := range concepts {
		word := ""
		for k := i + 7; k > 0; k /= len(syllables) {
			word += syllables[k%len(syllables)]
		}
		concepts[i] = concept(fmt.Sprintf("c-%d", i), i%2 == 0, "en: "+word+" | "+word+" syndrome | the "+word, "es: "+word+"o", fmt.Sprintf("zh: 症%c%c", rune(0x4e00+i%3000), rune(0x5000+i/3000)))
	}
	return concepts
}

// BenchmarkFind looks for 5,000 concepts in messages of 300 characters.
func BenchmarkFind(b *testing.B) {
	s := setOfConcepts(manyConcepts(5000)...)
	english := strings.Repeat("The patient of bed number 7 is better today and may go home. ", 5)[:300]
	for name, test := range map[string]struct {
		code language.Code
		text string
	}{
		"en, none": {"en", english},
		"en, five": {"en", english[:200] + strings.Repeat(" "+s.entries[77].Forms["en"].Preferred, 5)},
		"zh, none": {"zh", strings.Repeat("病人今天好多了，可以回家休息，请按时服用。", 15)},
	} {
		s.Find("warm", test.code)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Find(test.text, test.code)
			}
		})
	}
	b.Run("building the index of a language", func(b *testing.B) {
		for b.Loop() {
			clear(s.indexes)
			s.indexOf("en")
		}
	})
}
