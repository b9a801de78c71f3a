package node

import (
	"context"
	"fmt"

	"medixchange/accounts/finder"
	"medixchange/internal/search"
	"medixchange/translator/language"
)

// buildSearch builds what indexes and finds messages.
func (n *Node) buildSearch(_ context.Context, o Options) error {
	if !n.Config.Search.Enabled {
		return nil
	}
	options := finder.Options{
		DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Accounts: n.Accounts, View: n.View, Now: o.Now,
		Engine: search.New(search.Options{DB: n.DB, Simplify: language.Simplified}),
		Log:    n.part("search"), Registerer: n.registry,
	}
	if n.bridge != nil {
		options.Translations = n.bridge
	}
	var err error
	if n.finder, err = finder.New(options); err != nil {
		return fmt.Errorf("building the search: %w", err)
	}
	return nil
}
