package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"text/tabwriter"

	"medixchange/admin"
)

type userCmd struct {
	Create        *userCreateCmd     `arg:"subcommand:create" help:"Create an account. A password is made up and printed unless --password-stdin is given."`
	List          *userListCmd       `arg:"subcommand:list" help:"List the accounts."`
	ResetPassword *userPasswordCmd   `arg:"subcommand:reset-password" help:"Give a user another password and end their sessions."`
	Deactivate    *userDeactivateCmd `arg:"subcommand:deactivate" help:"End an account for good: it leaves its rooms and its name is never given again."`
}

type userCreateCmd struct {
	Name          string `arg:"positional,required" help:"The user name, such as doctor-es."`
	DisplayName   string `arg:"--display-name" help:"The name that others see."`
	Admin         bool   `arg:"--admin" help:"Make the account an administrator's."`
	PasswordStdin bool   `arg:"--password-stdin" help:"Read the password from standard input."`
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
	Search string `arg:"positional" help:"Only names that hold this."`
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
	Name          string `arg:"positional,required" help:"The user, such as doctor-es or @doctor-es:hospital-b.example."`
	PasswordStdin bool   `arg:"--password-stdin" help:"Read the password from standard input."`
	KeepSessions  bool   `arg:"--keep-sessions" help:"Leave the user's devices logged in."`
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
	Name   string `arg:"positional,required" help:"The user."`
	Erase  bool   `arg:"--erase" help:"Also hide the user's messages from those who join later."`
	DryRun bool   `arg:"--dry-run" help:"Only say what would be done."`
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
