package language

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed strings/*.yaml
var stringFiles embed.FS

// texts holds the strings of every language in All, by code and key. They are read when they are needed first.
var texts = sync.OnceValue(mustLoadStrings)

// mustLoadStrings reads the embedded files; they are part of the program, so a fault in them is one of
// the build and ends it.
func mustLoadStrings() map[Code]map[string]string {
	loaded := make(map[Code]map[string]string, len(All))
	for _, code := range All {
		data, err := stringFiles.ReadFile("strings/" + string(code) + ".yaml")
		if err != nil {
			panic(fmt.Errorf("strings of %s: %w", code, err))
		}
		entries := map[string]string{}
		if err := yaml.Unmarshal(data, &entries); err != nil {
			panic(fmt.Errorf("strings of %s: %w", code, err))
		}
		if code.RightToLeft() {
			for key, text := range entries {
				entries[key] = isolateCommands(text)
			}
		}
		loaded[code] = entries
	}
	return loaded
}

// commands are what the bot is told, as the strings name them.
var commands = regexp.MustCompile(`![a-z]+( (off|[a-z]{2}|[0-9]+)\b)?`)

// isolateCommands keeps each command together and from left to right inside right-to-left text, where "!lang ar" would
// else be shown as "lang ar!".
func isolateCommands(text string) string {
	return commands.ReplaceAllString(text, "\u2066${0}\u2069")
}

// String is what a reader of c is shown for key, with each {name} replaced by the value that follows
// the name in pairs. A language without strings of its own reads English; an unknown key is shown as
// itself.
func String(c Code, key string, pairs ...string) string {
	text, ok := texts()[c][key]
	if !ok {
		if text, ok = texts()["en"][key]; !ok {
			return key
		}
	}
	if len(pairs) == 0 {
		return text
	}
	replacements := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		replacements = append(replacements, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(replacements...).Replace(text)
}
