package phrases

import (
	"slices"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"medixchange/translator/check"
	"medixchange/translator/language"
)

// The slots of a phrase, and what stands for them in keys.
const (
	slotNumber   = '\ue010'
	slotDose     = '\ue011'
	slotDrug     = '\ue012'
	slotPressure = '\ue013'
	slotTime     = '\ue014'
)

var slotRunes = map[string]rune{
	"{n}": slotNumber, "{dose}": slotDose, "{drug}": slotDrug, "{pressure}": slotPressure, "{time}": slotTime,
}

// Memory finds phrases. It is immutable and safe for concurrent use. A phrase costs little more than its letters: what a
// form's key and slots are is worked out again where one may match.
type Memory struct {
	codes   []language.Code
	entries []phrase
	text    string   // all forms, one behind the other
	forms   []uint32 // where each begins in text, and where the last ends
	// firsts has for each entry and language, in the order of codes, its first form, and behind the last the end.
	firsts []uint32
	// index is by language, ordered. The forms of one language stand in one: people who write it write either.
	index    [][]known
	approved Approved // nil approves nothing
}

// phrase is an entry without its forms.
type phrase struct {
	id       string
	reviewed bool
}

// known is a form as it can be found.
type known struct {
	key  uint32 // hash of its key
	form uint32
}

// slot is one open or fixed place of a form, in its order.
type slot struct {
	name  string // "{n}"; empty if the form fixes the number
	value string // the fixed number
}

// Part is a piece of a found translation: words, or what the writer put into a slot.
type Part struct {
	Text     string
	Slot     bool
	From, To int // of a slot: its place in the text that was looked up, in bytes
}

// Match is a phrase that was found.
type Match struct {
	ID       string
	Reviewed bool
	Parts    []Part // the translation
}

// Len is the number of phrases.
func (m *Memory) Len() int { return len(m.entries) }

// IDs lists the phrases.
func (m *Memory) IDs() []string {
	ids := make([]string, len(m.entries))
	for i, e := range m.entries {
		ids[i] = e.id
	}
	return ids
}

// Forms are the wordings of a phrase in a language; the first is the one that readers see.
func (m *Memory) Forms(id string, code language.Code) []string {
	at := slices.Index(m.codes, m.column(code))
	entry := slices.IndexFunc(m.entries, func(e phrase) bool { return e.id == id })
	if at < 0 || entry < 0 {
		return nil
	}
	var wordings []string
	for form, end := m.formsOf(entry, at); form < end; form++ {
		wordings = append(wordings, spelled(m.form(form), code))
	}
	return wordings
}

// formsOf are the forms of an entry in a language, end excluded.
func (m *Memory) formsOf(entry, column int) (from, end uint32) {
	at := entry*len(m.codes) + column
	if m.firsts[at] == m.firsts[at+1] {
		at = entry*len(m.codes) + m.indexOf(m.codes[column], column)
	}
	return m.firsts[at], m.firsts[at+1]
}

// indexOf is the place of a language's base; other is for one without.
func (m *Memory) indexOf(code language.Code, other int) int {
	if at := slices.Index(m.codes, code.Base()); at >= 0 {
		return at
	}
	return other
}

// spelled writes a form of Serbian in the alphabet of the reader.
func spelled(form string, code language.Code) string {
	if code == "sr-Latn" {
		return language.SerbianLatin(form)
	}
	return form
}

func (m *Memory) form(i uint32) string { return m.text[m.forms[i]:m.forms[i+1]] }

// entryOf is the entry that a form belongs to.
func (m *Memory) entryOf(form uint32) int {
	after := sort.Search(len(m.firsts), func(i int) bool { return m.firsts[i] > form })
	return (after - 1) / len(m.codes)
}

// Find looks a text up and gives its translation, or false. The text has to be normalised, see Normal.
func (m *Memory) Find(text string, from, to language.Code) (Match, bool) {
	at := slices.Index(m.codes, m.column(to))
	if at < 0 || to.Reads(from) {
		return Match{}, false
	}
	entry, fillers, ok := m.lookUp(newReading(text), from)
	if !ok {
		return Match{}, false
	}
	form, end := m.formsOf(entry, at)
	if form == end {
		return Match{}, false
	}
	number := fillers["{n}"]
	wording := spelled(Wording(m.form(form), to, check.Readable(text[number.From:number.To])), to)
	return Match{ID: m.entries[entry].id, Reviewed: m.reviewed(entry, from, to), Parts: parts(wording, fillers)}, true
}

// lookUp finds the phrase that a text is in a language, false if it is none.
func (m *Memory) lookUp(r *reading, from language.Code) (entry int, fillers map[string]Part, ok bool) {
	at := m.indexOf(from, -1)
	if len(r.text) > maxPhraseBytes || at < 0 || raised(r.text) {
		return 0, nil, false
	}
	r.in(from)
	for _, withUnits := range []bool{true, false} {
		key := r.key(withUnits, from)
		for _, k := range candidates(m.index[at], key) {
			if fillers, ok := fit(m.form(k.form), key, r.text, r.slots, withUnits, from); ok {
				return m.entryOf(k.form), fillers, true
			}
		}
		if !r.units { // without any, the text reads the same
			break
		}
	}
	return 0, nil, false
}

// fit fills a form, if one of its wordings has the key of the text.
func fit(form, key, text string, slots []check.Slot, withUnits bool, from language.Code) (map[string]Part, bool) {
	for _, wording := range wordings(form) {
		template, wanted := templateKey(wording, from)
		if template != key {
			continue
		}
		if fillers, ok := fill(wanted, text, slots, withUnits); ok {
			return fillers, true
		}
	}
	return nil, false
}

// maxPhraseBytes is longer than any phrase.
const maxPhraseBytes = 400

// textKey writes a text with runes for its slots. With units, a number and its unit are one dose.
func textKey(text string, slots []check.Slot, withUnits bool, code language.Code) string {
	var b strings.Builder
	end := 0
	for _, s := range slots {
		b.WriteString(text[end:s.Start])
		r, to := runeOf(s, withUnits)
		b.WriteRune(r)
		end = to
	}
	b.WriteString(text[end:])
	return keyOf(b.String(), code)
}

func runeOf(s check.Slot, withUnits bool) (r rune, end int) {
	switch {
	case s.Kind == check.KindDrug:
		return slotDrug, s.End
	case s.Kind == check.KindPressure:
		return slotPressure, s.End
	case s.Kind == kindTime:
		return slotTime, s.End
	case withUnits && s.UnitEnd > s.End:
		return slotDose, s.UnitEnd
	}
	return slotNumber, s.End
}

// templateKey is the key of a form, and its slots with the numbers that it fixes.
func templateKey(form string, code language.Code) (string, []slot) {
	form = norm.NFKC.String(form)
	var slots []slot
	var key strings.Builder
	for form != "" {
		at := slotName().FindStringIndex(form)
		literal := form
		if at != nil {
			literal = form[:at[0]]
		}
		fixed := fixedSlots(literal, code)
		for _, s := range fixed {
			slots = append(slots, slot{value: check.Readable(literal[s.Start:s.End])})
		}
		key.WriteString(textLiteral(literal, fixed))
		if at == nil {
			break
		}
		name := form[at[0]:at[1]]
		slots = append(slots, slot{name: name})
		key.WriteRune(slotRunes[name])
		form = form[at[1]:]
	}
	return keyOf(key.String(), code), slots
}

// fixedSlots are the numbers that a form says itself. A form names no drug: it has {drug} for it, so that one without
// digits, as nearly all are, need not be searched.
func fixedSlots(literal string, code language.Code) []check.Slot {
	if !strings.ContainsFunc(literal, unicode.IsDigit) {
		return nil
	}
	return check.Slots(literal, code)
}

// textLiteral writes the fixed part of a form, its numbers and drugs as slots that must have their value.
func textLiteral(literal string, fixed []check.Slot) string {
	var b strings.Builder
	end := 0
	for _, s := range fixed {
		b.WriteString(literal[end:s.Start])
		r, to := runeOf(s, false)
		b.WriteRune(r)
		end = to
	}
	b.WriteString(literal[end:])
	return b.String()
}

// fill puts what the writer wrote into the slots of a form, if its fixed numbers are the same.
func fill(slots []slot, text string, found []check.Slot, withUnits bool) (map[string]Part, bool) {
	if len(found) != len(slots) {
		return nil, false
	}
	fillers := make(map[string]Part, len(found))
	for i, s := range found {
		_, end := runeOf(s, withUnits)
		wanted := slots[i]
		if wanted.name == "" {
			if check.Readable(text[s.Start:s.End]) != wanted.value {
				return nil, false
			}
			continue
		}
		fillers[wanted.name] = Part{Slot: true, From: s.Start, To: end}
	}
	return fillers, true
}

// parts writes a form with the fillers in its slots.
func parts(form string, fillers map[string]Part) []Part {
	var parts []Part
	for form != "" {
		at := slotName().FindStringIndex(form)
		if at == nil {
			return append(parts, Part{Text: form})
		}
		if at[0] > 0 {
			parts = append(parts, Part{Text: form[:at[0]]})
		}
		parts = append(parts, fillers[form[at[0]:at[1]]])
		form = form[at[1]:]
	}
	return parts
}
