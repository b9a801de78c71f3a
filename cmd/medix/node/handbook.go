package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"

	"medixchange/accounts"
	"medixchange/handbook"
	"medixchange/handbook/editions"
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
	n.editions = editions.New(editions.Options{
		DB: n.DB, Dir: filepath.Join(n.Config.DataDir, "handbook", "editions"), Folder: n.Config.Handbook.Folder,
		Local: n.Config.Handbook.Local, Languages: n.Config.Handbook.Languages, Now: o.Now,
		Log: n.part("handbook"), Switched: n.handbookSwitched,
	})
	n.shelf = handbook.NewShelfOf(n.editions.Read, o.Now)
	n.bookIndex = find.New(find.Options{
		DB: n.DB, Hub: n.Hub, Engine: search.New(search.Options{DB: n.DB, Simplify: language.Simplified}), Shelf: n.shelf,
		Log: n.part("handbook"),
	})
	options := site.Options{
		Before: func(ctx context.Context, hash string) (string, bool, error) {
			b, known, err := n.editions.Block(ctx, hash)
			return b.Text, known, err
		},
		Shelf: n.shelf, Index: n.bookIndex, Log: n.part("handbook"), Metrics: n.requests, Now: o.Now, Limit: n.searchLimit(),
	}
	if !n.Config.Handbook.Public {
		options.Admit = n.newReaderCheck().admit
	}
	var err error
	if n.book, err = site.New(options); err != nil {
		return fmt.Errorf("building the handbook: %w", err)
	}
	return n.buildUpdates(o)
}

// handbookSwitched shows another edition, and lets go of what was made of the one before.
func (n *Node) handbookSwitched(edition *handbook.Edition) {
	n.shelf.Show(edition)
	n.book.Forget()
	n.bookIndex.Again()
}

func (n *Node) runHandbook(ctx context.Context) error {
	var parts sync.WaitGroup
	parts.Go(func() { n.bookIndex.Run(ctx) })
	if n.takesUpdates() {
		parts.Go(func() { n.updates.Run(ctx) })
	}
	if n.takesUpdates() && n.Config.Handbook.Updates.Room != "" {
		parts.Go(func() {
			if err := n.hearEditions(ctx); err != nil && ctx.Err() == nil {
				n.part("handbook").WithError(err).Error("announcements of the handbook are not heard any more")
			}
		})
	}
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
