package config

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryEngineTypeSaysWhichKeysItNeeds(t *testing.T) {
	const deepl = `type: deepl, url: "https://api.deepl.com"`
	for _, tc := range []struct{ engine, want string }{
		{`{type: deepl, api_key: k}`, "engines[0].url: is missing, engines of type deepl need it; write for example https://api.deepl.com"},
		{`{` + deepl + `}`, "engines[0].api_key: is missing, engines of type deepl need it; better in a file that api_key_file names"},
		{`{` + deepl + `, api_key: k}`, `add "api.deepl.com" to translator.allow_external`},
		{`{` + deepl + `, api_key: k, region: westeurope}`, "engines[0].region: means nothing for engines of type deepl; remove it"},
		{`{type: azure, url: "https://127.0.0.1", api_key: k, glossary: g}`, "engines[0].glossary: means nothing for engines of type azure"},
		{`{type: openai, url: "http://127.0.0.1:8000", languages: [en, es]}`, "engines[0].model: is missing, engines of type openai need it: what the server calls the model"},
		{`{type: openai, url: "http://127.0.0.1:8000", model: m}`, "engines[0].languages: is missing"},
		{`{type: openai, url: "http://127.0.0.1:8000", model: m, languages: [en]}`, "one language is not enough"},
		{`{type: openai, url: "http://127.0.0.1:8000", model: m, languages: [English, es]}`, `engines[0].languages[0]: "English" is not a language code`},
		{`{type: phrases, url: "http://127.0.0.1"}`, "engines[0].url: means nothing for engines of type phrases"},
		{`{type: google, url: "translation.googleapis.com", api_key: k}`, "is not a web address"},
		{`{type: libretranslate, url: "http://127.0.0.1", pairs: [en]}`, `engines[0].pairs[0]: "en" is not a pair`},
		{`{type: libretranslate, url: "http://127.0.0.1", variants: [pt-PT]}`, "engines[0].variants: means nothing"},
	} {
		_, err := Parse([]byte("server_name: a.example\ntranslator:\n  engines:\n    - " + tc.engine + "\n"))
		require.ErrorContains(t, err, tc.want, tc.engine)
	}
}

func TestTranslationsAreAlwaysSealed(t *testing.T) {
	_, err := Parse([]byte("server_name: a.example\ntranslator:\n  seal: {renderings: true}\n"))
	require.NoError(t, err)
	_, err = Parse([]byte("server_name: a.example\ntranslator:\n  seal: {renderings: false}\n"))
	require.ErrorContains(t, err, "translations are always sealed")
}

// TestPairsNameLanguagesWithTheirForms: which languages these are is for the engines' builder to say.
func TestPairsNameLanguagesWithTheirForms(t *testing.T) {
	const text = "server_name: a.example\ntranslator:\n  engines:\n    - "
	_, err := Parse([]byte(text + `{type: apertium, pairs: [zh-Hant-en, pt-PT-es, "*-sr-Latn", en-es]}`))
	require.NoError(t, err)
	_, err = Parse([]byte(text + `{type: apertium, pairs: [en-]}`))
	require.ErrorContains(t, err, `engines[0].pairs[0]: "en-" is not a pair`)
}

func TestKeysDoNotTravelInTheClear(t *testing.T) {
	const text = "server_name: a.example\ntranslator:\n  allow_external: [translate.example]\n  engines:\n    - "
	_, err := Parse([]byte(text + `{type: azure, url: "http://translate.example", api_key: k}`))
	require.ErrorContains(t, err, "would go to translate.example in the clear; write https")
	_, err = Parse([]byte(text + `{type: azure, url: "https://translate.example", api_key: k}`))
	require.NoError(t, err)
	_, err = Parse([]byte(text + `{type: openai, url: "http://translate.example:8000", model: m, languages: [en, es]}`))
	require.NoError(t, err, "a server of one's own")
}

func TestHostsAreNamesAlone(t *testing.T) {
	_, err := Parse([]byte("server_name: a.example\ntranslator:\n  allow_external: [\"https://api.deepl.com\"]\n"))
	require.ErrorContains(t, err, `translator.allow_external[0]: "https://api.deepl.com" is not a host`)
}

// TestWhereTextMayGo is the one rule for all engines.
func TestWhereTextMayGo(t *testing.T) {
	own := Translator{AllowExternal: []string{"api.deepl.com", "10.1.2.3"}, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}}
	for host, allowed := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "API.deepl.com": true, "10.1.2.3": true,
		"10.20.0.1": false, "192.168.1.1": false, "deepl.com": false, "evil.localhost": false, "": false,
	} {
		require.Equal(t, allowed, own.HostAllowed(host), host)
	}
	reach := func(host, address string) bool {
		for _, network := range own.Networks(host) {
			if network.Contains(netip.MustParseAddr(address)) {
				return true
			}
		}
		return false
	}
	require.True(t, reach("localhost", "127.0.0.1"))
	require.True(t, reach("10.1.2.3", "10.1.2.3"), "an address that was named")
	require.True(t, reach("translate.hospital.example", "10.20.3.4"), "a name in a network that was named")
	require.False(t, reach("api.deepl.com", "127.0.0.1"), "a name that leads to this machine")
	require.False(t, reach("api.deepl.com", "10.1.2.3"), "a name that leads inside")
}

func TestWhatBecomesOfPatientIdentifiersIsSaidStrictly(t *testing.T) {
	for text, want := range map[string]string{
		"translator: {identifiers: {action: hold}}":                                                            "",
		"translator: {identifiers: {action: off}}":                                                             "",
		"translator: {allow_external: [mt.hospital.example], identifiers: {own_hosts: [MT.hospital.example]}}": "",
		"translator: {identifiers: {action: perhaps}}":                                                         "translator.identifiers.action",
		"translator: {identifiers: {action: \"\"}}":                                                            "translator.identifiers.action",
		"translator: {identifiers: {own_hosts: [mt.hospital.example]}}":                                        "translator.identifiers.own_hosts[0]",
		"translator: {identifiers: {actions: hold}}":                                                           "actions",
		"translator: {seal: {key_file: \"\"}}":                                                                 "translator.seal.key_file",
	} {
		_, err := Parse([]byte("server_name: hospital-a.example\n" + text))
		if want == "" {
			require.NoError(t, err, text)
		} else {
			require.ErrorContains(t, err, want, text)
		}
	}
	own := Translator{Identifiers: Identifiers{OwnHosts: []string{"mt.hospital.example"}}}
	for host, outside := range map[string]bool{"127.0.0.1": false, "localhost": false, "MT.hospital.example": false, "api.deepl.com": true, "10.1.2.3": true} {
		require.Equal(t, outside, own.Outside(host), host)
	}
}
