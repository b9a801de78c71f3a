package commandline

import (
	"fmt"
	"strings"
)

const helpWidth = 80

// helpText says how a verb is used, and lists its arguments, its flags and those above it, and the verbs below it.
func (v *verb) helpText() string {
	var b strings.Builder
	b.WriteString("Usage: " + v.usage() + "\n\n" + wrapped(v.help, "", "") + "\n")
	if len(v.arguments) > 0 {
		b.WriteString("\nArguments:\n")
		for _, f := range v.arguments {
			b.WriteString(described("  <"+f.name+">", f.help))
		}
	}
	b.WriteString("\nFlags:\n" + described("  -h, --help", "Show this help."))
	for at := v; at != nil; at = at.parent {
		for _, f := range at.flags {
			b.WriteString(described(f.flagUsage(), f.flagHelp()))
		}
	}
	if len(v.verbs) > 0 {
		b.WriteString("\nCommands:\n")
		v.list(&b)
		fmt.Fprintf(&b, "\nRun \"%s <command> --help\" for more on a command.\n", v.path())
	}
	return b.String()
}

// list writes every verb below this one, groups by their members.
func (v *verb) list(b *strings.Builder) {
	for _, below := range v.verbs {
		if len(below.verbs) > 0 {
			below.list(b)
			continue
		}
		_, call, _ := strings.Cut(below.usage(), " ")
		fmt.Fprintf(b, "  %s\n%s\n", call, wrapped(below.help, "    ", "    "))
	}
}

func (v *verb) usage() string {
	parts := []string{v.path()}
	for _, f := range v.arguments {
		name := "<" + f.name + ">"
		if f.repeats() {
			name += " …"
		}
		if f.optional {
			name = "[" + name + "]"
		}
		parts = append(parts, name)
	}
	if len(v.verbs) > 0 {
		parts = append(parts, "<command>")
	}
	if len(v.flags) > 0 {
		parts = append(parts, "[flags]")
	}
	return strings.Join(parts, " ")
}

func (f *field) flagUsage() string {
	usage := "      --" + f.name
	if f.short != "" {
		usage = "  -" + f.short + ", --" + f.name
	}
	if !f.isSwitch() {
		usage += "=" + strings.ToUpper(f.name)
	}
	return usage
}

func (f *field) flagHelp() string {
	help := f.help
	if f.fallback != "" {
		help += " Default: " + f.fallback + "."
	}
	if f.env != "" {
		help += " ($" + f.env + ")"
	}
	return help
}

const helpColumn = 32

// described is one line of a list, with what it means beside it or, where there is no room, below.
func described(name, help string) string {
	indent := strings.Repeat(" ", helpColumn)
	if len(name) >= helpColumn-1 {
		return name + "\n" + wrapped(help, indent, indent) + "\n"
	}
	return wrapped(help, name+indent[len(name):], indent) + "\n"
}

// wrapped breaks a text into lines, the first behind one indent and the others behind another.
func wrapped(text, first, others string) string {
	var b strings.Builder
	line := first
	empty := true
	for word := range strings.FieldsSeq(text) {
		if !empty && len(line)+1+len(word) > helpWidth {
			b.WriteString(line + "\n")
			line, empty = others, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	b.WriteString(line)
	return b.String()
}
