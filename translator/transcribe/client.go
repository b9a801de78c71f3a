package transcribe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"medixchange/internal/netguard"
	"medixchange/translator/language"
)

// Doer sends an HTTP request: the node's guarded client, or an http.Client in tests.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Options is what a Client is built from. Every field without "optional" must be set.
type Options struct {
	URL        string // of the server, without /v1/audio/transcriptions
	Model      string
	APIKey     string // optional
	Client     Doer
	Timeout    time.Duration // of one recording, waiting for its turn included
	Concurrent int           // recordings at a time
	MaxBytes   int64         // of a recording
	// Languages are those that the model understands; what it finds in another one is not taken. Empty: all.
	Languages []language.Code
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	o     Options
	slots chan struct{}
}

// Errors of Transcribe that trying again does not change.
var (
	ErrTooLarge = errors.New("the recording is larger than allowed")
	ErrNothing  = errors.New("nothing was understood")
	ErrRefused  = errors.New("the server refuses the recording")
)

// maxAnswer bounds what the server says.
const maxAnswer = 1 << 20

// New returns a client. It calls nobody.
func New(o Options) *Client {
	o.URL = strings.TrimRight(o.URL, "/")
	return &Client{o: o, slots: make(chan struct{}, max(o.Concurrent, 1))}
}

// Recording is what is to be written down.
type Recording struct {
	Data        io.Reader
	Size        int64
	ContentType string // such as audio/ogg
}

// Transcript is what was said.
type Transcript struct {
	Text     string
	Language language.Code // "" when the server does not say
}

// Transcribe returns what was said. Its errors never hold the server's words.
func (c *Client) Transcribe(ctx context.Context, r Recording) (Transcript, error) {
	if r.Size > c.o.MaxBytes {
		return Transcript{}, ErrTooLarge
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return Transcript{}, ctx.Err()
	}
	body, contentType, err := c.form(r)
	if err != nil {
		return Transcript{}, err
	}
	answer, err := c.post(ctx, body, contentType)
	if err != nil {
		return Transcript{}, err
	}
	return c.read(answer)
}

// endings name a file so that servers recognise what is in it.
var endings = map[string]string{
	"audio/ogg": "ogg", "audio/opus": "ogg", "audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/aac": "m4a", "audio/wav": "wav",
	"audio/x-wav": "wav", "audio/wave": "wav", "audio/flac": "flac", "audio/webm": "webm",
}

// form writes the multipart request. The model finds the language itself: who speaks may not speak what they read.
func (c *Client) form(r Recording) (*bytes.Buffer, string, error) {
	kind, _, _ := strings.Cut(r.ContentType, ";")
	ending := endings[strings.TrimSpace(strings.ToLower(kind))]
	if ending == "" {
		ending = "ogg"
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range [][2]string{{"model", c.o.Model}, {"response_format", "verbose_json"}, {"temperature", "0"}} {
		if err := form.WriteField(field[0], field[1]); err != nil {
			return nil, "", fmt.Errorf("writing a recording: %w", err)
		}
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", `form-data; name="file"; filename="voice.`+ending+`"`)
	header.Set("Content-Type", "audio/"+ending)
	part, err := form.CreatePart(header)
	if err != nil {
		return nil, "", fmt.Errorf("writing a recording: %w", err)
	}
	n, err := io.Copy(part, io.LimitReader(r.Data, c.o.MaxBytes+1))
	if err != nil {
		return nil, "", fmt.Errorf("reading a recording: %w", err)
	}
	if n > c.o.MaxBytes {
		return nil, "", ErrTooLarge
	}
	if err := form.Close(); err != nil {
		return nil, "", fmt.Errorf("writing a recording: %w", err)
	}
	return &body, form.FormDataContentType(), nil
}

func (c *Client) post(ctx context.Context, body *bytes.Buffer, contentType string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.o.URL+"/v1/audio/transcriptions", body)
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	req.Header.Set("Content-Type", contentType)
	if c.o.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+c.o.APIKey)
	}
	res, err := c.o.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the recogniser: %w", netguard.Fault(err))
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the recogniser's answer: %w", netguard.Fault(err))
	case res.StatusCode == http.StatusOK:
		return answer, nil
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return nil, fmt.Errorf("the recogniser answers with status %d", res.StatusCode)
	}
	return nil, fmt.Errorf("%w: status %d", ErrRefused, res.StatusCode)
}

// read takes the answer of a server: {"text", "language"}; the language is a tag or an English name.
func (c *Client) read(answer []byte) (Transcript, error) {
	var said struct {
		Text     string `json:"text"`
		Language string `json:"language"`
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return Transcript{}, errors.New("the recogniser's answer is not what it should be")
	}
	t := Transcript{Text: strings.TrimSpace(said.Text)}
	if code, ok := language.ByName(said.Language); ok {
		t.Language = code
	}
	if t.Text == "" || t.Language != "" && len(c.o.Languages) > 0 && !c.understands(t.Language) {
		return Transcript{}, ErrNothing
	}
	return t, nil
}

func (c *Client) understands(code language.Code) bool {
	for _, known := range c.o.Languages {
		if known.Base() == code.Base() {
			return true
		}
	}
	return false
}
