package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	bcp47 "golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"medixchange/accounts/sso"
	"medixchange/accounts/uia"
	"medixchange/internal/sqldb"
)

// SignOn returns the account of a person whom a login service has confirmed, and makes it when they come for the first time.
// link lets a person take over an account of their name that was made here. The language that the service tells becomes the
// user's choice, until they choose themselves. Errors: ErrUserInUse for a name that somebody else has, ErrInvalidUsername for
// one that cannot be used, ErrDeactivated.
func (a *Accounts) SignOn(ctx context.Context, who sso.Identity, link bool) (string, error) {
	if !storable(who.Subject, who.Name) || len(who.Subject) > 255 {
		return "", ErrInvalidParam.says("The login service names somebody by what is not text")
	}
	known, err := readIdentity(ctx, a.db, who.Provider, who.Subject)
	if err != nil {
		return "", err
	}
	if known == nil {
		if known, err = a.firstSignOn(ctx, who, link); err != nil {
			return "", err
		}
	}
	user, err := a.User(ctx, known.userID)
	if err != nil {
		return "", err
	}
	if user.Deactivated {
		return "", ErrDeactivated
	}
	return known.userID, a.takeLanguageClaim(ctx, known, who.Language)
}

func (a *Accounts) firstSignOn(ctx context.Context, who sso.Identity, link bool) (*ssoIdentity, error) {
	userID, err := a.newUserID(localpartFrom(who.Localpart))
	if err != nil {
		return nil, err
	}
	if a.o.Exclusive != nil && a.o.Exclusive(userID, "") {
		return nil, ErrExclusive
	}
	name := who.Name
	if name == "" || utf8.RuneCountInString(name) > maxSignOnName {
		name = localpartOf(userID)
	}
	mayLink, err := a.mayLink(ctx, userID, link)
	if err != nil {
		return nil, err
	}
	identity := ssoIdentity{provider: who.Provider, subject: who.Subject, userID: userID}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		err := insertUser(tx, newUser{userID: userID, displayName: name, created: a.nowMS()})
		if err != nil && !(mayLink && errors.Is(err, ErrUserInUse)) {
			return err
		}
		return insertIdentity(tx, identity, a.nowMS())
	})
	if err != nil {
		return nil, fmt.Errorf("making the account of somebody who signs on: %w", err)
	}
	return &identity, nil
}

// mayLink reports whether an account may be taken over by a person of its name: one that has a password, so that it is
// somebody's and not a bot's, and that nobody has taken over yet.
func (a *Accounts) mayLink(ctx context.Context, userID string, link bool) (bool, error) {
	if !link {
		return false, nil
	}
	_, hash, err := a.readUser(ctx, userID)
	if err != nil || hash == "" {
		return false, ignoreNotFound(err)
	}
	taken, err := hasIdentity(ctx, a.db, userID)
	return !taken, err
}

func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// maxSignOnName bounds the name that a service gives somebody; who has a longer one is called by their user name.
const maxSignOnName = 256

// localpartFrom writes a service's name of a person in the letters of a user id (appendices, User Identifiers): small letters,
// and what is not allowed as its bytes in hexadecimal after "=". An address loses what follows the @.
func localpartFrom(name string) string {
	name, _, _ = strings.Cut(name, "@")
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(norm.NFC.String(name))) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("._-/+", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "=%02x", c)
	}
	return b.String()
}

// takeLanguageClaim makes the service's language the user's choice if they have made none, or still have the service's last.
func (a *Accounts) takeLanguageClaim(ctx context.Context, known *ssoIdentity, claim string) error {
	tag, err := bcp47.Parse(strings.ReplaceAll(claim, "_", "-"))
	if claim == "" || err != nil || tag.String() == known.language || a.checkLanguage(tag.String()) != nil {
		return nil
	}
	now, err := a.AccountData(ctx, known.userID, "", typeLanguage)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	chosen := map[string]json.RawMessage{}
	if err == nil && json.Unmarshal(now, &chosen) == nil && !sameText(chosen["language"], known.language) {
		return nil // their own choice
	}
	known.language = tag.String()
	if chosen["language"], err = json.Marshal(known.language); err != nil {
		return fmt.Errorf("writing a choice of language: %w", err)
	}
	content, err := json.Marshal(chosen)
	if err != nil {
		return fmt.Errorf("writing a choice of language: %w", err)
	}
	if err := a.SetAccountData(ctx, known.userID, "", typeLanguage, content); err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *sqldb.Tx) error { return updateIdentityLanguage(tx, *known) })
}

func sameText(raw json.RawMessage, text string) bool {
	var value string
	return (len(raw) == 0 || json.Unmarshal(raw, &value) == nil) && value == text
}

// ConfirmFlows are the flows of what a user who is logged in has to confirm: by password, by their login service, or either.
func (a *Accounts) ConfirmFlows(ctx context.Context, userID string) ([]uia.Flow, error) {
	_, hash, err := a.readUser(ctx, userID)
	if err != nil {
		return nil, err
	}
	signsOn, err := hasIdentity(ctx, a.db, userID)
	if err != nil || !signsOn {
		return []uia.Flow{{uia.Password}}, err
	}
	flows := []uia.Flow{{uia.SSO}}
	if hash != "" {
		flows = append(flows, uia.Flow{uia.Password})
	}
	return flows, nil
}

// SignsOnAs reports whether a person of a login service is a user of this node.
func (a *Accounts) SignsOnAs(ctx context.Context, who sso.Identity, userID string) (bool, error) {
	known, err := readIdentity(ctx, a.db, who.Provider, who.Subject)
	return known != nil && known.userID == userID, err
}
