package site

import (
	"sync"

	"golang.org/x/text/language"
)

// Tongue is a language as HTML wants to know it.
type Tongue struct {
	Tag  string // as the edition calls it, and addresses
	Lang string // with the script where readers and fonts want to know it: zh-Hans
	Dir  string // ltr or rtl
	Name string // as its speakers call it
}

// rightToLeft are the scripts that are written from right to left.
var rightToLeft = map[string]bool{"Arab": true, "Hebr": true, "Syrc": true, "Thaa": true, "Nkoo": true, "Rohg": true, "Adlm": true}

// twoScripts are the languages that are read in more than one script.
var twoScripts = map[string]bool{"zh": true, "sr": true}

var tongues sync.Map // of Tongue by tag, which are those of editions

func tongueOf(tag string) Tongue {
	if t, ok := tongues.Load(tag); ok {
		return t.(Tongue)
	}
	t := makeTongue(tag)
	tongues.Store(tag, t)
	return t
}

func makeTongue(tag string) Tongue {
	t := Tongue{Tag: tag, Lang: tag, Dir: "ltr", Name: tag}
	parsed, err := language.Parse(tag)
	if err != nil {
		return t
	}
	base, _ := parsed.Base()
	script, _ := parsed.Script()
	if rightToLeft[script.String()] {
		t.Dir = "rtl"
	}
	if twoScripts[base.String()] {
		t.Lang = base.String() + "-" + script.String()
	}
	if w := wordsOf(tag); w.Tag == tag {
		t.Name = w.Text("name")
	}
	return t
}

// wide reports whether a language is written without spaces, so that the end of a line of Markdown is no space either.
func (t Tongue) wide() bool {
	parsed, err := language.Parse(t.Tag)
	if err != nil {
		return false
	}
	base, _ := parsed.Base()
	return base.String() == "zh" || base.String() == "ja"
}
