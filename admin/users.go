package admin

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"medixchange/accounts"
	"medixchange/internal/web"
)

const maxList = 1000

func (s *Server) listUsers(_ http.ResponseWriter, r *http.Request) (any, error) {
	list, err := s.Accounts.Users(r.Context(), accounts.UserQuery{
		From:        r.URL.Query().Get("from"),
		Search:      r.URL.Query().Get("search"),
		Deactivated: true,
		Limit:       maxList,
	})
	if err != nil {
		return nil, err
	}
	users := make([]User, 0, len(list))
	for _, u := range list {
		users = append(users, User{ID: u.ID, CreatedTS: u.Created, Admin: u.Admin, Deactivated: u.Deactivated})
	}
	return map[string]any{"users": users}, nil
}

func (s *Server) createUser(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req NewUser
	if err := web.Decode(r, &req, maxBody); err != nil {
		return nil, err
	}
	if req.Localpart == "" {
		return nil, web.MissingParam("The user name is missing.")
	}
	password, made := req.Password, ""
	if password == "" {
		password = rand.Text()
		made = password
	}
	session, err := s.Accounts.Register(r.Context(), accounts.Registration{
		Localpart:   strings.TrimPrefix(strings.TrimSuffix(req.Localpart, ":"+s.ServerName), "@"),
		Password:    password,
		DisplayName: req.DisplayName,
		Admin:       req.Admin,
		NoLogin:     true,
	})
	if err != nil {
		return nil, err
	}
	s.Log.WithField("user", session.UserID).Info("an administrator created an account")
	return Credentials{UserID: session.UserID, Password: made}, nil
}

func (s *Server) resetPassword(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req NewPassword
	if err := web.DecodeOptional(r, &req, maxBody); err != nil {
		return nil, err
	}
	userID := s.userID(web.Var(r, "userID"))
	password, made := req.Password, ""
	if password == "" {
		password = rand.Text()
		made = password
	}
	if err := s.Accounts.ChangePassword(r.Context(), userID, password, !req.KeepSessions, ""); err != nil {
		return nil, err
	}
	s.Log.WithField("user", userID).Info("an administrator reset a password")
	return Credentials{UserID: userID, Password: made}, nil
}

func (s *Server) deactivate(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req Deactivation
	if err := web.DecodeOptional(r, &req, maxBody); err != nil {
		return nil, err
	}
	userID := s.userID(web.Var(r, "userID"))
	if _, err := s.Accounts.User(r.Context(), userID); err != nil {
		return nil, err
	}
	devices, err := s.Accounts.Devices(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	memberships, err := s.Rooms.UserRooms(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	result := DeactivationResult{UserID: userID, Devices: len(devices), DryRun: req.DryRun}
	for _, m := range memberships {
		if m.Membership == "join" {
			result.Rooms++
		}
	}
	if req.DryRun {
		return result, nil
	}
	if err := s.Accounts.Deactivate(r.Context(), userID, req.Erase); err != nil {
		return nil, err
	}
	s.Log.WithField("user", userID).Info("an administrator deactivated an account")
	return result, nil
}

func (s *Server) listTokens(_ http.ResponseWriter, r *http.Request) (any, error) {
	list, err := s.Accounts.RegistrationTokens(r.Context())
	if err != nil {
		return nil, err
	}
	tokens := make([]Token, 0, len(list))
	for _, t := range list {
		tokens = append(tokens, tokenOf(t))
	}
	return map[string]any{"tokens": tokens}, nil
}

func (s *Server) createToken(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req Token
	if err := web.DecodeOptional(r, &req, maxBody); err != nil {
		return nil, err
	}
	if req.ExpiresTS != 0 && req.ExpiresTS < time.Now().UnixMilli() {
		return nil, web.InvalidParam("The token would have expired already: name a time to come.")
	}
	t, err := s.Accounts.CreateRegistrationToken(r.Context(), accounts.RegistrationToken{
		Token: req.Token, UsesAllowed: req.UsesAllowed, ExpiresTS: req.ExpiresTS,
	})
	if err != nil {
		return nil, err
	}
	return tokenOf(t), nil
}

func (s *Server) revokeToken(_ http.ResponseWriter, r *http.Request) (any, error) {
	if err := s.Accounts.RevokeRegistrationToken(r.Context(), web.Var(r, "token")); err != nil {
		return nil, err
	}
	return struct{}{}, nil
}

func tokenOf(t *accounts.RegistrationToken) Token {
	return Token{Token: t.Token, UsesAllowed: t.UsesAllowed, Completed: t.Completed, ExpiresTS: t.ExpiresTS}
}

// userID completes a bare localpart, which is what administrators type.
func (s *Server) userID(name string) string {
	if strings.HasPrefix(name, "@") && strings.Contains(name, ":") {
		return name
	}
	return s.Accounts.UserID(strings.TrimPrefix(name, "@"))
}
