package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"maunium.net/go/mautrix"

	"medixchange/alliance"
	"medixchange/alliance/applicant"
	"medixchange/alliance/desk"
)

// found has two coordinators sign the first member list, with hospitals A and B.
func (s *stage) found(ctx context.Context) bool {
	return s.report.step("two coordinators sign the member list: hospitals A and B belong to the alliance", func() (string, error) {
		for h, country := range map[*hospital]string{s.a: "CN", s.b: "ES"} {
			list, err := s.council.admit(h, country, "ana", "bo")
			if err != nil {
				return "", err
			}
			if err := s.council.publish(ctx, s.a, list); err != nil {
				return "", err
			}
		}
		return "", s.council.reached(ctx, s.b, s.council.list.Hash())
	})
}

// newcomer shows a hospital outside of the alliance, and how it comes in.
func (s *stage) newcomer(ctx context.Context) bool {
	var fr *clinician
	ok := s.report.step(fmt.Sprintf("%s (%s) starts; it is no member", s.c.title, s.c.name), func() (string, error) {
		if err := s.c.start(ctx); err != nil {
			return "", err
		}
		var err error
		fr, err = newClinician(ctx, s.c, "doctor-fr", "Dr Martin", "fr", newPassword())
		return "", err
	})
	ok = ok && s.report.step("it is refused in both directions", func() (string, error) {
		if err := refusedInvite(ctx, fr, s.es); err != nil {
			return "", err
		}
		if err := refusedInvite(ctx, s.es, fr); err != nil {
			return "", err
		}
		return "", nil
	})
	var application applicant.Status
	ok = ok && s.report.step("it applies at hospital A, which looks whether the domain is its own", func() (string, error) {
		if err := s.c.medix(ctx, &application, "alliance", "apply", "--to", s.a.url); err != nil {
			return "", err
		}
		if application.State != desk.Proven {
			return "", fmt.Errorf("the application is %s: %s", application.State, application.Trouble)
		}
		return fmt.Sprintf("application %s, the domain is proven by its page %s\n%s", application.ID, desk.ChallengePath, application.Link), nil
	})
	list := filepath.Join(s.dir, "to-sign.json")
	ok = ok && s.report.step("coordinator chen accepts and signs; that alone does not admit it", func() (string, error) {
		err := s.a.medix(ctx, nil, "alliance", "review", "accept", application.ID, "--reason", "visited in May", "--as", "chen", "--out", list)
		if err != nil {
			return "", err
		}
		outcome, err := s.signed(ctx, list, "chen")
		if err != nil {
			return "", err
		}
		if outcome.Published {
			return "", errors.New("hospital A published a list with one signature")
		}
		if err := refusedInvite(ctx, fr, s.es); err != nil {
			return "", err
		}
		return fmt.Sprintf("signed by %v, %d needed; still refused", outcome.Draft.SignedBy, outcome.Draft.Needs), nil
	})
	return ok && s.report.step("coordinator bo signs, too: it is admitted, and talks with the others", func() (string, error) {
		admitted := time.Now()
		outcome, err := s.signed(ctx, list, "bo")
		if err != nil {
			return "", err
		}
		if !outcome.Published {
			return "", errors.New("two signatures did not publish the list")
		}
		if err := s.reachedAll(ctx); err != nil {
			return "", err
		}
		known := time.Since(admitted)
		room, err := fr.create(ctx, "", true, s.es)
		if err != nil {
			return "", err
		}
		event, err := fr.say(ctx, room, "Saturation en oxygène 91 %.")
		if err != nil {
			return "", err
		}
		got, err := s.es.read(ctx, event)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("all hospitals know it after %s\ndoctor-es reads after %s: %s", round(known), round(got.at.Sub(admitted)), oneLine(got.body)), nil
	})
}

// signed has a coordinator sign a list where their key is, and hands the copy in at hospital A.
func (s *stage) signed(ctx context.Context, list, id string) (outcome desk.Outcome, err error) {
	if err := s.a.medix(ctx, nil, "alliance", "sign", list, "--as", id, "--key", s.council.keyFile(id)); err != nil {
		return outcome, err
	}
	return outcome, s.a.medix(ctx, &outcome, "alliance", "review", "hand-in", list)
}

// reachedAll waits until all hospitals have the list that hospital A has.
func (s *stage) reachedAll(ctx context.Context) error {
	var there alliance.Standing
	if err := s.a.medix(ctx, &there, "alliance", "status"); err != nil {
		return err
	}
	for _, h := range []*hospital{s.b, s.c} {
		if err := s.council.reached(ctx, h, there.MembersHash); err != nil {
			return err
		}
	}
	return nil
}

// refusedInvite has somebody invite a colleague of a hospital with which theirs has nothing to do.
func refusedInvite(ctx context.Context, from, to *clinician) error {
	room, err := from.client.CreateRoom(ctx, &mautrix.ReqCreateRoom{Preset: "private_chat"})
	if err != nil {
		return err
	}
	if _, err = from.client.InviteUser(ctx, room.RoomID, &mautrix.ReqInviteUser{UserID: to.client.UserID}); err == nil {
		return fmt.Errorf("%s could invite %s", from.client.UserID, to.client.UserID)
	}
	var refused mautrix.HTTPError
	if !errors.As(err, &refused) || refused.RespError == nil {
		return err
	}
	return nil
}
