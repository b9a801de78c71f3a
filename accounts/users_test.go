package accounts

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRegisterChecksNames(t *testing.T) {
	n := newNode(t, func(o *Options) {
		o.Exclusive = func(userID, asID string) bool { return strings.HasPrefix(userID, "@irc_") && asID != "irc" }
	})
	n.user("taken")
	for _, c := range []struct {
		name, localpart, appservice string
		want                        error
	}{
		{"plain", "ana", "", nil},
		{"all allowed signs", "q3._=-/+", "", nil},
		{"capitals become small", "TAKEN", "", ErrUserInUse},
		{"blank", "a b", "", ErrInvalidUsername},
		{"umlaut", "ünal", "", ErrInvalidUsername},
		{"colon", "a:b", "", ErrInvalidUsername},
		{"too long", strings.Repeat("a", 245), "", ErrInvalidUsername},
		{"of an application service", "irc_bob", "", ErrExclusive},
		{"by the application service", "irc_bob", "irc", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.ErrorIs(t, errorOr(n.CheckUsername(ctx, c.localpart, c.appservice)), errorOr(c.want))
			_, err := n.Register(ctx, Registration{Localpart: c.localpart, AppserviceID: c.appservice, NoLogin: true})
			require.ErrorIs(t, errorOr(err), errorOr(c.want))
		})
	}
}

// none makes ErrorIs take nil on both sides.
var none = &Error{Code: "none"}

func errorOr(err error) error {
	if err == nil {
		return none
	}
	return err
}

func TestRegisterLogsInAndSetsName(t *testing.T) {
	n := newNode(t)
	s, err := n.Register(ctx, Registration{Localpart: "ana", Password: "correct horse", DeviceName: "Ward 3"})
	require.NoError(t, err)
	d, err := n.Authenticate(ctx, s.AccessToken)
	require.NoError(t, err)
	require.Equal(t, "@ana:a.example", d.UserID)
	require.Equal(t, "Ward 3", d.DisplayName)
	profile, err := n.Profile(ctx, d.UserID)
	require.NoError(t, err)
	require.JSONEq(t, `"ana"`, string(profile["displayname"]))

	_, err = n.Register(ctx, Registration{Localpart: "bo", Password: "short"})
	require.ErrorIs(t, err, ErrWeakPassword)
	_, err = n.User(ctx, "@bo:a.example")
	require.ErrorIs(t, err, ErrNotFound, "a refused registration leaves nothing")
}

func TestLoginByPassword(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	gone := n.user("gone")
	require.NoError(t, n.Deactivate(ctx, gone, false))
	identifier := func(user string) []byte { return []byte(`{"type":"m.id.user","user":"` + user + `"}`) }
	for _, c := range []struct {
		name string
		r    LoginRequest
		want error
	}{
		{"localpart", LoginRequest{Identifier: identifier("ana"), Password: "correct horse"}, nil},
		{"whole id, capitals", LoginRequest{Identifier: identifier("@ANA:a.example"), Password: "correct horse"}, nil},
		{"old form", LoginRequest{User: "ana", Password: "correct horse"}, nil},
		{"wrong password", LoginRequest{User: "ana", Password: "wrong"}, ErrWrongCredentials},
		{"nobody", LoginRequest{User: "nobody", Password: "correct horse"}, ErrWrongCredentials},
		{"another server", LoginRequest{User: "@ana:b.example", Password: "correct horse"}, ErrWrongCredentials},
		{"deactivated", LoginRequest{User: "gone", Password: "correct horse"}, ErrDeactivated},
		{"no user", LoginRequest{Password: "correct horse"}, ErrMissingParam},
		{"email", LoginRequest{Identifier: []byte(`{"type":"m.id.thirdparty"}`)}, ErrForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.r.Type = LoginPassword
			s, err := n.Login(ctx, c.r)
			require.ErrorIs(t, errorOr(err), errorOr(c.want))
			if c.want == nil {
				require.Equal(t, ana, s.UserID)
			}
		})
	}
	_, err := n.Login(ctx, LoginRequest{Type: "m.login.magic"})
	require.ErrorIs(t, err, ErrUnknown)
}

func TestLoginTokenIsGoodOnceAndBriefly(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	token, lifetime, err := n.CreateLoginToken(ctx, ana)
	require.NoError(t, err)
	_, err = n.OpenIDUser(ctx, token)
	require.ErrorIs(t, err, ErrUnknownToken, "a login token is no OpenID token")
	s, err := n.Login(ctx, LoginRequest{Type: LoginToken, Token: token})
	require.NoError(t, err)
	require.Equal(t, ana, s.UserID)
	_, err = n.Login(ctx, LoginRequest{Type: LoginToken, Token: token})
	require.ErrorIs(t, err, ErrForbidden)

	token, _, err = n.CreateLoginToken(ctx, ana)
	require.NoError(t, err)
	n.clock.advance(lifetime + time.Millisecond)
	_, err = n.Login(ctx, LoginRequest{Type: LoginToken, Token: token})
	require.ErrorIs(t, err, ErrForbidden)

	token, _, err = n.OpenIDToken(ctx, ana, "")
	require.NoError(t, err)
	for range 2 {
		who, err := n.OpenIDUser(ctx, token)
		require.NoError(t, err)
		require.Equal(t, ana, who)
	}
}

func TestDeviceIDTakesTheTokenOver(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	first, second := n.device(ana, "PHONE"), n.device(ana, "PHONE")
	_, err := n.Authenticate(ctx, first.AccessToken)
	require.ErrorIs(t, err, ErrUnknownToken)
	_, err = n.Authenticate(ctx, second.AccessToken)
	require.NoError(t, err)
}

func TestRefresh(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana := n.user("ana")
		s, err := n.LoginAs(ctx, ana, "PHONE", "", true)
		require.NoError(t, err)
		require.Equal(t, time.Hour, s.ExpiresIn)

		n.clock.advance(2 * time.Hour)
		_, err = n.Authenticate(ctx, s.AccessToken)
		var unknown *UnknownToken
		require.ErrorAs(t, err, &unknown)
		require.True(t, unknown.SoftLogout)

		lost, err := n.Refresh(ctx, s.RefreshToken)
		require.NoError(t, err)
		again, err := n.Refresh(ctx, s.RefreshToken)
		require.NoError(t, err, "the answer was lost: the old token is still good")
		_, err = n.Authenticate(ctx, lost.AccessToken)
		require.ErrorIs(t, err, ErrUnknownToken)
		_, err = n.Refresh(ctx, lost.RefreshToken)
		require.ErrorIs(t, err, ErrUnknownToken)

		n.restart()
		_, err = n.Authenticate(ctx, again.AccessToken)
		require.NoError(t, err)
		_, err = n.Refresh(ctx, s.RefreshToken)
		require.ErrorIs(t, err, ErrUnknownToken, "the new token was used")
		last, err := n.Refresh(ctx, again.RefreshToken)
		require.NoError(t, err)
		_, err = n.Authenticate(ctx, last.AccessToken)
		require.NoError(t, err)
		_, err = n.Authenticate(ctx, again.AccessToken)
		require.ErrorIs(t, err, ErrUnknownToken)
	})
}

func TestRefreshTokenUsedEndsTheOneBefore(t *testing.T) {
	n := newNode(t)
	s, err := n.LoginAs(ctx, n.user("ana"), "PHONE", "", true)
	require.NoError(t, err)
	second, err := n.Refresh(ctx, s.RefreshToken)
	require.NoError(t, err)
	_, err = n.Refresh(ctx, second.RefreshToken)
	require.NoError(t, err)
	_, err = n.Refresh(ctx, s.RefreshToken)
	require.ErrorIs(t, err, ErrUnknownToken)
}

func TestLogout(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana := n.user("ana")
		phone, ward := n.device(ana, "PHONE"), n.device(ana, "WARD")
		d, err := n.Authenticate(ctx, phone.AccessToken)
		require.NoError(t, err)
		require.NoError(t, n.Logout(ctx, d))
		_, err = n.Authenticate(ctx, phone.AccessToken)
		require.ErrorIs(t, err, ErrUnknownToken)
		_, err = n.Authenticate(ctx, ward.AccessToken)
		require.NoError(t, err)
		require.NoError(t, n.LogoutAll(ctx, ana))
		_, err = n.Authenticate(ctx, ward.AccessToken)
		require.ErrorIs(t, err, ErrUnknownToken)
		devices, err := n.Devices(ctx, ana)
		require.NoError(t, err)
		require.Empty(t, devices)
	})
}

func TestLockAndSuspend(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	s := n.device(ana, "PHONE")
	_, err := n.Authenticate(ctx, s.AccessToken)
	require.NoError(t, err)
	require.NoError(t, n.SetLocked(ctx, ana, true))
	d, err := n.Authenticate(ctx, s.AccessToken)
	require.ErrorIs(t, err, ErrLocked)
	require.NotNil(t, d, "who is locked may still log out")
	require.NoError(t, n.SetLocked(ctx, ana, false))
	require.NoError(t, n.SetSuspended(ctx, ana, true))
	d, err = n.Authenticate(ctx, s.AccessToken)
	require.NoError(t, err)
	require.True(t, d.Suspended)
	require.ErrorIs(t, n.SetAdmin(ctx, "@nobody:a.example", true), ErrNotFound)
}

func TestChangePassword(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	keep, other := n.device(ana, "KEEP"), n.device(ana, "OTHER")
	require.NoError(t, n.ChangePassword(ctx, ana, "battery staple", true, "KEEP"))
	_, err := n.Authenticate(ctx, keep.AccessToken)
	require.NoError(t, err)
	_, err = n.Authenticate(ctx, other.AccessToken)
	require.ErrorIs(t, err, ErrUnknownToken)
	require.ErrorIs(t, n.CheckPassword(ctx, ana, "correct horse"), ErrWrongCredentials)
	require.NoError(t, n.CheckPassword(ctx, ana, "battery staple"))
}

func TestDeactivateLeavesRooms(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	s := n.device(ana, "PHONE")
	ward := n.town.square("!ward").join(t, ana)
	require.NoError(t, n.SetAccountData(ctx, ana, "", "org.example", []byte(`{}`)))
	require.NoError(t, n.Deactivate(ctx, ana, true))
	require.Equal(t, "leave", ward.Membership(ana))
	_, err := n.Authenticate(ctx, s.AccessToken)
	require.ErrorIs(t, err, ErrUnknownToken)
	_, err = n.AccountData(ctx, ana, "", "org.example")
	require.ErrorIs(t, err, ErrNotFound)
	user, err := n.User(ctx, ana)
	require.NoError(t, err)
	require.True(t, user.Deactivated && user.Erased && !user.HasPassword)
	_, err = n.Register(ctx, Registration{Localpart: "ana"})
	require.ErrorIs(t, err, ErrUserInUse, "a name is never given again")
	require.ErrorIs(t, n.ChangePassword(ctx, ana, "battery staple", false, ""), ErrDeactivated)
}

func TestRegistrationTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		token, err := n.CreateRegistrationToken(ctx, RegistrationToken{UsesAllowed: 1, ExpiresTS: n.clock.now().Add(time.Hour).UnixMilli()})
		require.NoError(t, err)
		_, err = n.CreateRegistrationToken(ctx, RegistrationToken{Token: token.Token})
		require.ErrorIs(t, err, ErrInvalidParam)
		valid := func() bool {
			ok, err := n.RegistrationTokenValid(ctx, token.Token)
			require.NoError(t, err)
			return ok
		}
		require.True(t, valid())
		_, err = n.Register(ctx, Registration{Localpart: "ana", Token: token.Token})
		require.NoError(t, err)
		require.False(t, valid())
		_, err = n.Register(ctx, Registration{Localpart: "bo", Token: token.Token})
		require.ErrorIs(t, err, ErrForbidden)
		_, err = n.User(ctx, "@bo:a.example")
		require.ErrorIs(t, err, ErrNotFound)

		token, err = n.CreateRegistrationToken(ctx, RegistrationToken{ExpiresTS: n.clock.now().Add(time.Hour).UnixMilli()})
		require.NoError(t, err)
		require.True(t, valid())
		n.clock.advance(2 * time.Hour)
		require.False(t, valid())
		require.NoError(t, n.RevokeRegistrationToken(ctx, token.Token))
		require.ErrorIs(t, n.RevokeRegistrationToken(ctx, token.Token), ErrNotFound)
	})
}

func TestSharedSecretRegistration(t *testing.T) {
	n := newNode(t)
	sign := func(parts ...string) string {
		h := hmac.New(sha1.New, []byte("secret"))
		h.Write([]byte(strings.Join(parts, "\x00")))
		return hex.EncodeToString(h.Sum(nil))
	}
	nonce := func() string {
		nonce, err := n.RegistrationNonce()
		require.NoError(t, err)
		return nonce
	}
	good := nonce()
	require.NoError(t, n.CheckRegistrationMAC(good, "ana", "pw", true, "", sign(good, "ana", "pw", "admin")))
	require.ErrorIs(t, n.CheckRegistrationMAC(good, "ana", "pw", true, "", sign(good, "ana", "pw", "admin")), ErrUnknown, "a nonce is good once")
	other := nonce()
	require.ErrorIs(t, n.CheckRegistrationMAC(other, "ana", "pw", true, "", sign(other, "ana", "pw", "notadmin")), ErrForbidden)
	late := nonce()
	n.clock.advance(time.Minute + time.Second)
	require.ErrorIs(t, n.CheckRegistrationMAC(late, "ana", "pw", false, "", sign(late, "ana", "pw", "notadmin")), ErrUnknown)
	for range maxNonces {
		nonce()
	}
	_, err := n.RegistrationNonce()
	require.ErrorIs(t, err, ErrLimited)
}

func TestLastSeenIsWrittenLazily(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana := n.user("ana")
		s := n.device(ana, "PHONE")
		d, err := n.Authenticate(ctx, s.AccessToken)
		require.NoError(t, err)
		n.Seen(d, "10.0.0.1", "Element")
		shown, err := n.Device(ctx, ana, "PHONE")
		require.NoError(t, err)
		require.Equal(t, "10.0.0.1", shown.LastSeenIP, "shown before it is written")
		n.restart()
		shown, err = n.Device(ctx, ana, "PHONE")
		require.NoError(t, err)
		require.Equal(t, n.clock.now().UnixMilli(), shown.LastSeenTS)
	})
}

func TestUsersArePagedAndSearched(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		for _, name := range []string{"ana", "an_a", "bo"} {
			n.user(name)
		}
		ids := func(q UserQuery) []string {
			users, err := n.Users(ctx, q)
			require.NoError(t, err)
			var out []string
			for _, u := range users {
				out = append(out, u.ID)
			}
			return out
		}
		require.Equal(t, []string{"@an_a:a.example", "@ana:a.example"}, ids(UserQuery{Limit: 2}))
		require.Equal(t, []string{"@bo:a.example"}, ids(UserQuery{From: "@ana:a.example"}))
		require.Equal(t, []string{"@an_a:a.example"}, ids(UserQuery{Search: "n_a"}), "an underscore is no wildcard")
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	n := newNode(b)
	s := n.device(n.user("ana"), "PHONE")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := n.Authenticate(ctx, s.AccessToken); err != nil {
			b.Fatal(err)
		}
	}
}
