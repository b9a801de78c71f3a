package replies

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator"
	"medixchange/translator/compose"
	"medixchange/translator/language"
)

// long is a translation of a message of about so many bytes, into letters of three bytes each.
func long(bytes int) translator.Result {
	of := strings.Repeat("ผ", bytes/3)
	return translator.Result{
		State: translator.Translated, From: "en", To: "th", Verdict: "pass", Body: of, FormattedBody: "<b>" + of + "</b>",
		Original: compose.Original{Body: strings.Repeat("o", bytes), FormattedBody: "<b>" + strings.Repeat("o", bytes) + "</b>"},
	}
}

// TestRule14AnAnswerThatIsTooLargeIsShortenedOrSaidInWords: never left to the homeserver to refuse.
func TestRule14AnAnswerThatIsTooLargeIsShortenedOrSaidInWords(t *testing.T) {
	for _, before := range []string{"", "$answer"} {
		size := 1
		if before != "" {
			size = 2 // an edit has everything twice
		}
		for _, c := range []struct {
			bytes          int
			original, html bool
			words          bool
		}{{2_000, true, true, false}, {18_000, false, true, false}, {36_000, false, false, false}, {60_000, false, false, true}} {
			content := fitting(long(c.bytes/size), func(content map[string]any) map[string]any {
				return related(&Work{EventID: "$1"}, before, content)
			})
			what := fmt.Sprint(c.bytes, before)
			require.True(t, fits(content), what)
			require.NotNil(t, content["m.relates_to"], what)
			if before != "" {
				content = content["m.new_content"].(map[string]any)
			}
			key := content[compose.KeyName].(compose.Key)
			require.Equal(t, c.original, key.Original != nil, what)
			require.Equal(t, c.html, content["formatted_body"] != nil, what)
			if c.words {
				require.Equal(t, language.Say("th", "not_translated", "reason", language.String("th", "reason_too_long")), content["body"], what)
				require.Equal(t, []string{"too_long"}, key.Reasons, what)
			}
		}
	}
}

// TestWhatTheRoomRefusesInOneLanguageIsSaidInTheOthers: and is known to have been said, when the message is redacted.
func TestWhatTheRoomRefusesInOneLanguageIsSaidInTheOthers(t *testing.T) {
	w := newDeskWorld(t)
	german := txnOf(&Work{RoomID: "!r:x", EventID: "$1"}, "reply", "de")
	w.room.fail = func(txn string) error {
		if txn == german {
			return fmt.Errorf("%w: it is too large", ErrRefused)
		}
		return nil
	}
	w.happens(Work{Task: Translate, EventID: "$1", Text: "hello"})
	w.idle()
	require.Len(t, w.room.order, 2)
	w.happens(Work{Task: Withdraw, EventID: "$2", Replaces: "$1"})
	w.idle()
	require.Equal(t, w.room.order[1:], w.room.redacted)
}
