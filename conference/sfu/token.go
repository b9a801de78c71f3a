package sfu

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// LongestToken bounds for how long a token lets somebody in.
const LongestToken = 15 * time.Minute

// Kinds of what a participant may publish, as Grant.Sources has them.
const (
	Camera           = "camera"
	Microphone       = "microphone"
	ScreenShare      = "screen_share"
	ScreenShareAudio = "screen_share_audio"
)

// Grant says what a token lets its holder do in one room of the SFU.
type Grant struct {
	Room, Identity, Name, Metadata string
	Publish, Subscribe             bool
	Hidden, Recorder               bool
	// Sources narrows what may be published; none: everything.
	Sources []string
	// TTL is LongestToken at most; 0 is that.
	TTL time.Duration
}

// video is LiveKit's grant. Permissions that are not said are given by LiveKit, so all are said.
type video struct {
	Room       string   `json:"room,omitempty"`
	RoomCreate bool     `json:"roomCreate"`
	RoomJoin   bool     `json:"roomJoin"`
	RoomAdmin  bool     `json:"roomAdmin,omitempty"`
	RoomList   bool     `json:"roomList,omitempty"`
	Publish    bool     `json:"canPublish"`
	Subscribe  bool     `json:"canSubscribe"`
	Data       bool     `json:"canPublishData"`
	Metadata   bool     `json:"canUpdateOwnMetadata"`
	Hidden     bool     `json:"hidden,omitempty"`
	Recorder   bool     `json:"recorder,omitempty"`
	Sources    []string `json:"canPublishSources,omitempty"`
}

// claims are those of LiveKit's tokens.
type claims struct {
	jwt.Claims
	Name     string `json:"name,omitempty"`
	Metadata string `json:"metadata,omitempty"`
	Video    *video `json:"video,omitempty"`
	SHA256   string `json:"sha256,omitempty"` // of a webhook's body
}

// Token returns a JWT with which its holder can connect.
func (s *SFU) Token(g Grant) (string, error) {
	if g.Room == "" || g.Identity == "" {
		return "", errors.New("making a token of the SFU: it needs a room and an identity")
	}
	if g.TTL <= 0 || g.TTL > LongestToken {
		g.TTL = LongestToken
	}
	s.metrics.tokens.Inc()
	return s.sign(claims{
		Claims: jwt.Claims{Subject: g.Identity}, Name: g.Name, Metadata: g.Metadata,
		Video: &video{
			Room: g.Room, RoomJoin: true, Publish: g.Publish, Subscribe: g.Subscribe, Data: g.Publish, Hidden: g.Hidden,
			Recorder: g.Recorder, Sources: g.Sources,
		},
	}, g.TTL)
}

func (s *SFU) sign(c claims, ttl time.Duration) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(s.keys.Secret)}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("making a token of the SFU: %w", err)
	}
	now := s.o.Now()
	c.Issuer, c.NotBefore, c.Expiry = s.keys.Key, jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(ttl))
	token, err := jwt.Signed(signer).Claims(c).Serialize()
	if err != nil {
		return "", fmt.Errorf("making a token of the SFU: %w", err)
	}
	return token, nil
}

// verify reads a token that was signed with our key and has not ended. LiveKit's own, which it gives participants so that
// they can come back, are such too.
func (s *SFU) verify(token string) (*claims, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return nil, fmt.Errorf("reading a token of the SFU: %w", err)
	}
	var c claims
	if err := parsed.Claims([]byte(s.keys.Secret), &c); err != nil {
		return nil, fmt.Errorf("verifying a token of the SFU: %w", err)
	}
	if c.Expiry == nil {
		return nil, errors.New("verifying a token of the SFU: it never ends")
	}
	if err := c.Validate(jwt.Expected{Issuer: s.keys.Key, Time: s.o.Now()}); err != nil {
		return nil, fmt.Errorf("verifying a token of the SFU: %w", err)
	}
	return &c, nil
}
