package commandline

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// verb is a command, or a group of them, or the program itself.
type verb struct {
	name, help string
	value      reflect.Value // the struct
	parent     *verb
	verbs      []*verb
	arguments  []*field
	flags      []*field
}

// field is one argument or flag.
type field struct {
	name, help, short, env string
	fallback               string // the value where none is given
	value                  reflect.Value
	path                   bool // made absolute
	optional               bool // of an argument
	given                  bool
}

// The tags of a field. A verb has cmd, an argument has arg, all others are flags.
const (
	tagVerb     = "cmd"
	tagArgument = "arg"
	tagName     = "name"     // instead of the field's own
	tagHelp     = "help"     // what the user is told
	tagOptional = "optional" // an argument that may be left out
	tagDefault  = "default"
	tagEnv      = "env" // the variable that is asked before the default
	tagShort    = "short"
	tagType     = "type" // "path"
)

var knownTags = []string{tagVerb, tagArgument, tagName, tagHelp, tagOptional, tagDefault, tagEnv, tagShort, tagType}

// read adds what a struct describes to a verb.
func (v *verb) read() error {
	t := v.value.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		if err := checkTags(f); err != nil {
			return err
		}
		if _, is := f.Tag.Lookup(tagVerb); is {
			below := &verb{name: nameOf(f), help: f.Tag.Get(tagHelp), value: v.value.Field(i), parent: v}
			if err := below.read(); err != nil {
				return err
			}
			v.verbs = append(v.verbs, below)
			continue
		}
		if err := v.readField(f, v.value.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func (v *verb) readField(f reflect.StructField, value reflect.Value) error {
	if !settable(value) {
		return fmt.Errorf("%s: no text can be put into a %s", f.Name, f.Type)
	}
	_, argument := f.Tag.Lookup(tagArgument)
	_, optional := f.Tag.Lookup(tagOptional)
	read := &field{
		name: nameOf(f), help: f.Tag.Get(tagHelp), short: f.Tag.Get(tagShort), env: f.Tag.Get(tagEnv), fallback: f.Tag.Get(tagDefault),
		value: value, path: f.Tag.Get(tagType) == "path", optional: optional,
	}
	if argument {
		v.arguments = append(v.arguments, read)
	} else {
		v.flags = append(v.flags, read)
	}
	return nil
}

// checkTags refuses tags that would have no effect.
func checkTags(f reflect.StructField) error {
	for rest := strings.TrimSpace(string(f.Tag)); rest != ""; {
		key, after, found := strings.Cut(rest, `:"`)
		if !found || !slices.Contains(knownTags, key) {
			return fmt.Errorf("%s: no tag %q is known", f.Name, key)
		}
		end := closingQuote(after)
		if end < 0 {
			return fmt.Errorf("%s: tag %s has no end", f.Name, key)
		}
		rest = strings.TrimSpace(after[end+1:])
	}
	if kind := f.Tag.Get(tagType); kind != "" && kind != "path" {
		return fmt.Errorf("%s: no type %q is known", f.Name, kind)
	}
	return nil
}

func closingQuote(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// nameOf writes a field's name as users type it: PasswordStdin is password-stdin, PortA port-a, JSON json.
func nameOf(f reflect.StructField) string {
	if name := f.Tag.Get(tagName); name != "" {
		return name
	}
	var b strings.Builder
	runes := []rune(f.Name)
	for i, r := range runes {
		begins := i > 0 && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// flag finds a flag of the verb or of those above it.
func (v *verb) flag(matches func(*field) bool) *field {
	for at := v; at != nil; at = at.parent {
		if i := slices.IndexFunc(at.flags, matches); i >= 0 {
			return at.flags[i]
		}
	}
	return nil
}

// path is how the verb is called: "medix user create".
func (v *verb) path() string {
	if v.parent == nil {
		return v.name
	}
	return v.parent.path() + " " + v.name
}
