package phrases

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"medixchange/translator/language"
)

// seed of the keys' hashes: they never leave the process.
var seed = maphash.MakeSeed()

func hashOf(key string) uint32 { return uint32(maphash.String(seed, key)) }

// candidates are the forms of one language whose key has the same hash.
func candidates(index []known, key string) []known {
	hash := hashOf(key)
	from, _ := slices.BinarySearchFunc(index, hash, func(k known, hash uint32) int { return cmp.Compare(k.key, hash) })
	end := from
	for end < len(index) && index[end].key == hash {
		end++
	}
	return index[from:end]
}

// builder collects entries.
type builder struct {
	memory *Memory
	text   strings.Builder
	where  []string // of each entry
}

func newBuilder() *builder {
	m := &Memory{codes: columns, index: make([][]known, len(columns))}
	return &builder{memory: m}
}

// add files an entry under all of its forms.
func (b *builder) add(e entry) {
	m := b.memory
	m.entries = append(m.entries, phrase{e.id, e.reviewed})
	b.where = append(b.where, e.where)
	for i, code := range m.codes {
		m.firsts = append(m.firsts, uint32(len(m.forms)))
		index := &m.index[m.indexOf(code, i)]
		for _, form := range e.forms[code] {
			for _, wording := range wordings(form) {
				key, _ := templateKey(wording, code)
				*index = append(*index, known{hashOf(key), uint32(len(m.forms))})
			}
			m.forms = append(m.forms, uint32(b.text.Len()))
			b.text.WriteString(form)
		}
	}
}

// finish orders the forms. It fails if a wording stands in two entries.
func (b *builder) finish() (*Memory, error) {
	m := b.memory
	m.firsts = append(slices.Clip(m.firsts), uint32(len(m.forms)))
	m.forms = append(slices.Clip(m.forms), uint32(b.text.Len()))
	ends := b.text.Len()
	for _, e := range m.entries {
		b.text.WriteString(e.id)
	}
	m.text = strings.Clone(b.text.String())
	for i := range m.entries {
		id := &m.entries[i].id
		*id, ends = m.text[ends:ends+len(*id)], ends+len(*id)
	}
	for i := range m.index {
		m.index[i] = slices.Clone(m.index[i])
		slices.SortFunc(m.index[i], func(x, y known) int { return cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(x.form, y.form)) })
		for at := range m.index[i] {
			if err := b.differs(i, m.index[i][at], m.index[i][at+1:]); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// differs compares a form with those behind it that have the same hash.
func (b *builder) differs(language int, k known, behind []known) error {
	m, code := b.memory, b.memory.codes[language]
	for _, other := range behind {
		first, second := m.entryOf(k.form), m.entryOf(other.form)
		if other.key != k.key {
			return nil
		}
		if first == second {
			continue
		}
		if sameWording(m.form(k.form), m.form(other.form), code) {
			return fmt.Errorf("%s: %s, %s: %q is %s already (%s)",
				b.where[second], m.entries[second].id, code, m.form(other.form), m.entries[first].id, b.where[first])
		}
	}
	return nil
}

// sameWording reports whether two forms can be the same text.
func sameWording(one, two string, code language.Code) bool {
	for _, a := range wordings(one) {
		key, slots := templateKey(a, code)
		for _, b := range wordings(two) {
			otherKey, otherSlots := templateKey(b, code)
			if key == otherKey && sameFixed(slots, otherSlots) {
				return true
			}
		}
	}
	return false
}

func sameFixed(a, b []slot) bool {
	for i := range a {
		if i < len(b) && a[i].name == "" && b[i].name == "" && a[i].value != b[i].value {
			return false
		}
	}
	return true
}
