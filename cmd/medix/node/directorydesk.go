package node

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"medixchange/alliance/directory"
	"medixchange/internal/media"
	"medixchange/translator/bridge"
)

// directoryDesk answers the translation bot, which knows no directory.
type directoryDesk struct{ n *Node }

var _ bridge.Directory = directoryDesk{}

// botPatience is how long the bot waits for other hospitals before it answers with what there is.
const botPatience = 4 * time.Second

// Find implements bridge.Directory.
func (d directoryDesk) Find(ctx context.Context, text, language string, limit int) (bridge.DirectoryAnswer, error) {
	found, err := d.n.Directory.Find(ctx, directory.ParseQuery(text), limit, botPatience)
	answer := bridge.DirectoryAnswer{More: found.More, Waiting: found.Waiting}
	for _, p := range found.People {
		answer.People = append(answer.People, bridge.DirectoryPerson{UserID: p.UserID, Line: p.Line(language), OnDuty: p.OnDuty})
	}
	return answer, err
}

// Own implements bridge.Directory.
func (d directoryDesk) Own(ctx context.Context, userID, language string) (bridge.DirectoryOwn, error) {
	s, err := d.n.Directory.Standing(ctx, userID)
	if err != nil || !s.Listed {
		return bridge.DirectoryOwn{}, err
	}
	line := directory.Person{Name: s.Name, Role: s.Role, Specialty: s.Specialty}.Line(language)
	return bridge.DirectoryOwn{Listed: true, Verified: s.Verified, Line: line}, nil
}

// Enlist implements bridge.Directory. The name is that of the profile, the language the one that the user reads, unless the
// user has said others before.
func (d directoryDesk) Enlist(ctx context.Context, userID, specialty, role, language string) (known bool, err error) {
	code := directory.FindSpecialty(specialty)
	if code == "" {
		return false, nil
	}
	e, err := d.n.Directory.Entry(ctx, userID)
	if err != nil {
		return false, err
	}
	profile, err := d.n.Accounts.MemberProfile(ctx, userID)
	if err != nil {
		return false, err
	}
	e.Listed, e.Specialty, e.Role = true, code, directory.Clean(role)
	e.Name = cmp.Or(e.Name, directory.Clean(profile.DisplayName), directory.Clean(directory.Local(userID)))
	if len(e.Languages) == 0 && language != "" {
		e.Languages = []string{language}
	}
	return true, d.n.Directory.SetEntry(ctx, userID, e)
}

// Withdraw implements bridge.Directory.
func (d directoryDesk) Withdraw(ctx context.Context, userID string) error {
	return d.n.Directory.SetEntry(ctx, userID, directory.Entry{})
}

// Specialties implements bridge.Directory.
func (directoryDesk) Specialties(language string) []string {
	names := make([]string, 0, len(directory.Specialties()))
	for _, code := range directory.Specialties() {
		names = append(names, directory.SpecialtyName(code, language))
	}
	return names
}

// Card implements bridge.Directory.
func (d directoryDesk) Card(ctx context.Context, userID, language string) (bridge.DirectoryCard, error) {
	card, err := d.n.Directory.Card(ctx, userID, language)
	if err != nil {
		return bridge.DirectoryCard{}, err
	}
	picture, err := card.PNG()
	if err != nil {
		return bridge.DirectoryCard{}, err
	}
	uri, err := d.n.Media.Upload(ctx, media.Upload{
		Uploader: d.n.botID(), ContentType: "image/png", Filename: "card.png", Body: bytes.NewReader(picture), Size: int64(len(picture)),
	})
	if err != nil {
		return bridge.DirectoryCard{}, fmt.Errorf("storing a contact card: %w", err)
	}
	return bridge.DirectoryCard{Text: card.Line + "\n" + card.Link, Content: map[string]any{
		"msgtype": "m.image", "body": "card.png", "filename": "card.png", "url": uri, "m.mentions": struct{}{},
		"info": map[string]any{"mimetype": "image/png", "size": len(picture), "w": directory.CardPixels, "h": directory.CardPixels},
	}}, nil
}

// Duties implements bridge.Directory.
func (d directoryDesk) Duties(ctx context.Context, userID string) ([]bridge.DirectoryDuty, error) {
	all, err := d.n.Directory.Functions(ctx)
	if err != nil {
		return nil, err
	}
	var duties []bridge.DirectoryDuty
	for _, f := range all {
		if slices.Contains(f.May, userID) {
			duties = append(duties, bridge.DirectoryDuty{Localpart: f.Localpart, Name: f.Name})
		}
	}
	return duties, nil
}

// SetDuty implements bridge.Directory. Ending a duty that somebody else has taken over changes nothing.
func (d directoryDesk) SetDuty(ctx context.Context, userID, duty string, on bool) error {
	if on {
		return d.n.Directory.SetShift(ctx, duty, userID)
	}
	return d.n.Directory.EndShift(ctx, duty, userID)
}
