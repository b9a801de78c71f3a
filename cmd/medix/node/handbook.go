package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"medixchange/accounts"
	"medixchange/handbook"
	"medixchange/handbook/find"
	"medixchange/handbook/site"
	"medixchange/internal/search"
	"medixchange/internal/web"
	"medixchange/translator/language"
)

// buildHandbook builds the pages of the handbook. Its edition is read when somebody asks for it.
func (n *Node) buildHandbook(_ context.Context, o Options) error {
	if !n.Config.Handbook.Enabled {
		return nil
	}
	n.shelf = handbook.NewShelf(n.Config.Handbook.Folder, o.Now)
	n.bookIndex = find.New(find.Options{
		DB: n.DB, Hub: n.Hub, Engine: search.New(search.Options{DB: n.DB, Simplify: language.Simplified}), Shelf: n.shelf,
		Log: n.part("handbook"),
	})
	options := site.Options{
		Shelf: n.shelf, Index: n.bookIndex, Log: n.part("handbook"), Metrics: n.requests, Now: o.Now, Limit: n.searchLimit(),
	}
	if !n.Config.Handbook.Public {
		options.Admit = n.newReaderCheck().admit
	}
	var err error
	if n.book, err = site.New(options); err != nil {
		return fmt.Errorf("building the handbook: %w", err)
	}
	return nil
}

func (n *Node) runHandbook(ctx context.Context) error {
	var parts sync.WaitGroup
	parts.Go(func() { n.bookIndex.Run(ctx) })
	n.shelf.Run(ctx, n.book.Forget)
	parts.Wait()
	return nil
}

// searchLimit bounds how often an address may search; nil where nothing is limited.
func (n *Node) searchLimit() func(r *http.Request) error {
	if !n.Config.Limits.RatesEnabled {
		return nil
	}
	rate := n.Config.Limits.Rates.Search
	limit := web.NewLimiter(rate.PerSecond, rate.Burst, keptAttempts)
	return func(r *http.Request) error {
		return limit.Check(web.ClientIP(r, n.Config.Listen.TrustedProxies).String())
	}
}

// readerCheck lets in who has an account here: programs with an access token, browsers that are logged in to the node's pages
// or give name and password.
type readerCheck struct {
	node     *Node
	attempts *web.Limiter
}

// keptAttempts is how many addresses' attempts are remembered.
const keptAttempts = 10_000

func (n *Node) newReaderCheck() *readerCheck {
	return &readerCheck{node: n, attempts: n.loginAttempts()}
}

func (c *readerCheck) admit(r *http.Request) error {
	name, password, ok := r.BasicAuth()
	if !ok {
		_, err := c.node.login.Device(r)
		return err
	}
	if err := c.attempts.Check(web.ClientIP(r, c.node.Config.Listen.TrustedProxies).String()); err != nil {
		return err
	}
	return c.checkPassword(r.Context(), name, password)
}

func (c *readerCheck) checkPassword(ctx context.Context, name, password string) error {
	userID := name
	if !strings.HasPrefix(name, "@") {
		userID = "@" + strings.ToLower(name) + ":" + c.node.Config.ServerName
	}
	err := c.node.Accounts.CheckPassword(ctx, userID, password)
	if errors.Is(err, accounts.ErrWrongCredentials) || errors.Is(err, accounts.ErrDeactivated) {
		return web.Unauthorized("Wrong name or password").Because(err)
	}
	if err != nil {
		return fmt.Errorf("checking a reader of the handbook: %w", err)
	}
	user, err := c.node.Accounts.User(ctx, userID)
	if err != nil {
		return fmt.Errorf("reading a reader of the handbook: %w", err)
	}
	if user.Locked {
		return web.Unauthorized("This account is locked")
	}
	return nil
}
