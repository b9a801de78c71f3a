package tests

import (
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
	"medixchange/translator/language"
)

// searches lets every member find what each said by the words that they read themselves, and by those of whoever said it.
// What they find looks as everywhere else.
func (c *council) searches(where string) {
	c.t.Helper()
	for _, reader := range language.Chat {
		for speaker, writer := range language.Chat {
			c.check(where, speaker, reader, c.find(reader, c.wording(speaker, reader), c.ids[writer]))
		}
		speaker := (len(reader) + int(reader[0])) % len(language.Chat)
		writer := language.Chat[speaker]
		c.check(where+" by the original", speaker, reader, c.find(reader, c.wording(speaker, writer), c.ids[writer]))
	}
}

// find returns a message among what a member's search finds.
func (c *council) find(reader language.Code, words, eventID string) gjson.Result {
	c.t.Helper()
	found := look(c.members[reader], words, nil)
	for _, r := range found.Get("results").Array() {
		if r.Get("result.event_id").Str == eventID {
			require.NotEmpty(c.t, found.Get("highlights").Array(), "%s looks for %q", reader, words)
			return r.Get("result")
		}
	}
	require.Fail(c.t, "not found", "%s looks for %q: %s", reader, words, found.Raw)
	return gjson.Result{}
}

// finds reports whether a user finds a message.
func finds(u *testhospital.User, words, eventID string) bool {
	for _, id := range idsOf(look(u, words, nil)) {
		if id == eventID {
			return true
		}
	}
	return false
}
