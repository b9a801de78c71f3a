package check

import "slices"

// slotted is a text with each of some numbers as one rune.
type slotted struct {
	runes  []rune
	index  []int // leads back to the text, and has one entry more for its end
	values []slotValue
}

// slotValue is a number that is one rune of a text.
type slotValue struct {
	from, to int // in the text
	at       int // which rune it has become
	value    string
}

// newSlotted has room for a text of so many runes.
func newSlotted(runes int) *slotted {
	return &slotted{runes: make([]rune, 0, runes), index: make([]int, 0, runes+1)}
}

// fill takes a text in. Numbers in words count if they can be one number only.
func (s *slotted) fill(text []rune, hard, soft []number) {
	s.runes, s.index = s.runes[:0], s.index[:0]
	s.values = slices.Grow(s.values[:0], len(hard)+len(soft))
	for _, numbers := range [][]number{hard, soft} {
		for i := range numbers {
			if n := &numbers[i]; !n.soft || len(n.values) == 1 {
				s.values = append(s.values, slotValue{from: n.from, to: n.to, value: n.values[0]})
			}
		}
	}
	slices.SortFunc(s.values, func(a, b slotValue) int { return a.from - b.from })
	end, kept := 0, s.values[:0]
	for _, v := range s.values {
		if v.from < end {
			continue
		}
		s.copy(text, end, v.from)
		v.at, end = len(s.runes), v.to
		s.runes, s.index = append(s.runes, numberRune), append(s.index, v.from)
		kept = append(kept, v)
	}
	s.copy(text, end, len(text))
	s.index, s.values = append(s.index, len(text)), kept
}

func (s *slotted) copy(text []rune, from, to int) {
	s.runes = append(s.runes, text[from:to]...)
	for i := from; i < to; i++ {
		s.index = append(s.index, i)
	}
}

// valueAt is the number that a rune stands for, "" for none.
func (s *slotted) valueAt(at int) string {
	i, ok := slices.BinarySearchFunc(s.values, at, func(v slotValue, at int) int { return v.at - at })
	if !ok {
		return ""
	}
	return s.values[i].value
}
