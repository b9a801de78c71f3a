package node

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"medixchange/accounts"
	"medixchange/alliance/directory"
	"medixchange/alliance/signed"
	"medixchange/alliance/topics"
	"medixchange/translator/language"
)

// checkData says what account data cannot be.
func checkData() map[string]func(json.RawMessage) error {
	return map[string]func(json.RawMessage) error{
		directory.TypeEntry: directory.CheckEntry, directory.TypeContacts: directory.CheckContacts,
	}
}

func (n *Node) buildDirectory(_ context.Context, o Options) error {
	n.Directory = directory.New(directory.Options{
		DB: n.DB, Hub: n.Hub, Accounts: n.Accounts, Rooms: n.Rooms, Remote: n.remote, Self: n.Config.ServerName,
		Members: n.members, Member: n.member, Say: n.say, Changed: n.directoryChanged, Now: o.Now, Log: n.part("directory"),
	})
	n.onClose(n.Directory.Close)
	n.contacts = directory.NewContacts(directory.ContactOptions{
		Accounts: n.Accounts, Default: directory.Rule(n.Config.Alliance.Contacts), Verified: n.Directory.Verified, Own: n.ownAccount,
		Member: func(server string) bool { _, ok := n.member(server); return ok },
		Log:    n.part("contacts"),
	})
	if n.Alliance != nil {
		n.buildTopics()
	}
	return nil
}

func (n *Node) buildTopics() {
	n.Topics = topics.New(topics.Options{
		Hub: n.Hub, Accounts: n.Accounts, Rooms: n.Rooms, Self: n.Config.ServerName, Alliance: n.Alliance.Charter().Alliance, Members: n.members,
		Trusted: n.keepsTopics, Verified: n.Directory.VerifiedHere, Log: n.part("topics"),
	})
}

// keepsTopics reports whether a server may make a space that this node follows: a peer, or a coordinator's.
func (n *Node) keepsTopics(server string) bool {
	if _, ok := n.member(server); !ok {
		return false
	}
	if slices.Contains(n.Config.Alliance.Peers, server) {
		return true
	}
	return slices.ContainsFunc(n.Alliance.Charter().Coordinators, func(c signed.Coordinator) bool {
		_, of, ok := strings.Cut(c.UserID, ":")
		return ok && of == server
	})
}

// directoryChanged tells whoever goes by who is verified.
func (n *Node) directoryChanged() {
	if n.Topics != nil {
		n.Topics.Changed()
	}
}

// mayInvite is what the rooms ask of every invite of a user here. They are built before the contacts, and serve after them.
func (n *Node) mayInvite(ctx context.Context, inviter, target string) error {
	return n.contacts.MayInvite(ctx, inviter, target)
}

// ownAccount reports whether a user is an account of the node itself.
func (n *Node) ownAccount(ctx context.Context, userID string) bool {
	local, server, _ := strings.Cut(strings.TrimPrefix(userID, "@"), ":")
	if server != n.Config.ServerName {
		return false
	}
	return n.Config.Translator.Enabled && userID == n.botID() || n.Topics != nil && local == topics.Localpart || n.Directory.IsFunction(ctx, local)
}

// say is a text for everybody, in the hospital's language.
func (n *Node) say(key string, pairs ...string) string {
	home, err := language.Parse(n.Config.Translator.DefaultLanguage)
	if err != nil {
		home = "en"
	}
	return language.Say(home, key, pairs...)
}

// members are the admitted members that this node may talk to now.
func (n *Node) members() []signed.Hospital {
	if n.Alliance == nil {
		return nil
	}
	list := n.Alliance.Members()
	if list == nil {
		return nil
	}
	admitted := make([]signed.Hospital, 0, len(list.Hospitals))
	for _, h := range list.Hospitals {
		if n.gate.Member(h.ServerName) && n.listed(h.ServerName) {
			admitted = append(admitted, h)
		}
	}
	return admitted
}

// member is one of them.
func (n *Node) member(server string) (signed.Hospital, bool) {
	if n.Alliance == nil || !n.gate.Member(server) || server != n.Config.ServerName && !n.listed(server) {
		return signed.Hospital{}, false
	}
	list := n.Alliance.Members()
	if list == nil {
		return signed.Hospital{}, false
	}
	return list.Find(server)
}

// colleaguePatience is how long a client that searches users waits for other hospitals: it asks again with each letter, and
// finds then what came in between.
const colleaguePatience = 700 * time.Millisecond

// colleagues finds clinicians for clients that search the user directory (clientapi.Options).
func (n *Node) colleagues(ctx context.Context, userID, term string, limit int) (found []accounts.DirectoryUser, more bool) {
	q := directory.ParseQuery(term)
	if q.Empty() {
		return nil, false
	}
	people, err := n.Directory.Find(ctx, q, limit, colleaguePatience)
	if err != nil {
		if ctx.Err() == nil {
			n.part("directory").WithError(err).Warn("searching for colleagues")
		}
		return nil, false
	}
	language, _, err := n.Accounts.RoomLanguage(ctx, userID, "")
	if err != nil {
		language = ""
	}
	for _, p := range people.People {
		if p.UserID != userID {
			found = append(found, accounts.DirectoryUser{UserID: p.UserID, DisplayName: p.Line(language)})
		}
	}
	return found, people.More || people.Waiting
}
