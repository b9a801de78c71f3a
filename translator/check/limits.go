package check

import (
	"fmt"
	"reflect"
)

// limits are the thresholds of data/limits.yaml, which says what each is for.
type limits struct {
	Form struct {
		LengthLetters   float64 `yaml:"lengthLetters"`
		LengthRatio     float64 `yaml:"lengthRatio"`
		HanLetters      float64 `yaml:"hanLetters"`
		SyllableLetters float64 `yaml:"syllableLetters"`
		Repeats         int
		RepeatedWords   int     `yaml:"repeatedWords"`
		RepeatedSigns   int     `yaml:"repeatedSigns"`
		EchoWords       int     `yaml:"echoWords"`
		EchoUnspaced    float64 `yaml:"echoUnspaced"`
		SayingLetters   float64 `yaml:"sayingLetters"`
		NameLetters     int     `yaml:"nameLetters"`
		PlainWords      int     `yaml:"plainWords"`
	}
	Numbers struct {
		Most       int
		RangeMark  int `yaml:"rangeMark"`
		ListMark   int `yaml:"listMark"`
		TensMark   int `yaml:"tensMark"`
		ShareMark  int `yaml:"shareMark"`
		MonthMark  int `yaml:"monthMark"`
		DayMark    int `yaml:"dayMark"`
		InWords    int `yaml:"inWords"`
		UnitBefore int `yaml:"unitBefore"`
		UnitBehind int `yaml:"unitBehind"`
		SignBefore int `yaml:"signBefore"`
		SignBehind int `yaml:"signBehind"`
		RateBefore int `yaml:"rateBefore"`
		RateBehind int `yaml:"rateBehind"`
		NightFrom  int `yaml:"nightFrom"`
		Age        int
		WordBefore int `yaml:"wordBefore"`
		WordBehind int `yaml:"wordBehind"`
		Scheme     int
		Times      int
		Holds      int
	}
	Pressure struct {
		Upper, Lower, Centimetres bounds
	}
	Negation struct {
		Most           int
		Order          int
		ConcordReach   int `yaml:"concordReach"`
		Opposing       int
		Shift          float64
		BeforePart     int `yaml:"beforePart"`
		OmitReach      int `yaml:"omitReach"`
		HeldMark       int `yaml:"heldMark"`
		DeniedBefore   int `yaml:"deniedBefore"`
		DeniedBehind   int `yaml:"deniedBehind"`
		MeasuredBefore int `yaml:"measuredBefore"`
		Shown          int
		Tag            int
	}
	Sides struct {
		ContrastReach int `yaml:"contrastReach"`
		DeniedReach   int `yaml:"deniedReach"`
		FacedReach    int `yaml:"facedReach"`
	}
	Rhythm struct {
		Reach, Comma, Most int
	}
	Drugs struct {
		Reach, Mark, Lead int
		RoleReach         int `yaml:"roleReach"`
		ReasonReach       int `yaml:"reasonReach"`
		DeniedReach       int `yaml:"deniedReach"`
		ThaiLetters       int `yaml:"thaiLetters"`
		ThaiConsonants    int `yaml:"thaiConsonants"`
	}
}

// bounds are the least and the most that a value may be.
type bounds struct{ From, To float64 }

func (b bounds) hold(value float64) bool { return value >= b.From && value <= b.To }

func (r *rules) loadLimits() error {
	if err := readYAML("limits.yaml", &r.limits); err != nil {
		return err
	}
	return eachPositive(reflect.ValueOf(r.limits), "limits.yaml")
}

// eachPositive reports a threshold that is missing or not above zero, by its place in the file.
func eachPositive(v reflect.Value, place string) error {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if err := eachPositive(v.Field(i), place+": "+v.Type().Field(i).Name); err != nil {
				return err
			}
		}
		return nil
	case reflect.Int:
		if v.Int() > 0 {
			return nil
		}
	case reflect.Float64:
		if v.Float() > 0 {
			return nil
		}
	}
	return fmt.Errorf("%s: %v is no threshold, which has to be above zero", place, v)
}
