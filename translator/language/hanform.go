package language

import (
	"fmt"
	"strings"
	"sync"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// hanPairs are the characters that simplified and traditional Chinese write differently.
type hanPairs struct {
	simplified  map[rune]bool
	traditional map[rune]rune // to the simplified one
}

var hanTable = sync.OnceValue(mustLoadHanPairs)

// mustLoadHanPairs reads the embedded table; a fault in it is one of the build and ends the program.
func mustLoadHanPairs() hanPairs {
	data, err := dataFiles.ReadFile("data/han.yaml")
	if err != nil {
		panic(fmt.Errorf("pairs of Han characters: %w", err))
	}
	var file struct{ Pairs string }
	if err := yaml.Unmarshal(data, &file); err != nil {
		panic(fmt.Errorf("pairs of Han characters: %w", err))
	}
	runes := []rune(strings.Join(strings.Fields(file.Pairs), ""))
	table := hanPairs{map[rune]bool{}, map[rune]rune{}}
	for i := 0; i+1 < len(runes); i += 2 {
		table.simplified[runes[i]] = true
		table.traditional[runes[i+1]] = runes[i]
	}
	return table
}

// Simplified folds a traditional character to the simplified one, for comparing. It is no way to write a text in the other
// form: words differ too, and what one form writes alike the other may not.
func Simplified(r rune) rune {
	if !unicode.Is(unicode.Han, r) {
		return r
	}
	if simple, ok := hanTable().traditional[r]; ok {
		return simple
	}
	return r
}

// hanForms counts the characters of a Chinese text that only one of the two forms has.
func hanForms(text string) (simplified, traditional int) {
	table := hanTable()
	for _, r := range text {
		if table.simplified[r] {
			simplified++
		} else if _, ok := table.traditional[r]; ok {
			traditional++
		}
	}
	return simplified, traditional
}

// ChineseForms are the forms of Chinese that a text may be written in: both, if it has no character that tells.
func ChineseForms(text string) []Code {
	switch simplified, traditional := hanForms(text); {
	case traditional > simplified:
		return []Code{"zh-Hant"}
	case simplified > traditional:
		return []Code{"zh"}
	}
	return []Code{"zh", "zh-Hant"}
}

// chineseForm tells simplified from traditional Chinese. A text that both would write alike is in the form of its sender.
func chineseForm(text string, sender Code) Code {
	forms := ChineseForms(text)
	if len(forms) > 1 && sender.Base() == "zh" {
		return sender
	}
	return forms[0]
}
