package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"medixchange/admin"
)

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
