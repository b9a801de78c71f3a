package node

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"medixchange/accounts"
	"medixchange/conference/rtc"
	"medixchange/conference/schedule"
	"medixchange/translator/bridge"
	"medixchange/translator/language"
)

// buildSchedule plans conferences through the translation bot; a node without the bot has nobody to tell members.
func (n *Node) buildSchedule(_ context.Context, o Options) error {
	if n.bridge == nil {
		return nil
	}
	name := n.Config.Conference.TimeZone
	if name == "" {
		name = "UTC"
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf("conference.time_zone: %w", err)
	}
	key := sha256.Sum256(append([]byte("links to calendar files "), n.signer.Key.Private.Seed()...))
	n.schedule = schedule.New(schedule.Options{
		DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Bot: n.bridge, Words: words, Zones: n.zoneOf, Zone: zone, Calls: n.presents(o.Now),
		Base: n.clientBase(), LinkKey: key[:], Now: o.Now, Log: n.part("schedule"),
	})
	return nil
}

// presents are those who are in the calls of a room, also where this node has no SFU.
func (n *Node) presents(now func() time.Time) schedule.Calls {
	return func(ctx context.Context, roomID string) ([]schedule.Present, error) {
		found, err := rtc.Presents(ctx, n.Rooms, roomID, now())
		present := make([]schedule.Present, len(found))
		for i, p := range found {
			present[i] = schedule.Present(p)
		}
		return present, err
	}
}

func words(tag, key string, pairs ...string) string {
	return language.Say(language.Code(tag), key, pairs...)
}

// conferenceDesk answers the translation bot, which knows no conferences.
type conferenceDesk struct{ n *Node }

var _ bridge.Conferences = conferenceDesk{}

// Plan implements bridge.Conferences.
func (d conferenceDesk) Plan(ctx context.Context, userID, roomID, eventID, tag, text string) (string, error) {
	return d.n.schedule.Answer(ctx, schedule.Ask{UserID: userID, RoomID: roomID, EventID: eventID, Language: tag, Text: text})
}

// timeZoneType is account data {"time_zone": "Europe/Rome"}, for clients that set no profile field.
const timeZoneType = "org.medixchange.time_zone"

// zoneOf is the time zone that a user's profile names (m.tz), else their account data.
func (n *Node) zoneOf(ctx context.Context, userID string) (string, error) {
	profile, err := n.Accounts.LocalProfile(ctx, userID)
	if err != nil && !errors.Is(err, accounts.ErrNotFound) {
		return "", err
	}
	var zone string
	for _, field := range []string{"m.tz", "us.cloke.msc4175.tz"} {
		if json.Unmarshal(profile[field], &zone) == nil && zone != "" {
			return zone, nil
		}
	}
	data, err := n.Accounts.AccountData(ctx, userID, "", timeZoneType)
	if errors.Is(err, accounts.ErrNotFound) {
		return "", nil
	}
	var chosen struct {
		Zone string `json:"time_zone"`
	}
	if err == nil && json.Unmarshal(data, &chosen) != nil {
		return "", nil // not the form that it has
	}
	return chosen.Zone, err
}

// clientBase is the address for clients, without a slash at its end.
func (n *Node) clientBase() string {
	if url := n.Config.ClientURL(); url != "" {
		return url
	}
	return "https://" + n.Config.ServerName
}

// addSchedule serves calendar files.
func (n *Node) addSchedule(mux *http.ServeMux) {
	if n.schedule != nil {
		mux.Handle(schedule.CalendarPath, n.schedule.Handler())
	}
}
