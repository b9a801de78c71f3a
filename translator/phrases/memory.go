package phrases

import (
	"fmt"
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
)

var slotRunes = map[string]rune{"{n}": slotNumber, "{dose}": slotDose, "{drug}": slotDrug, "{pressure}": slotPressure}

// Memory finds phrases. It is immutable and safe for concurrent use.
type Memory struct {
	entries []*entry
	index   map[language.Code]map[string][]*known
}

// known is a form of an entry as it can be found.
type known struct {
	entry *entry
	// fixed are the numbers that the form itself says ("out of 10"), by the place among its numbers.
	slots []slot
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

func newMemory() *Memory {
	m := &Memory{index: map[language.Code]map[string][]*known{}}
	for _, code := range language.Chat {
		m.index[code] = map[string][]*known{}
	}
	return m
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
	for _, e := range m.entries {
		if e.id == id {
			return e.forms[code]
		}
	}
	return nil
}

// add files an entry under all of its forms.
func (m *Memory) add(e entry) error {
	m.entries = append(m.entries, &e)
	for code, forms := range e.forms {
		for _, form := range forms {
			key, slots := templateKey(form, code)
			for _, other := range m.index[code][key] {
				if other.entry.id != e.id && sameFixed(other.slots, slots) {
					return fmt.Errorf("%s, %s: %q is %s already (%s)", e.id, code, form, other.entry.id, other.entry.where)
				}
			}
			m.index[code][key] = append(m.index[code][key], &known{entry: &e, slots: slots})
		}
	}
	return nil
}

func sameFixed(a, b []slot) bool {
	for i := range a {
		if i < len(b) && a[i].name == "" && b[i].name == "" && a[i].value != b[i].value {
			return false
		}
	}
	return true
}

// Find looks a text up and gives its translation, or false. The text has to be normalised by NFKC.
func (m *Memory) Find(text string, from, to language.Code) (Match, bool) {
	if m.index[to] == nil || from == to {
		return Match{}, false
	}
	found, fillers := m.lookUp(text, from)
	if found == nil {
		return Match{}, false
	}
	return Match{ID: found.id, Reviewed: found.reviewed, Parts: found.parts(to, fillers)}, true
}

// lookUp finds the phrase that a text is in a language, nil if it is none.
func (m *Memory) lookUp(text string, from language.Code) (*entry, map[string]Part) {
	if len(text) > maxPhraseBytes || m.index[from] == nil {
		return nil, nil
	}
	slots := check.Slots(text, from)
	for _, withUnits := range []bool{true, false} {
		key := textKey(text, slots, withUnits)
		for _, k := range m.index[from][key] {
			if fillers, ok := k.fill(text, slots, withUnits); ok {
				return k.entry, fillers
			}
		}
	}
	return nil, nil
}

// maxPhraseBytes is longer than any phrase.
const maxPhraseBytes = 400

// textKey writes a text with runes for its slots. With units, a number and its unit are one dose.
func textKey(text string, slots []check.Slot, withUnits bool) string {
	var b strings.Builder
	end := 0
	for _, s := range slots {
		b.WriteString(text[end:s.Start])
		r, to := runeOf(s, withUnits)
		b.WriteRune(r)
		end = to
	}
	b.WriteString(text[end:])
	return normalized(b.String())
}

func runeOf(s check.Slot, withUnits bool) (r rune, end int) {
	switch {
	case s.Kind == check.KindDrug:
		return slotDrug, s.End
	case s.Kind == check.KindPressure:
		return slotPressure, s.End
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
		at := slotName.FindStringIndex(form)
		literal := form
		if at != nil {
			literal = form[:at[0]]
		}
		fixed := check.Slots(literal, code)
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
	return normalized(key.String()), slots
}

// textLiteral writes the fixed part of a form, its numbers as slots that must have their value.
func textLiteral(literal string, fixed []check.Slot) string {
	var b strings.Builder
	end := 0
	for _, s := range fixed {
		b.WriteString(literal[end:s.Start])
		b.WriteRune(slotNumber)
		end = s.End
	}
	b.WriteString(literal[end:])
	return b.String()
}

// fill puts what the writer wrote into the slots of the form, if its fixed numbers are the same.
func (k *known) fill(text string, found []check.Slot, withUnits bool) (map[string]Part, bool) {
	if len(found) != len(k.slots) {
		return nil, false
	}
	fillers := make(map[string]Part, len(found))
	for i, s := range found {
		_, end := runeOf(s, withUnits)
		wanted := k.slots[i]
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

// parts writes the first form of a language with the fillers in its slots.
func (e *entry) parts(code language.Code, fillers map[string]Part) []Part {
	form := e.forms[code][0]
	var parts []Part
	for form != "" {
		at := slotName.FindStringIndex(form)
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

// normalized folds case, punctuation and spaces. A question stays a question.
func normalized(text string) string {
	var out []rune
	question := false
	space := false
	for _, r := range norm.NFKC.String(text) {
		switch {
		case r == '?' || r == '؟':
			question = true
			space = true
		case arabicMark(r):
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '%' || r == '°' || r == '/' || isSlot(r):
			if space && len(out) > 0 && keepsSpace(out[len(out)-1]) && keepsSpace(r) {
				out = append(out, ' ')
			}
			space = false
			out = append(out, unicode.ToLower(r))
		default:
			space = true
		}
	}
	if question {
		out = append(out, '?')
	}
	return string(out)
}

// arabicMark reports vowel signs and stretching, which most people leave out.
func arabicMark(r rune) bool { return r >= 0x064b && r <= 0x0652 || r == 0x0640 }

func isSlot(r rune) bool { return r >= slotNumber && r <= slotPressure }

// keepsSpace reports runes between which a space separates words.
func keepsSpace(r rune) bool {
	return !isSlot(r) && r != '%' && r != '°' && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}
