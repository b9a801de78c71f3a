package accounts

import (
	"context"
	"fmt"

	"medixchange/rooms/view"
)

// Census is how many people have accounts here.
type Census struct {
	// Users are the accounts of people that are not deactivated.
	Users int64
	// Active are those of them with a device that was seen since each of the times that were asked for.
	Active []int64
	// Languages say how many of them read which language (BCP 47), without those who want originals only.
	Languages map[string]int64
}

// censusPage bounds the users that a census reads at a time.
const censusPage = 500

// Census counts the people with accounts here: those of application services are none, nor those of which except says so. since
// are times in ms.
func (a *Accounts) Census(ctx context.Context, since []int64, except func(userID string) bool) (Census, error) {
	if err := a.flushSeen(ctx); err != nil {
		return Census{}, fmt.Errorf("storing when devices were last seen: %w", err)
	}
	c := Census{Active: make([]int64, len(since)), Languages: map[string]int64{}}
	for after := ""; ; {
		page, err := a.readLastSeen(ctx, after, censusPage)
		if err != nil {
			return Census{}, err
		}
		if len(page) == 0 {
			return c, nil
		}
		after = page[len(page)-1].userID
		var people []string
		for _, u := range page {
			if except(u.userID) {
				continue
			}
			people = append(people, u.userID)
			for i, ts := range since {
				if u.lastSeen >= ts {
					c.Active[i]++
				}
			}
		}
		c.Users += int64(len(people))
		if err := a.countLanguages(ctx, people, c.Languages); err != nil {
			return Census{}, err
		}
	}
}

// countLanguages adds which languages people read. It goes past the cache of preferences, which is for those who are active.
func (a *Accounts) countLanguages(ctx context.Context, people []string, languages map[string]int64) error {
	if len(people) == 0 {
		return nil
	}
	all, err := a.loadPreferences(ctx, people)
	if err != nil {
		return err
	}
	for _, p := range all {
		if lang, mode := a.languageIn(p, ""); lang != "" && mode != view.ModeOff {
			languages[lang]++
		}
	}
	return nil
}
