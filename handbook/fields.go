package handbook

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Date is a day, as YYYY-MM-DD.
type Date string

// fields is a section of a YAML file. Its methods report what is wrong and then give the empty value,
// so that all mistakes of a file are found at once.
type fields struct {
	log    *log
	file   string
	offset int // lines of the file before the YAML
	line   int
	values map[string]*yaml.Node
	keys   []string // in the order of the file
}

// readFields reads text as one YAML mapping. Aliases are refused: nothing here needs them, and they
// make small files large.
func readFields(l *log, file string, text []byte, offset int) (fields, bool) {
	f := fields{log: l, file: file, offset: offset, line: offset + 1}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			l.add(file, f.line, "there is nothing here; keys are expected")
			return f, false
		}
		line, reason := yamlFault(err)
		l.add(file, offset+line, "this is not YAML: %s", reason)
		return f, false
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		l.add(file, f.line, "only one YAML document may be here")
		return f, false
	}
	if alias := aliasIn(&document); alias != nil {
		l.add(file, offset+alias.Line, "YAML anchors and aliases are not allowed; write the value again")
		return f, false
	}
	return f.enter(document.Content[0], "the file")
}

// yamlFault takes the line out of an error of the YAML library.
func yamlFault(err error) (line int, reason string) {
	reason = strings.TrimPrefix(err.Error(), "yaml: ")
	before, after, found := strings.Cut(strings.TrimPrefix(reason, "line "), ": ")
	if n, convErr := strconv.Atoi(before); found && convErr == nil {
		return n, after
	}
	return 1, reason
}

func aliasIn(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return n
	}
	for _, child := range n.Content {
		if alias := aliasIn(child); alias != nil {
			return alias
		}
	}
	return nil
}

// enter gives the keys of a mapping inside of f.
func (f fields) enter(n *yaml.Node, what string) (fields, bool) {
	inner := fields{log: f.log, file: f.file, offset: f.offset, line: f.offset + n.Line, values: map[string]*yaml.Node{}}
	if n.Kind != yaml.MappingNode {
		f.at(n, "%s must have keys, each as `key: value` on a line of its own", what)
		return inner, false
	}
	ok := true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if _, twice := inner.values[key.Value]; twice || key.Kind != yaml.ScalarNode {
			f.at(key, "the key %q is here twice; remove one of them", key.Value)
			ok = false
			continue
		}
		inner.values[key.Value] = n.Content[i+1]
		inner.keys = append(inner.keys, key.Value)
	}
	return inner, ok
}

func (f fields) at(n *yaml.Node, format string, args ...any) {
	f.log.add(f.file, f.offset+n.Line, format, args...)
}

// only reports keys that are not known here, and required ones that are not there.
func (f fields) only(required, optional []string) {
	known := slices.Concat(required, optional)
	for _, key := range f.keys {
		if !slices.Contains(known, key) {
			f.log.add(f.file, f.lineOf(key), "unknown key %q; %s", key, didYouMean(key, known))
		}
	}
	for _, key := range required {
		if f.values[key] == nil {
			f.log.add(f.file, f.line, "the key %q is missing", key)
		}
	}
}

func (f fields) lineOf(key string) int {
	if n := f.values[key]; n != nil {
		return f.offset + n.Line
	}
	return f.line
}

// maxValue bounds one value, in bytes.
const maxValue = 4096

// text gives the value of a key, "" where the key is not there: only reports that.
func (f fields) text(key string) string {
	n := f.values[key]
	if n == nil {
		return ""
	}
	return f.scalar(n, key)
}

func (f fields) scalar(n *yaml.Node, key string) string {
	value := strings.TrimSpace(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode:
		f.at(n, "%s must be one text", key)
	case value == "" || n.Tag == "!!null":
		f.at(n, "%s has no value; write one or remove the line", key)
	case len(value) > maxValue:
		f.at(n, "%s is longer than %d bytes", key, maxValue)
	case forbiddenRune(value) >= 0:
		f.at(n, "%s has a control character", key)
	default:
		return value
	}
	return ""
}

// oneOf gives the value of a key that must be one of the known ones.
func (f fields) oneOf(key string, known []string) string {
	value := f.text(key)
	if value != "" && !slices.Contains(known, value) {
		f.log.add(f.file, f.lineOf(key), "%s is %q; %s", key, value, didYouMean(value, known))
		return ""
	}
	return value
}

func (f fields) date(key string) Date {
	value := f.text(key)
	if value == "" {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, value); err != nil {
		f.log.add(f.file, f.lineOf(key), "%s is %q; it must be a day such as 2026-11-28", key, value)
		return ""
	}
	return Date(value)
}

func (f fields) year(key string) int {
	value := f.text(key)
	if value == "" {
		return 0
	}
	year, err := strconv.Atoi(value)
	if err != nil || year < 1900 || year > 2200 {
		f.log.add(f.file, f.lineOf(key), "%s is %q; it must be a year such as 2023", key, value)
		return 0
	}
	return year
}

// list gives the elements of a list of at most limit.
func (f fields) list(key string, limit int) []*yaml.Node {
	n := f.values[key]
	switch {
	case n == nil:
		return nil
	case n.Kind != yaml.SequenceNode:
		f.at(n, "%s must be a list", key)
		return nil
	case len(n.Content) > limit:
		f.at(n, "%s has more than %d elements", key, limit)
		return nil
	}
	return n.Content
}

// texts gives a list of texts without repetition.
func (f fields) texts(key string, limit int) []string {
	var out []string
	for _, n := range f.list(key, limit) {
		value := f.scalar(n, key)
		if value == "" {
			continue
		}
		if slices.Contains(out, value) {
			f.at(n, "%q is in %s twice", value, key)
			continue
		}
		out = append(out, value)
	}
	return out
}

// section gives the keys below a key, in the order of the file.
func (f fields) section(key string, limit int) fields {
	n := f.values[key]
	if n == nil {
		return fields{log: f.log, file: f.file, line: f.line}
	}
	inner, _ := f.enter(n, key)
	if len(inner.keys) > limit {
		f.at(n, "%s has more than %d keys", key, limit)
		inner.keys = nil
	}
	return inner
}
