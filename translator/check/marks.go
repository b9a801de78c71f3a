package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// marks are the signs of data/marks.yaml, which says what each means.
type marks struct {
	Less, More       string
	MinusNot         string `yaml:"minusNot"`
	UnitsBefore      string `yaml:"unitsBefore"`
	Range            string
	Sentence, Clause string
	Question         string
	Items, Held      string
	List             string
	Point, Comma     string
	Decimal, Group   string
	ListComma        string   `yaml:"listComma"`
	PercentBefore    []string `yaml:"percentBefore"`
	Ordinal, Degree  string
	RankBefore       []string `yaml:"rankBefore"`
	RankBehind       string   `yaml:"rankBehind"`
	RankNot          string   `yaml:"rankNot"`
	MoreThan         string   `yaml:"moreThan"`
	Times            string
	Year, Month, Day string
	Minute, Hour     string
	Centuries        []string
	YearShort        string   `yaml:"yearShort"`
	UnitNot          []string `yaml:"unitNot"`
	Arrows           []string
}

// numberForms is data/numberforms.yaml.
type numberForms struct {
	Endings    []string
	Tens       []string
	OnesFirst  []string       `yaml:"onesFirst"`
	HanDigits  map[string]int `yaml:"hanDigits"`
	HanScales  map[string]int `yaml:"hanScales"`
	Idioms     []string
	hanNumeral map[rune]hanSign
}

// hanSign is a Han numeral: a digit, or a scale for the one before it.
type hanSign struct {
	value int
	scale bool
}

func (r *rules) loadMarks() error {
	if err := readYAML("marks.yaml", &r.marks); err != nil {
		return err
	}
	m := &r.marks
	for name, sign := range map[string]string{
		"less": m.Less, "more": m.More, "minusNot": m.MinusNot, "unitsBefore": m.UnitsBefore, "range": m.Range, "sentence": m.Sentence, "clause": m.Clause, "question": m.Question,
		"items": m.Items, "held": m.Held, "list": m.List, "point": m.Point, "comma": m.Comma, "decimal": m.Decimal, "group": m.Group, "listComma": m.ListComma, "ordinal": m.Ordinal,
		"degree": m.Degree, "rankBehind": m.RankBehind, "rankNot": m.RankNot, "moreThan": m.MoreThan, "times": m.Times, "year": m.Year, "month": m.Month, "day": m.Day, "minute": m.Minute, "hour": m.Hour, "yearShort": m.YearShort,
	} {
		if sign == "" {
			return fmt.Errorf("marks.yaml: %s has no sign", name)
		}
	}
	if len(m.Centuries) == 0 || len(m.PercentBefore) == 0 || len(m.RankBefore) == 0 || len(m.UnitNot) == 0 || len(m.Arrows) == 0 || slices.Contains(slices.Concat(m.PercentBefore, m.RankBefore, m.UnitNot, m.Arrows), "") {
		return errors.New("marks.yaml: centuries, percentBefore, rankBefore, unitNot and arrows need their words")
	}
	return nil
}

// isOneOf reports whether a rune is one of some signs; the 0 that stands for the end of a text is none.
func isOneOf(signs string, r rune) bool { return r != 0 && strings.ContainsRune(signs, r) }

func (r *rules) loadNumberForms() error {
	forms := &r.forms
	if err := readYAML("numberforms.yaml", forms); err != nil {
		return err
	}
	forms.hanNumeral = map[rune]hanSign{}
	for scale, signs := range map[bool]map[string]int{false: forms.HanDigits, true: forms.HanScales} {
		for sign, value := range signs {
			if utf8.RuneCountInString(sign) != 1 {
				return fmt.Errorf("numberforms.yaml: a numeral is one sign, not %q", sign)
			}
			digit, _ := utf8.DecodeRuneInString(sign)
			if _, twice := forms.hanNumeral[digit]; twice {
				return fmt.Errorf("numberforms.yaml: %q is both a digit and a scale", sign)
			}
			forms.hanNumeral[digit] = hanSign{value, scale}
		}
	}
	return nil
}
