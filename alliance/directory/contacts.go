package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/web"
)

const (
	// TypeContacts is the account data in which users say who may invite them.
	TypeContacts = "org.medixchange.contacts"
	// typeInvitePermission is that by which they refuse every invite (Client-Server API, Invite permission).
	typeInvitePermission = "m.invite_permission_config"
)

// Rule says who may invite somebody, besides those whom a list names. Colleagues of the same hospital always may, but for
// RuleListed.
type Rule string

// Rules, from the widest to the narrowest.
const (
	RuleAnyone   Rule = "anyone"   // whoever this node talks to
	RuleAlliance Rule = "alliance" // users of admitted members
	RuleVerified Rule = "verified" // of those, clinicians whom their hospital has verified
	RuleListed   Rule = "listed"   // only whom the list allows
)

// Rules lists them all.
func Rules() []Rule { return []Rule{RuleAnyone, RuleAlliance, RuleVerified, RuleListed} }

// maxContacts bounds each list of a user.
const maxContacts = 1000

// ContactList is what users say of who may invite them. Entries of the lists are user ids and server names, to the letter.
type ContactList struct {
	Rule  Rule     `json:"rule,omitempty"` // "": the hospital's
	Allow []string `json:"allow,omitempty"`
	Block []string `json:"block,omitempty"` // comes before everything else
}

// ReadContacts reads account data; the error is a sentence for people.
func ReadContacts(raw json.RawMessage) (ContactList, error) {
	var l ContactList
	if err := json.Unmarshal(raw, &l); err != nil {
		return l, fmt.Errorf(`contacts have the form {"rule": "alliance", "allow": ["@ana:a.example"], "block": ["b.example"]}: %w`, err)
	}
	if l.Rule != "" && !slices.Contains(Rules(), l.Rule) {
		return l, fmt.Errorf("the rule is one of %s, %s, %s, %s", RuleAnyone, RuleAlliance, RuleVerified, RuleListed)
	}
	for _, list := range [][]string{l.Allow, l.Block} {
		if len(list) > maxContacts {
			return l, fmt.Errorf("each list has at most %d entries", maxContacts)
		}
		for _, entry := range list {
			if entry == "" || len(entry) > 255 {
				return l, fmt.Errorf("an entry is a user id or the name of a server")
			}
		}
	}
	return l, nil
}

// CheckContacts is ReadContacts for accounts.Options.
func CheckContacts(content json.RawMessage) error {
	_, err := ReadContacts(content)
	return err
}

// ContactOptions is what Contacts are built from. Every field must be set.
type ContactOptions struct {
	Accounts *accounts.Accounts
	// Default is the hospital's rule for those who chose none.
	Default Rule
	// Member reports whether a server is an admitted member.
	Member func(server string) bool
	// Verified reports whether a user is a clinician whom their hospital has verified.
	Verified func(ctx context.Context, userID string) (bool, error)
	// Own reports whether a user is an account of this node itself, such as its bot, which only a block keeps out.
	Own func(ctx context.Context, userID string) bool
	Log *logrus.Entry
}

// Contacts decide who may invite whom. All methods are safe for concurrent use.
type Contacts struct{ o ContactOptions }

// NewContacts returns them.
func NewContacts(o ContactOptions) *Contacts { return &Contacts{o} }

// MayInvite returns nil if a user, of whatever server, may invite a user of this hospital, else a *web.Error that says why not:
// M_INVITE_BLOCKED for users who take no invites at all, M_FORBIDDEN for those who take none of this one. Every invite of a user
// here passes it, whichever road it comes by.
func (c *Contacts) MayInvite(ctx context.Context, inviter, target string) error {
	if inviter == target {
		return nil
	}
	blocked, err := c.takesNone(ctx, target)
	if err != nil {
		return err
	}
	if blocked {
		return web.NewError(http.StatusForbidden, "M_INVITE_BLOCKED", "%s takes no invites.", target)
	}
	l, err := c.list(ctx, target)
	if err != nil {
		return err
	}
	switch server := serverOf(inviter); {
	case slices.Contains(l.Block, inviter) || slices.Contains(l.Block, server):
		return web.Forbidden("%s takes no invites from you.", target)
	case slices.Contains(l.Allow, inviter) || slices.Contains(l.Allow, server) || c.o.Own(ctx, inviter):
		return nil
	case l.Rule != RuleListed && c.o.Accounts.IsLocal(inviter):
		return nil
	case l.Rule != RuleAnyone && c.o.Own(ctx, target):
		l.Rule = RuleAlliance // they are there for all members
	}
	return c.judge(ctx, l.Rule, inviter, target)
}

// judge decides by the rule alone.
func (c *Contacts) judge(ctx context.Context, rule Rule, inviter, target string) error {
	switch {
	case rule == RuleAnyone:
		return nil
	case rule == RuleListed:
		return web.Forbidden("%s takes invites only from those whom they have allowed. Ask them by another way.", target)
	case !c.o.Member(serverOf(inviter)):
		return web.Forbidden("%s takes invites only from members of the alliance, and %s is none.", target, serverOf(inviter))
	case rule == RuleAlliance:
		return nil
	}
	verified, err := c.o.Verified(ctx, inviter)
	if err != nil {
		c.o.Log.WithError(err).WithField("inviter", inviter).Info("it could not be found out whether somebody who invites is verified")
		return web.Forbidden("%s takes invites only from verified clinicians, and %s could not be asked about you just now. Try again later.",
			target, serverOf(inviter))
	}
	if !verified {
		return web.Forbidden("%s takes invites only from verified clinicians. Have your hospital's administrator verify your entry in the directory.", target)
	}
	return nil
}

func (c *Contacts) takesNone(ctx context.Context, userID string) (bool, error) {
	raw, err := c.o.Accounts.AccountData(ctx, userID, "", typeInvitePermission)
	if errors.Is(err, accounts.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading whether a user takes invites: %w", err)
	}
	var config struct {
		Action any `json:"default_action"`
	}
	return json.Unmarshal(raw, &config) == nil && config.Action == "block", nil
}

// list returns what a user says, with the hospital's rule where they say none.
func (c *Contacts) list(ctx context.Context, userID string) (ContactList, error) {
	l := ContactList{}
	raw, err := c.o.Accounts.AccountData(ctx, userID, "", TypeContacts)
	switch {
	case err == nil:
		if said, err := ReadContacts(raw); err == nil {
			l = said
		}
	case !errors.Is(err, accounts.ErrNotFound):
		return l, fmt.Errorf("reading who may invite a user: %w", err)
	}
	if l.Rule == "" {
		l.Rule = c.o.Default
	}
	return l, nil
}

// Local is the name part of a user id, for the accounts of this hospital.
func Local(userID string) string {
	local, _, _ := strings.Cut(strings.TrimPrefix(userID, "@"), ":")
	return local
}
