package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"maunium.net/go/mautrix"
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
		return "", s.council.reached(ctx, s.b)
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
	ok = ok && s.report.step("one coordinator alone cannot admit it", func() (string, error) {
		list, err := s.council.admit(s.c, "FR", "chen")
		if err != nil {
			return "", err
		}
		before := s.council.list
		err = s.council.publish(ctx, s.a, list)
		if s.council.list = before; err == nil {
			return "", errors.New("hospital A took a list with one signature")
		}
		return err.Error(), nil
	})
	return ok && s.report.step("two coordinators admit it: it talks with the others", func() (string, error) {
		admitted := time.Now()
		list, err := s.council.admit(s.c, "FR", "chen", "bo")
		if err != nil {
			return "", err
		}
		if err := s.council.publish(ctx, s.a, list); err != nil {
			return "", err
		}
		for _, h := range []*hospital{s.b, s.c} {
			if err := s.council.reached(ctx, h); err != nil {
				return "", err
			}
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
