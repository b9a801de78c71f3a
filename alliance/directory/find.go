package directory

import (
	"context"
	"time"
)

// VerifiedHere returns the clinicians of this hospital who are listed and verified, by user id; no function accounts.
func (d *Directory) VerifiedHere(ctx context.Context) (map[string]bool, error) {
	own, err := d.people(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]bool, len(own.people))
	for _, p := range own.people {
		if !p.Function {
			all[p.UserID] = true
		}
	}
	return all, nil
}

// Found is the result of a search.
type Found struct {
	People []Person `json:"people"`
	// More says that there are more than were asked for, Waiting that not every hospital has answered yet.
	More    bool `json:"more,omitempty"`
	Waiting bool `json:"waiting,omitempty"`
}

// Find looks for people here and at all other members. It waits for those of which nothing is known yet no longer than
// patience; what they answer later is there at the next search.
func (d *Directory) Find(ctx context.Context, q Query, limit int, patience time.Duration) (Found, error) {
	own, err := d.people(ctx)
	if err != nil {
		return Found{}, err
	}
	found := matching(nil, own.people, q)
	var waiting bool
	if !q.vague() {
		var lists [][]Person
		lists, waiting = d.others.people(ctx, patience)
		for _, people := range lists {
			found = matching(found, people, q)
		}
	}
	return cut(ranked(found, d.o.Self), limit, waiting), nil
}

// maxMatches bounds the people that are put in order for one search.
const maxMatches = 2000

func matching(found, people []Person, q Query) []Person {
	for i := range people {
		if len(found) < maxMatches && q.matches(&people[i]) {
			found = append(found, people[i])
		}
	}
	return found
}

func cut(people []Person, limit int, waiting bool) Found {
	if len(people) > limit {
		return Found{People: people[:limit], More: true, Waiting: waiting}
	}
	return Found{People: people, Waiting: waiting}
}

// Verified reports whether a user's hospital says that they are a verified clinician of its. For a user of another member
// that member is asked; an error says that it could not be.
func (d *Directory) Verified(ctx context.Context, userID string) (bool, error) {
	p, err := d.Person(ctx, userID)
	return p != nil, err
}

// Person returns the entry of a user, of whatever member; nil without one that is listed and verified.
func (d *Directory) Person(ctx context.Context, userID string) (*Person, error) {
	server := serverOf(userID)
	var people []Person
	if server == d.o.Self {
		own, err := d.people(ctx)
		if err != nil {
			return nil, err
		}
		people = own.people
	} else {
		var err error
		if people, err = d.others.of(ctx, server); err != nil {
			return nil, err
		}
	}
	for i := range people {
		if people[i].UserID == userID {
			return &people[i], nil
		}
	}
	return nil, nil
}
