package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"medixchange/internal/spelling"
)

// decoder fills a Config from YAML nodes. It does what yaml's KnownFields does, but says for every mistake where it
// is and what would be right, and finds all of them at once.
type decoder struct {
	problems Problems
	lines    map[string]int // key path → line, for problems that validation finds later
}

var prefixType = reflect.TypeFor[netip.Prefix]()

func (d *decoder) problem(n *yaml.Node, path, format string, args ...any) {
	d.problems = append(d.problems, Problem{Line: n.Line, Path: path, Reason: fmt.Sprintf(format, args...)})
}

// decode stores n in v. It leaves v alone where n is wrong.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.lines[path] = n.Line
	switch target := v.Addr().Interface().(type) {
	case interface{ parse(string) error }:
		if text, ok := d.scalar(n, path, "a value"); ok {
			if err := target.parse(text); err != nil {
				d.problem(n, path, "%s", err)
			}
		}
		return
	case *netip.Prefix:
		if text, ok := d.scalar(n, path, "a network"); ok {
			p, err := parsePrefix(text)
			if err != nil {
				d.problem(n, path, "%s", err)
				return
			}
			*target = p
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.section(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	default:
		d.basic(n, v, path)
	}
}

func (d *decoder) scalar(n *yaml.Node, path, what string) (string, bool) {
	switch {
	case n.Kind == yaml.SequenceNode:
		d.problem(n, path, "must be %s, not a list", what)
	case n.Kind == yaml.MappingNode:
		d.problem(n, path, "must be %s, not a section", what)
	case n.Tag == "!!null":
		d.problem(n, path, "has no value; write one, or remove the line to keep the default")
	default:
		return n.Value, true
	}
	return "", false
}

func (d *decoder) basic(n *yaml.Node, v reflect.Value, path string) {
	what := map[reflect.Kind]string{reflect.String: "a text", reflect.Bool: "true or false",
		reflect.Float64: "a number"}[v.Kind()]
	if what == "" {
		what = "a whole number"
	}
	text, ok := d.scalar(n, path, what)
	if !ok {
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		var b bool
		if b, err = parseBool(text); err == nil {
			v.SetBool(b)
		}
	case reflect.Float64:
		var f float64
		if f, err = strconv.ParseFloat(text, 64); err == nil {
			v.SetFloat(f)
		}
	case reflect.Int:
		var i int64
		if i, err = strconv.ParseInt(text, 10, 64); err == nil {
			v.SetInt(i)
		}
	default: // the unsigned kinds
		var u uint64
		if u, err = strconv.ParseUint(text, 10, v.Type().Bits()); err == nil {
			v.SetUint(u)
		}
	}
	if err != nil {
		d.problem(n, path, "%q is not right here: it must be %s", text, what)
	}
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, strconv.ErrSyntax
}

// list replaces v; elements begin with their own defaults (setDefaults), not with those of the list.
func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.problem(n, path, "must be a list; write it in brackets, or each element on a line of its own behind a dash")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, element := range n.Content {
		target := out.Index(i)
		if t, ok := target.Addr().Interface().(interface{ setDefaults() }); ok {
			t.setDefaults()
		}
		d.decode(element, target, fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(out)
}

func (d *decoder) section(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // a section that holds only comments
	}
	if n.Kind != yaml.MappingNode {
		d.problem(n, path, "must be a section with keys: %s", strings.Join(keysOf(v.Type()), ", "))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		if line, twice := seen[key.Value]; twice {
			d.problem(key, at, "this key is already set on line %d; remove one of them", line)
			continue
		}
		seen[key.Value] = key.Line
		field, ok := fieldOf(v, key.Value)
		if !ok {
			d.problem(key, at, "%s", unknownKey(key.Value, path, v.Type()))
			continue
		}
		d.decode(value, field, at)
		d.lines[at] = key.Line
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("yaml")
	}
	return keys
}

func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	i := slices.Index(keysOf(v.Type()), key)
	if i < 0 {
		return reflect.Value{}, false
	}
	return v.Field(i), true
}

// unknownKey says what the author of a wrong key may have meant.
func unknownKey(key, path string, section reflect.Type) string {
	where := "the file"
	if path != "" {
		where = "section " + path
	}
	if better := spelling.Nearest(key, keysOf(section)); better != "" {
		return fmt.Sprintf("unknown key in %s; did you mean %q?", where, better)
	}
	var elsewhere []string
	walkKeys(reflect.TypeFor[Config](), "", func(p string) {
		if p != key && (p[strings.LastIndexByte(p, '.')+1:] == key) {
			elsewhere = append(elsewhere, p)
		}
	})
	if len(elsewhere) > 0 {
		return fmt.Sprintf("unknown key in %s; did you mean %s?", where, strings.Join(elsewhere, " or "))
	}
	return fmt.Sprintf("unknown key in %s; known are %s", where, strings.Join(keysOf(section), ", "))
}

// walkKeys calls visit with the path of every key of t, sections included. Elements of lists are written "list[]".
func walkKeys(t reflect.Type, path string, visit func(path string)) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := join(path, f.Tag.Get("yaml"))
		visit(at)
		switch {
		case f.Type == prefixType:
		case f.Type.Kind() == reflect.Struct:
			walkKeys(f.Type, at, visit)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem() != prefixType && f.Type.Elem().Kind() == reflect.Struct:
			walkKeys(f.Type.Elem(), at+"[]", visit)
		}
	}
}
