package replies

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// A file has words where it has a caption: a body that is not its name (Client-Server API, Media captions).
func TestRule13TheWordsOfAFileAreItsCaption(t *testing.T) {
	for _, msgtype := range []string{"m.image", "m.file", "m.video", "m.audio"} {
		for _, c := range []struct {
			name, content, text, html string
			ok                        bool
		}{
			{"caption", `{"body":"The wound today.","filename":"a.bin"}`, "The wound today.", "", true},
			{"caption in HTML", `{"body":"The wound.","filename":"a.bin","format":"org.matrix.custom.html","formatted_body":"The <b>wound</b>."}`,
				"The wound.", "The <b>wound</b>.", true},
			{"the body is the name", `{"body":"a.bin","filename":"a.bin"}`, "", "", false},
			{"no name", `{"body":"a.bin"}`, "", "", false},
			{"an empty name", `{"body":"a.bin","filename":""}`, "", "", false},
			{"a name that is no string", `{"body":"a.bin","filename":7}`, "", "", false},
		} {
			t.Run(msgtype+" "+c.name, func(t *testing.T) {
				text, html, ok := WordsOf(gjson.Parse(`{"msgtype":"`+msgtype+`",`+c.content[1:]), false)
				require.Equal(t, c.ok, ok)
				require.Equal(t, c.text+"|"+c.html, text+"|"+html)
			})
		}
	}
	_, _, ok := WordsOf(gjson.Parse(`{"msgtype":"m.location","body":"The ward.","filename":"a.bin"}`), false)
	require.False(t, ok, "what is no file has no caption")
}
