package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"medixchange/admin"
)

type tokenCmd struct {
	Create *tokenCreateCmd `arg:"subcommand:create" help:"Create a registration token."`
	List   *tokenListCmd   `arg:"subcommand:list" help:"List the registration tokens."`
	Revoke *tokenRevokeCmd `arg:"subcommand:revoke" help:"Revoke a registration token."`
}

type tokenCreateCmd struct {
	Token   string        `arg:"positional" help:"The token; made up when left out."`
	Uses    int64         `arg:"--uses" help:"How many accounts it is good for; 0: any number." default:"1"`
	Expires time.Duration `arg:"--expires" help:"How long it is good, such as 72h; 0: for ever." default:"168h"`
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
	Token string `arg:"positional,required" help:"The token."`
}

// Run revokes a registration token.
func (t tokenRevokeCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.Call(ctx, http.MethodDelete, admin.TokenPath(t.Token), nil, nil)
}
