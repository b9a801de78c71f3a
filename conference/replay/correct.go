package replay

import (
	"net/http"
	"strings"

	"medixchange/internal/web"
)

// maxUtterance bounds the body of a correction in bytes.
const maxUtterance = 16 << 10

// correct replaces the text of an utterance (PUT /replay/ID/transcript/UTTERANCE).
func (p *Replay) correct(_ http.ResponseWriter, r *http.Request) (any, error) {
	if err := p.o.Login.SameOrigin(r); err != nil {
		return nil, err
	}
	device, err := p.o.Login.Device(r)
	if err != nil {
		return nil, err
	}
	rec, err := p.find(r.Context(), web.Var(r, "id"), device.UserID)
	if err != nil {
		return nil, err
	}
	if p.o.Captions == nil || !p.here(rec) {
		return nil, web.Forbidden("The transcript of this recording is corrected at the hospital that made it.")
	}
	var body struct {
		Text string `json:"text"`
	}
	if err := web.Decode(r, &body, maxUtterance); err != nil {
		return nil, err
	}
	text := strings.TrimSpace(body.Text)
	if text == "" {
		return nil, web.MissingParam("text")
	}
	if err := p.o.Captions.Correct(r.Context(), rec.ID, web.Var(r, "utterance"), device.UserID, text); err != nil {
		return nil, err
	}
	return struct{}{}, nil
}
