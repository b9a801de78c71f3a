package transcribe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// recogniser speaks OpenAI's protocol and checks what it is sent.
func recogniser(t *testing.T, status int, answer string) *Client {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ok := r.Method == http.MethodPost && r.URL.Path == "/v1/audio/transcriptions" && r.Header.Get("Authorization") == "Bearer key" &&
			r.FormValue("model") == "whisper" && r.FormValue("response_format") == "verbose_json"
		file, header, err := r.FormFile("file")
		if !ok || err != nil || header.Filename != "voice.mp3" || header.Header.Get("Content-Type") != "audio/mp3" {
			http.Error(w, "not the protocol", http.StatusTeapot)
			return
		}
		if data, err := io.ReadAll(file); err != nil || string(data) != "sound" {
			http.Error(w, "not the recording", http.StatusTeapot)
			return
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return New(Options{
		URL: server.URL + "/", Model: "whisper", APIKey: "key", Client: server.Client(), Timeout: 20 * time.Second, Concurrent: 1,
		MaxBytes: 10, Languages: []language.Code{"en", "zh"},
	})
}

func TestTranscribe(t *testing.T) {
	for _, c := range []struct {
		status int
		answer string
		want   Transcript
		err    error
	}{
		{200, `{"text":" Good morning. ","language":"english"}`, Transcript{"Good morning.", "en"}, nil},
		{200, `{"text":"你好","language":"zh"}`, Transcript{"你好", "zh"}, nil},
		{200, `{"text":"Good morning."}`, Transcript{"Good morning.", ""}, nil},
		{200, `{"text":"Hola","language":"es"}`, Transcript{}, ErrNothing},
		{200, `{"text":"  "}`, Transcript{}, ErrNothing},
		{400, `{"error":{"message":"no"}}`, Transcript{}, ErrRefused},
	} {
		said, err := recogniser(t, c.status, c.answer).Transcribe(t.Context(), Recording{Data: strings.NewReader("sound"), Size: 5, ContentType: "audio/mpeg; x=y"})
		require.ErrorIs(t, err, c.err, c.answer)
		require.Equal(t, c.want, said)
	}
}

func TestTranscribeFailuresThatMayPass(t *testing.T) {
	for status, answer := range map[int]string{200: "{half", 429: "", 503: "Good morning."} {
		_, err := recogniser(t, status, answer).Transcribe(t.Context(), Recording{Data: strings.NewReader("sound"), Size: 5, ContentType: "audio/mpeg"})
		require.Error(t, err)
		require.False(t, errors.Is(err, ErrRefused) || errors.Is(err, ErrNothing), err)
		require.NotContains(t, err.Error(), "Good morning", "errors are logged, and never hold what was said")
	}
}

// TestWhatCannotBeReadOfAnAnswerIsNotRepeated: net/http quotes the line of a header that it cannot read, and the address of a redirect.
func TestWhatCannotBeReadOfAnAnswerIsNotRepeated(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nGood morning\r\n\r\n",
		"HTTP/1.1 200 Good morning\r\nContent-Length: Good morning\r\n\r\n",
		"HTTP/1.1 307 Moved\r\nLocation: http://[Good morning\r\nContent-Length: 0\r\n\r\n",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, answer)
				_ = conn.Close()
			}
		}))
		c := New(Options{URL: server.URL, Model: "whisper", Client: server.Client(), Timeout: 20 * time.Second, Concurrent: 1, MaxBytes: 10, Languages: []language.Code{"en"}})
		_, err := c.Transcribe(t.Context(), Recording{Data: strings.NewReader("sound"), Size: 5, ContentType: "audio/mpeg"})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "morning", answer)
		server.Close()
	}
}

func TestTranscribeIsBounded(t *testing.T) {
	c := recogniser(t, 200, "{}")
	for _, size := range []int64{11, 5} { // announced, and not
		_, err := c.Transcribe(t.Context(), Recording{Data: strings.NewReader("much too much sound"), Size: size})
		require.ErrorIs(t, err, ErrTooLarge)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.slots <- struct{}{}
	_, err := c.Transcribe(ctx, Recording{Data: strings.NewReader("sound")})
	require.ErrorIs(t, err, context.Canceled, "it waits for its turn no longer than it may")
}
