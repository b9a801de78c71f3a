package commandline

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Command is what a command line asks for.
type Command struct {
	// Verb points to the struct of the verb; nil if Help is wanted.
	Verb any
	// Help is set if the user asked for it: what the verb and those below it are.
	Help string
}

// Misuse is a command line that cannot be understood.
type Misuse struct {
	Reason string
	Help   string // of the verb as far as it was understood
}

func (m *Misuse) Error() string { return m.Reason }

// Parse reads args into the struct that program points to. Fields with the tag cmd are verbs, and structs of their own; arg
// makes an argument, everything else is a flag. Flags of a verb may stand anywhere behind it. The error is a [Misuse]
// if the user is wrong, and another one if the struct is.
func Parse(program any, name, about string, args []string) (Command, error) {
	root := &verb{name: name, help: about, value: reflect.ValueOf(program).Elem()}
	if err := root.read(); err != nil {
		return Command{}, fmt.Errorf("reading the verbs of %s: %w", name, err)
	}
	r := &reader{at: root, rest: args}
	err := r.run()
	switch {
	case errors.Is(err, errHelp):
		return Command{Help: r.at.helpText()}, nil
	case err != nil:
		return Command{}, &Misuse{Reason: err.Error(), Help: r.at.helpText()}
	}
	return Command{Verb: r.at.value.Addr().Interface()}, nil
}

var errHelp = errors.New("help is wanted")

// reader goes through a command line.
type reader struct {
	at        *verb
	rest      []string
	arguments int  // that the verb has been given
	verbatim  bool // behind "--"
}

func (r *reader) run() error {
	for len(r.rest) > 0 {
		word := r.rest[0]
		r.rest = r.rest[1:]
		if err := r.take(word); err != nil {
			return err
		}
	}
	return r.finish()
}

func (r *reader) take(word string) error {
	switch {
	case r.verbatim || word == "-" || !strings.HasPrefix(word, "-"):
		return r.word(word)
	case word == "--":
		r.verbatim = true
		return nil
	case strings.HasPrefix(word, "--"):
		name, value, has := strings.Cut(word[2:], "=")
		return r.flag(word, r.at.flag(func(f *field) bool { return f.name == name }), value, has)
	}
	short, value := word[1:2], strings.TrimPrefix(word[2:], "=")
	return r.flag(word, r.at.flag(func(f *field) bool { return f.short == short }), value, value != "")
}

// word is a verb or an argument.
func (r *reader) word(word string) error {
	if len(r.at.verbs) > 0 {
		i := slices.IndexFunc(r.at.verbs, func(v *verb) bool { return v.name == word })
		if i < 0 {
			return fmt.Errorf("unexpected argument %s", word)
		}
		r.at = r.at.verbs[i]
		return nil
	}
	if r.arguments >= len(r.at.arguments) {
		return fmt.Errorf("unexpected argument %s", word)
	}
	argument := r.at.arguments[r.arguments]
	if !argument.repeats() {
		r.arguments++
	}
	return argument.set(word)
}

func (r *reader) flag(word string, f *field, value string, has bool) error {
	switch {
	case f == nil && (word == "--help" || word == "-h"):
		return errHelp
	case f == nil:
		return fmt.Errorf("unknown flag %s", word)
	case f.isSwitch() && !has:
		value = "true"
	case !has && len(r.rest) == 0:
		return fmt.Errorf("--%s: a value is missing", f.name)
	case !has:
		value, r.rest = r.rest[0], r.rest[1:]
	}
	return f.set(value)
}

// finish checks that all is there, and fills in what was left out.
func (r *reader) finish() error {
	if len(r.at.verbs) > 0 {
		return fmt.Errorf("expected one of %s", quotedNames(r.at.verbs))
	}
	for _, f := range r.at.arguments {
		if !f.given && !f.optional {
			return fmt.Errorf("expected <%s>", f.name)
		}
		if err := f.fill(); err != nil {
			return err
		}
	}
	for v := r.at; v != nil; v = v.parent {
		for _, f := range v.flags {
			if err := f.fill(); err != nil {
				return err
			}
		}
	}
	return nil
}

func quotedNames(verbs []*verb) string {
	var names []string
	for _, v := range verbs {
		names = append(names, `"`+v.name+`"`)
	}
	return strings.Join(names, ", ")
}
