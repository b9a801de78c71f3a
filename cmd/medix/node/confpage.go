package node

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"medixchange/conference/page"
)

// buildPage builds the page of conferences, and Element Call's where the operator has a folder of it.
func (n *Node) buildPage(context.Context, Options) error {
	plain := !strings.HasPrefix(n.Config.ClientURL(), "https:")
	if n.Conferences != nil {
		n.confPage = page.New(page.Options{
			Rooms: n.Rooms, Login: n.login, Language: n.pageLanguage, Plain: plain,
			Log: n.part("conference"), Metrics: n.requests,
		}).Handler()
	}
	if n.Config.Conference.ElementCall == "" {
		return nil
	}
	folder, err := os.OpenRoot(n.Config.Conference.ElementCall)
	if err != nil {
		return fmt.Errorf("conference.element_call: %w", err)
	}
	n.onClose(func(context.Context) error { return folder.Close() })
	n.elementCall = page.ElementCall(folder, plain)
	return nil
}

// addPages puts them where browsers find them.
func (n *Node) addPages(mux *http.ServeMux) {
	mux.Handle("/replay/", n.replay.Handler())
	if n.confPage != nil {
		mux.Handle("/conference/", n.confPage)
	}
	if n.elementCall != nil {
		mux.Handle(page.ElementCallPrefix, n.elementCall)
	}
}
