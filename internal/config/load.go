package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"medixchange/internal/pattern"
)

const maxFile = 1 << 20

// Load reads, completes and validates the file at path. Relative paths in it start at the folder of the file, those
// of signing_key, database.url, media.dir and listen.admin_socket at data_dir; in the result all are complete. A
// faulty file gives Problems as the error.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := parse(text, dir)
	var found Problems
	if errors.As(err, &found) {
		for i := range found {
			found[i].File = path
		}
		return nil, found
	}
	return c, err
}

// Parse is Load for a text that is in no file: relative paths start at the working folder.
func Parse(text []byte) (*Config, error) {
	dir, err := filepath.Abs(".")
	if err != nil {
		return nil, fmt.Errorf("finding the working folder: %w", err)
	}
	return parse(text, dir)
}

func parse(text []byte, dir string) (*Config, error) {
	if len(text) > maxFile {
		return nil, Problems{{Reason: "the file is larger than 1 MB; this is not a configuration of this program"}}
	}
	c := Default("")
	d := decoder{lines: map[string]int{}}
	root, err := rootNode(text)
	if err != nil {
		return nil, err
	}
	if root != nil {
		d.decode(root, reflect.ValueOf(c).Elem(), "")
	}
	c.resolveFiles(dir)
	d.secrets(reflect.ValueOf(c).Elem(), "")
	c.resolveData()
	if len(d.problems) == 0 {
		d.problems = c.Validate()
		for i, p := range d.problems {
			d.problems[i].Line = d.lines[p.Path]
		}
	}
	if len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, d.problems
	}
	return c, nil
}

var yamlLine = pattern.Lazy(`^(?:yaml: )?line (\d+): (.*)$`)

// rootNode returns the top mapping of the text, nil if the text is empty.
func rootNode(text []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		p := Problem{Reason: "this is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
		if m := yamlLine().FindStringSubmatch(err.Error()); m != nil {
			p.Line, _ = strconv.Atoi(m[1]) // the pattern allows digits only
			p.Reason = "this is not YAML: " + m[2] + "; look at indentation (spaces, no tabs) and colons"
		}
		return nil, Problems{p}
	}
	var next yaml.Node
	if err := dec.Decode(&next); !errors.Is(err, io.EOF) {
		return nil, Problems{{Line: next.Line, Reason: "the file holds more than one document; remove the line ---"}}
	}
	return doc.Content[0], nil
}

// resolveFiles completes the paths that are relative to the folder of the file.
func (c *Config) resolveFiles(dir string) {
	complete(dir, &c.DataDir, &c.Database.URLFile, &c.Listen.TLS.Cert, &c.Listen.TLS.Key, &c.Registration.SharedSecretFile,
		&c.Federation.TrustedCA, &c.Alliance.Charter, &c.Alliance.Mail.PasswordFile, &c.Handbook.Folder, &c.Handbook.Local, &c.SSO.TrustedCA, &c.Conference.Turn.SharedSecretFile, &c.Conference.SFU.SecretFile, &c.Conference.SFU.Program)
	for i := range c.SSO.Providers {
		complete(dir, &c.SSO.Providers[i].ClientSecretFile)
	}
	complete(dir, &c.Translator.Transcription.APIKeyFile)
	for i := range c.Translator.Engines {
		complete(dir, &c.Translator.Engines[i].APIKeyFile)
	}
}

// resolveData completes the paths that are relative to data_dir.
func (c *Config) resolveData() {
	complete(c.DataDir, &c.SigningKey, &c.Media.Dir, &c.Listen.AdminSocket, &c.Translator.Encrypted.KeyFile, &c.Translator.Seal.KeyFile, &c.Bridge.Registration)
	if path, ok := strings.CutPrefix(c.Database.URL, sqliteScheme); ok && path != "" {
		complete(c.DataDir, &path)
		c.Database.URL = sqliteScheme + path
	}
}

func complete(base string, paths ...*string) {
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
}

const (
	sqliteScheme = "sqlite:"
	secretFile   = "_file"
)

// secrets reads what stands in files into the keys beside them.
func (d *decoder) secrets(v reflect.Value, path string) {
	t := v.Type()
	for i := range t.NumField() {
		key, field := t.Field(i).Tag.Get("yaml"), v.Field(i)
		at := join(path, key)
		switch {
		case t.Field(i).Tag.Get("secret") != "":
			file, _ := fieldOf(v, key+secretFile)
			d.readSecret(field, file.String(), at)
		case field.Kind() == reflect.Struct && field.Type() != prefixType:
			d.secrets(field, at)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct && field.Type().Elem() != prefixType:
			for j := range field.Len() {
				d.secrets(field.Index(j), fmt.Sprintf("%s[%d]", at, j))
			}
		}
	}
}

func (d *decoder) readSecret(field reflect.Value, file, path string) {
	if file == "" {
		return
	}
	fail := func(reason string) {
		d.problems = append(d.problems, Problem{Line: d.lines[path+secretFile], Path: path + secretFile, Reason: reason})
	}
	if _, both := d.lines[path]; both {
		fail("remove " + path + " or this key: only one of them can be right")
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		fail("cannot be read: " + err.Error())
		return
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		fail("the file " + file + " is empty; write the secret into it")
		return
	}
	field.SetString(secret)
}

// Show returns the configuration as YAML with secrets masked.
func (c *Config) Show() string {
	masked := reflect.New(reflect.TypeFor[Config]()).Elem()
	masked.Set(reflect.ValueOf(*c))
	mask(masked)
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(masked.Interface()); err != nil {
		return "# cannot be shown: " + err.Error()
	}
	return b.String()
}

const hidden = "***"

func mask(v reflect.Value) {
	t := v.Type()
	for i := range t.NumField() {
		field := v.Field(i)
		switch t.Field(i).Tag.Get("secret") {
		case "all":
			if field.String() != "" {
				field.SetString(hidden)
			}
			continue
		case "url":
			field.SetString(maskURL(field.String()))
			continue
		}
		switch {
		case field.Kind() == reflect.Struct && field.Type() != prefixType:
			mask(field)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct && field.Type().Elem() != prefixType:
			copied := reflect.MakeSlice(field.Type(), field.Len(), field.Len())
			reflect.Copy(copied, field)
			for j := range copied.Len() {
				mask(copied.Index(j))
			}
			field.Set(copied)
		}
	}
}

// maskURL hides the password of a database URL, also one given as a parameter.
func maskURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return hidden
	}
	if _, ok := u.User.Password(); ok {
		u.User = url.UserPassword(u.User.Username(), hidden)
	}
	query := u.Query()
	if query.Has("password") {
		query.Set("password", hidden)
		u.RawQuery = query.Encode()
	}
	return strings.ReplaceAll(u.String(), url.QueryEscape(hidden), hidden)
}

// MarshalYAML writes d as the file does.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }

// MarshalYAML writes s as the file does.
func (s Size) MarshalYAML() (any, error) { return s.String(), nil }
