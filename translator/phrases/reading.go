package phrases

import (
	"slices"

	"medixchange/translator/check"
	"medixchange/translator/language"
)

// reading is a text that is looked up in one language after another. Most of them read it alike, and then its key is made once.
type reading struct {
	text     string
	prepared *check.Text
	slots    []check.Slot    // as the language that was asked last reads them
	units    bool            // one of them is a number with a unit
	keys     map[bool]string // with units and without; none if not made yet
}

func newReading(text string) *reading {
	return &reading{text: text, prepared: check.NewText(text), keys: map[bool]string{}}
}

// in reads the text in a language.
func (r *reading) in(code language.Code) {
	slots := withTimes(r.text, r.prepared.Slots(code))
	if slices.Equal(slots, r.slots) {
		return
	}
	r.slots = slots
	r.units = slices.ContainsFunc(slots, func(s check.Slot) bool { return s.UnitEnd > s.End })
	clear(r.keys)
}

// key is the textKey of the text in the language that it was read in.
func (r *reading) key(withUnits bool, code language.Code) string {
	if code.Base() == "sr" {
		return textKey(r.text, r.slots, withUnits, code)
	}
	key, made := r.keys[withUnits]
	if !made {
		key = textKey(r.text, r.slots, withUnits, code)
		r.keys[withUnits] = key
	}
	return key
}
