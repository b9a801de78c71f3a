package tests

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"go.yaml.in/yaml/v3"

	"medixchange/internal/testhospital"
)

// sharedSpec returns the folder of the specification's data. CI must have it; elsewhere the test says that it is missing.
func sharedSpec(t *testing.T) string {
	t.Helper()
	shared := os.Getenv("MEDIX_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	folder, err := filepath.Abs(filepath.Join(shared, "spec", "data"))
	require.NoError(t, err)
	if _, err := os.Stat(folder); err != nil {
		require.Empty(t, os.Getenv("CI"), "the specification's data is missing: %v", err)
		t.Skip("SKIPPED: the specification's data is missing; set MEDIX_SHARED")
	}
	return folder
}

// operation is a method and path of the specification with the schemas of its answers by status.
type operation struct {
	name    string // as the specification writes it
	method  string
	path    *regexp.Regexp
	params  int
	answers map[int]*jsonschema.Schema
}

// specification checks what a hospital answers against the OpenAPI description of the Client-Server API.
type specification struct {
	t          *testing.T
	operations []*operation
	seen       map[string]bool
}

type yamlLoader struct{}

func (yamlLoader) Load(location string) (any, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(u.Path)
	if err != nil {
		return nil, err
	}
	var document any
	return document, yaml.Unmarshal(raw, &document)
}

// document is what is read of an OpenAPI file.
type document struct {
	Servers []struct {
		Variables struct {
			BasePath struct {
				Default string `yaml:"default"`
			} `yaml:"basePath"`
		} `yaml:"variables"`
	} `yaml:"servers"`
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]struct {
				Schema any `yaml:"schema"`
			} `yaml:"content"`
		} `yaml:"responses"`
	} `yaml:"paths"`
}

func readSpecification(t *testing.T) *specification {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sharedSpec(t), "api", "client-server", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(yamlLoader{})
	s := &specification{t: t, seen: map[string]bool{}}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		var d document
		require.NoError(t, yaml.Unmarshal(raw, &d), file)
		s.read(compiler, file, d)
	}
	return s
}

func (s *specification) read(compiler *jsonschema.Compiler, file string, d document) {
	for path, methods := range d.Paths {
		for method, described := range methods {
			op := newOperation(strings.ToUpper(method), d.Servers[0].Variables.BasePath.Default+strings.TrimSpace(path))
			for code, response := range described.Responses {
				status, err := strconv.Atoi(code)
				if err != nil || response.Content["application/json"].Schema == nil {
					continue
				}
				schema, err := compiler.Compile("file://" + file + "#/paths/" + pointer(path) + "/" + method + "/responses/" + code +
					"/content/application~1json/schema")
				require.NoError(s.t, err, op.name)
				op.answers[status] = schema
			}
			s.operations = append(s.operations, op)
		}
	}
}

// pointer escapes a key for a JSON pointer in a URL.
func pointer(key string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
}

var parameter = regexp.MustCompile(`\\\{[^/]+?\\\}`)

func newOperation(method, path string) *operation {
	expression := parameter.ReplaceAllString(regexp.QuoteMeta(path), "[^/]*")
	return &operation{
		name: method + " " + path, method: method, path: regexp.MustCompile("^" + expression + "$"),
		params: strings.Count(path, "{"), answers: map[int]*jsonschema.Schema{},
	}
}

// find returns the operation that a request means: of several, the one with the most literal path.
func (s *specification) find(method, path string) *operation {
	path, _, _ = strings.Cut(path, "?")
	var found *operation
	for _, op := range s.operations {
		if op.method == method && op.path.MatchString(path) && (found == nil || op.params < found.params) {
			found = op
		}
	}
	return found
}

// call sends a request that must succeed and checks the answer's form.
func (s *specification) call(u *testhospital.User, method, path string, body any) gjson.Result {
	s.t.Helper()
	return s.expect(u, http.StatusOK, method, path, body)
}

// expect is call for an answer with another status. Of errors that the specification does not list, only errcode is
// checked.
func (s *specification) expect(u *testhospital.User, want int, method, path string, body any) gjson.Result {
	s.t.Helper()
	op := s.find(method, path)
	require.NotNil(s.t, op, "the specification does not have %s %s", method, path)
	status, answer := u.Do(method, path, body)
	require.Equal(s.t, want, status, "%s: %s", op.name, answer.Raw)
	schema := op.answers[status]
	if schema == nil {
		require.GreaterOrEqual(s.t, status, 400, "the specification has no answer %d for %s", status, op.name)
		require.NotEmpty(s.t, answer.Get("errcode").Str, answer.Raw)
		return answer
	}
	if err := schema.Validate(answer.Value()); err != nil {
		s.t.Errorf("%s answers in another form: %v\n%s", op.name, err, answer.Raw)
	}
	s.seen[op.name] = true
	return answer
}
