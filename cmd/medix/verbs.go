package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"medixchange/admin"
)

// client returns the other end of the configured node's socket.
func (c *cli) client() (*admin.Client, error) {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return nil, err
	}
	return admin.NewClient(cfg.Listen.AdminSocket), nil
}

func printJSON(v any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("printing the answer: %w", err)
	}
	return nil
}

func date(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return time.UnixMilli(ms).Format("2006-01-02 15:04")
}

// passwordFrom reads a password from the first line of standard input, so that it stands in no process list.
func passwordFrom(stdin bool) (string, error) {
	if !stdin {
		return "", nil
	}
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, 4096)).ReadString('\n')
	if err != nil && line == "" {
		return "", fmt.Errorf("reading the password from standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

type userCmd struct {
	Create        userCreateCmd     `cmd:"" help:"Create an account. A password is made up and printed unless one comes on standard input."`
	List          userListCmd       `cmd:"" help:"List the accounts."`
	ResetPassword userPasswordCmd   `cmd:"" help:"Give a user another password and end their sessions."`
	Deactivate    userDeactivateCmd `cmd:"" help:"End an account for good: it leaves its rooms and its name is never given again."`
}

type userCreateCmd struct {
	Name          string `arg:"" help:"The user name, such as doctor-es."`
	DisplayName   string `help:"The name that others see."`
	Admin         bool   `help:"Make the account an administrator's."`
	PasswordStdin bool   `help:"Read the password from standard input."`
}

// Run creates an account.
func (u userCreateCmd) Run(ctx context.Context, c *cli) error {
	password, err := passwordFrom(u.PasswordStdin)
	if err != nil {
		return err
	}
	var made admin.Credentials
	req := admin.NewUser{Localpart: u.Name, Password: password, DisplayName: u.DisplayName, Admin: u.Admin}
	return c.credentials(ctx, "/users", req, &made)
}

func (c *cli) credentials(ctx context.Context, path string, req any, made *admin.Credentials) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := client.Call(ctx, http.MethodPost, path, req, made); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(made)
	}
	fmt.Println("user     ", made.UserID)
	if made.Password != "" {
		fmt.Println("password ", made.Password)
	}
	return nil
}

type userListCmd struct {
	Search string `arg:"" optional:"" help:"Only names that hold this."`
}

// Run lists accounts, page by page.
func (u userListCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var all []admin.User
	for from := ""; ; {
		var page struct {
			Users []admin.User `json:"users"`
		}
		path := "/users?" + url.Values{"from": {from}, "search": {u.Search}}.Encode()
		if err := client.Call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return err
		}
		if len(page.Users) == 0 {
			break
		}
		all = append(all, page.Users...)
		from = page.Users[len(page.Users)-1].ID
	}
	if c.JSON {
		return printJSON(all)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "USER\tSINCE\tSTATE")
	for _, user := range all {
		state := "active"
		switch {
		case user.Deactivated:
			state = "deactivated"
		case user.Admin:
			state = "administrator"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", user.ID, date(user.CreatedTS), state)
	}
	return w.Flush()
}

type userPasswordCmd struct {
	Name          string `arg:"" help:"The user, such as doctor-es or @doctor-es:hospital-b.example."`
	PasswordStdin bool   `help:"Read the password from standard input."`
	KeepSessions  bool   `help:"Leave the user's devices logged in."`
}

// Run gives a user another password.
func (u userPasswordCmd) Run(ctx context.Context, c *cli) error {
	password, err := passwordFrom(u.PasswordStdin)
	if err != nil {
		return err
	}
	var made admin.Credentials
	req := admin.NewPassword{Password: password, KeepSessions: u.KeepSessions}
	return c.credentials(ctx, admin.UserPath(u.Name, "password"), req, &made)
}

type userDeactivateCmd struct {
	Name   string `arg:"" help:"The user."`
	Erase  bool   `help:"Also hide the user's messages from those who join later."`
	DryRun bool   `help:"Only say what would be done."`
}

// Run deactivates an account.
func (u userDeactivateCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var done admin.DeactivationResult
	req := admin.Deactivation{Erase: u.Erase, DryRun: u.DryRun}
	if err := client.Call(ctx, http.MethodPost, admin.UserPath(u.Name, "deactivate"), req, &done); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(done)
	}
	verb := "deactivated"
	if done.DryRun {
		verb = "would be deactivated"
	}
	fmt.Printf("%s %s: %d devices logged out, %d rooms left\n", done.UserID, verb, done.Devices, done.Rooms)
	return nil
}

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Create a registration token."`
	List   tokenListCmd   `cmd:"" help:"List the registration tokens."`
	Revoke tokenRevokeCmd `cmd:"" help:"Revoke a registration token."`
}

type tokenCreateCmd struct {
	Token   string        `arg:"" optional:"" help:"The token; made up when left out."`
	Uses    int64         `help:"How many accounts it is good for; 0: any number." default:"1"`
	Expires time.Duration `help:"How long it is good, such as 72h; 0: for ever." default:"168h"`
}

// Run creates a registration token.
func (t tokenCreateCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	req := admin.Token{Token: t.Token, UsesAllowed: t.Uses}
	if t.Expires > 0 {
		req.ExpiresTS = time.Now().Add(t.Expires).UnixMilli()
	}
	var made admin.Token
	if err := client.Call(ctx, http.MethodPost, "/tokens", req, &made); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(made)
	}
	fmt.Println(made.Token)
	return nil
}

type tokenListCmd struct{}

// Run lists registration tokens.
func (tokenListCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var list struct {
		Tokens []admin.Token `json:"tokens"`
	}
	if err := client.Call(ctx, http.MethodGet, "/tokens", nil, &list); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list.Tokens)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "TOKEN\tUSED\tEXPIRES")
	for _, t := range list.Tokens {
		used := fmt.Sprintf("%d of %d", t.Completed, t.UsesAllowed)
		if t.UsesAllowed == 0 {
			used = fmt.Sprint(t.Completed)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", t.Token, used, date(t.ExpiresTS))
	}
	return w.Flush()
}

type tokenRevokeCmd struct {
	Token string `arg:"" help:"The token."`
}

// Run revokes a registration token.
func (t tokenRevokeCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.Call(ctx, http.MethodDelete, admin.TokenPath(t.Token), nil, nil)
}

type statusCmd struct{}

// Run asks the node how it is.
func (statusCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var s admin.Status
	if err := client.Call(ctx, http.MethodGet, "/status", nil, &s); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s)
	}
	fmt.Printf("%s answers: version %s, up %s, position %d\n", s.ServerName, s.Version,
		(time.Duration(s.UptimeMS) * time.Millisecond).Round(time.Second), s.Position)
	return nil
}
