package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
)

var compare = cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{})}

func TestSampleIsTheDefault(t *testing.T) {
	c, err := Parse([]byte(Sample()))
	require.NoError(t, err)
	want := completed(t, "hospital-a.example")
	require.Empty(t, cmp.Diff(want, c, compare))
}

// completed is the default with the paths that Parse makes complete.
func completed(t *testing.T, serverName string) *Config {
	dir, err := filepath.Abs(".")
	require.NoError(t, err)
	c := Default(serverName)
	c.resolveFiles(dir)
	c.resolveData()
	return c
}

func TestSampleNamesEveryKey(t *testing.T) {
	walkKeys(reflect.TypeFor[Config](), "", func(path string) {
		key := path[strings.LastIndexByte(path, '.')+1:]
		require.Regexp(t, `(?m)(^ *|[{ ])`+key+`:`, Sample(), "the sample does not name %s", path)
	})
}

func TestSampleForFillsInTheName(t *testing.T) {
	c, err := Parse([]byte(SampleFor("h2.example:8449")))
	require.NoError(t, err)
	require.Equal(t, "h2.example:8449", c.ServerName)
}

func TestProblemsNameLineKeyAndRemedy(t *testing.T) {
	const name = "server_name: a.example\n"
	for _, tc := range []struct{ name, text, want string }{
		{"no server name", "", "server_name: is missing"},
		{"misspelt key", name + "limits:\n  max_bdy: 1MB\n", `line 3: limits.max_bdy: unknown key in section limits; did you mean "max_body"?`},
		{"key of another section", name + "default_version: 11\n", "line 2: default_version: unknown key in the file; did you mean rooms.default_version?"},
		{"key of nowhere", name + "presence:\n  qqqqqqqqqq: 1\n", "known are enabled"},
		{"twice", name + "server_name: b.example\n", "line 2: server_name: this key is already set on line 1"},
		{"wrong type", name + "database:\n  max_readers: many\n", `line 3: database.max_readers: "many" is not right here: it must be a whole number`},
		{"boolean of another language", name + "presence:\n  enabled: yes\n", `"yes" is not right here: it must be true or false`},
		{"list for a value", name + "data_dir: [a]\n", "line 2: data_dir: must be a text, not a list"},
		{"value for a list", name + "listen:\n  client: 127.0.0.1:80\n", "line 3: listen.client: must be a list"},
		{"a port that there is not", name + "listen:\n  client: [\"127.0.0.1:99999\"]\n", `line 3: listen.client[0]: "127.0.0.1:99999" is not an address to listen on`},
		{"value for a section", name + "presence: true\n", "presence: must be a section with keys: enabled"},
		{"no value", name + "data_dir:\n", "line 2: data_dir: has no value"},
		{"duration", name + "translator:\n  hold_budget: 800\n", `line 3: translator.hold_budget: "800" is not a duration; write for example 800ms`},
		{"size", name + "media:\n  max_upload: 5 apples\n", `"5 apples" is not a size`},
		{"network", name + "federation:\n  allow_private: [10.0.0.0/99]\n", `federation.allow_private[0]: "10.0.0.0/99" is not a network`},
		{"in a list", name + "translator:\n  engines:\n    - type: phrase\n", `line 4: translator.engines[0].type: "phrase" is not known; write one of phrases, apertium, libretranslate, deepl, azure, google, openai; did you mean "phrases"?`},
		{"text would leave", name + "translator:\n  engines:\n    - {type: libretranslate, url: \"https://t.example\"}\n", "add \"t.example\" to translator.allow_external"},
		{"server name with scheme", "server_name: https://a.example\n", "is not a server name"},
		{"capital letters", "server_name: A.example\n", "write it in small letters: a.example"},
		{"tab", "server_name: a.example\nlisten:\n\tclient: []\n", "line 3: this is not YAML"},
		{"two documents", name + "---\na: b\n", "more than one document"},
		{"cheap passwords", name + "passwords: {memory_kib: 64}\n", "line 2: passwords.memory_kib: 64 is too cheap"},
		{"no limit", name + "limits: {rates: {login: {per_second: 0}}}\n", "write limits.rates_enabled: false"},
		{"database", name + "database: {url: mysql://x}\n", "must begin with sqlite: or postgres://"},
		{"missing certificate", name + "listen: {tls: {cert: /nonexistent/c, key: /nonexistent/k}}\n", "there is no file /nonexistent/c"},
		{"half a pair", name + "listen: {tls: {cert: /dev/null}}\n", "cert and key belong together"},
		{"room version", name + "rooms: {default_version: 13}\n", `"13" is not known`},
		{"missing secret", name + "registration: {shared_secret_file: /nonexistent/s}\n", "registration.shared_secret_file: cannot be read"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse([]byte(tc.text))
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestAllProblemsAreReportedInOrder(t *testing.T) {
	_, err := Parse([]byte("server_name: a.example\nfoo_bar_baz: 1\npresence: {enabled: 3}\nlog: {levle: info}\n"))
	var found Problems
	require.ErrorAs(t, err, &found)
	require.Len(t, found, 3)
	require.Equal(t, []int{2, 3, 4}, []int{found[0].Line, found[1].Line, found[2].Line})
}

func TestLoadReadsSecretsAndCompletesPaths(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("correct horse\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "db"), []byte("sqlite:other.db\n"), 0o600))
	file := filepath.Join(dir, "medix.yaml")
	require.NoError(t, os.WriteFile(file, []byte("server_name: a.example\ndata_dir: d\nregistration: {shared_secret_file: secret}\ndatabase: {url_file: db}\n"+
		"translator: {engines: [{type: libretranslate, url: 'http://127.0.0.1:5000', api_key_file: secret}]}\n"), 0o600))
	c, err := Load(file)
	require.NoError(t, err)
	require.Equal(t, "correct horse", c.Registration.SharedSecret)
	require.Equal(t, "correct horse", c.Translator.Engines[0].APIKey)
	require.Equal(t, defaultEngineTimeout, c.Translator.Engines[0].Timeout)
	require.Equal(t, "sqlite:"+filepath.Join(dir, "d", "other.db"), c.Database.URL)
	require.Equal(t, filepath.Join(dir, "d", "media"), c.Media.Dir)

	shown := c.Show()
	require.NotContains(t, shown, "correct horse")
	require.Contains(t, shown, "shared_secret: '***'")
	require.Equal(t, "correct horse", c.Translator.Engines[0].APIKey, "showing must not change the configuration")

	require.NoError(t, os.WriteFile(file, []byte("server_name: a.example\nregistration: {shared_secret_file: secret, shared_secret: abcdefgh}\n"), 0o600))
	_, err = Load(file)
	require.ErrorContains(t, err, file+":2: registration.shared_secret_file: remove registration.shared_secret or this key")
}

func TestShowMasksDatabasePasswords(t *testing.T) {
	for _, u := range []string{"postgres://medix:s3cret@db/medix", "postgres://db/medix?user=u&password=s3cret"} {
		c := Default("a.example")
		c.Database.URL = u
		require.NotContains(t, c.Show(), "s3cret")
		require.Contains(t, c.Show(), "***")
	}
}

func TestShownConfigurationLoads(t *testing.T) {
	c := completed(t, "a.example")
	again, err := Parse([]byte(c.Show()))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(c, again, compare))
}

func TestDurationsAndSizes(t *testing.T) {
	for text, want := range map[string]time.Duration{"800ms": 800 * time.Millisecond, "1h30m": 90 * time.Minute, "30d": 720 * time.Hour, "0s": 0} {
		var d Duration
		require.NoError(t, d.parse(text))
		require.Equal(t, want, d.Std())
		require.Equal(t, text, d.String())
	}
	for text, want := range map[string]int64{"0": 0, "12": 12, "50MB": 50 << 20, "1.5 GiB": 3 << 29, "16kb": 16 << 10} {
		var s Size
		require.NoError(t, s.parse(text))
		require.Equal(t, want, s.Bytes())
	}
	for _, text := range []string{"", "-1s", "1y", "d", "99999999d"} {
		var d Duration
		require.Error(t, d.parse(text), text)
	}
	for _, text := range []string{"", "-1", "MB", "NaN", "1e300TB", "Inf"} {
		var s Size
		require.Error(t, s.parse(text), text)
	}
}

func TestValidServerName(t *testing.T) {
	for name, want := range map[string]bool{
		"a.example": true, "localhost:8448": true, "1.2.3.4": true, "[::1]:8448": true, "[1234:5678::abcd]": true,
		"": false, "a b": false, "a/b": false, "a.example:": false, "a.example:123456": false, "[1.2.3.4]": false, "[::1": false,
		"ä.example": false, "a_b": false, strings.Repeat("a", 231): false,
	} {
		require.Equal(t, want, ValidServerName(name), name)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(Sample()))
	f.Add([]byte("a: &x [*x]\n"))
	f.Add([]byte("server_name: a.example\n? [1]\n: 2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Contains(string(text), "_file") {
			t.Skip("would read files that the fuzzer names")
		}
		c, err := Parse(text)
		if (c == nil) == (err == nil) {
			t.Fatal("neither a configuration nor an error")
		}
	})
}
