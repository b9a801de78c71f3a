package uia

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var flows = []Flow{{RegistrationToken, Dummy}}

func sessions(now func() time.Time) *Sessions {
	return New(Options{Now: now, Params: map[string]json.RawMessage{Terms: json.RawMessage(`{}`)}, Stages: map[string]Stage{
		Dummy: func(context.Context, Attempt) (string, error) { return "", nil },
		RegistrationToken: func(_ context.Context, a Attempt) (string, error) {
			var auth struct{ Token string }
			if json.Unmarshal(a.Auth, &auth) != nil {
				return "", errors.New("the database is away")
			}
			if auth.Token != "good" {
				return "", &Refusal{"M_UNAUTHORIZED", "no"}
			}
			return auth.Token, nil
		},
	}})
}

func request(body string) Request {
	return Request{Body: json.RawMessage(body), Operation: "POST /register"}
}

func challenge(t *testing.T, s *Sessions, r Request) *Challenge {
	t.Helper()
	_, err := s.Require(context.Background(), r, flows)
	var c *Challenge
	require.ErrorAs(t, err, &c)
	return c
}

func TestFlow(t *testing.T) {
	s := sessions(time.Now)
	c := challenge(t, s, request(`{"username":"ana"}`))
	require.Equal(t, map[string]any{"session": c.Session, "params": map[string]json.RawMessage{},
		"flows": []map[string][]string{{"stages": flows[0]}}}, c.Body())
	with := func(auth string) string {
		return `{"username": "ana","auth":{"session":"` + c.Session + `",` + auth + `}}`
	}
	refused := challenge(t, s, request(with(`"type":"m.login.registration_token","token":"bad"`)))
	require.Equal(t, "M_UNAUTHORIZED", refused.Body()["errcode"])
	require.Equal(t, "M_UNRECOGNIZED", challenge(t, s, request(with(`"type":"m.login.password"`))).Refusal.Code, "not offered")
	half := challenge(t, s, request(with(`"type":"m.login.registration_token","token":"good"`)))
	require.Equal(t, []string{RegistrationToken}, half.Body()["completed"])
	result, err := s.Require(context.Background(), request(with(`"type":"m.login.dummy"`)), flows)
	require.NoError(t, err)
	require.Equal(t, "good", result.Values[RegistrationToken])
	require.JSONEq(t, `{"username":"ana"}`, string(result.Body))
	again := challenge(t, s, request(with(`"type":"m.login.dummy"`)))
	require.NotEqual(t, c.Session, again.Session, "a session is good once")
}

func TestSessionIsBoundToItsRequest(t *testing.T) {
	s := sessions(time.Now)
	c := challenge(t, s, request(`{"username":"ana"}`))
	body := func(name string) string { return `{` + name + `"auth":{"session":"` + c.Session + `"}}` }
	for name, r := range map[string]Request{
		"another body":      request(body(`"username":"bo",`)),
		"another operation": {Body: json.RawMessage(body(`"username":"ana",`)), Operation: "POST /delete_devices"},
		"another user":      {Body: json.RawMessage(body(`"username":"ana",`)), Operation: "POST /register", UserID: "@x:y"},
	} {
		_, err := s.Require(context.Background(), r, flows)
		require.ErrorIs(t, err, ErrChanged, name)
	}
	require.Equal(t, c.Session, challenge(t, s, request(body(""))).Session, "only auth is sent: the first body counts")
}

func TestSessionsEnd(t *testing.T) {
	now := time.Unix(0, 0)
	s := sessions(func() time.Time { return now })
	c := challenge(t, s, request(`{}`))
	now = now.Add(lifetime + time.Second)
	require.NotEqual(t, c.Session, challenge(t, s, request(`{"auth":{"session":"`+c.Session+`"}}`)).Session)
	for range maxSessions + 10 {
		challenge(t, s, request(`{}`))
	}
	require.Len(t, s.byID, maxSessions)
	require.Len(t, s.order, maxSessions)
}

func TestErrors(t *testing.T) {
	s := sessions(time.Now)
	for _, body := range []string{`[]`, `{"auth":7}`, `{`} {
		_, err := s.Require(context.Background(), request(body), flows)
		require.ErrorIs(t, err, ErrMalformed, body)
	}
	_, err := s.Require(context.Background(), request(`{"auth":{"type":"m.login.registration_token","token":7}}`), flows)
	require.ErrorContains(t, err, "away", "an error of infrastructure is no refusal")
}

func FuzzRequire(f *testing.F) {
	f.Add([]byte(`{"auth":{"type":"m.login.dummy","session":"x"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = sessions(time.Now).Require(context.Background(), Request{Body: body}, []Flow{{Dummy}})
	})
}
