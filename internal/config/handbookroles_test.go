package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHandbookRoles(t *testing.T) {
	const begin = "server_name: a.example\nhandbook:\n"
	for text, want := range map[string]string{
		"  editors: [{user: ana, languages: [fr, zh-Hant]}, {user: '@ben:a.example'}]": "",
		"  editors: [{user: '@ana:b.example'}]":                                        `"@ana:b.example" is no user of this server`,
		"  reviewers: [{user: Ana}]":                                                   `"Ana" is no user of this server`,
		"  publishers: [{languages: [fr]}]":                                            `"" is no user of this server`,
		"  editors: [{user: ana}, {user: '@ana:a.example'}]":                           "stands there twice",
		"  editors: [{user: ana, languages: [french]}]":                                `"french" is no language`,
		"  editors: [{user: ana, language: fr}]":                                       `did you mean "languages"?`,
		"  editors: ana":                                                               "handbook.editors",
	} {
		_, err := Parse([]byte(begin + text + "\n"))
		if want == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorContains(t, err, want, text)
	}
}
