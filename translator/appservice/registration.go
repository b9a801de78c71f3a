package appservice

import (
	"crypto/rand"
	"fmt"
	"os"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// Registration is the file that tells a homeserver of an application service (Application Service API, Registration).
type Registration struct {
	ID              string     `yaml:"id"`
	URL             string     `yaml:"url"`
	ASToken         string     `yaml:"as_token"`
	HSToken         string     `yaml:"hs_token"`
	SenderLocalpart string     `yaml:"sender_localpart"`
	RateLimited     bool       `yaml:"rate_limited"`
	Namespaces      Namespaces `yaml:"namespaces"`
}

// Namespaces are the names that belong to an application service.
type Namespaces struct {
	Users   []Namespace `yaml:"users"`
	Aliases []Namespace `yaml:"aliases"`
	Rooms   []Namespace `yaml:"rooms"`
}

// Namespace is one pattern of names.
type Namespace struct {
	Exclusive bool   `yaml:"exclusive"`
	Regex     string `yaml:"regex"`
}

// NewRegistration makes the registration of a bot with fresh tokens. url is where the homeserver reaches the service. The
// sender is not the bot itself but a user who does nothing: Synapse lets every user of an application service read by /sync,
// as the bot's device does, but its sender.
func NewRegistration(localpart, serverName, url string) Registration {
	return Registration{
		ID: "medixchange-translator", URL: url, ASToken: rand.Text() + rand.Text(), HSToken: rand.Text() + rand.Text(),
		SenderLocalpart: localpart + "-service",
		Namespaces: Namespaces{
			Users:   []Namespace{{Exclusive: true, Regex: "@" + regexp.QuoteMeta(localpart) + ":" + regexp.QuoteMeta(serverName)}},
			Aliases: []Namespace{}, Rooms: []Namespace{},
		},
	}
}

// Encode returns the file's text.
func (r Registration) Encode() ([]byte, error) {
	text, err := yaml.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("writing a registration: %w", err)
	}
	return text, nil
}

// ReadRegistration reads a registration from a file.
func ReadRegistration(path string) (Registration, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Registration{}, fmt.Errorf("reading the registration: %w", err)
	}
	var r Registration
	if err := yaml.Unmarshal(text, &r); err != nil {
		return Registration{}, fmt.Errorf("reading the registration %s: %w", path, err)
	}
	if r.ID == "" || r.ASToken == "" || r.HSToken == "" || r.SenderLocalpart == "" {
		return Registration{}, fmt.Errorf("the registration %s lacks id, as_token, hs_token or sender_localpart", path)
	}
	return r, nil
}
